"""Every address of the site, by room."""

from __future__ import annotations

from django.urls import include, path

from octavo.conversations import views as conversations
from octavo.dispatch import views as dispatch
from octavo.site import conversation, live, places

urlpatterns = [
    path("", dispatch.home, name="home"),
    path("inbox/", dispatch.inbox_page, name="inbox"),
    path("inbox/act/", dispatch.act, name="inbox-act"),
    path("inbox/views/", dispatch.save_view, name="view-save"),
    path("inbox/views/<int:number>/delete/", dispatch.delete_view, name="view-delete"),
    path("undo/", conversations.undo_decision, name="undo"),
    path("c/<int:number>/", conversation.page, name="conversation"),
    path("c/<int:number>/status/", conversations.status, name="conversation-status"),
    path("c/<int:number>/assign/", conversations.assign, name="conversation-assign"),
    path("c/<int:number>/notes/", conversations.note, name="conversation-note"),
    path("m/<int:number>/correct/", conversations.correct, name="correct"),
    path("corrections/<int:number>/withdraw/", conversations.withdraw, name="withdraw"),
    path("places/", places.places, name="places"),
    path("live/", live.stream, name="live"),
    path("", include("octavo.people.urls")),
    path("", include("octavo.conversations.brand_urls")),
    path("", include("octavo.site.settings_urls")),
]

handler400 = "octavo.site.errors.bad_request"
handler403 = "octavo.site.errors.forbidden"
handler404 = "octavo.site.errors.not_found"
handler500 = "octavo.site.errors.broken"
