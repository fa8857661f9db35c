"""What the models see of the examples, computed once: bag, surface, sentence vectors, and the table of pieces
distilled from the encoder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from octavo.understand import bag, encoder, model, surface, words
from training.targets import Example, encode

Floats = NDArray[np.float32]

STATIC_DIMENSIONS = 256


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """Rows belong together: bag sparse float32[n, bag.COLUMNS], surface, vectors, targets and weights float32[n,
    ...], groups str[n].
    """

    bag: Any
    surface: Floats
    vectors: Floats
    targets: Floats
    weights: Floats
    groups: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.groups)

    def where(self, rows: NDArray[np.bool_]) -> Inputs:
        return Inputs(
            self.bag[rows],
            self.surface[rows],
            self.vectors[rows],
            self.targets[rows],
            self.weights[rows],
            self.groups[rows],
        )

    def with_targets(self, targets: Floats, weights: Floats) -> Inputs:
        return Inputs(self.bag, self.surface, self.vectors, targets, weights, self.groups)

    def and_also(self, other: Inputs) -> Inputs:
        return Inputs(
            sparse.vstack([self.bag, other.bag]).tocsr(),
            np.vstack([self.surface, other.surface]),
            np.vstack([self.vectors, other.vectors]),
            np.vstack([self.targets, other.targets]),
            np.vstack([self.weights, other.weights]),
            np.concatenate([self.groups, other.groups]),
        )


def of(examples: list[Example]) -> Inputs:
    """The inputs of these examples; encodes every text, about a thousand a second."""
    split = words.split([example.text for example in examples])
    shown = surface.features(split.texts, [example.parent for example in examples], np.diff(split.first_word))
    return Inputs(
        sparse.csr_matrix(bag.matrix(split, bag.columns(split))),
        shown,
        encoder.load().encode(*model.word_pieces(split)),
        *encode(examples),
        np.array([example.group for example in examples]),
    )


def distilled() -> Floats:
    """float32[VOCABULARY, 256]: the vector the encoder gives each piece alone.

    Centred, and reduced to its main directions.
    """
    alone = np.arange(words.VOCABULARY, dtype=np.int32)
    vectors = encoder.load().encode(alone, np.arange(words.VOCABULARY + 1))[:, : encoder.MEANING]
    vectors -= vectors.mean(axis=0)
    _, directions = np.linalg.eigh(vectors.T @ vectors)
    reduced = vectors @ directions[:, ::-1][:, :STATIC_DIMENSIONS]
    return np.asarray(reduced / reduced.std(), np.float32)
