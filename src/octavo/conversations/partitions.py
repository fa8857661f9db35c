"""The monthly partitions of mentions, made when the first message of a month comes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial

from django.db import connection, transaction

OLDEST_MONTH = (2000, 1)
"""Everything before lies in one partition, which the first migration made."""

_known: set[tuple[int, int]] = set()


def ensure(moments: Iterable[datetime]) -> None:
    """Make the partitions these moments fall into. Call it outside a transaction that holds locks on mentions.

    The partition is built aside and then attached, because attaching lets readers go on where `PARTITION OF` stops them.
    Safe when several processes want the same month at once.
    """
    months = {(at.year, at.month) for at in (moment.astimezone(UTC) for moment in moments)}
    for year, month in sorted(months - _known):
        if (year, month) >= OLDEST_MONTH:
            _make(year, month)
        # Within a transaction it may yet be taken back.
        transaction.on_commit(partial(_known.add, (year, month)))


def known(months: set[tuple[int, int]]) -> bool:
    """Whether this process knows that all these (year, month) have their partition."""
    return months <= _known


def forget() -> None:
    """Forget which partitions exist; for those who change the schema under a running process (the test suite)."""
    _known.clear()


def _make(year: int, month: int) -> None:
    name = f"conversations_mention_{year:04d}_{month:02d}"
    start = datetime(year, month, 1, tzinfo=UTC)
    end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            DO $$ BEGIN
                PERFORM pg_advisory_xact_lock(hashtext('octavo partitions'));
                IF to_regclass('{name}') IS NULL THEN
                    CREATE TABLE {name} (LIKE conversations_mention INCLUDING ALL) WITH (fillfactor = 90);
                    ALTER TABLE conversations_mention ATTACH PARTITION {name}
                        FOR VALUES FROM ('{start.isoformat()}') TO ('{end.isoformat()}');
                END IF;
            END $$
            """
        )
