"""The fast tier: a weight for each word piece and neighbour, and for what a message shows as a whole.

Each piece begins with what the tuned sentence encoder makes of it alone; the fit adds what the piece says by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from octavo.understand import bag, encoder, surface, words
from octavo.understand.heads import HEADS
from octavo.understand.words import VOCABULARY
from training.fit import fit
from training.targets import Example

Floats = NDArray[np.float32]

DIMENSIONS = 256
_PENALTIES = 100.0, 0.3, 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Quick:
    """`table` float32[bag.COLUMNS, HEADS], `surface` float32[features, HEADS], `bias` float32[HEADS]."""

    table: Floats
    surface: Floats
    bias: Floats


def distilled() -> Floats:
    """float32[VOCABULARY, DIMENSIONS]: what the sentence encoder makes of each piece alone, centred and reduced to its
    main directions.
    """
    alone = np.arange(VOCABULARY, dtype=np.int32)
    vectors = encoder.load().encode(alone, np.arange(VOCABULARY + 1))[:, : encoder.MEANING]
    vectors -= vectors.mean(axis=0)
    _, directions = np.linalg.eigh(vectors.T @ vectors)
    reduced = vectors @ directions[:, ::-1][:, :DIMENSIONS]
    return np.asarray(reduced / reduced.std(), np.float32)


def tuned(examples: Sequence[Example], targets: Floats, weights: Floats, static: Floats) -> Quick:
    """The tables for these examples; a column that occurs once learns nothing."""
    counts, shown = _seen(examples)
    bodies = counts[:, :VOCABULARY] @ static
    size = bodies.std()
    occurring = np.flatnonzero(np.bincount(counts.indices, minlength=bag.COLUMNS) > 1)
    blocks = [bodies / size, shown, counts[:, occurring]]
    (body, shape, pieces), bias = fit(blocks, targets[:, :HEADS], weights[:, :HEADS], penalties=_PENALTIES)
    table = np.zeros((bag.COLUMNS, HEADS), np.float32)
    table[occurring] = pieces
    table[:VOCABULARY] += static / size @ body
    return Quick(table, shape, bias)


def score(quick: Quick, examples: Sequence[Example]) -> Floats:
    """Log-odds float32[n, HEADS]."""
    counts, shown = _seen(examples)
    return np.asarray(counts @ quick.table + shown @ quick.surface + quick.bias, np.float32)


def _seen(examples: Sequence[Example]) -> tuple[Any, Floats]:
    split = words.split([example.text for example in examples])
    shown = surface.features(split.texts, [example.parent for example in examples], np.diff(split.first_word))
    return sparse.csr_matrix(bag.matrix(split, bag.columns(split))), shown
