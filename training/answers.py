"""What labels, annotators and readers say of the same messages, in one form, so that they can be held beside each
other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octavo.understand import Tier, read
from octavo.vocabulary import NO_REGISTER, REGISTERS, Post, Sentiment
from training.targets import FEELINGS, NAMES, Example

NONE = len(REGISTERS)
"""In `primary`: no register."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Of n messages: `carried` bool[n, 8]; `chance` float[n, 8], the probability of each register; `primary` int[n],
    an index in `NAMES`; `sentiment` int[n], an index in `FEELINGS`; `urgency` int[n]; `abstained` bool[n].
    """

    carried: NDArray[np.bool_]
    chance: Floats
    primary: NDArray[np.int64]
    sentiment: NDArray[np.int64]
    urgency: NDArray[np.int64]
    abstained: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.primary)

    def where(self, rows: NDArray[np.bool_]) -> Answers:
        return Answers(*(getattr(self, each.name)[rows] for each in fields(self)))

    def of_primaries(self) -> Floats:
        """float[n, 9]: how sure the answer is of each primary: the register's probability; of none, that of the
        likeliest register not being there.
        """
        return np.column_stack([self.chance, 1 - self.chance.max(axis=1)])

    def confidence(self) -> Floats:
        """float[n]: how sure the answer is of the primary it gives."""
        return self.of_primaries()[np.arange(len(self)), self.primary]


Reader = Callable[[Sequence[Example]], Answers]


def truth(examples: Sequence[Example]) -> Answers:
    """What the labels say."""
    carried = np.array([[example.registers.get(register, False) for register in REGISTERS] for example in examples])
    return Answers(
        carried,
        carried.astype(np.float64),
        np.array([NAMES.index(example.primary or NO_REGISTER) for example in examples]),
        np.array([FEELINGS.index(example.sentiment or Sentiment.NEUTRAL) for example in examples]),
        np.array([example.urgency or 0 for example in examples]),
        np.zeros(len(examples), bool),
    )


def annotator(labels: Mapping[str, Mapping[str, Any]]) -> Reader:
    """A person or model whose labels are known by the message's id, as a reader of those messages."""

    def reader(examples: Sequence[Example]) -> Answers:
        rows = [labels[example.id] for example in examples]
        carried = np.array([[register in row["registers"] for register in REGISTERS] for row in rows])
        return Answers(
            carried,
            carried.astype(np.float64),
            np.array([NAMES.index(row["registers"][0]) for row in rows]),
            np.array([FEELINGS.index(Sentiment(row["sentiment"])) for row in rows]),
            np.array([row["urgency"] for row in rows]),
            np.zeros(len(rows), bool),
        )

    return reader


def tier(chosen: Tier) -> Reader:
    """One of the shipped models; it is not told the brand."""

    def reader(examples: Sequence[Example]) -> Answers:
        readings = read(posts(examples), tier=chosen)
        return Answers(
            np.unpackbits(readings.assigned[:, None], axis=1, bitorder="little").astype(bool),
            readings.registers.astype(np.float64),
            np.where(readings.primary < 0, NONE, readings.primary).astype(np.int64),
            readings.sentiment.astype(np.int64),
            readings.urgency.astype(np.int64),
            getattr(readings, "abstained", np.zeros(len(readings), bool)),
        )

    return reader


def posts(examples: Sequence[Example]) -> list[Post]:
    """As a channel that knows the language and the text above would give them."""
    return [Post("", "", each.text, language=each.language, parent=each.parent) for each in examples]
