"""Addresses of the settings that are about the installation."""

from __future__ import annotations

from django.urls import path

from octavo.site import settings_pages as pages

urlpatterns = [
    path("settings/installation/", pages.installation, name="installation"),
    path("settings/demo/", pages.demo, name="demo"),
    path("settings/demo/load/", pages.load_demo, name="demo-load"),
    path("settings/demo/remove/", pages.remove_demo, name="demo-remove"),
]
