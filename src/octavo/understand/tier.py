"""The ways of reading: each slower than the one before, and better."""

from __future__ import annotations

from enum import StrEnum


class Tier(StrEnum):
    """`FAST` keeps up with any backlog, `DEFAULT` reads with the sentence encoder, `ACCURATE` also with the deep encoder
    where the default tier is unsure or sees a sign of crisis.
    """

    FAST = "fast"
    DEFAULT = "default"
    ACCURATE = "accurate"
