"""One series as lines of `timestamp,value` in, the same with `score,alert` out, at the pace at which they come.

One line out for each line in, in order. What cannot be taken gets an empty score, alert 0 and a reason, and changes nothing:

- a line that is no time and no number from 0 to 10 ** 15 (an empty one too);
- a time in a bin that is over: repeated, backward, or sooner than the interval. After an hour of nothing but such lines, each later than
  the one before, the clock is taken to have been set back, and the line counts as the next bin;
- a line longer than 64 kB.

Bins that are missing between two lines are bins of which nothing is known, or, if so asked, bins with nothing in them.
Times without a zone are read as they stand; the hour of the day is the one written. The first line may be a header.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

from octavo.detect.configuration import FIVE_MINUTES, SHIPPED, Configuration
from octavo.detect.detector import LARGEST_COUNT, Detector

LONGEST_LINE = 64 * 1024
_CHUNK = 256 * 1024
_HEADER = b"timestamp,value,score,alert"
_UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}

Missing = Literal["unknown", "zero"]


class Source(Protocol):
    """A binary stream whose `read1` gives what there is without waiting for more."""

    def read1(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one line: the line to write, whether it rings, and why it was set aside, if it was."""

    line: bytes
    number: int
    alert: bool = False
    header: bool = False
    error: str = ""


def interval(text: str) -> timedelta:
    """A length of time such as 30s, 5m, 1h, 1d. Raises ValueError for anything else, and outside one second to one day."""
    found = re.fullmatch(r"\s*([0-9]{1,6})\s*([smhd])\s*", text.lower())
    length = int(found[1]) * _UNITS[found[2]] if found else timedelta()
    if not timedelta(seconds=1) <= length <= timedelta(days=1):
        raise ValueError(f"{text!r} is not a length of time from 1s to 1d, such as 30s, 5m or 1h")
    return length


def answers(
    source: Source,
    *,
    every: timedelta = FIVE_MINUTES,
    missing: Missing = "unknown",
    configuration: Configuration = SHIPPED,
) -> Iterator[list[Answer]]:
    """One answer a line, in order, in batches: as many lines as have arrived, so that a slow stream is answered at once."""
    series = _Series(every, missing, configuration)
    for lines in _batches(source):
        yield [series.answer(line) for line in lines]


class _Series:
    """The detector of one series, and the clock of its lines."""

    def __init__(self, every: timedelta, missing: Missing, configuration: Configuration) -> None:
        self._detector = Detector(interval=every, configuration=configuration)
        self._detector.add(1)
        self._missing = missing
        self._number = 0
        self._believed = max(round(timedelta(hours=1) / every), 2)
        self._refused: datetime | None = None
        self._refusals = 0

    def answer(self, line: bytes | None) -> Answer:
        self._number += 1
        if line is None:
            return self._aside("", "", f"longer than {LONGEST_LINE} bytes")
        text = line.removesuffix(b"\r").decode("utf-8", "surrogateescape")
        if self._number == 1:
            text = text.removeprefix("\ufeff")
        fields = _fields(text)
        stamp, written = (*fields, "", "")[:2]
        try:
            at, value = _time(stamp), _value(written)
        except ValueError as cause:
            if self._number == 1 and _looks_like_header(fields):
                return Answer(_HEADER, self._number, header=True)
            return self._aside(stamp, written, str(cause) if len(fields) == 2 else _not_two(len(fields)))
        if len(fields) != 2:
            return self._aside(stamp, written, _not_two(len(fields)))
        return self._score(stamp, written, at, value)

    def _score(self, stamp: str, written: str, at: datetime, value: float) -> Answer:
        last = int(self._detector.state.last[0])
        number = self._detector.bin_of(at)
        if self._seen and number <= last:
            forward = self._refused is not None and at > self._refused
            self._refusals = self._refusals + 1 if forward else 1
            self._refused = at
            if self._refusals <= self._believed:
                return self._aside(
                    stamp, written, "its bin is over: repeated, backward, or sooner than --interval says"
                )
            self._detector.reset_clock(at)
        self._refused, self._refusals = None, 0
        if self._seen and self._missing == "unknown" and number > last + 1:
            self._detector.gap(at)
        step = self._detector.step([value], at)
        alert = bool(step.alerts[0])
        return Answer(_row(stamp, written, f"{float(step.scores[0]):.4f}", alert), self._number, alert)

    @property
    def _seen(self) -> bool:
        return int(self._detector.state.age[0]) > 0

    def _aside(self, stamp: str, written: str, reason: str) -> Answer:
        return Answer(_row(stamp, written, "", False), self._number, error=reason)


def _fields(text: str) -> list[str]:
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error:
        return [text]


def _row(stamp: str, written: str, score: str, alert: bool) -> bytes:  # noqa: FBT001
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow([stamp, written, score, int(alert)])
    return out.getvalue().encode("utf-8", "surrogateescape")


def _time(stamp: str) -> datetime:
    try:
        at = datetime.fromisoformat(stamp.strip())
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("the first field is not a time") from None
    return at


def _value(written: str) -> float:
    try:
        value = float(written)
    except ValueError:
        raise ValueError("the second field is not a number") from None
    if not 0 <= value <= LARGEST_COUNT:
        raise ValueError("the second field is not a number from 0 to 10 ** 15")
    return value


def _looks_like_header(fields: list[str]) -> bool:
    return len(fields) == 2 and all(re.fullmatch(r"\s*[A-Za-z_][\w .-]*", field) for field in fields)


def _not_two(count: int) -> str:
    return f"{count} fields instead of two" if count != 1 else "1 field instead of two"


def _batches(source: Source) -> Iterator[list[bytes | None]]:
    """Whole lines as they arrive; None stands for one that is too long."""
    pending = b""
    skipping = False
    while chunk := source.read1(_CHUNK):
        *lines, pending = (pending + chunk).split(b"\n")
        whole: list[bytes | None] = [line if len(line) <= LONGEST_LINE else None for line in lines]
        if skipping and whole:
            whole[0], skipping = None, False
        if whole:
            yield whole
        if skipping or len(pending) > LONGEST_LINE:
            pending, skipping = b"", True
    if skipping:
        yield [None]
    elif pending:
        yield [pending]
