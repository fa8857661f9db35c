"""Where a moment lies in the day, as the seasonal profile sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Phase:
    """Between two knots of the profile: the one before, the one after, and how far from the first (0 to 1)."""

    before: int
    after: int
    share: float


def phase(at: datetime, knots: int) -> Phase:
    """By the clock on the wall of `at`, whatever its zone; knots lie in the middle of equal parts of the day."""
    seconds = at.hour * 3600 + at.minute * 60 + at.second
    place = (seconds * knots / _DAY - 0.5) % knots
    before = int(place) % knots
    return Phase(before, (before + 1) % knots, place - int(place))
