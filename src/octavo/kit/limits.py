"""How often somebody may come."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable


class Bucket:
    """Lets each caller come `rate` times a second on average, and up to `burst` times together. For several threads.

    Remembers the `remembered` callers that came last; one that was forgotten begins with a full bucket.
    """

    def __init__(
        self, *, rate: float, burst: int, remembered: int = 10_000, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._remembered = remembered
        self._monotonic = monotonic
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, caller: str) -> int:
        """0 where `caller` may come now; else the whole seconds to wait, at least 1."""
        with self._lock:
            now = self._monotonic()
            level, at = self._levels.pop(caller, (float(self._burst), now))
            level = min(level + (now - at) * self._rate, self._burst)
            allowed = level >= 1
            self._levels[caller] = (level - 1 if allowed else level, now)
            while len(self._levels) > self._remembered:
                self._levels.popitem(last=False)
            return 0 if allowed else max(1, math.ceil((1 - level) / self._rate))
