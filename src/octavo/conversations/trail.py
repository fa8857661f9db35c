"""The audit trail of a conversation in sentences: who did what, when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from octavo.conversations import words
from octavo.conversations.models import RegisterChoice, SentimentChoice, UrgencyChoice
from octavo.people.models import Event, User

LATEST = 30


@dataclass(frozen=True, slots=True)
class Step:
    at: datetime
    who: str
    words: str


def of(conversation: int, mentions: Iterable[int]) -> list[Step]:
    """The latest steps of a conversation and its messages, newest first."""
    about = Q(kind="conversation", object_id=conversation) | Q(kind="mention", object_id__in=list(mentions))
    events = list(Event.objects.filter(about).order_by("-at", "-pk")[:LATEST])
    numbers = {event.user_id for event in events if event.user_id} | {
        to for event in events if (to := event.detail.get("to"))
    }
    people = {user.pk: str(user) for user in User.objects.filter(pk__in=numbers)} if numbers else {}
    return [
        Step(
            event.at, people.get(event.user_id or 0, _("Somebody")) if event.user_id else "Octavo", _said(event, people)
        )
        for event in events
    ]


def _said(event: Event, people: Mapping[int, str]) -> str:
    detail: dict[str, Any] = event.detail
    until = datetime.fromisoformat(detail["until"]) if detail.get("until") else None
    said = {
        "open": _("opened it again"),
        "pending": _("is waiting for an answer"),
        "resolved": _("marked it done"),
        "snoozed": _("snoozed it until %(moment)s") % {"moment": words.exact(until)} if until else _("snoozed it"),
        "assigned": _("assigned it to %(name)s") % {"name": people.get(detail.get("to") or 0, _("somebody"))},
        "unassigned": _("assigned it to nobody"),
        "undone": _("undid that"),
        "noted": _("wrote a note"),
        "withdrew correction": _("withdrew a correction"),
        "corrected": _("corrected %(was)s to %(now)s")
        % {
            "was": _value(detail.get("field"), detail.get("was")),
            "now": _value(detail.get("field"), detail.get("now")),
        },
    }
    return said.get(event.action, event.action)


def _value(field: str | None, value: Any) -> str:
    try:
        if field == "register":
            return str(RegisterChoice(value).label)
        if field == "sentiment":
            return str(SentimentChoice(value).label)
        if field == "urgency":
            return str(UrgencyChoice(value).label)
    except ValueError:
        return str(value)
    if field == "relevant":
        return _("about the brand") if value else _("not about the brand")
    return str(value)
