"""The configuration in bins of one length."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from octavo.detect.configuration import FIVE_MINUTES, Configuration, forgetting
from octavo.detect.state import Floats


@dataclass(frozen=True, slots=True)
class Pace:
    """What a configuration comes to in bins of `interval`; `spans` float32[w, 1] are the windows' lengths."""

    interval: timedelta
    spans: Floats
    level_step: float
    season_step: float
    tail_kept: float
    pause: int
    learning: int
    silence: int
    presumed: float
    day: int
    score_of_a_bin: float

    @classmethod
    def of(cls, configuration: Configuration, interval: timedelta) -> Pace:
        """Raises ValueError for an interval that cannot serve."""
        if not timedelta(seconds=1) <= interval <= timedelta(days=1):
            raise ValueError("an interval lies between one second and one day")
        share_of_a_knot = interval * configuration.season_knots
        return cls(
            interval=interval,
            spans=np.array([[max(window / interval, 1.0)] for window in configuration.windows], np.float32),
            level_step=forgetting(configuration.level_half_life, interval),
            season_step=forgetting(configuration.season_half_life, share_of_a_knot),
            tail_kept=1 - forgetting(configuration.tail_half_life, interval),
            pause=max(round(configuration.burst_pause / interval), 1),
            learning=math.ceil(configuration.learning / interval),
            silence=math.ceil(configuration.silence / interval),
            presumed=configuration.presumed_time / interval,
            day=max(round(timedelta(days=1) / interval), 1),
            score_of_a_bin=math.log10(interval / FIVE_MINUTES),
        )
