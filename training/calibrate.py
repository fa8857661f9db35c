"""Makes probabilities mean what they say, and finds from which one on a register is assigned: on answers about unseen
sectors.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from octavo.understand.heads import HEADS, PRIMARY, REGISTER, SENTIMENT, URGENCY, sigmoid, softmax
from octavo.vocabulary import REGISTERS

Floats = NDArray[np.float32]


def scaling(logits: Floats, targets: Floats) -> tuple[Floats, Floats]:
    """Slope and offset of each head, float32[HEADS]: Platt scaling of the yes-or-no heads, one temperature for the
    others.
    """
    slope, offset = np.ones(HEADS, np.float32), np.zeros(HEADS, np.float32)
    for column in (*range(REGISTER.start, REGISTER.stop), *range(URGENCY.start, URGENCY.stop)):
        slope[column], offset[column] = _platt(logits[:, column], targets[:, column])
    for group in (PRIMARY, SENTIMENT):
        slope[group] = _temperature(logits[:, group], targets[:, group])
    return slope, offset


def thresholds(probabilities: Floats, targets: Floats) -> Floats:
    """float32[8]: where the F1 of each register is highest, smoothed over neighbouring probabilities."""
    grid = np.arange(0.1, 0.71, 0.02)
    best = np.empty(len(REGISTERS), np.float32)
    for index in range(len(REGISTERS)):
        carried = targets[:, index] > 0.5
        said = probabilities[:, index, None] >= grid
        hits = (said & carried[:, None]).sum(axis=0)
        scores = 2 * hits / (said.sum(axis=0) + carried.sum())
        best[index] = grid[np.convolve(np.pad(scores, 2, mode="edge"), np.ones(5) / 5, mode="valid").argmax()]
    return best


def _platt(logits: Floats, targets: Floats) -> tuple[float, float]:
    def loss(line: NDArray[np.float64]) -> float:
        likely = np.clip(sigmoid(line[0] * logits + line[1]), 1e-6, 1 - 1e-6)
        return -float(np.mean(targets * np.log(likely) + (1 - targets) * np.log(1 - likely)))

    slope, offset = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead").x
    return float(slope), float(offset)


def _temperature(logits: Floats, targets: Floats) -> float:
    def loss(slope: NDArray[np.float64]) -> float:
        return -float(np.mean(np.sum(targets * np.log(softmax(slope[0] * logits) + 1e-7), axis=1)))

    return float(minimize(loss, np.array([1.0]), method="Nelder-Mead").x[0])
