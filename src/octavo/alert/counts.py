"""Messages counted in bins of five minutes, by when they were published, for what bursts are seen in.

A batch adds rows in the transaction in which it was recorded, so that nothing is counted twice and nobody waits for a
lock; rows of one bin add up and are joined later (`compact`). Messages of the brand itself, and those about something
else, do not count. An edit or a second reading changes no count: what was unusual stays what it was when it was seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from octavo.alert.models import Count
from octavo.kit import clock

BIN = timedelta(minutes=5)
REMEMBERED = timedelta(days=100)
"""Counts are kept for so long: what bursts are learnt from and rules are simulated on."""

ALL, NEGATIVE = "all", "negative"
REGISTER, CHANNEL, LANGUAGE, SOURCE = "register:", "channel:", "language:", "source:"
"""Beginnings of keys; `all` and `negative` are whole."""

_ADD = """
INSERT INTO alert_count (brand_id, key, at, n)
SELECT m.brand_id, k.key, date_bin('5 minutes', m.published_at, '2000-01-01 00:00+00'), count(*)
FROM conversations_mention AS m
CROSS JOIN LATERAL (VALUES
    ('all'), (CASE WHEN m.sentiment = 'negative' THEN 'negative' END),
    (CASE WHEN m.register <> 'none' THEN 'register:' || m.register END),
    ('channel:' || m.channel), ('language:' || m.language), ('source:' || m.origin)) AS k (key)
WHERE m.id = ANY(%s) AND m.published_at >= %s AND m.relevant AND NOT m.own AND m.deleted_at IS NULL AND k.key IS NOT NULL
GROUP BY 1, 2, 3 ORDER BY 1, 3, 2
"""


def add(mentions: Sequence[int], *, now: datetime) -> None:
    """Count new mentions, in the caller's transaction: only those it has just recorded, and once."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [list(mentions), now - REMEMBERED])


def bin_of(moment: datetime) -> datetime:
    """The beginning of the five minutes a moment lies in."""
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % int(BIN.total_seconds()), UTC)


def series(brand: int, key: str, *, since: datetime, until: datetime) -> Mapping[datetime, int]:
    """Counts of one key by the beginning of their five minutes; those without a message are left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT at, sum(n) FROM alert_count WHERE brand_id = %s AND key = %s AND at >= %s AND at < %s GROUP BY at",
            [brand, key, since, until],
        )
        return {at: int(n) for at, n in cursor.fetchall()}


def bins(brand: int, *, since: datetime, until: datetime) -> list[tuple[datetime, dict[str, int]]]:
    """Every bin with a message, in order, with the counts of its keys."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT at, key, sum(n) FROM alert_count WHERE brand_id = %s AND at >= %s AND at < %s "
            "GROUP BY at, key ORDER BY at, key",
            [brand, since, until],
        )
        found: dict[datetime, dict[str, int]] = {}
        for at, key, n in cursor.fetchall():
            found.setdefault(at, {})[key] = int(n)
    return list(found.items())


def total(brand: int, key: str, *, since: datetime, until: datetime) -> int:
    return sum(series(brand, key, since=since, until=until).values())


def compact() -> None:
    """Join the rows of each bin and forget what is older than is remembered. Nobody waits for it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('alert_count'))")
        if not cursor.fetchone()[0]:
            return
        Count.objects.filter(at__lt=clock.now() - REMEMBERED).delete()
        cursor.execute(
            "WITH several AS (SELECT brand_id, key, at FROM alert_count GROUP BY 1, 2, 3 HAVING count(*) > 1), "
            "gone AS (DELETE FROM alert_count AS c USING several AS s "
            "WHERE (c.brand_id, c.key, c.at) = (s.brand_id, s.key, s.at) RETURNING c.brand_id, c.key, c.at, c.n) "
            "INSERT INTO alert_count (brand_id, key, at, n) SELECT brand_id, key, at, sum(n) FROM gone GROUP BY 1, 2, 3"
        )
