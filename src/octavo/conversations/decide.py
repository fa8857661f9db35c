"""What people decide about a conversation: status, assignment, notes, corrections, and taking it back.

Each decision is one named function that saves, writes its line in the audit trail, tells the open pages, and returns
what is needed to undo it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from octavo.conversations import contexts, heads, learning
from octavo.conversations.models import Conversation, Correction, Mention, Note, RegisterChoice, SentimentChoice
from octavo.kit import clock
from octavo.people import audit
from octavo.people.models import User
from octavo.vocabulary import NO_REGISTER

MOST_AT_ONCE = 500
"""Conversations one bulk decision may touch."""


@dataclass(frozen=True, slots=True)
class Before:
    """What a conversation was before a decision, enough to undo it. Times as ISO text, so that it fits into a form."""

    id: int
    status: str
    assignee: int | None
    snoozed_until: str | None
    resolved_at: str | None
    waiting_since: str | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def set_status(
    user: User | None, conversations: Sequence[int], status: Conversation.Status, *, until: datetime | None = None
) -> list[Before]:
    """Give conversations a status; `until` is when snoozed ones come back (required for them). Returns what they were.

    Raises `ValueError` for a status there is none of, and where `until` does not go with it.
    """
    status = Conversation.Status(status)
    if (status == Conversation.Status.SNOOZED) != (until is not None):
        raise ValueError("until goes with snoozed, and only with it")
    now = clock.now()
    with transaction.atomic():
        before, rows = _locked(conversations)
        for row in rows:
            if status == Conversation.Status.RESOLVED:
                row.resolved_at, row.waiting_since = now, None
            elif row.status == Conversation.Status.RESOLVED:
                row.resolved_at = None
            row.status, row.snoozed_until = status, until
        Conversation.objects.bulk_update(rows, ["status", "snoozed_until", "resolved_at", "waiting_since"])
        heads.refresh(row.pk for row in rows if row.resolved_at is None)
        _note_in_trail(user, str(status), rows, until=until.isoformat() if until else None)
    return before


def assign(user: User, conversations: Sequence[int], assignee: User | None) -> list[Before]:
    """Give conversations to a colleague, or to nobody. Returns what they were."""
    with transaction.atomic():
        before, rows = _locked(conversations)
        for row in rows:
            row.assignee = assignee
        Conversation.objects.bulk_update(rows, ["assignee"])
        _note_in_trail(user, "assigned" if assignee else "unassigned", rows, to=assignee.pk if assignee else None)
    return before


def undo(user: User, before: Sequence[Before]) -> int:
    """Put conversations back to what they were; the number of them."""
    with transaction.atomic():
        _, rows = _locked([item.id for item in before])
        was = {item.id: item for item in before}
        for row in rows:
            item = was[row.pk]
            row.status, row.assignee_id = item.status, item.assignee
            row.snoozed_until = _moment(item.snoozed_until)
            row.resolved_at = _moment(item.resolved_at)
            row.waiting_since = _moment(item.waiting_since)
        Conversation.objects.bulk_update(rows, ["status", "assignee", "snoozed_until", "resolved_at", "waiting_since"])
        heads.refresh(was)  # somebody may have written meanwhile
        _note_in_trail(user, "undone", rows)
    return len(rows)


def wake_snoozed() -> int:
    """Open the conversations whose time has come; the number of them."""
    with transaction.atomic():
        woken = list(
            Conversation.objects.select_for_update(skip_locked=True)
            .filter(status=Conversation.Status.SNOOZED, snoozed_until__lte=clock.now())
            .values_list("pk", flat=True)[:1000]
        )
        Conversation.objects.filter(pk__in=woken).update(status=Conversation.Status.OPEN, snoozed_until=None)
        if woken:
            _announce()
    return len(woken)


def add_note(user: User | None, conversation: Conversation, text: str) -> Note:
    """Write a note beside a conversation. Raises `ValueError` for an empty one."""
    text = text.strip()
    if not text:
        raise ValueError("a note says something")
    with transaction.atomic():
        note = Note.objects.create(conversation=conversation, author=user, text=text)
        audit.log(user, "noted", kind="conversation", object_id=conversation.pk)
        _announce(conversation.brand_id)
    return note


def correct(user: User, mention: Mention, field: str, value: Any) -> Correction | None:
    """Put a person's word in place of the model's; kept as a `Correction`, safe from later readings.

    `field` is `register` (a register or `none`), `sentiment`, `urgency` (0-3) or `relevant` (bool). Saying what
    the model says confirms it; None where a person has said the same before. Raises `ValueError` for anything else.
    """
    value = _checked(field, value)
    with transaction.atomic():
        mention = Mention.objects.select_for_update().get(pk=mention.pk, published_at=mention.published_at)
        was = getattr(mention, field)
        if was == value and field in mention.corrected:
            return None
        setattr(mention, field, value)
        if field == "register":
            mention.assigned = _reassigned(mention.assigned, was, value)
        mention.corrected = sorted({*mention.corrected, field})
        Mention.objects.filter(pk=mention.pk, published_at=mention.published_at).update(
            **{field: value}, assigned=mention.assigned, corrected=mention.corrected
        )
        correction = Correction.objects.create(
            brand_id=mention.brand_id,
            mention=mention.pk,
            field=field,
            was=was,
            now=value,
            model=mention.model,
            corrected_by=user,
        )
        if field == "register":
            learning.touch(mention.brand_id)
        elif field == "relevant":
            contexts.touch(mention.brand_id)
        heads.refresh([mention.conversation_id])
        audit.log(user, "corrected", kind="mention", object_id=mention.pk, field=field, was=was, now=value)
        _announce(mention.brand_id)
    return correction


def withdraw(user: User, correction: Correction) -> None:
    """Take a correction back: its field is what it was before, and free for the model where no other correction stands.

    One that a later correction has overruled leaves the field as it is. Nothing happens the second time.
    """
    with transaction.atomic():
        mention = Mention.objects.select_for_update().get(pk=correction.mention)
        standing = list(
            Correction.objects.filter(mention=mention.pk, field=correction.field, withdrawn_at=None).order_by("pk")
        )
        numbers = [each.pk for each in standing]
        if correction.pk not in numbers:
            return
        place = numbers.index(correction.pk)
        correction.was, correction.withdrawn_at = standing[place].was, clock.now()
        correction.save(update_fields=["withdrawn_at"])
        changes: dict[str, Any] = {}
        if place + 1 < len(standing):
            Correction.objects.filter(pk=numbers[place + 1]).update(was=correction.was)
        else:
            changes[correction.field] = correction.was
            if correction.field == "register":
                changes["assigned"] = _reassigned(mention.assigned, mention.register, correction.was)
        if len(standing) == 1:
            changes["corrected"] = [field for field in mention.corrected if field != correction.field]
        if changes:
            Mention.objects.filter(pk=mention.pk, published_at=mention.published_at).update(**changes)
        if correction.field == "register":
            learning.touch(mention.brand_id)
        elif correction.field == "relevant":
            contexts.touch(mention.brand_id)
        heads.refresh([mention.conversation_id])
        audit.log(user, "withdrew correction", kind="mention", object_id=mention.pk, field=correction.field)
        _announce(mention.brand_id)


def _checked(field: str, value: Any) -> Any:
    allowed: dict[str, Sequence[Any]] = {
        "register": RegisterChoice.values,
        "sentiment": SentimentChoice.values,
        "urgency": (0, 1, 2, 3),
        "relevant": (True, False),
    }
    # True is 1 to Python, and would be an urgency.
    if field not in allowed or value not in allowed[field] or isinstance(value, bool) != (field == "relevant"):
        raise ValueError(f"{field} cannot be {value!r}")
    return value


def _reassigned(assigned: Sequence[str], was: str, value: str) -> list[str]:
    if value == NO_REGISTER:
        return []
    return [value, *(name for name in assigned if name not in (was, value))]


def _locked(conversations: Sequence[int]) -> tuple[list[Before], list[Conversation]]:
    numbers = sorted(set(conversations))[:MOST_AT_ONCE]
    rows = list(Conversation.objects.select_for_update().filter(pk__in=numbers).order_by("pk"))
    before = [
        Before(
            id=row.pk,
            status=row.status,
            assignee=row.assignee_id,
            snoozed_until=_text(row.snoozed_until),
            resolved_at=_text(row.resolved_at),
            waiting_since=_text(row.waiting_since),
        )
        for row in rows
    ]
    return before, rows


def _note_in_trail(user: User | None, action: str, rows: Sequence[Conversation], **detail: Any) -> None:
    audit.log_each(user, action, kind="conversation", object_ids=[row.pk for row in rows], **detail)
    for brand in {row.brand_id for row in rows}:
        _announce(brand)


def _announce(brand: int = 0) -> None:
    """Tell the open pages, once this transaction is through. Brand 0 is any."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('octavo_changed', %s)", [f'{{"brand":{brand},"new":0}}'])


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
