"""A source's turn: ask the channel, and write down how it went."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db.models import F
from django.db.models.functions import Coalesce, Now

from octavo.channels.contract import Listens
from octavo.channels.registry import channel
from octavo.channels.trouble import ChannelError, Trouble
from octavo.conversations.models import Brand
from octavo.kit import clock
from octavo.kit.text import excerpt
from octavo.listen import sources
from octavo.listen.models import RejectedItem, Source
from octavo.vocabulary import Post, Reject

AT_ONCE = 500
"""Posts a turn may bring."""
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
HOPELESS_WAIT = timedelta(hours=24)
"""What only a person can mend is tried again once a day, in case the other side mended it."""
KEPT_REJECTS = 1000
"""Rejects a source keeps; `rejects_count` counts them all."""

log = structlog.get_logger(__name__)


class Overtaken(Exception):
    """The source was paused, removed or collected by somebody else meanwhile. Keep nothing; there is nothing to retry."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn of a source brought. `before` is the cursor it started from, `asked_at` when."""

    posts: Sequence[Post]
    rejects: Sequence[Reject]
    cursor: Mapping[str, object]
    more: bool
    before: Mapping[str, object]
    asked_at: datetime


def fetch(source: Source) -> Turn:
    """Ask the channel. Takes its time: call it outside a transaction.

    Raises `ChannelError` after the source's health has been written.
    """
    asked_at = clock.now()
    described = channel(source.channel)
    if not isinstance(described, Listens):
        raise TypeError(f"{source.channel} is not asked for news")
    try:
        listened = described.listen(
            sources.settings_of(source), source.cursor, limit=AT_ONCE, allow_private=sources.allow_private()
        )
    except ChannelError as error:
        _failed(source, error, asked_at)
        raise
    except Exception as error:
        # A fault of ours, or something a channel did not foresee: it must show on the source's page like any other.
        log.exception("source failed unexpectedly", source=source.pk, channel=source.channel)
        unforeseen = ChannelError(Trouble.MALFORMED, detail=type(error).__name__, retry=True)
        _failed(source, unforeseen, asked_at)
        raise unforeseen from error
    return Turn(
        posts=listened.posts,
        rejects=listened.rejects,
        cursor=listened.cursor,
        more=listened.more,
        before=source.cursor,
        asked_at=asked_at,
    )


def delivered(source: Source, turn: Turn, *, new: int) -> None:
    """Move the cursor and write down that all is well, in the caller's transaction, beside the posts.

    Raises `Overtaken`, whereupon the caller's transaction must be given up.
    """
    row = Source.objects.select_for_update(of=("self",)).filter(pk=source.pk).first()
    if row is None or row.state != Source.State.ACTIVE or row.cursor != turn.before:
        raise Overtaken
    now = clock.now()
    cursor = dict(turn.cursor)
    if address := cursor.pop("moved", None):
        row.settings = {**row.settings, "url": address}
    row.cursor = cursor
    row.next_at = now if turn.more else _next(row, now, cursor.get("wait"))
    row.last_try_at = turn.asked_at
    _well(row, now, turn.posts, new)
    _set_aside(row, turn.rejects)
    row.save()


def received(source: Source, posts: Sequence[Post], rejects: Sequence[Reject], *, new: int) -> None:
    """The same for a source that calls us: count what came, in the caller's transaction. Takes the row last and briefly."""
    now = clock.now()
    latest = max((post.created_at for post in posts if post.created_at), default=now)
    Source.objects.filter(pk=source.pk).update(
        posts_count=F("posts_count") + new,
        rejects_count=F("rejects_count") + len(rejects),
        last_try_at=now,
        last_success_at=now,
        **({"last_post_at": latest, "last_delay": max(now - latest, timedelta(0))} if new else {}),
        failing_since=None,
        failures=0,
        trouble="",
        trouble_detail="",
    )
    _keep_rejects(source.pk, rejects)


def of_brand(brand: Brand, number: int, item: Post | Reject) -> Post | Reject:
    """The item, unless it names another brand than that of the source it came to: that is set aside, not misfiled."""
    if (
        isinstance(item, Post)
        and item.brand
        and item.brand.strip().casefold() not in (brand.name.casefold(), brand.slug)
    ):
        return Reject(
            place=str(number),
            reason=f"the message names another brand: {excerpt(item.brand, 60)}",
            excerpt=excerpt(item.text),
        )
    return item


