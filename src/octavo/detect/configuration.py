"""The numbers the detector stands on, in one place, each with where it comes from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

FIVE_MINUTES = timedelta(minutes=5)
"""What a score counts in: a score of s is what happens once in 10 ** s times five minutes."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that was chosen. Frozen before any series other than the five of docs/reference/alerts.md was scored.

    Chosen on those five by leaving one brand out, and by crises injected into their background; neighbouring values
    score alike (docs/reference/alerts.md, "How the numbers were chosen"), which is why they are round.
    """

    windows: tuple[timedelta, ...] = (timedelta(minutes=5), timedelta(minutes=30), timedelta(minutes=180))
    """Spans of the decaying counts. A crisis must be unusual in all of them at once: in this very bin, over half an hour, and
    over three hours. A burst of retweets is over before the third has noticed. 5, 40 and 160 minutes measure the same; with
    an hour as the longest, a third of the injected +10x crises are missed."""

    level_half_life: timedelta = timedelta(days=14)
    """How fast the median and the spread follow. 10 and 21 days measure the same, 7 two points less."""

    season_half_life: timedelta = timedelta(days=14)
    """How fast the profile of the day follows. 28 days measures worse."""

    season_knots: int = 12
    """Knots of the profile of the day, a line between two. 8, 24 and 48 measure the same; none costs 7 points."""

    least_spread: float = 0.5
    """Least standard deviation of a variance-stabilised count, whose Poisson value is 1."""

    spread_of_deviation: float = 1.4826
    """Standard deviation of a normal distribution whose median absolute deviation is 1."""

    season_clip: float = 3.0
    """A bin teaches the profile no more than so many standard deviations: a crisis is not a season."""

    tail_share: float = 0.99
    """Share of bins below the start of the tail. 0.98 catches more of the injected crises and errs more often."""

    tail_step: float = 0.02
    """Step of the stochastic approximation of that quantile, in scales of its own; larger while a key is young."""

    tail_scale_step: float = 0.002
    """How fast that scale follows."""

    burst_pause: timedelta = timedelta(hours=1)
    """So long below the start of the tail ends a burst. Only the peak of a burst is learnt, so that a long one counts
    once, and "once in so many days" means bursts."""

    presumed_bursts: float = 10.0
    """Bursts of mean excess 1 that a new key is presumed to have had ..."""

    presumed_time: timedelta = timedelta(days=14)
    """... within this time."""

    tail_half_life: timedelta = timedelta(days=1000)
    """How fast bursts are forgotten."""

    heaviest_shape: float = 0.45
    """Largest shape of the generalised Pareto tail; above 0.5 its variance, from which it is estimated, does not exist."""

    least_excess: float = 1.0
    """Least mean height of bursts above the start of the tail, in standard deviations: what a new key is presumed to have.
    The five series have 0.95 to 3.1. A key of mere noise has 0.2 to 0.6, learns within two months to find its own noise
    remarkable, and would ring ten times a month without this; with it, less than once."""

    largest_lesson: float = 20.0
    """A burst teaches no more than so many mean excesses."""

    learning: timedelta = timedelta(days=2)
    """A key younger than this has scores and no alerts: it has seen no second day. Rung from its second day on, one
    key in sixteen of mere noise would ring on that day."""

    threshold: float = 3.1
    """An alert needs this score: once in four and a half days. Middle of the stretch that serves the standard and
    the low-false-alarm profile best; leaving one brand out chooses 3.10 to 3.16."""

    fewest: float = 5.0
    """An alert needs so many messages within half an hour: fewer are no volume. What a single message can do is weighed
    elsewhere, by what it says."""

    silence: timedelta = timedelta(hours=24)
    """After an alert; half a day measures the same."""

    escalation: float = 4.0
    """An alert passes the silence when the last half hour holds so many times the messages a bin that the alert was
    raised on."""

    def __post_init__(self) -> None:
        if not 0 < self.tail_share < 1 or not 0 < self.heaviest_shape < 0.5 or self.season_knots < 1:
            raise ValueError(
                "tail_share lies within 0 and 1, heaviest_shape within 0 and 0.5, season_knots is positive"
            )


SHIPPED = Configuration()


def once_in(score: float) -> timedelta:
    """How rarely a score is reached: once in this time. At most 100,000 days, beyond which nothing is known."""
    return min(FIVE_MINUTES * 10 ** min(score, 9.0), timedelta(days=100_000))


def forgetting(half_life: timedelta, step: timedelta) -> float:
    """What `step` forgets of something with this half-life, 0 to 1."""
    return -math.expm1(-math.log(2) * (step / half_life))
