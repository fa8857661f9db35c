"""Addresses of sources and imports, and of the webhooks."""

from __future__ import annotations

from django.urls import URLPattern, path

from octavo.listen import views

urlpatterns = [
    path("sources/", views.sources_page, name="sources"),
    path("sources/new/", views.source_new, name="source-new"),
    path("sources/new/<slug:name>/", views.source_add, name="source-add"),
    path("sources/<int:number>/", views.source_page, name="source"),
    path("sources/<int:number>/edit/", views.source_edit, name="source-edit"),
    path("sources/<int:number>/test/", views.source_test, name="source-test"),
    path("sources/<int:number>/remove/", views.source_remove, name="source-remove"),
    path("sources/<int:number>/<slug:action>/", views.source_act, name="source-act"),
    path("import/", views.import_page, name="import"),
    path("import/<int:number>/", views.import_show, name="import-show"),
    path("import/<int:number>/again/", views.import_again, name="import-again"),
    path("import/<int:number>/discard/", views.import_discard, name="import-discard"),
]


def hooks(receive: views.Receive) -> list[URLPattern]:
    """The address webhooks call; `receive` is `flow.webhook`, which this room may not know."""
    return [path("hooks/<uuid:key>/", views.hook, {"receive": receive}, name="hook")]
