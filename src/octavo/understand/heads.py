"""The questions a model answers about a message, as columns of one matrix of log-odds, for both tiers alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from octavo.vocabulary import HARMS, REGISTERS, Sentiment

REGISTER = slice(0, len(REGISTERS))
"""Does the message carry this register? One yes or no each."""

PRIMARY = slice(REGISTER.stop, REGISTER.stop + len(REGISTERS) + 1)
"""Which register is primary, the last standing for none. One of nine."""

SENTIMENT = slice(PRIMARY.stop, PRIMARY.stop + len(Sentiment))
"""Which sentiment. One of four."""

URGENCY = slice(SENTIMENT.stop, SENTIMENT.stop + 3)
"""Is the urgency at least 1, 2, 3? One yes or no each."""

HARM = slice(URGENCY.stop, URGENCY.stop + len(HARMS))
"""Does the message name this kind of harm? One yes or no each."""

HEADS = HARM.stop


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities of yes or no, without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)), np.float32)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities of one of several, along the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)
