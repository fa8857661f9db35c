"""Gravity of one message: when it rings alone, and how loudly. Pure: a reading in, a verdict out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from octavo.vocabulary import REGISTERS, Register

CRISIS = REGISTERS.index(Register.CRISIS)
NOW = 3
"""Urgency of what somebody must be woken for."""

SURE = 850
"""Thousandths of probability from which a crisis sign is more than a guess."""
FAR = 10_000
"""People reached from which a message is a publication."""
SEVERAL, MANY = 3, 8
"""Authors who say the same independently of each other."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that may be grave. `crisis` is the probability of the register in thousandths; `lexemes` the stems of its
    words as the search knows them."""

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


def is_grave(message: Candidate, *, threshold: int, urgent: int) -> bool:
    """Whether a message rings alone: a crisis sign of good probability, or of fair probability where it is urgent.

    Both thresholds in thousandths. What a person called a crisis sign is one.
    """
    if message.primary != Register.CRISIS:
        return False
    return message.crisis >= threshold or (message.urgency >= NOW and message.crisis >= urgent)


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
