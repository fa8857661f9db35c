"""Addresses of the pages of stories."""

from __future__ import annotations

from django.urls import path

from octavo.conversations import story_views as views

urlpatterns = [
    path("stories/", views.stories_page, name="stories"),
    path("stories/<int:number>/", views.story_page, name="story"),
]
