"""A detector that lives through ordinary and other days."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from octavo.detect import FIVE_MINUTES, Detector

STARTED = datetime(2025, 3, 3, tzinfo=UTC)  # a Monday
DAYS = 8
RATES = np.array([0.05, 0.5, 5.0, 50.0, 500.0, 30_000.0])
"""Messages in five minutes; the last is a hundred a second."""


def usual(at: datetime) -> NDArray[np.float64]:
    """What the keys get on average in the bin at `at`: by day four times what they get at night."""
    hour = at.hour + at.minute / 60
    return RATES * (1 + 0.6 * np.sin((hour - 9) / 24 * 2 * np.pi))


@dataclass
class Life:
    """A detector, the moment it has come to, and chance."""

    detector: Detector
    at: datetime
    chance: np.random.Generator = field(default_factory=lambda: np.random.default_rng(5))

    def live(self, bins: int, *, times: float = 1.0, counts: NDArray[np.float64] | None = None) -> NDArray[np.bool_]:
        """Live so many bins at `times` the usual (or with these counts each) and give the alerts, bool[bins, keys]."""
        rang = []
        for _ in range(bins):
            heard = self.chance.poisson(usual(self.at) * times) if counts is None else counts
            rang.append(self.detector.step(heard, self.at).alerts)
            self.at += FIVE_MINUTES
        return np.array(rang)

    def burst(self, *, key: int, height: float, bins: int) -> NDArray[np.bool_]:
        """As `live`, with so many messages more in each bin of one key; gives its alerts, bool[bins]."""
        rang = []
        for _ in range(bins):
            heard = self.chance.poisson(usual(self.at)).astype(float)
            heard[key] += height
            rang.append(bool(self.detector.step(heard, self.at).alerts[key]))
            self.at += FIVE_MINUTES
        return np.array(rang)

    def wait(self, **length: int) -> None:
        self.at += timedelta(**length)


def saved(detector: Detector) -> bytes:
    file = io.BytesIO()
    detector.save(file)
    return file.getvalue()


def restored(content: bytes) -> Detector:
    return Detector.restore(io.BytesIO(content))
