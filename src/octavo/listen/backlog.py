"""Which messages wait for their second reading, in the order in which they should get it.

What a brand's corrections taught a model (`default-1+b7`) makes its readings no worse: they do not wait for it. Nor does
what a better model has read.

Messages are numbered as they come, so a walk is two numbers: those above `top` are fresh and come first; the rest is walked
downwards from `below`, the newest first, once for the urgent and once for all others. No index is kept for it: one on what a
reading changes would make every reading rewrite the full-text index as well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.db import connection
from django.db.models import F
from django.db.models.functions import Greatest

from octavo.listen.models import Backlog

URGENT = 2
"""From this urgency on a message is read again before newer ones that are less urgent."""
SLACK = 20_000
"""Numbers looked at again below `top`: a transaction that took its numbers early may have ended late."""
MANY = 60_000
"""Numbers above `top` that are too many to be looked through at each step."""
STRIDE, URGENT_STRIDE = 10_000, 100_000
"""Numbers looked at in one step of the walk."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose readings are waited for: the model of a tier, by its version. Readings of the `better` tiers, of whatever version,
    do as well."""

    model: str
    better: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """Mentions to read again now (none: nothing waits), and where the walk will stand when that is done."""

    model: str
    mentions: list[int]
    top: int
    below: int | None
    urgent_first: bool


def look_back(reader: Reader) -> None:
    """Before a series of steps: look again at the latest numbers, where late transactions may have ended meanwhile.

    Where much more has come than that (an import that was given up), it is not fresh but a backlog, and is walked.
    """
    state = Backlog.objects.filter(model=reader.model).first()
    if state is None or _highest() - state.top > MANY:
        reopen(reader)
    else:
        # Not while a walk is under way: what it has yet to come to would seem fresh.
        Backlog.objects.filter(model=reader.model, below=None).update(top=Greatest(F("top") - SLACK, 0))


def next_step(reader: Reader, limit: int) -> Step:
    """Up to `limit` mentions that wait for `reader`, what is fresh first. Says the same until `done` is told, so a crash loses
    nothing."""
    fresh = fresh_step(reader, limit)
    return fresh if fresh.mentions else replace(walk_step(reader, limit), top=fresh.top)


def fresh_step(reader: Reader, limit: int) -> Step:
    """Up to `limit` of the mentions that came since the walk began."""
    highest, state = _highest(), _state(reader)
    fresh = _waiting(reader, state.top + 1, highest + 1, limit, urgency=0)
    # Of so many that the next step finds more. If they are left for the walk, it must begin above them.
    top = state.top if len(fresh) == limit else highest
    return Step(reader.model, fresh, top, state.below, state.urgent_first)


def walk_step(reader: Reader, limit: int) -> Step:
    """Up to `limit` of the mentions that were there when the walk began."""
    highest, state = _highest(), _state(reader)
    below, urgent_first = state.below, state.urgent_first
    while below is not None:
        low = max(below - (URGENT_STRIDE if urgent_first else STRIDE), 0)
        found = _waiting(reader, low, below, limit, urgency=URGENT if urgent_first else 0)
        if len(found) == limit:
            return Step(reader.model, found, state.top, below, urgent_first)
        if low > 0:
            below = low
        else:
            below, urgent_first = (highest + 1, False) if urgent_first else (None, True)
        if found:
            return Step(reader.model, found, state.top, below, urgent_first)
    return Step(reader.model, [], state.top, None, True)


def done(step: Step, read: int) -> None:
    """The mentions of `step` have been read again, `read` of them with a new reading."""
    Backlog.objects.filter(model=step.model).update(
        top=step.top,
        below=step.below,
        urgent_first=step.urgent_first,
        left=Greatest(F("left") - read, 0) if step.below is not None else 0,
    )


def reopen(reader: Reader) -> None:
    """Much has come in at once: walk over everything again."""
    highest = _highest()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM conversations_mention "
            "WHERE split_part(model, '+', 1) <> %s AND split_part(model, '-', 1) <> ALL(%s) AND deleted_at IS NULL",
            [reader.model, list(reader.better)],
        )
        left = cursor.fetchone()[0]
    Backlog.objects.update_or_create(
        model=reader.model, defaults={"top": highest, "below": highest + 1, "urgent_first": True, "left": left}
    )


def left(model: str) -> int:
    """How many messages still wait for `model`, as of the last step."""
    return Backlog.objects.filter(model=model).values_list("left", flat=True).first() or 0


def _state(reader: Reader) -> Backlog:
    highest = _highest()
    state, _ = Backlog.objects.get_or_create(model=reader.model, defaults={"top": highest, "below": highest + 1})
    return state


def _highest() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM conversations_mention_number")
        return int(cursor.fetchone()[0])


def _waiting(reader: Reader, low: int, high: int, limit: int, *, urgency: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM conversations_mention WHERE id >= %s AND id < %s AND urgency >= %s "
            "AND split_part(model, '+', 1) <> %s AND split_part(model, '-', 1) <> ALL(%s) AND deleted_at IS NULL "
            "ORDER BY urgency DESC, id DESC LIMIT %s",
            [low, high, urgency, reader.model, list(reader.better), limit],
        )
        return [row[0] for row in cursor.fetchall()]
