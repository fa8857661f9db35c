"""The sentiment towards the brand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from octavo.understand.heads import SENTIMENT, softmax
from octavo.vocabulary import Sentiment

_NEUTRAL = tuple(Sentiment).index(Sentiment.NEUTRAL)


def decide(
    logits: NDArray[np.float32], intelligible: NDArray[np.bool_]
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Label int8[n] (index in `tuple(Sentiment)`) and its probability; what nobody can read is neutral."""
    likely = softmax(logits[:, SENTIMENT])
    likely[~intelligible] = np.eye(len(Sentiment), dtype=np.float32)[_NEUTRAL]
    return likely.argmax(axis=1).astype(np.int8), likely.max(axis=1)
