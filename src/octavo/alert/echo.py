"""Is a campaign being hijacked? The share of its echo that turns against it, held against what is usual. Pure.

The share that is usual is not known but believed: a beta distribution that begins at the brand's own share of criticism and
learns from the campaign's past. How unlikely it is that so many of so few turn against it by chance follows (beta-binomial), so
that two of three mean nothing and forty of a hundred much.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate

from octavo.alert.counts import NOTHING, Heard

WINDOWS = (timedelta(hours=1), timedelta(hours=3), timedelta(hours=12))
"""Of voices that ended just now; the most unlikely one counts."""
PAST = timedelta(days=30)
BRAND_WEIGHS = 20.0
"""Voices of a campaign's past that the brand's own share is worth. Below, nobody knows the campaign yet."""
PAST_WEIGHS = 200.0
"""Voices that the campaign's past is worth at most: what people say of it comes in waves, and is no toss of a coin."""
TIMES = 1.5
"""The share must be so many times the usual one: a hundred thousand voices make any difference unlikely, not important."""
CERTAIN = 99.0
"""The largest score: beyond it nothing is known."""


@dataclass(frozen=True, slots=True)
class Voices:
    """What was heard of a campaign in the five minutes that began at `at`, and what of it was against it."""

    at: datetime
    echo: Heard
    against: Heard


@dataclass(frozen=True, slots=True)
class Turn:
    """The echo of a campaign in `window` before a moment. `usual` is the share to be expected, `score` the decimal
    logarithm of how unlikely it is that so many or more were against it."""

    window: timedelta
    echo: Heard
    against: Heard
    usual: float
    score: float

    @property
    def voices(self) -> int:
        return round(self.echo.voices)

    @property
    def turned(self) -> int:
        return min(round(self.against.voices), self.voices)

    @property
    def share(self) -> float:
        return self.turned / max(self.voices, 1)


class History:
    """What was heard of one campaign, in order, so laid out that many moments of it can be judged."""

    def __init__(self, heard: Sequence[Voices]) -> None:
        self.heard = heard
        self.moments = [each.at for each in heard]
        # Bin by bin: over weeks, the same people may speak again.
        voices = [(each.echo.voices, min(each.against.voices, each.echo.voices)) for each in heard]
        self.past = [0.0, *accumulate(echo for echo, _ in voices)]
        self.past_against = [0.0, *accumulate(against for _, against in voices)]

    def judge(self, until: datetime, *, brands_share: float) -> Turn:
        """The most unlikely window that ends at `until`. `brands_share` is from 0 to 1."""
        return max((self._turn(window, until, brands_share) for window in WINDOWS), key=lambda turn: turn.score)

    def _turn(self, window: timedelta, until: datetime, brands_share: float) -> Turn:
        begin, since, end = (bisect_left(self.moments, until - length) for length in (PAST, window, timedelta(0)))
        now = self.heard[since:end]
        a, b = belief(
            brands_share, self.past[since] - self.past[begin], self.past_against[since] - self.past_against[begin]
        )
        turn = Turn(
            window,
            sum((each.echo for each in now), NOTHING),
            sum((each.against for each in now), NOTHING),
            usual=a / (a + b),
            score=0.0,
        )
        return replace(turn, score=unlikely(turn.turned, turn.voices, a, b))


def belief(brands_share: float, past: float, past_against: float) -> tuple[float, float]:
    """The beta distribution of the share that is usual."""
    share = min(max(brands_share, 0.02), 0.98)
    scale = min(1.0, PAST_WEIGHS / past) if past else 0.0
    a = BRAND_WEIGHS * share + scale * past_against
    return a, BRAND_WEIGHS * (1 - share) + scale * (past - past_against)


def unlikely(turned: int, voices: int, a: float, b: float) -> float:
    """-log10 of the chance that `turned` or more of `voices` are against it, where the share is Beta(a, b)."""
    if turned <= 0:
        return 0.0
    logs = [_choose(voices, k) + _beta(k + a, voices - k + b) - _beta(a, b) for k in range(turned, voices + 1)]
    largest = max(logs)
    log_chance = largest + math.log(math.fsum(math.exp(each - largest) for each in logs))
    return min(max(-log_chance / math.log(10), 0.0), CERTAIN)


def stands_out(turn: Turn, *, threshold: float, voices: int, share: float) -> bool:
    """Whether it rings: unlikely enough, by enough voices, and more than a little above what is usual."""
    return (
        turn.score >= threshold
        and turn.turned >= voices
        and turn.share >= share
        and turn.share >= min(TIMES * turn.usual, (1 + turn.usual) / 2)
    )


def severity(turn: Turn, *, far: bool) -> int:
    """3; one more where half of the echo or thirty voices turn against it, and where it reaches far; 5 from a hundred on."""
    loud = 3 + (turn.share >= 0.5 or turn.turned >= 30) + far + (turn.turned >= 100)
    return min(loud, 5)


def _choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
