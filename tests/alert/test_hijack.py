"""A campaign is hijacked when more and more of its echo turns against it: more than chance does, and than is usual here."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from by_hand import Says
from ringing import Keeps

from octavo import flow
from octavo.alert import counts, echo, hijack, rules, simulate, words
from octavo.alert.counts import Heard
from octavo.alert.echo import History, Voices
from octavo.alert.models import Alert, Count, RuleKind
from octavo.conversations.models import Brand

NOW = datetime.fromisoformat("2026-03-12T15:00:30+00:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LOVE = Says("campaign_echo", sentiment="positive", campaign="Sunrise")
MOCK = Says("campaign_echo", sentiment="negative", campaign="Sunrise")
_WHO = ("granny", "neighbour", "boss", "dentist", "teacher", "plumber", "doctor", "cousin", "barber", "mayor")
_DID = ("laughed loudly", "fell asleep", "switched channel", "wrote a song", "made a meme", "shouted twice")


def said(number: int) -> str:
    return f"With that sunrise advert my {_WHO[number % 10]} {_DID[number // 10 % 6]} yesterday evening {'so' * (number % 7)}."


@pytest.fixture
def loved(brand: Brand) -> None:
    """Five days of a campaign that one in twenty did not like, of a brand that one in ten criticises."""
    at, rows, number = counts.bin_of(NOW - 5 * DAY), [], 0
    while at < counts.bin_of(NOW - HOUR):
        number += 1
        rows.append(Count(brand=brand, key="campaign:Sunrise", at=at, n=1))
        rows.append(Count(brand=brand, key=counts.ALL, at=at, n=1))
        if number % 20 == 0:
            rows.append(Count(brand=brand, key="against:Sunrise", at=at, n=1))
        if number % 10 == 0:
            rows.append(Count(brand=brand, key=counts.NEGATIVE, at=at, n=1))
        at += counts.BIN
    Count.objects.bulk_create(rows)


def test_a_campaign_whose_echo_turns_rings_once_with_its_share_and_what_is_usual(loved: None, kept: Keeps) -> None:
    with time_machine.travel(NOW, tick=False):
        for number in range(24):
            kept(said(number), says=MOCK if number % 2 else LOVE, ago=timedelta(minutes=2 * number), by=f"p{number}")
        flow.look_around()
        flow.look_around()
        [alert] = Alert.objects.filter(rule__kind=RuleKind.HIJACK)
        reason = words.reason(alert)
    figures = alert.reason
    assert (figures["campaign"], alert.chart, alert.rings) == ("Sunrise", "against:Sunrise", 1)
    assert 8 <= figures["against"] <= 12 and figures["usual"] <= 8 and figures["score"] > 4
    assert f"{figures['against']} of {figures['voices']} voices about the campaign “Sunrise”" in reason
    assert alert.members.count() == 12  # what turned, and nothing of what loved it
    assert 3 <= alert.severity <= 4


@pytest.mark.parametrize(("mocking", "authors"), [(3, 3), (60, 1)])
def test_two_or_three_who_mock_or_one_who_does_it_sixty_times_hijack_nothing(
    loved: None, kept: Keeps, brand: Brand, mocking: int, authors: int
) -> None:
    with time_machine.travel(NOW, tick=False):
        for number in range(mocking):
            kept(said(number), says=MOCK, by=f"p{number % authors}", ago=timedelta(minutes=5))
        assert hijack.look(brand.pk) == []
    assert not Alert.objects.filter(rule__kind=RuleKind.HIJACK).exists()


def test_a_campaign_of_a_brand_that_everybody_scolds_is_scolded_as_usual(kept: Keeps, brand: Brand) -> None:
    with time_machine.travel(NOW, tick=False):
        at = counts.bin_of(NOW - 3 * DAY)
        Count.objects.bulk_create(Count(brand=brand, key=key, at=at, n=200) for key in (counts.ALL, counts.NEGATIVE))
        for number in range(16):
            kept(said(number), says=MOCK if number % 3 else LOVE, by=f"p{number}", ago=timedelta(minutes=5))
        assert hijack.look(brand.pk) == []


def test_closed_it_stays_closed_for_a_day_and_its_past_can_be_tried(loved: None, kept: Keeps, brand: Brand) -> None:
    with time_machine.travel(NOW, tick=False):
        for number in range(12):
            kept(said(number), says=MOCK, by=f"p{number}", ago=timedelta(minutes=2 * number))
        [alert] = hijack.look(brand.pk)
        Alert.objects.filter(pk=alert.pk).update(state="closed", outcome="useful", closed_at=NOW)
        assert hijack.look(brand.pk) == []
    with time_machine.travel(NOW + 2 * DAY, tick=False):
        rule = rules.of([brand.pk])[brand.pk, RuleKind.HIJACK]
        [rang] = simulate.rule(rule, threshold=rule.threshold, settings={})
        assert rang.at.date() == NOW.date() and rang.what == "against Sunrise" and "sentiment=negative" in rang.href
        assert simulate.rule(rule, threshold=2000, settings={}) == []


def test_chance_is_that_of_a_beta_binomial() -> None:
    # By hand: two of two with a uniform belief is one in three; none is certain.
    assert 10 ** -echo.unlikely(2, 2, 1, 1) == pytest.approx(1 / 3)
    assert echo.unlikely(0, 5, 1, 1) == 0.0
    assert 10 ** -echo.unlikely(1, 1, 2, 6) == pytest.approx(0.25)


def test_a_past_however_long_leaves_room_for_waves() -> None:
    a, b = echo.belief(0.1, 100_000, 10_000)
    assert a + b == pytest.approx(echo.BRAND_WEIGHS + echo.PAST_WEIGHS) and a / (a + b) == pytest.approx(0.1)


def test_what_is_judged_knows_nothing_of_what_comes_after() -> None:
    def voices(hours: float, n: int, against: int) -> Voices:
        return Voices(NOW - HOUR * hours, Heard(n, n, plain=n), Heard(against, against, plain=against))

    past = [voices(hours, 10, 1) for hours in range(40, 5, -1)]
    before = History(past).judge(NOW - 5 * HOUR, brands_share=0.1)
    after = History([*past, voices(2, 500, 500)]).judge(NOW - 5 * HOUR, brands_share=0.1)
    assert before == after
