"""Gravity of one message: when it rings alone, and how loudly. Pure: a reading in, a verdict out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from octavo.vocabulary import HARMS, REGISTERS, Harm, Register

CRISIS = REGISTERS.index(Register.CRISIS)
NOW = 3
"""Urgency of what somebody must be woken for."""

SURE = 950
"""Thousandths of probability from which a crisis sign is more than a guess."""
FAR = 10_000
"""People reached from which a message is a publication."""
SEVERAL, MANY = 3, 8
"""Authors who say the same independently of each other."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that may be grave. `crisis` is the probability of the register in thousandths; `lexemes` the stems of its
    words as the search knows them; bit i of `harm` is `HARMS[i]`."""

    lexemes: frozenset[str]
    mention: int
    brand: int
    conversation: int
    published_at: datetime
    author: int | None
    crisis: int
    primary: str
    urgency: int
    reach: int
    harm: int = 0

    @property
    def harms(self) -> tuple[Harm, ...]:
        """The kinds of harm the message names."""
        return tuple(kind for bit, kind in enumerate(HARMS) if self.harm >> bit & 1)


@dataclass(frozen=True, slots=True)
class Bar:
    """From which probability on a crisis sign rings, in thousandths; from `urgent` on where somebody is needed now, from
    `unnamed` on where it names no kind of harm: of those that name none hardly one in five is a crisis.

    `harms` are the kinds of harm that have a threshold of their own. A message that names several kinds rings by the lowest
    of theirs, each of the others counting with `threshold`.
    """

    threshold: int
    urgent: int
    unnamed: int = 0
    harms: Mapping[Harm, int] = field(default_factory=dict)

    def of(self, message: Candidate) -> int:
        if not message.harms:
            return max(self.threshold, self.unnamed)
        own = min(self.harms.get(kind, self.threshold) for kind in message.harms)
        # A kind that shall ring less often does so also where it is urgent.
        return min(own, self.urgent) if message.urgency >= NOW and own <= self.threshold else own


def is_grave(message: Candidate, bar: Bar) -> bool:
    """Whether a message rings alone: a crisis sign of good probability that names a harm, or of fair probability where it is
    urgent. What a person called a crisis sign is one."""
    return message.primary == Register.CRISIS and message.crisis >= bar.of(message)


def severity(messages: Sequence[Candidate]) -> int:
    """1 to 5, of the messages of one story together.

    A grave message is 3; a sure one, one that must be seen now, or one that reaches far, 4; two of these together, or
    three authors with one of them, or eight authors, 5.
    """
    authors = len({message.author or -message.mention for message in messages})
    signs = (
        any(message.crisis >= SURE for message in messages),
        any(message.urgency >= NOW for message in messages),
        max(message.reach for message in messages) >= FAR,
    )
    loud = int(any(signs[:2])) + int(signs[2]) + int(authors >= SEVERAL)
    return 5 if authors >= MANY else min(3 + loud, 5)
