"""Taking back what was decided about an alert: what it was before, carried signed through the page and back."""

from __future__ import annotations

from django.core import signing
from django.http import HttpRequest
from django.urls import reverse

from octavo.alert import access, decide
from octavo.alert.decide import Before
from octavo.conversations import undo as offers
from octavo.people.models import User

_SALT = "octavo.alert.undo"


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
