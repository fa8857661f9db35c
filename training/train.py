"""Trains the models that Octavo ships: `python -m training.train --data ../shared/data`.

Everything learns from the project's corpus without the held-out sectors; sentiment also from a licensed set where it
is at hand. What concerns probabilities and thresholds is found on sectors the weights have not seen, by leaving out
two at a time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octavo.understand import bag
from octavo.understand.heads import HEADS, REGISTER, sigmoid
from octavo.understand.model import Model, save
from octavo.understand.tier import Tier
from octavo.understand.words import VOCABULARY
from training import auxiliary, calibrate, corpus, inputs
from training.fit import Block, fit
from training.inputs import Inputs

VERSION = "1"
"""Raise it whenever the shipped weights change: readings are kept with the version that made them."""

FOLDS = 6
Floats = NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of licensed data (optional)")
    arguments = parser.parse_args()

    written = inputs.of([example for example in corpus.load() if example.group not in corpus.HELD_OUT])
    licensed = auxiliary.load(arguments.data)
    print(f"{len(written)} messages of the corpus, {len(licensed)} of licensed data")
    others = inputs.of(licensed) if licensed else written.where(np.zeros(len(written), bool))
    static = inputs.distilled()

    def default(train: Inputs) -> Model:
        return train_default(train, others)

    def fast(train: Inputs) -> Model:
        return train_fast(train, others, static)

    for tier, trainer in ((Tier.DEFAULT, default), (Tier.FAST, fast)):
        started = time.monotonic()
        save(tier, calibrated(trainer, written))
        print(f"{tier}: {time.monotonic() - started:.0f} s")


def train_default(train: Inputs, others: Inputs) -> Model:
    """Sentence vectors, surface and bag, linear."""
    both = train.and_also(others)
    (vector, shown, table), bias = _fit_with_bag([both.vectors, both.surface], both, penalties=(50, 0.3, 1))
    return _model(table, shown, bias, vector)


def train_fast(train: Inputs, others: Inputs, static: Floats) -> Model:
    """Mean of the distilled vectors, surface and bag, linear; the first is folded into the table of the last."""
    both = train.and_also(others)
    bodies = both.bag[:, :VOCABULARY] @ static
    size = bodies.std()
    static, bodies = static / size, bodies / size
    (body, shown, table), bias = _fit_with_bag([bodies, both.surface], both, penalties=(100, 0.3, 0.3))
    table[:VOCABULARY] += static @ body
    return _model(table, shown, bias, None)


def calibrated(trainer: Callable[[Inputs], Model], data: Inputs) -> Model:
    """The model trained on all of `data`, its log-odds scaled and its thresholds set on sectors left out in turn."""
    sectors = np.unique(data.groups)
    logits = np.zeros((len(data), HEADS), np.float32)
    for fold in range(FOLDS):
        unseen = np.isin(data.groups, sectors[fold::FOLDS])
        logits[unseen] = _score(trainer(data.where(~unseen)), data.where(unseen))
    slope, offset = calibrate.scaling(logits, data.targets)
    chances = sigmoid(logits * slope + offset)
    trained = trainer(data)
    return Model(
        VERSION,
        trained.table * slope,
        trained.surface * slope,
        trained.bias * slope + offset,
        calibrate.thresholds(chances[:, REGISTER], data.targets[:, REGISTER]),
        None if trained.vector is None else trained.vector * slope,
    )


def _fit_with_bag(blocks: list[Block], data: Inputs, *, penalties: tuple[float, ...]) -> tuple[list[Floats], Floats]:
    """`fit` with the bag as the last block: only columns that occur more than once learn, the others stay zero."""
    occurring = np.flatnonzero(np.bincount(data.bag.indices, minlength=bag.COLUMNS) > 1)
    weights, bias = fit([*blocks, data.bag[:, occurring]], data.targets, data.weights, penalties=penalties)
    table = np.zeros((bag.COLUMNS, HEADS), np.float32)
    table[occurring] = weights[-1]
    return [*weights[:-1], table], bias


def _model(table: Floats, shown: Floats, bias: Floats, vector: Floats | None) -> Model:
    return Model(VERSION, table, shown, bias, np.full(REGISTER.stop, 0.5, np.float32), vector)


def _score(model: Model, data: Inputs) -> Floats:
    logits = data.bag @ model.table + data.surface @ model.surface + model.bias
    return logits if model.vector is None else logits + data.vectors @ model.vector


if __name__ == "__main__":
    main()
