"""Vectors for comparing: two messages mean the same when their vectors, from which what is usual was taken, point the
same way.

The sentence encoder was trained further to tell registers apart, and its own vectors now say that two messages are
complaints rather than that both are about a valve. What lies before its last layers still tells. `projection` brings out
the directions in which messages of one intent lie close together and those of different intents apart (linear
discriminants, learnt by `training.meaning` from requests to services; see docs/decisions/0011-stories.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octavo.understand import encoder, model, words
from octavo.understand.plain import plain

WEIGHTS = Path(__file__).parent / "models" / "meaning.npz"
DIMENSIONS = 192
"""Length of a vector for comparing."""
MOVE = 0.5
"""Cosine with thanks, yes or good-bye from which a message is no more than that."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Meaning:
    """`projection` float32[encoder.MEANING, DIMENSIONS]; `usual` float32[DIMENSIONS], the mean of ordinary messages;
    `moves` float32[k, DIMENSIONS], of length one, what only keeps a conversation going: thanks, yes, good-bye ...;
    `made_for` is the fingerprint of the encoder's weights that all of it goes with."""

    projection: Floats
    usual: Floats
    moves: Floats
    made_for: str

    def of(self, encoded: Floats) -> Floats:
        """float32[n, DIMENSIONS], of length one, from the encoder's vectors, float32[n, encoder.DIMENSIONS]."""
        return unit(unit(encoded[:, encoder.MEANING :]) @ self.projection - self.usual)

    def only_moves(self, vectors: Floats) -> NDArray[np.bool_]:
        """Which of the messages only keep a conversation going and tell of nothing, bool[n]."""
        found: NDArray[np.bool_] = (vectors @ self.moves.T).max(axis=1, initial=-1.0) >= MOVE
        return found


@cache
def load() -> Meaning:
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        return Meaning(
            stored["projection"].astype(np.float32),
            stored["usual"].astype(np.float32),
            stored["moves"].astype(np.float32),
            str(stored["made_for"]),
        )


def of_texts(texts: Sequence[str]) -> Floats:
    """float32[n, DIMENSIONS] of texts by themselves. Raises `EncoderUnavailable`."""
    return load().of(encoder.load().encode(*model.word_pieces(words.split([plain(text) for text in texts]))))


def unit(vectors: Floats) -> Floats:
    """Each row brought to length one; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), np.float32)
