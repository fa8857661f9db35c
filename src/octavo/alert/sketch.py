"""How many different things were seen, from a sketch of 512 bits: who spoke, what was said. Pure.

A multiresolution bitmap (C. Estan, G. Varghese, M. Fisk, 2003). Each thing sets one bit by its hash: in level i of 64 bits with
chance 1 in 2 ** (i + 1). Sketches of two times or two batches are joined by OR, so that nothing is counted twice whichever
way it came. Right to within a sixteenth (standard deviation) up to some hundred things, a ninth up to 10,000; beyond
30,000 it says too few.
"""

from __future__ import annotations

import math

LEVELS, WIDTH = 8, 64
_FULL = 2**WIDTH - 1
_CROWDED = 58
"""Bits from which a level says little: whoever comes finds their place taken."""


def parse(bits: str | None) -> int:
    """A sketch as PostgreSQL prints it, its first bit first."""
    return int(bits[::-1], 2) if bits else 0


def count(sketch: int) -> float:
    """About how many different things a sketch has seen."""
    levels = [(sketch >> WIDTH * level & _FULL).bit_count() for level in range(LEVELS)]
    first = next((level for level, taken in enumerate(levels) if taken <= _CROWDED), LEVELS - 1)
    seen: float = sum(-WIDTH * math.log1p(-min(taken, WIDTH - 1) / WIDTH) for taken in levels[first:])
    return seen * (1 << first)
