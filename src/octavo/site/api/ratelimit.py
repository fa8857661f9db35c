"""How many requests a token may make in a minute.

Counted in the database, because several processes answer: one statement on an unlogged table, so that a read costs no
write-ahead log; what a crash forgets is less than a minute.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection

from octavo.kit import clock

WINDOW = timedelta(minutes=1)

_SPEND = """
INSERT INTO people_tokenwindow AS w (token_id, ends_at, used) VALUES (%(token)s, %(ends)s, 1)
ON CONFLICT (token_id) DO UPDATE SET
    used = CASE WHEN w.ends_at <= %(now)s THEN 1 ELSE least(w.used, %(limit)s) + 1 END,
    ends_at = CASE WHEN w.ends_at <= %(now)s THEN %(ends)s ELSE w.ends_at END
RETURNING used, ends_at
"""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left to a token: `remaining` requests until `reset` seconds from now. `granted`: this one may go on."""

    limit: int
    remaining: int
    reset: int
    granted: bool

    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }


def spend(token: int, limit: int) -> Allowance:
    """Count one request of a token (its number), in a window of a minute that began with its first."""
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(_SPEND, {"token": token, "now": now, "ends": now + WINDOW, "limit": limit})
        used, ends = cursor.fetchone()
    return Allowance(limit, max(limit - used, 0), math.ceil((ends - now).total_seconds()), used <= limit)
