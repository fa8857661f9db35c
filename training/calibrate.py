"""Makes probabilities mean what they say, and finds from which one on a register is assigned: on answers about unseen
sectors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from octavo.understand.heads import HARM, HEADS, PRIMARY, REGISTER, SENTIMENT, URGENCY, sigmoid, softmax

Floats = NDArray[np.float32]

Decisions = tuple[Floats, Floats, float]
"""`Model`'s thresholds float32[8], harm_thresholds float32[12] and unsure."""

_FEWEST = 20
"""Positives without which a head keeps its own scale and the even threshold."""


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Slope and offset float32[HEADS] of log-odds, and what is decided from them."""

    slope: Floats
    offset: Floats
    decisions: Decisions

    def apply(self, logits: Floats) -> Floats:
        return np.asarray(logits * self.slope + self.offset, np.float32)


def calibration(logits: Floats, targets: Floats, *, abstained: float) -> Calibration:
    """From log-odds and targets float32[n, HEADS]; a share `abstained` of the messages is left undecided."""
    slope, offset = scaling(logits, targets)
    return Calibration(slope, offset, decisions(logits * slope + offset, targets, abstained=abstained))


def decisions(logits: Floats, targets: Floats, *, abstained: float) -> Decisions:
    """Thresholds from calibrated log-odds."""
    return (
        thresholds(sigmoid(logits[:, REGISTER]), targets[:, REGISTER]),
        thresholds(sigmoid(logits[:, HARM]), targets[:, HARM]),
        float(np.quantile(softmax(logits[:, PRIMARY]).max(axis=1), abstained)),
    )


def scaling(logits: Floats, targets: Floats) -> tuple[Floats, Floats]:
    """Slope and offset of each head, float32[HEADS]: Platt scaling of the yes-or-no heads, one temperature for the
    others.
    """
    slope, offset = np.ones(HEADS, np.float32), np.zeros(HEADS, np.float32)
    for group in (REGISTER, URGENCY, HARM):
        for column in range(group.start, group.stop):
            if targets[:, column].sum() >= _FEWEST:
                slope[column], offset[column] = _platt(logits[:, column], targets[:, column])
    for group in (PRIMARY, SENTIMENT):
        slope[group] = _temperature(logits[:, group], targets[:, group])
    return slope, offset


def thresholds(probabilities: Floats, targets: Floats) -> Floats:
    """Where the F1 of each column is highest, smoothed over neighbouring probabilities; an even one where few have it."""
    grid = np.arange(0.1, 0.71, 0.02)
    best = np.full(probabilities.shape[1], 0.5, np.float32)
    for index in np.flatnonzero(targets.sum(axis=0) >= _FEWEST):
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
