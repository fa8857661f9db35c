"""How many requests a token may make in a minute.

Counted in the memory of this process: there is one web process, a count in the database would turn every read into a
write, and what a restart forgets is less than a minute. With several web processes each would grant the full rate.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

from octavo.kit import clock

WINDOW = 60.0
"""Seconds."""
_TIDY_FROM = 10_000
"""Windows kept before those that are over are thrown away."""


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


class Limiter:
    """Counts requests in windows of a minute that begin with a token's first request."""

    def __init__(self) -> None:
        self._windows: dict[int, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def spend(self, token: int, limit: int) -> Allowance:
        """Count one request of a token (its number), if it has one left."""
        now = clock.now().timestamp()
        with self._lock:
            ends, used = self._windows.get(token, (0.0, 0))
            if ends <= now:
                ends, used = now + WINDOW, 0
                if len(self._windows) >= _TIDY_FROM:
                    self._windows = {each: window for each, window in self._windows.items() if window[0] > now}
            granted = used < limit
            if granted:
                used += 1
            self._windows[token] = (ends, used)
        return Allowance(limit, max(limit - used, 0), math.ceil(ends - now), granted)

    def forget(self) -> None:
        with self._lock:
            self._windows.clear()


limiter = Limiter()
