"""Undo: what conversations were before a decision, carried signed through the page and back.

The offer lies in the session until the next page shows it, so that it survives the redirect after a form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db import transaction
from django.http import HttpRequest

from octavo.conversations import decide
from octavo.conversations.decide import Before
from octavo.conversations.models import Correction
from octavo.kit import clock
from octavo.people.models import User

SECONDS = 10
"""As long as the page shows the offer."""
GRACE = 600
"""As long as it is still honoured: a slow connection must not cost the undo."""
_SALT = "octavo.undo"
_KEY = "undo"
_FIELDS = ("id", "status", "assignee", "snoozed_until", "resolved_at", "waiting_since")


@dataclass(frozen=True, slots=True)
class Offer:
    """`words` say what happened; `token` is what the undo form sends back; `place` where to go then, empty to stay;
    `address` where the form is sent, empty for conversations."""

    words: str
    token: str
    place: str = ""
    address: str = ""


def sign(user: User, before: Sequence[Before] = (), corrections: Sequence[int] = ()) -> str:
    rows = [[getattr(item, name) for name in _FIELDS] for item in before]
    return signing.dumps([user.pk, rows, list(corrections)], salt=_SALT, compress=True)


def put_back(user: User, token: str) -> int:
    """Undo what the token holds; the number of conversations and corrections put back.

    Raises `signing.BadSignature` where it is forged, too old or somebody else's.
    """
    owner, rows, corrections = signing.loads(token, salt=_SALT, max_age=GRACE)
    if owner != user.pk:
        raise signing.BadSignature("another person's")
    done = decide.undo(user, [Before(**dict(zip(_FIELDS, row, strict=True))) for row in rows]) if rows else 0
    with transaction.atomic():
        for correction in Correction.objects.filter(pk__in=corrections, withdrawn_at=None).order_by("-pk"):
            decide.withdraw(user, correction)
            done += 1
    return done


def offer(
    request: HttpRequest,
    words: str,
    before: Sequence[Before] = (),
    *,
    corrections: Sequence[Correction] = (),
    place: str = "",
) -> None:
    """Keep an offer for the next page of this person; undoing leads to `place`, else stays where one is."""
    assert isinstance(request.user, User)
    if before or corrections:
        token = sign(request.user, before, [correction.pk for correction in corrections])
        keep(request, words, token, place=place)


def keep(request: HttpRequest, words: str, token: str, *, place: str = "", address: str = "") -> None:
    """Keep an offer for the next page, also one of another room, which signs and honours its own tokens at `address`."""
    request.session[_KEY] = [words, token, clock.now().timestamp(), place, address]


def take(request: HttpRequest) -> Offer | None:
    """The offer to show on this page, once, and only while it is fresh."""
    kept: Any = request.session.pop(_KEY, None)
    if kept is None or clock.now().timestamp() - kept[2] > SECONDS:
        return None
    return Offer(kept[0], kept[1], kept[3], kept[4] if len(kept) > 4 else "")
