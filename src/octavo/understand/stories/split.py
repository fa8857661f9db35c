"""Whether what was gathered into one story has become two."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from octavo.understand.meaning import unit

Floats = NDArray[np.float32]

SMALLEST, SHARE = 4, 0.2
"""Distinct messages that each half must have, and the share of all."""
APART, CLOSER = 0.22, 0.2
"""Two halves are two stories where the mean likeness across is below the former, and that within each higher by the
latter."""
_ROUNDS = 12


def halves(vectors: Floats, usual: Floats) -> NDArray[np.bool_] | None:
    """Which of a story's distinct messages (vectors float32[n, DIMENSIONS], in their order) belong to the later half, or None
    where they are one story. `usual` is what is usual with the brand."""
    if len(vectors) < 2 * SMALLEST:
        return None
    points = unit(vectors - usual)
    later = _parted(points)
    sizes = int((~later).sum()), int(later.sum())
    if min(sizes) < max(SMALLEST, SHARE * len(points)):
        return None
    likeness = points @ points.T
    across = float(likeness[np.ix_(later, ~later)].mean())
    within = min(_within(likeness, later), _within(likeness, ~later))
    if across >= APART or within - across < CLOSER:
        return None
    return ~later if later[0] else later


def _parted(points: Floats) -> NDArray[np.bool_]:
    """Two groups by two means, begun along the direction in which the points differ most."""
    centred = points - points.mean(axis=0)
    axis = np.linalg.svd(centred, full_matrices=False)[2][0]
    later: NDArray[np.bool_] = centred @ axis > 0
    for _ in range(_ROUNDS):
        if later.all() or not later.any():
            break
        one, other = unit(points[later].mean(axis=0)[None])[0], unit(points[~later].mean(axis=0)[None])[0]
        again: NDArray[np.bool_] = points @ (one - other) > 0
        if (again == later).all():
            break
        later = again
    return later


def _within(likeness: Floats, which: NDArray[np.bool_]) -> float:
    """Mean likeness of different messages of one half."""
    n = int(which.sum())
    part = likeness[np.ix_(which, which)]
    return float((part.sum() - np.trace(part)) / max(n * (n - 1), 1))
