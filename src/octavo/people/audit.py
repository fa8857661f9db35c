"""The audit trail: one line for every change a person made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from octavo.people.models import Event, User


def log(user: User | None, action: str, *, kind: str, object_id: int | None = None, **detail: Any) -> None:
    """Write one line. `action` is a verb of the field ("resolved"), `detail` small values, never a message body."""
    Event.objects.create(user=user, action=action, kind=kind, object_id=object_id, detail=detail)


def log_each(user: User | None, action: str, *, kind: str, object_ids: Sequence[int], **detail: Any) -> None:
    """Write one line for each of several objects to which the same was done at once."""
    Event.objects.bulk_create(
        Event(user=user, action=action, kind=kind, object_id=number, detail=detail) for number in object_ids
    )
