"""Addresses of the brand pages."""

from __future__ import annotations

from django.urls import path

from octavo.conversations import brand_views as views
from octavo.conversations import learning_views, topic_views

urlpatterns = [
    path("brands/", views.brands, name="brands"),
    path("brands/new/", views.edit, name="brand-new"),
    path("brands/<slug:slug>/", views.brand, name="brand"),
    path("brands/<slug:slug>/edit/", views.edit, name="brand-edit"),
    path("brands/<slug:slug>/delete/", views.delete, name="brand-delete"),
    path("brands/<slug:slug>/read-again/", views.read_again, name="brand-read-again"),
    path("brands/<slug:slug>/learning/", learning_views.switch, name="brand-learning"),
    path("brands/<slug:slug>/learning/reset/", learning_views.reset, name="brand-learning-reset"),
    path("brands/<slug:slug>/learning/back/", learning_views.bring_back, name="brand-learning-back"),
    path("brands/<slug:slug>/learning/export/", learning_views.export, name="brand-learning-export"),
    path("brands/<slug:slug>/about-us/", learning_views.decide_context, name="brand-context"),
    path("brands/<slug:slug>/topics/new/", topic_views.edit, name="topic-new"),
    path("brands/<slug:slug>/topics/back/", topic_views.undo, name="topic-undo"),
    path("brands/<slug:slug>/topics/<int:number>/", topic_views.edit, name="topic-edit"),
    path("brands/<slug:slug>/topics/<int:number>/delete/", topic_views.delete, name="topic-delete"),
    path("brands/<slug:slug>/campaigns/new/", views.edit_campaign, name="campaign-new"),
    path("brands/<slug:slug>/campaigns/<int:number>/", views.edit_campaign, name="campaign-edit"),
    path("brands/<slug:slug>/campaigns/<int:number>/delete/", views.delete_campaign, name="campaign-delete"),
]
