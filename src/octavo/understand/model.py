"""A trained model: tables of log-odds, and how a message's words, surface and vector add up to the answers of all
heads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octavo.understand import bag, encoder
from octavo.understand.heads import REGISTER
from octavo.understand.tier import Tier
from octavo.understand.words import VOCABULARY, Words

FOLDER = Path(__file__).parent / "models"

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """`table` float32[bag.COLUMNS, HEADS], `surface` float32[features, HEADS], `bias` float32[HEADS]; `vector`
    float32[encoder.DIMENSIONS, HEADS] where the sentence encoder is used. `thresholds` float32[8]: probability from
    which a register is assigned.
    """

    version: str
    table: Floats
    surface: Floats
    bias: Floats
    thresholds: Floats
    vector: Floats | None
    reasons: Floats = field(init=False)
    """float32[bag.COLUMNS, 8]: the part of `table` that concerns registers, by itself, for evidence."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "reasons", np.ascontiguousarray(self.table[:, REGISTER]))

    def score(self, words: Words, columns: NDArray[np.int32], surface: Floats) -> Floats:
        """Calibrated log-odds, float32[n, HEADS]."""
        logits = bag.matrix(words, columns) @ self.table + surface @ self.surface + self.bias
        if self.vector is not None:
            logits += encoder.load().encode(*word_pieces(words)) @ self.vector
        return np.asarray(logits, np.float32)


def word_pieces(words: Words) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """What the encoder takes: the pieces without the marks, and the row pointer from texts to them."""
    known = words.pieces < VOCABULARY
    before = np.concatenate([[0], np.cumsum(known)])
    return words.pieces[known], before[words.first_piece_of_text()]


@cache
def load(tier: Tier) -> Model:
    """The shipped model of a tier, read once in a process."""
    with np.load(FOLDER / f"{tier.value}.npz", allow_pickle=False) as stored:
        return Model(
            version=version(tier),
            table=stored["table"] * stored["table_scale"],
            surface=stored["surface"],
            bias=stored["bias"],
            thresholds=stored["thresholds"],
            vector=stored["vector"] if "vector" in stored.files else None,
        )


@cache
def version(tier: Tier) -> str:
    """Tier and version, such as `fast-1`; renewed whenever the shipped weights change."""
    with np.load(FOLDER / f"{tier.value}.npz", allow_pickle=False) as stored:
        return f"{tier.value}-{stored['version']}"


def save(tier: Tier, model: Model, *, folder: Path = FOLDER) -> None:
    """Write a model as it ships: the large table in one byte a weight, with one scale a head."""
    scale = np.maximum(np.abs(model.table).max(axis=0), 1e-9) / 127
    arrays = {
        "version": np.array(model.version),
        "table": np.round(model.table / scale).astype(np.int8),
        "table_scale": scale.astype(np.float32),
        "surface": model.surface.astype(np.float32),
        "bias": model.bias.astype(np.float32),
        "thresholds": model.thresholds.astype(np.float32),
    }
    if model.vector is not None:
        arrays["vector"] = model.vector.astype(np.float32)
    np.savez_compressed(folder / f"{tier.value}.npz", **arrays)
