"""The chart of an alert: counts before and after it rang, what is usual, and the moment it rang, as points of an SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from octavo.alert import burst, counts
from octavo.alert.models import Alert, RuleKind, Watch
from octavo.kit import clock

WIDTH, HEIGHT = 720, 160
BARS = 48
AROUND = timedelta(hours=12)
"""Shown before the first signal, and after the last ringing."""
LONGEST = timedelta(days=7)
_WIDTHS = tuple(timedelta(minutes=minutes) for minutes in (15, 30, 60, 120, 240))


@dataclass(frozen=True, slots=True)
class Bar:
    """Messages from `at` on for one width; `low` and `high` are None where too little is known of what is usual."""

    at: datetime
    n: int
    low: float | None
    high: float | None
    x: float
    y: float
    height: float

    @property
    def above(self) -> bool:
        """More than usual, and more than one: a single message is no more than a message."""
        return self.high is not None and self.n > max(self.high, 1.0)


@dataclass(frozen=True, slots=True)
class Chart:
    """`band` is an SVG polygon, empty without a usual; `rang_x` where the line of the ringing stands."""

    key: str
    bars: Sequence[Bar]
    minutes: int
    bar_width: float
    top: int
    band: str
    rang_x: float
    ticks: Sequence[datetime]


def of(alert: Alert) -> Chart:
    now = clock.now()
    until = min(now, alert.rang_at + AROUND)
    since = max(min(alert.first_signal_at, alert.opened_at) - AROUND, until - LONGEST)
    width = next((w for w in _WIDTHS if (until - since) / w <= BARS), _WIDTHS[-1])
    begin = _floor(since, width)
    places = max(math.ceil((until - begin) / width), 1)
    series = counts.series(alert.brand_id, alert.chart, since=begin, until=begin + places * width)
    sums = [0] * places
    for at, n in series.items():
        sums[int((at - begin) / width)] += n
    moments = [begin + place * width for place in range(places)]
    usual = _usual(alert, moments, width)
    highest = max([*sums, *(high for _, high in usual.values()), 1])
    top = _round_up(highest)
    step = WIDTH / places
    bars = []
    for place, (at, n) in enumerate(zip(moments, sums, strict=True)):
        low, high = usual.get(at, (None, None))
        height = n / top * HEIGHT
        bars.append(Bar(at, n, low, high, round(place * step, 1), round(HEIGHT - height, 1), round(height, 1)))
    rang_x = min(max((alert.rang_at - begin) / (places * width), 0.0), 1.0) * WIDTH
    return Chart(
        key=alert.chart,
        bars=bars,
        minutes=round(width / timedelta(minutes=1)),
        bar_width=round(step * 0.8, 1),
        top=top,
        band=_band(bars, step, top),
        rang_x=round(rang_x, 1),
        ticks=[begin + place * (places * width) / 4 for place in range(5)],
    )


def _usual(alert: Alert, moments: Sequence[datetime], width: timedelta) -> Mapping[datetime, tuple[float, float]]:
    """What 19 of 20 spans stay within, as the detector knows it now."""
    watch = Watch.objects.filter(brand=alert.brand_id).first()
    if watch is None:
        return {}
    from octavo.alert import rules

    followed = burst.restored(watch, rules.of([alert.brand_id])[alert.brand_id, RuleKind.BURST])
    if followed is None or alert.chart not in followed.keys:
        return {}
    found = {}
    k = width / counts.BIN
    for at in moments:
        signal = followed.signal(alert.chart, counts.bin_of(at + width / 2), 0, 0.0)
        # In square roots the spread of a count hardly depends on its size (Anscombe), so that of one bin serves for k.
        middle, low, high = (_root(n) for n in (signal.expected, signal.band.low, signal.band.high))
        whole = _root(signal.expected * k)
        found[at] = (_count(max(whole - (middle - low), 0.0)), _count(whole + (high - middle)))
    return found


def _root(n: float) -> float:
    return 2 * math.sqrt(max(n, 0.0) + 3 / 8)


def _count(root: float) -> float:
    return max((root / 2) ** 2 - 3 / 8, 0.0)


def _band(bars: Sequence[Bar], step: float, top: int) -> str:
    known = [bar for bar in bars if bar.high is not None]
    if len(known) < 2:
        return ""

    def y(value: float | None) -> float:
        return round(HEIGHT - (value or 0.0) / top * HEIGHT, 1)

    edge = [(bar.x, bar.x + step) for bar in known]
    over = [f"{x:g},{y(bar.high):g}" for bar, (left, right) in zip(known, edge, strict=True) for x in (left, right)]
    under = [f"{x:g},{y(bar.low):g}" for bar, (left, right) in zip(known, edge, strict=True) for x in (left, right)]
    return " ".join([*over, *reversed(under)])


def _floor(at: datetime, width: timedelta) -> datetime:
    seconds = width.total_seconds()
    return at - timedelta(seconds=at.timestamp() % seconds, microseconds=0)


def _round_up(n: float) -> int:
    """The next number that reads well: 1, 2, 5, 10, 20, 50 ..."""
    size = 1
    while True:
        for step in (1, 2, 5):
            if n <= step * size:
                return step * size
        size *= 10
