"""What a message speaks of, as a direction that messages on the same subject share, in any of the languages.

Vectors of the sentence encoder were trained to tell registers apart, and what tells a complaint from a question lies in
few strong directions. Here these are weakened: vectors are centred on ordinary messages and scaled so that what ordinary
messages vary in counts less. Everything is measured on `ordinary.txt` (messages of the project's corpus, CC0) with
the encoder as it is, so that another encoder brings its own measure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octavo.understand import encoder, model, words
from octavo.understand.plain import plain

WIDTH = encoder.DIMENSIONS - encoder.MEANING
"""The vectors' second half: made before the layers that were trained the furthest, it keeps most of the subject."""

SMOOTHING = 1.0
"""Share of the mean variance that is added to that of every direction before scaling by it."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """`middle` float32[WIDTH] and `scale` float32[WIDTH, WIDTH] make directions of vectors; `ordinary` float32[n, WIDTH]
    are the directions of ordinary messages."""

    middle: Floats
    scale: Floats
    ordinary: Floats

    def directions(self, vectors: Floats) -> Floats:
        """float32[n, WIDTH] of length one from the encoder's float32[n, DIMENSIONS]."""
        return unit((vectors[:, -WIDTH:] - self.middle) @ self.scale)


def directions(vectors: Floats) -> Floats:
    """float32[n, WIDTH] of length one. Raises `EncoderUnavailable` where ordinary messages cannot be encoded."""
    return space().directions(vectors)


def vectors(texts: Sequence[str]) -> Floats:
    """float32[n, encoder.DIMENSIONS]. Raises `EncoderUnavailable`."""
    return encoder.load().encode(*model.word_pieces(words.split([plain(text) for text in texts])))


@cache
def space() -> Space:
    """Measured once in a process, which takes a tenth of a second. Raises `EncoderUnavailable`."""
    texts = (Path(__file__).parent / "ordinary.txt").read_text(encoding="utf-8").splitlines()
    found = vectors(texts)[:, -WIDTH:]
    middle = found.mean(axis=0)
    variances, axes = np.linalg.eigh(np.cov((found - middle).T))
    scale = np.asarray((axes / np.sqrt(variances + SMOOTHING * variances.mean())) @ axes.T, np.float32)
    return Space(middle, scale, unit((found - middle) @ scale))


def unit(vectors: NDArray[np.floating[Any]]) -> Floats:
    """Each row at length one; a row of zeros stays."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6), np.float32)
