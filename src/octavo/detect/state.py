"""What the detector remembers of each key: columns of numbers, and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from octavo.detect.configuration import Configuration

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

NEVER = -(2**62)
"""A bin before all others."""


class State:
    """One column a field; the last axis of each is the key. A slice of a state is a view, `take` copies.

    rate [w, k]           decaying mean count a bin
    level, spread [w, k]  median, and median absolute deviation, of the variance-stabilised windows
    season [w, knot, k]   deviation from the level over the day, in levels
    start, scale [k]      where the tail of z begins, and the size of a step of its estimate
    bursts, excess, square, time [k]  decayed number, sum and sum of squares of the peaks above `start`; decayed bins
    peak [k], quiet [k]   of the burst under way: its highest excess; bins since it was last above `start`
    age [k], last [k]     bins seen; the last of them
    since, rang [k]       the bin in which the burst began; the bin of the last alert
    told [k]              messages a bin that alert was raised on
    """

    FLOATS = (
        "rate",
        "level",
        "spread",
        "season",
        "start",
        "scale",
        "bursts",
        "excess",
        "square",
        "time",
        "peak",
        "told",
    )
    INTEGERS = ("last", "since", "rang")
    SMALL = ("quiet", "age")
    FIELDS = (*FLOATS, *INTEGERS, *SMALL)

    rate: Floats
    level: Floats
    spread: Floats
    season: Floats
    start: Floats
    scale: Floats
    bursts: Floats
    excess: Floats
    square: Floats
    time: Floats
    peak: Floats
    told: Floats
    last: Integers
    since: Integers
    rang: Integers
    quiet: NDArray[np.int32]
    age: NDArray[np.int32]

    __slots__ = FIELDS

    def __init__(self, columns: dict[str, NDArray[Any]]) -> None:
        for name in self.FIELDS:
            setattr(self, name, columns[name])

    @classmethod
    def new(cls, keys: int, configuration: Configuration, *, presumed_bins: float) -> State:
        """The state of keys nothing is known of."""
        windows, knots = len(configuration.windows), configuration.season_knots

        def of(value: float, *shape: int) -> Floats:
            return np.full((*shape, keys), value, np.float32)

        def bins() -> Integers:
            return np.full(keys, NEVER, np.int64)

        presumed = configuration.presumed_bursts
        return cls(
            {
                "rate": of(0, windows), "level": of(0, windows), "spread": of(1, windows),
                "season": of(0, windows, knots), "start": of(0), "scale": of(1), "bursts": of(presumed),
                "excess": of(presumed), "square": of(2 * presumed), "time": of(presumed_bins), "peak": of(0),
                "told": of(0), "last": bins(), "since": bins(), "rang": bins(),
                "quiet": np.full(keys, 2**30, np.int32), "age": np.zeros(keys, np.int32),
            }
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.age)

    def columns(self) -> dict[str, NDArray[Any]]:
        return {name: getattr(self, name) for name in self.FIELDS}

    def view(self, first: int, end: int) -> State:
        """Keys `first` to `end`, exclusive; what is written to it is written here."""
        return State({name: column[..., first:end] for name, column in self.columns().items()})

    def take(self, keys: Integers) -> State:
        return State({name: column[..., keys] for name, column in self.columns().items()})

    def put(self, keys: Integers, other: State) -> None:
        for name, column in self.columns().items():
            column[..., keys] = getattr(other, name)

    def joined(self, other: State) -> State:
        return State(
            {name: np.concatenate([column, getattr(other, name)], axis=-1) for name, column in self.columns().items()}
        )

    def bytes_a_key(self) -> int:
        """Bytes that one key takes."""
        return sum(column.itemsize * (column.size // max(len(self), 1)) for column in self.columns().values())
