"""Taking back what was decided about an alert, and what was removed from a rota: what it was before, carried signed through
the page and back."""

from __future__ import annotations

from django.core import signing
from django.http import HttpRequest
from django.urls import reverse

from octavo.alert import access, decide, schedule
from octavo.alert.decide import Before
from octavo.conversations import undo as offers
from octavo.conversations.models import Brand
from octavo.people.models import User

_SALT = "octavo.alert.undo"
_OF_ROTA = "octavo.alert.undo.rota"


def offer(request: HttpRequest, user: User, words: str, before: Before) -> None:
    """Keep an offer for the next page of this person."""
    token = signing.dumps([user.pk, before.as_json()], salt=_SALT, compress=True)
    offers.keep(request, words, token, address=reverse("alert-undo"))


def put_back(user: User, token: str) -> int:
    """Undo what the token holds; the alert's number. Raises `signing.BadSignature` where it is forged, too old or somebody
    else's, `decide.TooLate` where the alert has gone on meanwhile."""
    owner, kept = signing.loads(token, salt=_SALT, max_age=offers.GRACE)
    if owner != user.pk:
        raise signing.BadSignature("another person's")
    before = Before(**kept)
    access.alert_for(user, before.id)
    decide.undo(user, before)
    return before.id


def offer_line(request: HttpRequest, user: User, words: str, was: str) -> None:
    """Keep an offer to put a shift or a hand-over back; `was` is what its removal gave."""
    token = signing.dumps([user.pk, was], salt=_OF_ROTA, compress=True)
    offers.keep(request, words, token, address=reverse("alert-line-undo"))


def put_line_back(user: User, token: str) -> Brand:
    """Undo what the token holds; the brand whose watch it is. Raises as `put_back`, and `schedule.TooLate`."""
    owner, was = signing.loads(token, salt=_OF_ROTA, max_age=offers.GRACE)
    if owner != user.pk:
        raise signing.BadSignature("another person's")
    return schedule.put_back(user, was)
