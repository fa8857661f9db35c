"""Crises of known onset and height, put into the background of real series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.numenta import Series

DAY = 288
HEIGHTS = (5, 10, 20, 50)
"""Peak, in mean counts of the week before."""

RISES = (6, 24, 72)
"""Bins to the peak: 30, 120 and 360 minutes."""

_SETTLED = 8000
"""The first bin a crisis may begin in: four weeks in."""


@dataclass(frozen=True, slots=True)
class Crisis:
    """Series `brand` with a crisis beginning in bin `onset`; `counts` float64 end a day after it."""

    brand: int
    height: int
    rise: int
    onset: int
    counts: NDArray[np.float64]


def inject(series: Sequence[Series], *, repeats: int, seed: int = 11) -> list[Crisis]:
    """`repeats` crises of each height and rise for each series, none within a day of a labelled window."""
    chance = np.random.default_rng(seed)
    crises = []
    for height in HEIGHTS:
        for rise in RISES:
            for brand, each in enumerate(series):
                for _ in range(repeats):
                    crises.append(_one(each, brand, height, rise, chance))
    return crises


def shape(rise: int, bins: int) -> NDArray[np.float64]:
    """float64[bins]: convex up to 1 within `rise` bins, then fading with a time constant of eight hours."""
    at = np.arange(bins)
    up = np.expm1(3 * np.minimum(at + 1, rise) / rise) / np.expm1(3)
    return np.where(at < rise, up, np.exp(-(at - rise) / 96))


def _one(each: Series, brand: int, height: int, rise: int, chance: np.random.Generator) -> Crisis:
    labelled = each.labelled()
    while True:
        onset = int(chance.integers(_SETTLED, len(each) - 2 * DAY))
        if not labelled[onset - 12 : onset + DAY].any():
            break
    usual = max(float(each.counts[onset - 7 * DAY : onset].mean()), 0.2)
    counts = each.counts[: onset + DAY].copy()
    counts[onset:] += chance.poisson(usual * height * shape(rise, DAY))
    return Crisis(brand, height, rise, onset, counts)