def refused(source: Source, error: ChannelError) -> None:
    """Write down that a call was refused (a wrong signature, a body that is no JSON)."""
    _trouble(source, error, {})


def _failed(source: Source, error: ChannelError, asked_at: datetime) -> None:
    wait = backoff(source, error)
    log.info("source failed", source=source.pk, trouble=str(error.trouble), retry_in=round(wait.total_seconds()))
    _trouble(source, error, {"next_at": clock.now() + wait, "last_try_at": asked_at})


def _trouble(source: Source, error: ChannelError, also: Mapping[str, object]) -> None:
    # Only where it is still active: a source paused meanwhile keeps the state it was paused in.
    Source.objects.filter(pk=source.pk, state=Source.State.ACTIVE).update(
        failing_since=Coalesce("failing_since", Now()),
        failures=F("failures") + 1,
        trouble=str(error.trouble),
        trouble_detail=excerpt(error.detail, 500),
        **also,
    )


def backoff(source: Source, error: ChannelError) -> timedelta:
    """How long to leave a failing source alone: longer each time, never less than the other side asks, never all at once."""
    if not error.retry:
        wait = HOPELESS_WAIT
    else:
        wait = min(max(source.every or FIRST_WAIT, FIRST_WAIT) * 2 ** min(source.failures, 10), LONGEST_WAIT)
    if error.retry_after:
        wait = max(wait, timedelta(seconds=min(error.retry_after, HOPELESS_WAIT.total_seconds())))
        return wait * random.uniform(1.0, 1.1)  # noqa: S311
    return wait * random.uniform(0.8, 1.2)  # noqa: S311


def _next(source: Source, now: datetime, wait: object) -> datetime:
    every = source.every or sources.EVERY
    if isinstance(wait, int | float):
        every = max(every, timedelta(seconds=min(wait, HOPELESS_WAIT.total_seconds())))
    return now + every * random.uniform(0.95, 1.05)  # noqa: S311


def _well(row: Source, now: datetime, posts: Sequence[Post], new: int) -> None:
    row.posts_count += new
    row.last_success_at = now
    latest = max((post.created_at for post in posts if post.created_at), default=None)
    if new and latest:
        row.last_post_at, row.last_delay = latest, max(now - latest, timedelta(0))
    row.failing_since, row.failures, row.trouble, row.trouble_detail = None, 0, "", ""


def _set_aside(row: Source, rejects: Sequence[Reject]) -> None:
    row.rejects_count += len(rejects)
    _keep_rejects(row.pk, rejects)


def _keep_rejects(source: int, rejects: Sequence[Reject]) -> None:
    """Keep the latest; housekeeping (`prune`) drops the oldest."""
    RejectedItem.objects.bulk_create(rejected_rows(source, rejects[-KEPT_REJECTS:]))


def rejected_rows(source: int, rejects: Sequence[Reject]) -> list[RejectedItem]:
    return [
        RejectedItem(
            source_id=source,
            place=excerpt(reject.place, 120),
            reason=excerpt(reject.reason, 300),
            excerpt=excerpt(reject.excerpt, 200),
        )
        for reject in rejects
    ]


def prune() -> int:
    """Drop the oldest rejects of sources that keep too many; the number dropped."""
    dropped = 0
    for source in Source.objects.filter(rejects_count__gt=KEPT_REJECTS).values_list("pk", flat=True):
        oldest_kept = (
            RejectedItem.objects.filter(source=source)
            .order_by("-pk")
            .values_list("pk", flat=True)[KEPT_REJECTS - 1 : KEPT_REJECTS]
        )
        for pk in oldest_kept:
            dropped += RejectedItem.objects.filter(source=source, pk__lt=pk).delete()[0]
    return dropped


def due(limit: int = 200) -> list[int]:
    """Sources whose turn it is, those that wait longest first."""
    return list(
        Source.objects.filter(state=Source.State.ACTIVE, next_at__lte=clock.now())
        .exclude(brand__erasure__isnull=False)  # nothing more for a brand that is being taken out
        .order_by("next_at")
        .values_list("pk", flat=True)[:limit]
    )
