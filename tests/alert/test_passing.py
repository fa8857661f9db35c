"""Passing on: an alert nobody acknowledges in time goes to the next on the rota, then to the administrators."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from telling import Post, put, said

from octavo.alert import decide, deliver, passing, ring, rules, schedule
from octavo.alert.models import Alert, AlertEvent, Delivery, MailWish, RuleKind
from octavo.conversations.models import Brand
from octavo.kit import clock
from octavo.people.models import User

TUESDAY = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
ALL_DAYS = list(range(7))


@pytest.fixture
def time_passes() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(TUESDAY, tick=False) as clock:
        yield clock


@pytest.fixture
def ben(db: None) -> User:
    return User.objects.create_user("ben@example.org", name="Ben")


@pytest.fixture
def planned(brand: Brand, admin: User, user: User, ben: User) -> None:
    """Ada has the watch by day, Ben by night; Grace administers."""
    schedule.add_shift(admin, brand, user, days=ALL_DAYS, begins=time(9), ends=time(18))
    schedule.add_shift(admin, brand, ben, days=ALL_DAYS, begins=time(18), ends=time(9))


def opened(brand: Brand, severity: int = 4, key: str = "all") -> Alert:
    rule = rules.of([brand.pk])[brand.pk, RuleKind.BURST]
    reason = {"kind": "burst", "key": key, "hour": 9, "usual_hour": 1, "once_in_days": 9}
    return ring.open_alert(rule, key, severity=severity, reason=reason, first_signal_at=clock.now())


def steps() -> list[list[int]]:
    return [event.detail["to"] for event in AlertEvent.objects.filter(action="passed")]


def test_it_goes_to_the_next_on_the_rota_then_to_the_administrators_and_no_further(
    post_office: Post, brand: Brand, planned: None, user: User, ben: User, admin: User, time_passes: Any, client: Client
) -> None:
    alert = opened(brand)
    deliver.send_due()
    time_passes.shift(timedelta(minutes=9))
    assert passing.pass_due() == 0
    time_passes.shift(timedelta(minutes=1))
    assert passing.pass_due() == 1 and passing.pass_due() == 0  # safe to repeat
    client.force_login(user)
    page = client.get(f"/alerts/{alert.pk}/").content.decode()
    assert "passed it on to Ben after 10 min" in page and "Is passed on" in page
    deliver.send_due()
    assert post_office.to == ["ada@example.org", "ben@example.org"]
    assert "Nobody has acknowledged it for 10 min: it is passed on to you." in said(post_office.letters[1])
    time_passes.shift(timedelta(minutes=10))
    assert passing.pass_due() == 1
    deliver.send_due()
    assert post_office.to[2:] == ["grace@example.org"]
    time_passes.shift(timedelta(days=1))
    assert passing.pass_due() == 0 and steps() == [[ben.pk], [admin.pk]]
    assert "Is passed on" not in client.get(f"/alerts/{alert.pk}/").content.decode()


@pytest.mark.parametrize("decision", ["acknowledge", "take", "snooze", "close"])
def test_whatever_a_person_decides_stops_it(
    brand: Brand, planned: None, user: User, time_passes: Any, decision: str
) -> None:
    alert = opened(brand)
    match decision:
        case "snooze":
            decide.snooze(user, alert.pk, until=clock.now() + timedelta(hours=5))
        case "close":
            decide.close(user, alert.pk, Alert.Outcome.USEFUL)
        case _:
            getattr(decide, decision)(user, alert.pk)
    time_passes.shift(timedelta(hours=1))
    assert passing.pass_due() == 0 and not steps()


def test_what_is_undone_opened_again_or_woken_has_its_time_anew(
    brand: Brand, planned: None, user: User, time_passes: Any
) -> None:
    alert = opened(brand)
    time_passes.shift(timedelta(minutes=9))
    before = decide.acknowledge(user, alert.pk)
    time_passes.shift(timedelta(minutes=2))
    decide.undo(user, before)
    assert passing.pass_due() == 0
    decide.snooze(user, alert.pk, until=clock.now() + timedelta(minutes=30))
    time_passes.shift(timedelta(minutes=31))
    decide.wake_snoozed()
    assert passing.pass_due() == 0
    time_passes.shift(timedelta(minutes=10))
    assert passing.pass_due() == 1


def test_what_becomes_more_severe_begins_anew_with_whoever_has_the_watch(
    brand: Brand, planned: None, user: User, ben: User, admin: User, time_passes: Any
) -> None:
    alert = opened(brand, 3)
    time_passes.shift(timedelta(minutes=30))
    assert passing.pass_due() == 1
    alert.refresh_from_db()
    ring.grow(alert, severity=4, reason=alert.reason)
    time_passes.shift(timedelta(minutes=10))
    assert passing.pass_due() == 1 and steps() == [[ben.pk], [ben.pk]]


def test_more_messages_do_not_put_it_off(brand: Brand, planned: None, time_passes: Any) -> None:
    stale = opened(brand)
    time_passes.shift(timedelta(minutes=10))
    passing.pass_due()
    ring.grow(stale, severity=4, reason=stale.reason)  # read before it was passed on
    assert passing.pass_due() == 0 and Alert.objects.get().passed == 1


def test_without_a_rota_the_administrators_are_reminded(
    post_office: Post, brand: Brand, user: User, admin: User, time_passes: Any
) -> None:
    opened(brand)
    deliver.send_due()
    time_passes.shift(timedelta(minutes=10))
    passing.pass_due()
    deliver.send_due()
    assert sorted(post_office.to) == ["ada@example.org", "grace@example.org", "grace@example.org"]
    time_passes.shift(timedelta(hours=2))
    assert passing.pass_due() == 0


def test_whoever_has_come_on_watch_meanwhile_is_the_next(
    brand: Brand, planned: None, ben: User, time_passes: Any
) -> None:
    time_passes.move_to(TUESDAY.replace(hour=17, minute=55))
    opened(brand)
    time_passes.shift(timedelta(minutes=10))
    passing.pass_due()
    assert steps() == [[ben.pk]]


def test_one_person_for_everything_is_not_told_twice(brand: Brand, admin: User, time_passes: Any) -> None:
    schedule.add_shift(admin, brand, admin, days=ALL_DAYS, begins=time(0), ends=time(0))
    opened(brand)
    time_passes.shift(timedelta(minutes=10))
    assert passing.pass_due() == 0 and not steps() and Alert.objects.get().pass_at is None


def test_who_never_wants_letters_gets_none_but_it_is_passed_to_them(
    post_office: Post, brand: Brand, planned: None, ben: User, time_passes: Any
) -> None:
    MailWish.objects.create(person=ben, least=deliver.NEVER)
    opened(brand)
    deliver.send_due()
    time_passes.shift(timedelta(minutes=10))
    passing.pass_due()
    assert steps() == [[ben.pk]] and deliver.send_due() == 0


def test_after_how_long_is_an_administrators_choice(
    client: Client, brand: Brand, admin: User, user: User, time_passes: Any
) -> None:
    given = {"after_5": "2", "after_4": "0", "after_3": "15", "after_2": "60", "after_1": "0"}
    client.force_login(user)
    assert client.post(f"/alerts/watch/{brand.slug}/passing/", given).status_code == 403
    assert "Severity 4: after 10 minutes" in client.get(f"/alerts/watch/{brand.slug}/").content.decode()
    client.force_login(admin)
    for wrong in ("-1", "1441", "soon", ""):
        assert client.post(f"/alerts/watch/{brand.slug}/passing/", {**given, "after_5": wrong}).status_code == 422
    assert client.post(f"/alerts/watch/{brand.slug}/passing/", given).status_code == 302
    assert opened(brand, 4).pass_at is None
    assert opened(brand, 2, "negative").pass_at == TUESDAY + timedelta(minutes=60)


def test_the_invented_story_of_the_demo_brand_is_passed_to_nobody(admin: User, settings: Any) -> None:
    put(settings, mail_host="127.0.0.1")
    demo = Brand.objects.create(name="Sorsella", slug="sorsella-demo", is_demo=True)
    assert opened(demo).pass_at is None and not Delivery.objects.exists()
