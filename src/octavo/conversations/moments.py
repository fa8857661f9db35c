"""When a post was made, as far as that can be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""A message said to be older is given the moment it arrived; so is one from more than a day ahead."""

LATEST = timedelta(days=1)
"""How far ahead of our clock another's may be."""


def believable(created: datetime | None, received: datetime) -> datetime:
    """When a post was made, in UTC; the moment it came where it cannot have been made then."""
    if created is None:
        return received
    if created.tzinfo is not UTC:  # a channel gives aware times; one that forgets means UTC
        created = created.replace(tzinfo=UTC) if created.tzinfo is None else _in_utc(created, received)
    return created if EARLIEST <= created <= received + LATEST else received


def _in_utc(at: datetime, otherwise: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:  # the first or the last day there is
        return otherwise
