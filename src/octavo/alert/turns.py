"""Who has the watch when: a weekly pattern and its exceptions, as turns between two moments. Pure: no database, no clock.

Times of day are those of a wall in a zone. A time that a clock put forward leaves out is the moment of the change, one it
shows twice is the first of the two: so two shifts that touch by the wall touch on every day of the year, without a gap in
which nobody has the watch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shift:
    """Each week on `days` (0 is Monday), from `begins` to `ends` by the wall; into the next day where it does not end later."""

    person: int
    days: frozenset[int]
    begins: time
    ends: time


@dataclass(frozen=True, slots=True)
class Handover:
    """`person` has the watch instead of `away`, or instead of whoever has it (also nobody) where that is None."""

    person: int
    away: int | None
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Turn:
    """One person's watch without a break. `instead_of` had it by the pattern."""

    person: int
    begins: datetime
    ends: datetime
    instead_of: int | None = None


def between(
    shifts: Iterable[Shift], handovers: Iterable[Handover], *, zone: ZoneInfo, since: datetime, until: datetime
) -> list[Turn]:
    """The turns that touch the time from `since` to `until`, by their beginning. Handovers hold in the order given: a later
    one may hand on what an earlier one handed over. Several people may have the watch at once."""
    found = [turn for shift in shifts for turn in _of(shift, zone, since, until)]
    for handover in handovers:
        found = _handed_over(found, handover)
    return [turn for turn in _joined(found) if turn.begins < until and turn.ends > since]


def at(turns: Iterable[Turn], moment: datetime) -> list[Turn]:
    """The turns that hold at a moment; a turn holds from its beginning until just before its end."""
    return [turn for turn in turns if turn.begins <= moment < turn.ends]


def after(turns: Iterable[Turn], moment: datetime) -> list[Turn]:
    """The turns that begin later, the next first."""
    return sorted((turn for turn in turns if turn.begins > moment), key=lambda turn: (turn.begins, turn.person))


def moment(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """When a wall in `zone` shows this time on this day, in UTC."""
    local = datetime.combine(day, clock, tzinfo=zone)
    found = local.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return found
    # Left out by a clock put forward: the change lies between what the two offsets make of it.
    low, high = local.replace(fold=1).astimezone(UTC), found
    later = high.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (low, middle) if middle.astimezone(zone).utcoffset() == later else (middle, high)
    return high.replace(microsecond=0)


def _of(shift: Shift, zone: ZoneInfo, since: datetime, until: datetime) -> Iterable[Turn]:
    day = since.astimezone(zone).date() - 2 * DAY
    last = until.astimezone(zone).date() + DAY
    while day <= last:
        if day.weekday() in shift.days:
            begins = moment(day, shift.begins, zone)
            ends = moment(day if shift.ends > shift.begins else day + DAY, shift.ends, zone)
            if begins < ends:  # one that lies within the hour left out is none
                yield Turn(shift.person, begins, ends)
        day += DAY


def _handed_over(turns: Sequence[Turn], handover: Handover) -> list[Turn]:
    if handover.away is None:
        whole = [Turn(handover.person, handover.begins, handover.ends)] if handover.begins < handover.ends else []
        return [*whole, *(left for turn in turns for left in _without(turn, handover))]
    found: list[Turn] = []
    for turn in turns:
        begins, ends = max(turn.begins, handover.begins), min(turn.ends, handover.ends)
        if turn.person != handover.away or begins >= ends:
            found.append(turn)
            continue
        had = turn.person if turn.instead_of is None else turn.instead_of
        found += [
            *_without(turn, handover),
            Turn(handover.person, begins, ends, had if had != handover.person else None),
        ]
    return found


def _without(turn: Turn, handover: Handover) -> list[Turn]:
    left = [
        replace(turn, ends=min(turn.ends, handover.begins)),
        replace(turn, begins=max(turn.begins, handover.ends)),
    ]
    return [piece for piece in left if piece.begins < piece.ends]


def _joined(turns: Iterable[Turn]) -> list[Turn]:
    """What touches or overlaps and is the same person's is one turn; sorted by beginning."""
    found: list[Turn] = []
    for turn in sorted(turns, key=lambda turn: (turn.person, turn.instead_of or 0, turn.begins)):
        last = found[-1] if found else None
        if last and (last.person, last.instead_of) == (turn.person, turn.instead_of) and turn.begins <= last.ends:
            found[-1] = replace(last, ends=max(last.ends, turn.ends))
        else:
            found.append(turn)
    return sorted(found, key=lambda turn: (turn.begins, turn.person))
