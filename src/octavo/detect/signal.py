"""What there is to say of one key at one moment: since when, how unusual, how fast, and what the next hour holds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from octavo.detect.configuration import once_in
from octavo.detect.day import phase
from octavo.detect.detector import Detector
from octavo.detect.state import NEVER
from octavo.detect.update import Expected, count_of, expected

_NORMAL_95 = 1.96
_HOUR = timedelta(hours=1)
_FASTEST = 1.0
SLOWEST = 0.001
"""Growth that is claimed, in e-foldings a bin. What is faster looks the same in counts a bin apart; what is slower is no
growth.
"""

_BASELINE_SPAN = (0.6, 1.0, 1.8)
_EXCESS_SPAN = (0.2, 0.65, 1.8)
"""Of the messages expected in the next hour, and of the excess of the last half hour gone on for an hour: what comes of
them in one case of ten at most, in the middle, and in nine of ten at most. Measured on the five series of
docs/reference/alerts.md, which prints the share that stayed within. Bursts fade more often than they grow.
"""


@dataclass(frozen=True, slots=True)
class Range:
    """From `low` to `high`, in messages."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """Messages in the next hour (or the next bin, where one is longer); four times in five within `within`."""

    messages: float
    within: Range


@dataclass(frozen=True, slots=True)
class Signal:
    """What one key did in the bin that began at `at`.

    `since` is when the burst began, or `at` where there is none. `score` is what `Step` gave, `once_in` how rarely it is
    reached. `observed` and `expected` are messages in this bin, `band` what 19 bins of 20 stay within as a rule.
    `growth` is by how much the excess multiplies in an hour at the pace of the last half hour (below 1: it shrinks),
    `doubling` the time it takes to double, None where it does not grow.
    """

    key: str
    at: datetime
    since: datetime
    score: float
    once_in: timedelta
    observed: float
    expected: float
    band: Range
    growth: float
    doubling: timedelta | None
    forecast: Forecast


def describe(detector: Detector, key: int, *, name: str, at: datetime, count: float, score: float) -> Signal:
    """Say what `key`, called `name`, did in the bin at `at`, which was the last it was stepped through, with `count`.

    Raises IndexError for an unknown key.
    """
    if not 0 <= key < len(detector):
        raise IndexError("no such key")
    state = detector.state.take(np.array([key]))
    pace, knots = detector.pace, detector.configuration.season_knots
    spans = pace.spans[:, 0]

    def usual(moment: datetime) -> Expected:
        return expected(state, phase(moment, knots), detector.configuration)

    here = usual(at)
    middle, spread = here.middle[0], _NORMAL_95 * here.deviation[0]
    low, expected_now, high = (
        float(count_of(each)[0] / spans[0]) for each in (middle - spread, middle, middle + spread)
    )
    excess = state.rate[:, 0] - count_of(here.middle)[:, 0] / spans
    half_hour = min(1, len(spans) - 1)
    growth = pace_of(float(excess[0]), float(excess[half_hour]), float(spans[0]), float(spans[half_hour]))
    ahead = max(round(_HOUR / pace.interval), 1)
    moments = [at + step * pace.interval for step in range(1, ahead + 1)]
    base = sum(float(count_of(usual(moment).middle[0])[0] / spans[0]) for moment in moments)
    more = max(float(excess[half_hour]), 0.0) * ahead
    few, likely, many = (b * base + e * more for b, e in zip(_BASELINE_SPAN, _EXCESS_SPAN, strict=True))
    in_burst = state.since[0] > NEVER and state.quiet[0] <= pace.pause
    return Signal(
        key=name,
        at=at,
        since=detector.moment_of(int(state.since[0])).astimezone(at.tzinfo) if in_burst else at,
        score=score,
        once_in=once_in(score),
        observed=count,
        expected=expected_now,
        band=Range(low, high),
        growth=math.exp(growth * ahead),
        doubling=math.log(2) / growth * pace.interval if growth > SLOWEST else None,
        forecast=Forecast(likely, Range(few, many)),
    )


def pace_of(fast: float, slow: float, fast_span: float, slow_span: float) -> float:
    """E-foldings a bin of an excess, from its decaying means over two spans (bins).

    What grows as exp(g t) stands in a decaying mean of mean age a at 1 / (1 + g a) of itself, so the ratio r of two such means gives
    g = (r - 1) / (a_slow - a_fast r).
    """
    if slow <= 0 or fast <= 0 or slow_span <= fast_span:
        return 0.0
    ratio = fast / slow
    room = (slow_span - 1) - (fast_span - 1) * ratio
    return _FASTEST if room <= 0 else min(max((ratio - 1) / room, -_FASTEST), _FASTEST)
