"""The counts the triggers keep: read by adding rows up, made small again by `compact`."""

from __future__ import annotations

from django.db import connection, transaction

_COMPACTED = {
    "conversations_conversationtally": (
        "brand_id, status, register, language, sentiment, urgency, channel, relevant, assignee"
    ),
    "conversations_mentiontally": "brand_id, hour, register, sentiment",
    "conversations_hourtally": "hour, register",
}


def compact() -> None:
    """Replace the rows of each tally by one a combination, without those of brands that are gone. Nobody waits for it."""
    for table, columns in _COMPACTED.items():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s))", [table])
            if not cursor.fetchone()[0]:
                continue
            of_brands = "WHERE brand_id IN (SELECT id FROM conversations_brand)" if "brand_id" in columns else ""
            cursor.execute(
                f"WITH gone AS (DELETE FROM {table} RETURNING *) "  # noqa: S608 names of our own
                f"INSERT INTO {table} ({columns}, n) SELECT {columns}, sum(n) FROM gone "
                f"{of_brands} GROUP BY {columns} HAVING sum(n) <> 0"
            )
