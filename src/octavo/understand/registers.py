"""Which registers a message carries, and which of them is primary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from octavo.understand.heads import PRIMARY, REGISTER, sigmoid, softmax
from octavo.vocabulary import REGISTERS, Register

CRISIS, CAMPAIGN_ECHO = REGISTERS.index(Register.CRISIS), REGISTERS.index(Register.CAMPAIGN_ECHO)
_NONE = len(REGISTERS)
_DECLARED = 0.97
"""Probability of a campaign echo where the brand's own words, hashtag or link stand in the message."""
_EVEN = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """Probabilities float32[n, 8], carried bool[n, 8], primary and runner-up int8[n] (-1: none)."""

    probability: NDArray[np.float32]
    carried: NDArray[np.bool_]
    primary: NDArray[np.int8]
    runner_up: NDArray[np.int8]
    confidence: NDArray[np.float32]


def decide(
    logits: NDArray[np.float32],
    thresholds: NDArray[np.float32],
    *,
    intelligible: NDArray[np.bool_],
    echoes: NDArray[np.bool_],
) -> Decision:
    """From log-odds float32[n, HEADS]. `echoes` marks the messages that match a declared campaign.

    A register is carried from its threshold on; where that gives none but the message has a primary register, that
    one is carried. Where it is more likely than not that none applies, none does, save a crisis or a declared campaign's
    echo. Two rules of the definition are kept as rules: a crisis is always primary, a campaign echo only where nothing
    else is carried.
    """
    probability = sigmoid(logits[:, REGISTER])
    likely = softmax(logits[:, PRIMARY])
    probability[~intelligible] = 0
    probability[echoes, CAMPAIGN_ECHO] = np.maximum(probability[echoes, CAMPAIGN_ECHO], _DECLARED)
    carried = probability >= thresholds
    silent = (likely[:, _NONE] > _EVEN) & ~carried[:, CRISIS] & ~echoes
    carried[silent] = False
    alone = intelligible & ~carried.any(axis=1) & (likely.argmax(axis=1) != _NONE)
    carried[alone, likely[alone, :_NONE].argmax(axis=1)] = True

    rank = np.where(carried, likely[:, :_NONE], -1)
    rank[:, CAMPAIGN_ECHO] = np.where(carried[:, CAMPAIGN_ECHO], 0, -1)
    rank[:, CRISIS] = np.where(carried[:, CRISIS], 2, -1)
    primary = np.where(carried.any(axis=1), rank.argmax(axis=1), -1).astype(np.int8)

    others = probability.copy()
    chosen = np.flatnonzero(primary >= 0)
    others[chosen, primary[chosen]] = -1
    confidence = likely.max(axis=1)
    return Decision(probability, carried, primary, others.argmax(axis=1).astype(np.int8), confidence)


def bits(carried: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """bool[n, 8] as one byte a message, bit i for `REGISTERS[i]`."""
    return np.packbits(carried, axis=1, bitorder="little")[:, 0]
