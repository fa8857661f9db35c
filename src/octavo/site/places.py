"""Where the command bar can go: pages, views, brands, registers, colleagues' inboxes. Asked for when it opens."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from octavo.conversations import access
from octavo.conversations.models import RegisterChoice
from octavo.dispatch import views_saved
from octavo.people.models import User
from octavo.site.shell import Item, address
from octavo.site.templatetags.octavo import REGISTER_ICONS

MOST_BRANDS = 200


@require_safe
def places(request: HttpRequest) -> HttpResponse:
    """A fragment of options, one link each."""
    assert isinstance(request.user, User)
    return render(request, "partials/places.html", {"places": list(_places(request.user))})


def _places(user: User) -> Iterator[Item]:
    inbox = reverse("inbox")
    pages = (
        ("home", _("Home"), "house"), ("inbox", _("Inbox"), "inbox"), ("alerts", _("Alerts"), "bell"),
        ("stories", _("Stories"), "messages-square"), ("alert-rules", _("Alert rules"), "sliders-horizontal"),
        ("alert-watch", pgettext("rota", "Watch"), "eye"),
        ("sources", _("Sources"), "rss"),
        ("source-new", _("Add a source"), "plus"), ("import", _("Import a file"), "upload"), ("brands", _("Brands"), "tag"),
        ("brand-new", _("Add a brand"), "plus"), ("settings", _("Settings"), "settings"), ("people", _("Colleagues"), "users"),
        ("api-tokens", _("API tokens"), "key"),
    )  # fmt: skip
    for name, words, icon in pages:
        if href := address(name):
            yield Item(words, href, icon)
    for tab, words, icon in (
        ("mine", _("Inbox: mine"), "circle-user"), ("unassigned", _("Inbox: unassigned"), "inbox"),
        ("snoozed", _("Inbox: snoozed"), "clock"), ("done", _("Inbox: done"), "circle-check"),
    ):  # fmt: skip
        yield Item(words, f"{inbox}?tab={tab}", icon)
    for view in views_saved.of(user):
        yield Item(view.name, f"{inbox}?{view.query}", "bookmark", n_words=_("View"))
    for value, label in RegisterChoice.choices:
        yield Item(str(label), f"{inbox}?register={value}", REGISTER_ICONS[value], n_words=_("Register"))
    for slug, name in access.brands_for(user).values_list("slug", "name")[:MOST_BRANDS]:
        yield Item(name, f"{inbox}?brand={slug}", "tag", n_words=_("Brand"))
