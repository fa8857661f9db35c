"""What the heads are asked for: one row a message, one column a question, and a weight where the answer is known."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from octavo.understand.heads import HEADS, PRIMARY, REGISTER, SENTIMENT, URGENCY
from octavo.vocabulary import NO_REGISTER, REGISTERS, Parent, Register, Sentiment

NAMES = (*map(str, REGISTERS), NO_REGISTER)
FEELINGS = tuple(Sentiment)


@dataclass(frozen=True, slots=True)
class Example:
    """One message with what is known about it; None or a missing register means: not known.

    `group` is the sector, or the data set: messages of one group are never on both sides of a split.
    """

    text: str
    group: str
    language: str = "en"
    parent: Parent | None = None
    registers: dict[Register, bool] = field(default_factory=dict)
    primary: str | None = None
    sentiment: Sentiment | None = None
    urgency: int | None = None
    weight: float = 1.0
    id: str = ""
    relevant: bool = True


def encode(examples: list[Example]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Targets and weights, float32[n, HEADS]."""
    targets = np.zeros((len(examples), HEADS), np.float32)
    weights = np.zeros((len(examples), HEADS), np.float32)
    for row, example in enumerate(examples):
        for register, carried in example.registers.items():
            column = REGISTER.start + REGISTERS.index(register)
            targets[row, column], weights[row, column] = carried, example.weight
        if example.primary is not None:
            targets[row, PRIMARY.start + NAMES.index(example.primary)] = 1
            weights[row, PRIMARY] = example.weight
        if example.sentiment is not None:
            targets[row, SENTIMENT.start + FEELINGS.index(example.sentiment)] = 1
            weights[row, SENTIMENT] = example.weight
        if example.urgency is not None:
            targets[row, URGENCY] = np.arange(1, 4) <= example.urgency
            weights[row, URGENCY] = example.weight
    return targets, weights
