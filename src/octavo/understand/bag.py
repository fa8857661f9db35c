"""A message as a bag of word pieces, marks and neighbours: the columns both tiers share.

Each piece counts for itself and, with the piece before it, for one of `BUCKETS` (a hash of the two). The sum over a
message is divided by the square root of its number of pieces.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from octavo.understand.words import MARKS, VOCABULARY, Words

BUCKETS = 1 << 16
COLUMNS = VOCABULARY + len(MARKS) + BUCKETS

_FIRST = np.uint32(1)
"""Stands before the first piece of a message."""


def columns(words: Words) -> NDArray[np.int32]:
    """int32[pieces, 2]: for each piece its own column and that of it after its neighbour."""
    pieces = words.pieces.astype(np.uint32)
    before = np.empty_like(pieces)
    before[1:] = pieces[:-1]
    openings = words.first_piece_of_text()[:-1]
    before[openings[openings < len(pieces)]] = _FIRST
    # Fibonacci hashing: the highest 16 bits of a product with large odd numbers are well mixed.
    mixed = (before * np.uint32(0x9E3779B1)) ^ (pieces * np.uint32(0x85EBCA6B))
    bucket = (mixed * np.uint32(0xC2B2AE35)) >> np.uint32(16)
    return np.stack([pieces, bucket + np.uint32(VOCABULARY + len(MARKS))], axis=1).astype(np.int32)


def matrix(words: Words, columns: NDArray[np.int32]) -> csr_array:
    """float32[n, COLUMNS], sparse."""
    rows = words.first_piece_of_text()
    lengths = np.diff(rows)
    scale = 1 / np.sqrt(np.maximum(lengths, 1)).astype(np.float32)
    values = np.repeat(scale, 2 * lengths)
    return csr_array((values, columns.ravel(), (2 * rows).astype(np.int32)), shape=(len(lengths), COLUMNS))
