"""Living through a past stream again: the same pauses, divided by a speed, ending up now."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from octavo.channels.file.reader import Batch
from octavo.kit import clock
from octavo.vocabulary import Post

TICK = 0.25
"""Seconds: posts due within one tick come together, so that a fast replay is recorded in batches."""


def parse_speed(text: str) -> float:
    """`60x`, `60` or `0.5x` as a number above zero; raises ValueError."""
    speed = float(text.strip().lower().removesuffix("x"))
    if not 0 < speed < float("inf"):
        raise ValueError("a speed is a number above zero, such as 60x")
    return speed


def schedule(posts: Iterable[Post], *, begin: datetime, speed: float) -> Iterator[Post]:
    """`posts` with their times moved: the first is written at `begin`, and a pause of a minute becomes 60 / `speed`
    seconds. A post without a time, or one that goes back in time, is written together with the one before it."""
    first: datetime | None = None
    latest = begin
    for post in posts:
        moment = latest
        if post.created_at is not None:
            first = first or post.created_at
            moment = max(latest, begin + (post.created_at - first) / speed)
        latest = moment
        edited = None
        if post.edited_at is not None:
            edited = moment + max((post.edited_at - (post.created_at or post.edited_at)) / speed, timedelta(0))
        yield replace(post, created_at=moment, edited_at=edited)


def replay(
    batches: Iterable[Batch],
    *,
    speed: float,
    now: Callable[[], datetime] = clock.now,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[list[Post]]:
    """The posts of `batches` when they are due, those of one tick together; waits in between. Never ahead of `now`."""
    due: list[Post] = []
    posts = (post for batch in batches for post in batch.posts)
    for post in schedule(posts, begin=now(), speed=speed):
        assert post.created_at is not None
        wait = (post.created_at - now()).total_seconds()
        if wait > 0:
            if due:
                yield due
                due = []
            # Sleeping at least a tick lets a dense stream gather; the clock decides again afterwards.
            sleep(max(wait, TICK))
        due.append(post)
        if len(due) >= 5000:
            yield due
            due = []
    if due:
        yield due
