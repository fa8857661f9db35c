"""Addresses of the API and its documentation."""

from __future__ import annotations

from django.urls import include, path, re_path

from octavo.site.api import door

urlpatterns = [
    path("api/docs", door.docs, name="api-docs"),
    path("api/openapi.json", door.schema, name="api-schema"),
    path("api/v1/", include(door.addresses())),
    re_path(r"^api/[\s\S]*$", door.nowhere),  # a line break in an address is an address as well
]
