"""The detector: counts of many keys over time in, how unusual each is and who rings out. Online, and strictly causal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

import numpy as np
from numpy.typing import ArrayLike, NDArray

from octavo.detect.configuration import FIVE_MINUTES, SHIPPED, Configuration
from octavo.detect.day import Phase, phase
from octavo.detect.pace import Pace
from octavo.detect.ring import ring
from octavo.detect.state import NEVER, Floats, Integers, State
from octavo.detect.update import advance, skip, sleep

LARGEST_COUNT = 1e15
_BLOCK = 16_384
"""Keys taken through the arithmetic together, so that their columns stay in the processor's cache."""

_MAGIC = b"octavo-detect-1\n"


class NotAState(ValueError):
    """What was to be restored is no state of this version's detector, or one of another configuration."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one bin came to, a row a key, in the order in which the keys were given.

    `scores` float32[n]: see `once_in`; 0 where nothing is unusual, NaN where the bin came too late. `alerts` bool[n]: rings now.
    """

    scores: Floats
    alerts: NDArray[np.bool_]

    @property
    def late(self) -> NDArray[np.bool_]:
        """bool[n]: a bin at or before one this key has seen. It changed nothing."""
        return np.isnan(self.scores)


class Detector:
    """Keys are numbers from 0 to `len(detector) - 1`; what they stand for is the caller's.

    `step` takes the counts of one bin, for all keys or for some. What is not named counted nothing: when such a key is next named, the
    bins between are played as zeros, exactly as if they had been named, up to a day; whole days before that pass in one step
    (`update.sleep`). So a key costs nothing while nobody speaks of it, and naming its zeros changes no decision within a day.
    `gap` says instead that nothing is known of some bins. Bins are told apart by rounding to the nearest multiple of the interval
    after the first moment ever given; the hour of the day is that of the moment's own zone.

    Equal calls give equal answers, bit for bit, also after `save` and `restore` anywhere between.
    """

    def __init__(self, *, interval: timedelta = FIVE_MINUTES, configuration: Configuration = SHIPPED) -> None:
        self.configuration = configuration
        self.pace = Pace.of(configuration, interval)
        self.state = State.new(0, configuration, presumed_bins=self.pace.presumed)
        self._origin: datetime | None = None

    def __len__(self) -> int:
        return len(self.state)

    @property
    def interval(self) -> timedelta:
        return self.pace.interval

    def add(self, count: int = 1, *, like: Sequence[int] = ()) -> range:
        """New keys, and their numbers. `like`: keys whose profile of the day they begin with, the mean of several.

        A key of a topic of a brand on a channel is begun like the brand's and the channel's own keys; its own days then weigh as much as
        theirs after one half-life. Add many at once: each call copies the state. Raises IndexError for an unknown key.
        """
        new = State.new(count, self.configuration, presumed_bins=self.pace.presumed)
        if like:
            new.season[...] = self.state.season[:, :, self._numbers(like)].mean(axis=-1, dtype=np.float32)[..., None]
        first = len(self)
        self.state = self.state.joined(new)
        return range(first, first + count)

    def step(self, counts: ArrayLike, at: datetime, keys: ArrayLike | None = None) -> Step:
        """Take in the bin that begins at `at`: `counts` [n] of all keys, or of `keys` [n], each named once.

        Raises ValueError for counts that are negative, not finite or above 10 ** 15, for a naive `at`, or for a key named twice.
        """
        heard = _checked(counts)
        number = self.bin_of(at)
        if keys is None:
            if heard.shape != (len(self),):
                raise ValueError(f"{len(self)} keys, and counts of shape {heard.shape}")
            behind = self.state.last < number - 1
            if not behind.any() and (self.state.last < number).all():
                return self._step_all(heard, number, phase(at, self.configuration.season_knots))
            keys = np.arange(len(self))
        named = self._numbers(keys)
        if heard.shape != named.shape:
            raise ValueError(f"{named.size} keys, and counts of shape {heard.shape}")
        if np.unique(named).size != named.size:
            raise ValueError("a key is named once in a bin")
        scores, alerts = np.full(named.size, np.nan, np.float32), np.zeros(named.size, bool)
        for begin in range(0, named.size, _BLOCK):
            rows = begin + np.flatnonzero(self.state.last[named[begin : begin + _BLOCK]] < number)
            some = self.state.take(named[rows])
            self._catch_up(some, number, at)
            scores[rows], alerts[rows] = self._one_bin(
                some, heard[rows], number, phase(at, self.configuration.season_knots)
            )
            self.state.put(named[rows], some)
        return Step(scores, alerts)

    def gap(self, until: datetime, keys: ArrayLike | None = None) -> None:
        """Nothing is known of the bins of these keys (all, if None) before `until`: their source was silent, or we were.

        Their windows drift to what was expected, nothing is learnt, and nothing rings for it.
        """
        number = self.bin_of(until)
        named = self._numbers(np.arange(len(self)) if keys is None else keys)
        named = named[(self.state.last[named] < number - 1) & (self.state.last[named] > NEVER)]
        some = self.state.take(named)
        skip(
            some,
            number - 1 - some.last,
            phase(until, self.configuration.season_knots),
            self.configuration,
            self.pace,
        )
        self.state.put(named, some)

    def reset_clock(self, at: datetime) -> None:
        """Let `at` be the bin after the last one seen by any key: the clock that the moments come from was set anew."""
        seen = int(self.state.last.max(initial=NEVER))
        if seen > NEVER:
            self._origin = at - (seen + 1) * self.interval

    def bin_of(self, at: datetime) -> int:
        """The number of the bin that begins at `at`; the first moment ever given is 0. Raises ValueError if it is naive."""
        if at.tzinfo is None:
            raise ValueError("moments are aware")
        if self._origin is None:
            self._origin = at.astimezone(UTC)
        return round((at - self._origin) / self.interval)

    def moment_of(self, bin_number: int) -> datetime:
        """When a bin begins, in UTC."""
        assert self._origin is not None
        return (self._origin + bin_number * self.interval).astimezone(UTC)

    def save(self, file: BinaryIO) -> None:
        """Write all that is known, so that `restore` goes on as if nothing had been."""
        header = {
            "interval": self.interval.total_seconds(),
            "configuration": _fingerprint(self.configuration),
            "origin": self._origin.isoformat() if self._origin else None,
        }
        file.write(_MAGIC + json.dumps(header).encode() + b"\n")
        for column in self.state.columns().values():
            np.lib.format.write_array(file, column, allow_pickle=False)

    @classmethod
    def restore(cls, file: BinaryIO, *, configuration: Configuration = SHIPPED) -> Detector:
        """The detector as it was saved. Raises NotAState for anything else, or for another configuration."""
        try:
            if file.read(len(_MAGIC)) != _MAGIC:
                raise NotAState("not a saved detector")
            header = json.loads(_line(file))
            if header["configuration"] != _fingerprint(configuration):
                raise NotAState("saved under another configuration")
            restored = cls(interval=timedelta(seconds=header["interval"]), configuration=configuration)
            restored._origin = datetime.fromisoformat(header["origin"]) if header["origin"] else None
            columns = {name: np.lib.format.read_array(file, allow_pickle=False) for name in State.FIELDS}
        except NotAState:
            raise
        except (ValueError, KeyError, TypeError, EOFError) as cause:
            raise NotAState("a saved detector that is damaged") from cause
        keys = columns["age"].shape[-1:]
        for name, column in restored.state.columns().items():
            if columns[name].dtype != column.dtype or columns[name].shape != (*column.shape[:-1], *keys):
                raise NotAState(f"a saved detector that is damaged: {name}")
        restored.state = State(columns)
        return restored

    def _step_all(self, counts: Floats, number: int, where: Phase) -> Step:
        if len(self) <= _BLOCK:
            return Step(*self._one_bin(self.state, counts, number, where))
        scores, alerts = np.empty(len(self), np.float32), np.empty(len(self), bool)
        for begin in range(0, len(self), _BLOCK):
            rows = slice(begin, min(begin + _BLOCK, len(self)))
            scores[rows], alerts[rows] = self._one_bin(
                self.state.view(rows.start, rows.stop), counts[rows], number, where
            )
        return Step(scores, alerts)

    def _one_bin(self, state: State, counts: Floats, number: int, where: Phase) -> tuple[Floats, NDArray[np.bool_]]:
        scores = advance(state, counts, number, where, self.configuration, self.pace)
        return scores, ring(state, counts, scores, number, self.configuration, self.pace)

    def _catch_up(self, some: State, number: int, at: datetime) -> None:
        """Play what lies between the last bin of each key and `number` as bins with nothing in them."""
        missed = np.where(some.last > NEVER, number - 1 - some.last, 0)
        days = np.maximum(missed - 1, 0) // self.pace.day
        long = np.flatnonzero(days > 0)
        if long.size:
            asleep = some.take(long)
            sleep(asleep, days[long], self.configuration, self.pace)
            some.put(long, asleep)
        behind = np.flatnonzero(missed > 0)
        for bin_number in range(number - int(missed.max(initial=0) if not long.size else self.pace.day), number):
            rows = behind[some.last[behind] == bin_number - 1]
            if rows.size:
                part = some.take(rows)
                self._one_bin(part, np.zeros(rows.size, np.float32), bin_number, self._phase_of(bin_number, at))
                some.put(rows, part)

    def _phase_of(self, number: int, at: datetime) -> Phase:
        return phase(self.moment_of(number).astimezone(at.tzinfo), self.configuration.season_knots)

    def _numbers(self, keys: ArrayLike) -> Integers:
        numbers = np.asarray(keys)
        if numbers.size == 0:
            return np.zeros(0, np.int64)
        if numbers.dtype.kind not in "iu":
            raise ValueError("keys are whole numbers")
        if int(numbers.min()) < 0 or int(numbers.max()) >= len(self):
            raise IndexError("no such key")
        return numbers.astype(np.int64)


def _checked(counts: ArrayLike) -> Floats:
    heard = np.asarray(counts)
    if heard.size and not (
        np.isfinite(heard).all() and float(heard.min()) >= 0 and float(heard.max()) <= LARGEST_COUNT
    ):
        raise ValueError("counts are numbers from 0 to 10 ** 15")
    return heard.astype(np.float32)


def _fingerprint(configuration: Configuration) -> str:
    return json.dumps(asdict(configuration), sort_keys=True, default=str)


def _line(file: BinaryIO, longest: int = 65_536) -> bytes:
    line = bytearray()
    while (sign := file.read(1)) not in (b"\n", b"") and len(line) < longest:
        line += sign
    return bytes(line)
