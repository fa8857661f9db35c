"""How fast something spreads that began from nothing, by counts in bins of one length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from octavo.detect.signal import SLOWEST, pace_of

_FAST, _SLOW = 2.0, 6.0
"""Bins over which the two decaying means are taken whose ratio tells the pace."""
_FEWEST = 5.0
"""Messages in the last `_SLOW` bins, below which no pace is claimed."""
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Spread:
    """`growth` is by how much it multiplies in an hour at the pace of the last bins (below 1: it fades), `doubling` the time
    it takes to double, None where it does not grow."""

    growth: float
    doubling: timedelta | None


def spread(counts: Sequence[float], interval: timedelta) -> Spread | None:
    """The pace at the end of `counts`; None where these are too few to tell. Nothing is taken for usual: before it began
    there was none of it."""
    if sum(counts[-round(_SLOW) :]) < _FEWEST:
        return None
    fast = slow = 0.0
    for count in counts:
        fast += (count - fast) / _FAST
        slow += (count - slow) / _SLOW
    pace = pace_of(fast, slow, _FAST, _SLOW)
    return Spread(
        growth=math.exp(pace * (_HOUR / interval)),
        doubling=math.log(2) / pace * interval if pace > SLOWEST else None,
    )
