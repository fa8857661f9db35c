"""Bad days, seen by the whole rule: clocks, late and doubled messages, floods, nothing and very much."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import time_machine
from by_hand import Says, readings
from conftest import MakesPosts
from django.db import connection, transaction
from ringing import Keeps

from octavo import flow
from octavo.alert import burst, counts, rules, watch
from octavo.alert.models import Alert, Count, RuleKind, Watch
from octavo.conversations import record as recorder
from octavo.conversations.models import Brand

NOW = datetime.fromisoformat("2026-03-12T15:00:30+00:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CALM = Says("question", sentiment="neutral", urgency=1)


def counted(
    brand: Brand, an_hour: Callable[[datetime], float], *, days: int = 9, until: datetime = NOW, keys: int = 1
) -> None:
    """A past of so many messages an hour, as chance has it, in the first `keys` of all, question, forum, English."""
    chance, rows = random.Random(3), []
    at = counts.bin_of(until - days * DAY)
    while at < counts.bin_of(until):
        mean = an_hour(at) / 12
        n = (
            max(0, round(chance.gauss(mean, mean**0.5)))
            if mean > 5
            else sum(chance.random() < mean / 10 for _ in range(10))
        )
        names = (counts.ALL, "register:question", "channel:forum", "language:en")[:keys]
        rows += [Count(brand=brand, key=key, at=at, n=n) for key in names if n]
        at += counts.BIN
    Count.objects.bulk_create(rows)


def by_day(at: datetime) -> float:
    return 30.0 if 7 <= at.hour <= 22 else 6.0


def live_through(brand: Brand, *, since: datetime, until: datetime, every: timedelta = HOUR) -> int:
    """Look every so often; how often it rang."""
    rang, at = 0, since
    while at <= until:
        with time_machine.travel(at, tick=False):
            rang += len(burst.step(brand.pk))
        at += every
    return rang


def test_a_brand_of_which_nobody_speaks_rings_nothing_and_its_first_words_neither(brand: Brand, kept: Keeps) -> None:
    assert live_through(brand, since=NOW - 2 * HOUR, until=NOW) == 0
    with time_machine.travel(NOW + HOUR, tick=False):
        for number in range(12):
            kept(f"Is there a shop in town number {number}?", says=CALM, by=f"p{number}")
        assert flow.look_around() == 0
    assert not Alert.objects.exists()


def test_midnight_and_the_end_of_a_month_are_hours_like_others(brand: Brand) -> None:
    midnight = datetime.fromisoformat("2026-04-01T00:00:25+00:00")
    counted(brand, lambda at: 20.0, until=midnight + 3 * HOUR)
    assert live_through(brand, since=midnight - 2 * HOUR, until=midnight + 2 * HOUR, every=timedelta(minutes=10)) == 0


@pytest.mark.parametrize("day", ["2026-03-29T04:00:25+00:00", "2026-10-25T04:00:25+00:00"])
def test_a_day_of_23_or_25_hours_does_not_ring(brand: Brand, day: str) -> None:
    """People get up an hour earlier or later by the clock of the counts, which knows no summer time."""
    change = datetime.fromisoformat(day)
    shift = HOUR if change.month == 3 else -HOUR

    def local(at: datetime) -> float:
        return by_day(at + shift if at >= change - 4 * HOUR else at)

    counted(brand, local, until=change + DAY)
    assert live_through(brand, since=change - 4 * HOUR, until=change + 22 * HOUR, every=2 * HOUR) == 0


def test_a_clock_that_jumps_ahead_and_comes_back_rings_nothing(brand: Brand) -> None:
    counted(brand, by_day)
    for moment in (NOW - 2 * HOUR, NOW + 20 * DAY, NOW - HOUR, NOW):
        with time_machine.travel(moment, tick=False):
            assert burst.step(brand.pk) == []
    assert Watch.objects.get(brand=brand).until == counts.bin_of(NOW)


def test_messages_that_come_twice_or_in_disorder_are_counted_once_in_their_own_time(
    brand: Brand, post: MakesPosts
) -> None:
    with time_machine.travel(NOW, tick=False):
        posts = [
            post(f"Where is parcel number {n}, please?", by=f"p{n}", created_at=NOW - timedelta(minutes=7 * n))
            for n in range(20)
        ]
        random.Random(1).shuffle(posts)
        for batch in (posts[:8], posts[4:], posts):
            recorder.make_room(batch)
            with transaction.atomic():
                watch.recorded(recorder.record(batch, readings(batch, CALM), brand=brand.pk).new)
        heard = counts.bins(brand.pk, since=NOW - DAY, until=NOW + DAY)
    assert sum(of[counts.ALL].n for _, of in heard) == 20
    assert [at for at, _ in heard] == sorted({counts.bin_of(each.created_at) for each in posts if each.created_at})


def test_a_late_burst_is_learnt_and_does_not_ring_when_its_time_is_past(brand: Brand, kept: Keeps) -> None:
    counted(brand, by_day)
    with time_machine.travel(NOW, tick=False):
        flow.look_around()
        for number in range(40):  # an hour ago, but only now
            kept(f"My parcel {number} vanished near Lyon on {number} March.", ago=HOUR, by=f"late {number}")
        assert burst.step(brand.pk) == []
    assert not Alert.objects.filter(rule__kind=RuleKind.BURST).exists()


def test_a_counter_that_starts_again_from_nothing_does_not_ring(brand: Brand) -> None:
    """A source was away for a day; the counts go on where they stopped."""
    counted(brand, lambda at: 0.0 if NOW - 2 * DAY < at < NOW - DAY else by_day(at))
    assert live_through(brand, since=NOW - 30 * HOUR, until=NOW, every=3 * HOUR) == 0


@pytest.mark.slow
def test_a_hundred_messages_a_second_are_ordinary_where_they_are_usual_and_looked_at_in_no_time(brand: Brand) -> None:
    counted(brand, lambda at: 360_000.0 * (1.2 if 7 <= at.hour <= 22 else 0.5), days=6, keys=4)
    rule = rules.of([brand.pk])[brand.pk, RuleKind.BURST]
    with time_machine.travel(NOW, tick=False):
        assert burst.step(brand.pk) == []
    found = burst.restored(Watch.objects.get(brand=brand), rule)
    assert found is not None and len(found.keys) == 2 * (len(burst.STANDARD) + 2)
    with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
        Count.objects.create(brand=brand, key=counts.ALL, at=counts.bin_of(NOW), n=36_000)
        assert burst.step(brand.pk) == []


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_look_that_breaks_after_it_rang_leaves_nothing_and_the_next_rings_once(brand: Brand, kept: Keeps) -> None:
    """What a kill does: the transaction in which a burst rings holds the alert, whom to tell and the detector's state."""
    counted(brand, by_day)
    with time_machine.travel(NOW, tick=False):
        for number in range(60):
            words = f"{chr(97 + number % 26) * 4} {chr(97 + number // 26) * 5}"
            ago = timedelta(minutes=1 + number % 30)
            kept(f"My basket broke near {words}, what now?", says=Says("complaint"), by=f"p{number}", ago=ago)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            assert burst.step(brand.pk)
            1 / 0  # noqa: B018
        assert not Alert.objects.exists() and not Watch.objects.filter(brand=brand).exists()
        assert len(burst.step(brand.pk)) == 1
        assert burst.step(brand.pk) == []
    assert Alert.objects.count() == 1 and connection.in_atomic_block is False
