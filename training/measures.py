"""The figures: numbers in, numbers out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, f1_score

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

BINS = 10
"""Of probability, equally wide, in which calibration is looked at."""


def f1(true: Flags, said: Flags) -> float:
    """Of one register, bool[n] each; 0 where it is neither there nor said."""
    return float(f1_score(true, said, zero_division=0))


def macro_f1(true: Indices, said: Indices, classes: Sequence[int]) -> float:
    """Mean over `classes` of the F1 of each, int[n] each."""
    return float(f1_score(true, said, labels=list(classes), average="macro", zero_division=0))


def average_precision(true: Flags, chance: Floats) -> float:
    """Mean precision over the true ones, ranked by `chance` float[n]; by chance alone it is their share."""
    return float(average_precision_score(true, chance)) if true.any() else float("nan")


def calibration_error(chance: Floats, right: Flags) -> float:
    """Expected calibration error: how far what is said to be likely and what is so lie apart, mean over the answers.

    The answers are put into `BINS` by their `chance`; in each, mean chance and share of `right` are compared. With few
    answers it is never 0, even for a perfect model.
    """
    bins = np.minimum((chance.ravel() * BINS).astype(int), BINS - 1)
    said = np.bincount(bins, chance.ravel(), minlength=BINS)
    so = np.bincount(bins, right.ravel().astype(np.float64), minlength=BINS)
    return float(np.abs(said - so).sum() / chance.size)


def accuracy_at(confidence: Floats, right: Flags, coverage: float) -> float:
    """Share of `right` among the `coverage` (0 to 1) of the answers that are the surest; answers as sure as the last
    of them count in their proportion, so that the order of the messages decides nothing.
    """
    wanted = max(1, round(coverage * len(right)))
    last = np.sort(confidence)[::-1][wanted - 1]
    surer, level = confidence > last, confidence == last
    return float((right[surer].sum() + (wanted - surer.sum()) * right[level].mean()) / wanted)


@dataclass(frozen=True, slots=True)
class Alerts:
    """`count` alerts were given: what share of them is right, and what share of the true ones they find."""

    count: int
    precision: float
    recall: float


def alerts(true: Flags, chance: Floats, *, per_thousand: float) -> Alerts:
    """The likeliest messages, so many in a thousand and one at least, are alerted."""
    count = max(1, round(len(true) * per_thousand / 1000))
    found = int(true[np.argsort(-chance, kind="stable")[:count]].sum())
    return Alerts(count, found / count, found / int(true.sum()) if true.any() else float("nan"))


def alerts_where_rare(true: Flags, chance: Floats, *, per_thousand: float, share: float) -> Alerts:
    """The same, as it would be if only `share` (0 to 1) of the messages were true, with true and other ones as here.

    `count` is how many messages of the set stand above the line.
    """
    weight = np.where(true, share / true.sum(), (1 - share) / (~true).sum())
    order = np.argsort(-chance, kind="stable")
    count = int(np.searchsorted(np.cumsum(weight[order]), per_thousand / 1000, side="right"))
    above = order[:count]
    alerted = weight[above].sum()
    return Alerts(
        count,
        float(weight[above][true[above]].sum() / alerted) if count else 0.0,
        float(true[above].sum() / true.sum()),
    )


def confusion(true: Indices, said: Indices, size: int) -> Indices:
    """int[size, size]: messages of each true class (row) by the class said (column)."""
    return np.bincount(true * size + said, minlength=size * size).reshape(size, size)
