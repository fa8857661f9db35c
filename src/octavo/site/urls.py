"""Every address of the site, by room."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from octavo import flow
from octavo.conversations import views as conversations
from octavo.dispatch import views as dispatch
from octavo.listen import urls as listen
from octavo.site import conversation, live, places

urlpatterns = [
    # Browsers ask for this one whatever a page says.
    path("favicon.ico", login_not_required(RedirectView.as_view(url=static("octavo/mark.svg")))),
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
    path("live/ringing/", live.ringing, name="live-ringing"),
    path("", include("octavo.listen.urls")),
    path("", include("octavo.alert.urls")),
    *listen.hooks(flow.webhook),
    path("", include("octavo.people.urls")),
    path("", include("octavo.conversations.brand_urls")),
    path("", include("octavo.conversations.story_urls")),
    path("", include("octavo.site.settings_urls")),
    path("", include("octavo.site.api.urls")),
]

handler400 = "octavo.site.errors.bad_request"
handler403 = "octavo.site.errors.forbidden"
handler404 = "octavo.site.errors.not_found"
handler500 = "octavo.site.errors.broken"
