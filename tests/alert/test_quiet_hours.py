"""Quiet hours: what is not severe enough waits for their end and comes in one letter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from telling import Post, put, said

from octavo.alert import decide, deliver, quiet_hours, ring, rules, schedule
from octavo.alert.models import Alert, Delivery, MailWish, QuietHours, RuleKind, Summary
from octavo.conversations.models import Brand
from octavo.kit import clock
from octavo.people.models import User

NIGHT = datetime(2026, 3, 3, 22, 30, tzinfo=UTC)  # half past eleven in Rome
MORNING = datetime(2026, 3, 4, 6, 0, tzinfo=UTC)


@pytest.fixture
def at_night() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(NIGHT, tick=False) as clock:
        yield clock


@pytest.fixture
def resting(user: User) -> User:
    """Ada, who lives in Rome and wants every letter, but at night only of severity 4 or more."""
    user.time_zone = "Europe/Rome"
    user.save()
    MailWish.objects.create(person=user, least=1)
    quiet_hours.keep(user, begins=time(22), ends=time(7), least=4)
    return user


def opened(brand: Brand, severity: int, key: str = "all") -> Alert:
    rule = rules.of([brand.pk])[brand.pk, RuleKind.BURST]
    reason = {"kind": "burst", "key": key, "hour": 9, "usual_hour": 1, "once_in_days": 9}
    return ring.open_alert(rule, key, severity=severity, reason=reason, first_signal_at=clock.now())


def test_what_is_not_severe_enough_waits_for_the_morning_and_comes_in_one_letter(
    post_office: Post, brand: Brand, resting: User, at_night: time_machine.Coordinates, client: Client
) -> None:
    first, second = opened(brand, 2), opened(brand, 3, "negative")
    assert deliver.send_due() == 0 and not post_office.letters
    assert set(Delivery.objects.values_list("state", flat=True)) == {"summed"}
    assert Summary.objects.get().next_at == MORNING
    client.force_login(resting)
    page = client.get(f"/alerts/{first.pk}/").content.decode()
    assert "Held back by quiet hours" in page and f"in summary {Summary.objects.get().pk}" in page
    assert "2 messages are held back until" in client.get("/alerts/told/").content.decode()
    decide.take(resting, second.pk)
    at_night.move_to(MORNING)
    assert deliver.send_due() == 1
    [letter] = post_office.letters
    assert "2 alerts, the worst 3 of 5" in letter["Subject"]
    body = said(letter)
    assert f"/alerts/{first.pk}/" in body and f"/alerts/{second.pk}/" in body and "Ada has it" in body
    assert deliver.send_due() == 0 and Summary.objects.get().state == "sent"
    assert "Sent" in client.get(f"/alerts/{first.pk}/").content.decode()


def test_what_is_severe_enough_comes_at_once(
    post_office: Post, brand: Brand, resting: User, at_night: time_machine.Coordinates
) -> None:
    opened(brand, 4)
    assert deliver.send_due() == 1 and len(post_office.letters) == 1


def test_what_becomes_severe_enough_comes_at_once_too(
    post_office: Post, brand: Brand, resting: User, at_night: time_machine.Coordinates
) -> None:
    alert = opened(brand, 3)
    deliver.send_due()
    ring.grow(alert, severity=4, reason=alert.reason)
    assert deliver.send_due() == 1 and len(post_office.letters) == 1


def test_by_day_nothing_waits(post_office: Post, brand: Brand, resting: User) -> None:
    with time_machine.travel(MORNING, tick=False):
        opened(brand, 1)
        assert deliver.send_due() == 1


def test_whoever_has_the_watch_is_told_at_night(
    post_office: Post, brand: Brand, resting: User, admin: User, at_night: time_machine.Coordinates
) -> None:
    schedule.add_shift(admin, brand, resting, days=list(range(7)), begins=time(0), ends=time(0))
    opened(brand, 3)
    assert deliver.send_due() == 1 and post_office.to == ["ada@example.org"]


@pytest.mark.parametrize(
    ("begins", "ends", "due"),
    [
        (time(22), time(9), datetime(2026, 3, 4, 8, 0, tzinfo=UTC)),
        (time(0), time(7), NIGHT),
        (None, None, NIGHT),
    ],
)
def test_what_is_held_back_follows_when_quiet_hours_are_changed(
    post_office: Post, brand: Brand, resting: User, at_night: Any, begins: time, ends: time, due: datetime
) -> None:
    opened(brand, 2)
    deliver.send_due()
    if begins is None:
        quiet_hours.end(resting)
    else:
        quiet_hours.keep(resting, begins=begins, ends=ends, least=4)
    assert Summary.objects.get().next_at == due


def test_a_summary_that_fails_is_tried_again_shown_and_sent_by_hand(
    post_office: Post, brand: Brand, resting: User, at_night: time_machine.Coordinates, client: Client
) -> None:
    alert = opened(brand, 2)
    deliver.send_due()
    post_office.answer = "451 later"
    at_night.move_to(MORNING)
    assert deliver.send_due() == 0
    summary = Summary.objects.get()
    assert (summary.state, summary.attempts) == ("waiting", 1) and summary.next_at == MORNING + timedelta(seconds=20)
    opened(brand, 2, "negative")  # joins no summary that is under way
    assert Delivery.objects.filter(summary=summary).count() == 1
    post_office.answer = "554 never"
    at_night.shift(timedelta(minutes=1))
    deliver.send_due()
    client.force_login(resting)
    assert "could not be delivered" in client.get("/alerts/").content.decode()
    assert "the mail server answered 554" in client.get(f"/alerts/{alert.pk}/").content.decode()
    post_office.answer = ""
    number = Delivery.objects.get(alert=alert).pk
    assert client.post(f"/alerts/deliveries/{number}/again/").status_code == 302
    assert deliver.send_due() == 1
    assert client.post(f"/alerts/deliveries/{number}/again/").status_code == 404


def test_a_summary_of_what_is_gone_is_not_sent(
    post_office: Post, brand: Brand, resting: User, admin: User, at_night: time_machine.Coordinates
) -> None:
    from octavo.conversations import erase

    opened(brand, 2)
    deliver.send_due()
    erase.brand(admin, brand)
    at_night.move_to(MORNING)
    deliver.send_due()
    assert not post_office.letters


def test_quiet_hours_are_set_and_ended_on_a_page(client: Client, user: User) -> None:
    client.force_login(user)
    given = {"begins": "22:00", "ends": "07:00", "least": "4"}
    assert client.post("/alerts/told/quiet/", given).status_code == 302
    assert QuietHours.objects.get().least == 4
    for wrong in ({"ends": "22:00"}, {"begins": "night"}, {"least": "1"}, {"least": "9"}):
        assert client.post("/alerts/told/quiet/", {**given, **wrong}).status_code == 422
    client.post("/alerts/told/quiet/end/")
    assert not QuietHours.objects.exists()


def test_a_letter_says_times_where_its_reader_is(post_office: Post, brand: Brand, resting: User, settings: Any) -> None:
    put(settings, public_url="https://octavo.example.org")
    rule = rules.of([brand.pk])[brand.pk, RuleKind.SOURCE]
    reason = {"kind": "source", "what": "failing", "name": "Forum", "since": "2026-03-04T06:00:00+00:00"}
    ring.open_alert(rule, "source:1", severity=4, reason=reason, first_signal_at=clock.now())
    deliver.send_due()
    assert "since 4 Mar 2026, 07:00" in said(post_office.letters[0])
