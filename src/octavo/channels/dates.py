"""Moments as people and machines write them, to aware UTC."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Before this nobody posted: such a date is a machine's mistake (epoch zero, Excel's day one)."""
AHEAD = timedelta(days=1)
"""How far ahead a clock elsewhere may be."""

_NUMERIC = re.compile(r"\d{1,4}(?P<sep>[/.-])\d{1,2}(?P=sep)\d{1,4}")
_PARTS = re.compile(
    r"(?P<a>\d{1,4})(?P<sep>[/.-])(?P<b>\d{1,2})(?P=sep)(?P<c>\d{1,4})"
    r"(?:(?:,?\s+|T)(?:(?:à|at|alle|ore)\s+)?(?P<h>\d{1,2})[:hH.](?P<m>\d{2})(?:[:.](?P<s>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?$"
)
_TWITTER = "%a %b %d %H:%M:%S %z %Y"  # Wed Oct 10 20:19:24 +0000 2018
_EPOCH = re.compile(r"-?\d{9,19}(?:\.\d+)?")
_SECONDS, _MILLISECONDS, _MICROSECONDS = 1e11, 1e14, 1e17


@dataclass(frozen=True, slots=True)
class DateReader:
    """How one column's dates are read: `zone` for those that name none, `day_first` for 03/04/2025.

    Called with anything, gives an aware moment in UTC, or None where it is no date, or one before `EARLIEST` or after
    `latest`.
    """

    latest: datetime
    zone: tzinfo = UTC
    day_first: bool = True

    def __call__(self, value: object) -> datetime | None:
        try:
            # Nearly every date of nearly every file is this one, so it is tried before anything is looked at. Digits
            # alone go another way: Python would take 20180102 and 1700000000 for dates, too.
            if value.__class__ is str and not value.isdigit():
                moment: datetime | None = datetime.fromisoformat(value)
            else:
                moment = self._parse(value)
        except ValueError:
            moment = self._parse(value)
        if moment is None:
            return None
        try:
            zone = moment.tzinfo
            if zone is None:
                moment = moment.replace(tzinfo=self.zone).astimezone(UTC)
            elif zone is not UTC:
                moment = moment.astimezone(UTC)
        except (ValueError, OverflowError, OSError):
            return None
        return moment if EARLIEST <= moment <= self.latest else None

    def _parse(self, value: object) -> datetime | None:
        try:
            if isinstance(value, str):
                return self._written(value.strip())
            if isinstance(value, datetime):
                return value
            if isinstance(value, int | float) and not isinstance(value, bool):
                return _from_epoch(value)
        except (ValueError, OverflowError, OSError):
            pass
        return None

    def _written(self, text: str) -> datetime | None:
        if not text or len(text) > 64:
            return None
        if _EPOCH.fullmatch(text):
            return _from_epoch(float(text))
        if parts := _PARTS.match(text):
            return self._numeric(parts)
        for read in (_iso, _rfc_2822, _twitter):
            try:
                return read(text)
            except (ValueError, TypeError, IndexError):
                continue
        return None

    def _numeric(self, parts: re.Match[str]) -> datetime | None:
        first, second, third = int(parts["a"]), int(parts["b"]), int(parts["c"])
        if len(parts["a"]) == 4:
            year, month, day = first, second, third
        else:
            year = third if len(parts["c"]) == 4 else 2000 + third
            day, month = (first, second) if self.day_first else (second, first)
            if month > 12:  # the column's rule cannot hold for this one
                day, month = month, day
        hour = int(parts["h"] or 0)
        if half := parts["half"]:
            hour = hour % 12 + (12 if half[0] in "Pp" else 0)
        moment = datetime(year, month, day, hour, int(parts["m"] or 0), int(parts["s"] or 0))  # noqa: DTZ001
        if zone := parts["zone"]:
            return moment.replace(tzinfo=UTC if zone[0] not in "+-" else datetime.strptime(zone, "%z").tzinfo)
        return moment


def day_first(samples: Iterable[str]) -> bool | None:
    """Whether a column of dates writes the day before the month; None where the samples fit both."""
    for sample in samples:
        parts = _PARTS.match(sample.strip())
        if parts is None or len(parts["a"]) == 4:
            continue
        first, second = int(parts["a"]), int(parts["b"])
        if first > 12 >= second:
            return True
        if second > 12 >= first:
            return False
    return None


def ambiguous(sample: str) -> bool:
    """Whether the sample is a date of three numbers that does not begin with the year."""
    parts = _NUMERIC.match(sample.strip())
    return parts is not None and not re.match(r"\d{4}", sample.strip())


def _from_epoch(value: float) -> datetime | None:
    size = abs(value)
    if size != size or size >= 1e20:  # NaN, or no unit fits
        return None
    unit = 1.0 if size < _SECONDS else 1e3 if size < _MILLISECONDS else 1e6 if size < _MICROSECONDS else 1e9
    return datetime.fromtimestamp(value / unit, UTC)


def _iso(text: str) -> datetime:
    return datetime.fromisoformat(text.replace(" UTC", "+00:00").replace(" GMT", "+00:00"))


def _rfc_2822(text: str) -> datetime:
    return parsedate_to_datetime(text)


def _twitter(text: str) -> datetime:
    return datetime.strptime(text, _TWITTER)  # noqa: DTZ007 (the pattern holds %z)
