"""Pages for when something is wrong. They ask the database for nothing, since it may be what is wrong."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(
        400, _("That did not work"), _("The address or the form is not one Octavo knows. Go back and try again.")
    )


def forbidden(request: HttpRequest, exception: Exception | None = None, reason: str = "") -> HttpResponse:
    return _page(403, _("Not for you"), _("Only administrators may do this. Ask one of them."))


def csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _page(
        403,
        _("This page has grown old"),
        _("You signed in or out in another window since it was loaded. Load it again and repeat."),
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(404, _("Nothing here"), _("It was deleted, or the address is incomplete."))


def broken(request: HttpRequest) -> HttpResponse:
    return _page(
        500,
        _("Something broke"),
        _("The error has been written to the log. Nothing you saved before is lost. Try again in a moment."),
    )


def _page(status: int, heading: str, words: str) -> HttpResponse:
    return HttpResponse(
        render_to_string("error.html", {"status": status, "heading": heading, "words": words}), status=status
    )
