"""What the heads are asked for: one row a message, one column a question, and a weight where the answer is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from octavo.understand.heads import HARM, HEADS, PRIMARY, REGISTER, SENTIMENT, URGENCY
from octavo.understand.plain import plain
from octavo.vocabulary import HARMS, NO_REGISTER, REGISTERS, Harm, Parent, Register, Sentiment

NAMES = (*map(str, REGISTERS), NO_REGISTER)
FEELINGS = tuple(Sentiment)

REVIEW = slice(HEADS, HEADS + 2)
"""Asked only while training: does an app review report a problem, does it ask for a feature? By a definition that is
near ours and not the same, hence columns of their own."""

OUTPUTS = REVIEW.stop
FURTHER = slice(HARM.start, OUTPUTS)


@dataclass(frozen=True, slots=True)
class Example:
    """One message with what is known about it; None or a missing register means: not known.

    `group` is the sector, or the data set: messages of one group are never on both sides of a split. `weight` is how much
    what is known counts, and `felt` how much the sentiment does.
    """

    text: str
    group: str
    language: str = "en"
    parent: Parent | None = None
    registers: dict[Register, bool] = field(default_factory=dict)
    primary: str | None = None
    sentiment: Sentiment | None = None
    urgency: int | None = None
    harm: frozenset[Harm] | None = None
    review: tuple[bool, bool] | None = None
    weight: float = 1.0
    felt: float = 1.0
    id: str = ""
    relevant: bool = True


def seen(examples: Sequence[Example]) -> list[Example]:
    """Examples with their texts as the models see them."""
    return [replace(example, text=plain(example.text)) for example in examples]


def encode(examples: list[Example]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Targets and weights, float32[n, OUTPUTS]."""
    targets = np.zeros((len(examples), OUTPUTS), np.float32)
    weights = np.zeros((len(examples), OUTPUTS), np.float32)
    for row, example in enumerate(examples):
        for register, carried in example.registers.items():
            column = REGISTER.start + REGISTERS.index(register)
            targets[row, column], weights[row, column] = carried, example.weight
        if example.primary is not None:
            targets[row, PRIMARY.start + NAMES.index(example.primary)] = 1
            weights[row, PRIMARY] = example.weight
        if example.sentiment is not None:
            targets[row, SENTIMENT.start + FEELINGS.index(example.sentiment)] = 1
            weights[row, SENTIMENT] = example.felt
        if example.urgency is not None:
            targets[row, URGENCY] = np.arange(1, 4) <= example.urgency
            weights[row, URGENCY] = example.weight
        if example.harm is not None:
            targets[row, HARM] = [harm in example.harm for harm in HARMS]
            weights[row, HARM] = 1
        if example.review is not None:
            targets[row, REVIEW] = example.review
            weights[row, REVIEW] = example.weight
    return targets, weights
