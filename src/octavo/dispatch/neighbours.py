"""The conversations before and after one in the list it was opened from."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.db.models import F
from django.db.models.fields.tuple_lookups import TupleGreaterThan, TupleLessThan

from octavo.conversations.models import Conversation
from octavo.dispatch import inbox
from octavo.people.models import User


@dataclass(frozen=True, slots=True)
class Neighbours:
    previous: int | None
    next: int | None


def of(user: User, chosen: inbox.Filter, conversation: Conversation) -> Neighbours:
    """Found by the keys of the order, so that it also works from a conversation that has left the list since."""
    keys = ("pressing", "last_at", "id") if chosen.sort == "urgent" else ("last_at", "id")
    place = tuple(getattr(conversation, key) for key in keys)
    found = inbox.in_order(user, replace(chosen, after=""))
    fields = tuple(F(key) for key in keys)
    following = found.filter(TupleLessThan(fields, place)).order_by(*(f"-{key}" for key in keys))
    before = found.filter(TupleGreaterThan(fields, place)).order_by(*keys)
    return Neighbours(
        previous=before.values_list("pk", flat=True).first(),
        next=following.values_list("pk", flat=True).first(),
    )
