"""Who has the watch when: the pure arithmetic of a rota, on ordinary days and on those with 23 or 25 hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octavo.alert import turns
from octavo.alert.turns import Handover, Shift, Turn

ROME = ZoneInfo("Europe/Rome")
ADA, BEN, CARLA = 1, 2, 3
EVERY_DAY = frozenset(range(7))


def at(text: str, zone: ZoneInfo = ROME) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def planned(*shifts: Shift, handovers: tuple[Handover, ...] = (), since: str, until: str) -> list[tuple[int, str, str]]:
    found = turns.between(shifts, handovers, zone=ROME, since=at(since), until=at(until))
    return [
        (turn.person, f"{turn.begins.astimezone(ROME):%d %H:%M}", f"{turn.ends.astimezone(ROME):%d %H:%M}")
        for turn in found
    ]


def test_a_day_is_split_between_people_and_the_night_goes_into_the_next_day() -> None:
    day, night = Shift(ADA, EVERY_DAY, time(9), time(18)), Shift(BEN, EVERY_DAY, time(18), time(9))
    found = planned(day, night, since="2026-03-03T10:00", until="2026-03-04T10:00")
    assert found == [(ADA, "03 09:00", "03 18:00"), (BEN, "03 18:00", "04 09:00"), (ADA, "04 09:00", "04 18:00")]


def test_split_hours_leave_a_gap_at_noon() -> None:
    morning, afternoon = Shift(ADA, EVERY_DAY, time(9), time(12)), Shift(ADA, EVERY_DAY, time(14), time(18))
    found = turns.between(
        [morning, afternoon], [], zone=ROME, since=at("2026-03-03T08:00"), until=at("2026-03-03T20:00")
    )
    assert [turn.person for turn in turns.at(found, at("2026-03-03T11:59"))] == [ADA]
    assert turns.at(found, at("2026-03-03T12:00")) == [] and turns.at(found, at("2026-03-03T13:00")) == []
    assert turns.after(found, at("2026-03-03T12:30"))[0].begins == at("2026-03-03T14:00")


def test_whoever_has_every_day_round_the_clock_has_one_turn_without_an_end_in_sight() -> None:
    whole = Shift(ADA, EVERY_DAY, time(0), time(0))
    [turn] = turns.between([whole], [], zone=ROME, since=at("2026-03-25T12:00"), until=at("2026-04-02T12:00"))
    assert turn.begins <= at("2026-03-25T12:00") and turn.ends >= at("2026-04-02T12:00")


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-03-28", 24)])
def test_shifts_that_touch_by_the_wall_leave_no_gap_when_clocks_are_changed(day: str, hours: int) -> None:
    """Clocks in Rome are put forward at 2:00 on 29 March 2026, and back at 3:00 on 25 October."""
    since = at(f"{day}T00:00")
    until = turns.moment(date.fromisoformat(day) + timedelta(days=1), time(0), ROME)
    assert (until - since) == timedelta(hours=hours)
    for border in (time(1, 59), time(2), time(2, 30), time(2, 59), time(3)):
        shifts = [Shift(ADA, EVERY_DAY, time(0), border), Shift(BEN, EVERY_DAY, border, time(0))]
        found = turns.between(shifts, [], zone=ROME, since=since, until=until)
        for minute in range(hours * 60):
            moment = since + timedelta(minutes=minute)
            assert len(turns.at(found, moment)) == 1, (border, moment.astimezone(ROME))


def test_a_shift_within_the_hour_that_is_left_out_is_none() -> None:
    assert (
        planned(Shift(ADA, EVERY_DAY, time(2, 10), time(2, 50)), since="2026-03-29T00:00", until="2026-03-29T23:00")
        == []
    )


def test_a_time_that_is_left_out_is_the_moment_of_the_change() -> None:
    change = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert (
        turns.moment(date(2026, 3, 29), time(2, 30), ROME) == change == turns.moment(date(2026, 3, 29), time(3), ROME)
    )
    lord_howe = ZoneInfo("Australia/Lord_Howe")  # half an hour
    assert turns.moment(date(2026, 10, 4), time(2, 15), lord_howe) == datetime(2026, 10, 3, 15, 30, tzinfo=UTC)


def test_ada_instead_of_ben_until_monday_at_nine() -> None:
    day, night = Shift(CARLA, EVERY_DAY, time(9), time(18)), Shift(BEN, EVERY_DAY, time(18), time(9))
    instead = Handover(ADA, BEN, at("2026-03-07T20:00"), at("2026-03-09T09:00"))
    found = turns.between(
        [day, night], [instead], zone=ROME, since=at("2026-03-07T19:00"), until=at("2026-03-09T19:00")
    )

    def who(moment: str) -> list[tuple[int, int | None]]:
        return [(turn.person, turn.instead_of) for turn in turns.at(found, at(moment))]

    assert who("2026-03-07T19:30") == [(BEN, None)] and who("2026-03-07T20:00") == [(ADA, BEN)]
    assert who("2026-03-08T12:00") == [(CARLA, None)] and who("2026-03-09T08:59") == [(ADA, BEN)]
    assert who("2026-03-09T18:30") == [(BEN, None)]


def test_what_was_handed_over_can_be_handed_on_and_back() -> None:
    week = Shift(BEN, EVERY_DAY, time(0), time(0))
    on = (
        Handover(ADA, BEN, at("2026-03-07T00:00"), at("2026-03-09T00:00")),
        Handover(CARLA, ADA, at("2026-03-08T00:00"), at("2026-03-08T12:00")),
        Handover(BEN, ADA, at("2026-03-08T18:00"), at("2026-03-09T00:00")),
    )
    found = turns.between([week], on, zone=ROME, since=at("2026-03-07T00:00"), until=at("2026-03-09T12:00"))
    assert [turn.person for turn in turns.at(found, at("2026-03-08T06:00"))] == [CARLA]
    assert turns.at(found, at("2026-03-08T06:00"))[0].instead_of == BEN
    assert [turn.person for turn in turns.at(found, at("2026-03-08T13:00"))] == [ADA]
    assert [(turn.person, turn.instead_of) for turn in turns.at(found, at("2026-03-08T19:00"))] == [(BEN, None)]


def test_whoever_stands_in_for_whoever_has_it_also_fills_the_gaps() -> None:
    found = planned(
        Shift(BEN, EVERY_DAY, time(9), time(18)),
        handovers=(Handover(ADA, None, at("2026-03-03T17:00"), at("2026-03-04T10:00")),),
        since="2026-03-03T12:00",
        until="2026-03-04T12:00",
    )
    assert found == [(BEN, "03 09:00", "03 17:00"), (ADA, "03 17:00", "04 10:00"), (BEN, "04 10:00", "04 18:00")]


clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))
shifts = st.lists(
    st.builds(Shift, st.sampled_from([ADA, BEN, CARLA]), st.frozensets(st.integers(0, 6), min_size=1), clocks, clocks),
    max_size=5,
)
# Fourteen days, one of them of 23 hours: all before the end of what is asked for.
moments = st.integers(0, 14 * 96 - 5).map(lambda n: at("2026-03-22T00:00") + timedelta(minutes=15 * n))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(shifts, st.lists(st.tuples(moments, moments), max_size=3), moments)
def test_turns_are_sorted_never_empty_and_a_replacement_leaves_nobody_out(
    pattern: list[Shift], spans: list[tuple[datetime, datetime]], moment: datetime
) -> None:
    """However shifts and hand-overs lie: as many have the watch as by the pattern, or the one who replaces them."""
    window = {"zone": ROME, "since": at("2026-03-22T00:00"), "until": at("2026-04-05T00:00")}
    plain: list[Turn] = turns.between(pattern, [], **window)  # type: ignore[arg-type]
    handovers = [Handover(ADA, BEN, *sorted(span)) for span in spans if span[0] != span[1]]
    found: list[Turn] = turns.between(pattern, handovers, **window)  # type: ignore[arg-type]
    assert all(turn.begins < turn.ends for turn in found)
    assert found == sorted(found, key=lambda turn: (turn.begins, turn.person))
    by_pattern = {turn.person for turn in turns.at(plain, moment)}
    away = any(each.begins <= moment < each.ends for each in handovers)
    expected = {ADA if away and person == BEN else person for person in by_pattern}
    assert {turn.person for turn in turns.at(found, moment)} == expected
