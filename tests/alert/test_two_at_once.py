"""Several people and processes at the same alert: each thing happens once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from by_hand import readings
from conftest import MakesPosts
from django.db import IntegrityError, connection, transaction
from ringing import GRAVE, VALVE
from telling import put

from octavo.alert import decide, deliver, lessons, passing, quiet_hours, ring, rules, watch
from octavo.alert.models import Alert, AlertEvent, Delivery, Rule, RuleKind, Summary
from octavo.conversations import record as recorder
from octavo.conversations.models import Brand
from octavo.kit import clock
from octavo.people.models import User

pytestmark = pytest.mark.django_db(transaction=True)

T = TypeVar("T")
PATIENCE = 30.0


def at_once(*calls: Callable[[], T]) -> list[T]:
    """What the calls gave, begun together, each with a connection of its own. Raises what they raised."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        try:
            gate.wait(PATIENCE)
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(PATIENCE) for future in [pool.submit(run, call) for call in calls]]


def receive(brand: Brand, post: MakesPosts, text: str) -> Callable[[], int]:
    said = post(text, by=text[-6:], created_at=clock.now())
    recorder.make_room([said])

    def go() -> int:
        with transaction.atomic():
            recorded = recorder.record([said], readings([said], GRAVE), brand=brand.pk)
            return len(watch.recorded(recorded.new))

    return go


def test_messages_of_one_story_that_come_at_the_same_moment_are_one_alert(brand: Brand, post: MakesPosts) -> None:
    at_once(*(receive(brand, post, f"{VALVE} I am parent {n}.") for n in range(6)))
    alert = Alert.objects.get()
    assert alert.members.count() == 6 and Rule.objects.filter(kind=RuleKind.GRAVE).count() == 1


def test_the_second_reading_beside_the_first_rings_once(brand: Brand, post: MakesPosts) -> None:
    said = post(VALVE, created_at=clock.now())
    recorder.make_room([said])
    recorded = recorder.record([said], readings([said], GRAVE), brand=brand.pk)

    def again() -> int:
        with transaction.atomic():
            return len(watch.read(recorded.new))

    assert sorted(at_once(again, again, again, again)) == [0, 0, 0, 1]
    assert AlertEvent.objects.filter(action="rang").count() == 1


def test_two_people_who_take_an_alert_at_the_same_moment_do_not_both_have_it(
    brand: Brand, post: MakesPosts, user: User, admin: User
) -> None:
    receive(brand, post, VALVE)()
    number = Alert.objects.get().pk

    def take(who: User) -> Callable[[], str]:
        def go() -> str:
            try:
                decide.take(who, number)
            except decide.TooLate as late:
                assert late.alert.owner is not None
                return f"{late.alert.owner} has it"
            return f"{who} took it"

        return go

    said = set(at_once(take(user), take(admin)))
    assert said in ({"Ada took it", "Ada has it"}, {"Grace took it", "Grace has it"})
    assert AlertEvent.objects.filter(action="took").count() == 1


def test_the_database_itself_lets_only_one_alert_stand_for_a_rule_and_key(brand: Brand) -> None:
    rule = rules.of([brand.pk])[brand.pk, RuleKind.BURST]

    def open_one() -> str:
        try:
            ring.open_alert(rule, "all", severity=3, reason={"kind": "burst"}, first_signal_at=clock.now())
        except IntegrityError:
            return "refused"
        return "opened"

    assert sorted(at_once(open_one, open_one, open_one)) == ["opened", "refused", "refused"]
    Alert.objects.update(state="closed", closed_at=clock.now())
    assert open_one() == "opened"


def test_two_workers_pass_each_alert_on_once(brand: Brand, admin: User, settings: Any) -> None:
    put(settings, mail_host="127.0.0.1", mail_port=9)
    for number in range(8):
        rule = rules.of([brand.pk])[brand.pk, RuleKind.BURST]
        reason = {"kind": "burst", "key": "all", "hour": 9, "usual_hour": 1, "once_in_days": 9}
        ring.open_alert(rule, f"all {number}", severity=4, reason=reason, first_signal_at=clock.now())
    Alert.objects.update(pass_at=clock.now())
    assert sum(at_once(passing.pass_due, passing.pass_due, passing.pass_due)) == 8
    assert AlertEvent.objects.filter(action="passed").count() == 8 == Delivery.objects.filter(step__gt=0).count()


def test_two_workers_gather_what_quiet_hours_hold_back_in_one_summary(brand: Brand, user: User, settings: Any) -> None:
    put(settings, mail_host="127.0.0.1", mail_port=9)
    local = (clock.now() - timedelta(hours=1)).time()
    quiet_hours.keep(user, begins=local, ends=(clock.now() + timedelta(hours=2)).time(), least=5)
    for number in range(8):
        rule = rules.of([brand.pk])[brand.pk, RuleKind.BURST]
        reason = {"kind": "burst", "key": "all", "hour": 9, "usual_hour": 1, "once_in_days": 9}
        ring.open_alert(rule, f"all {number}", severity=4, reason=reason, first_signal_at=clock.now())
    at_once(deliver.send_due, deliver.send_due, deliver.send_due)
    assert Summary.objects.count() == 1 and Delivery.objects.filter(summary=Summary.objects.get()).count() == 8


def test_what_false_alarms_teach_waits_for_no_message_that_comes_in(brand: Brand) -> None:
    rules.of([brand.pk])

    def learn() -> bool:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '2s'")
                lessons.learn(brand.pk)
            return True
        finally:
            connection.close()

    with transaction.atomic(), connection.cursor() as cursor, ThreadPoolExecutor(1) as pool:
        cursor.execute(
            "SELECT FROM conversations_brand WHERE id = %s FOR KEY SHARE", [brand.pk]
        )  # as the recorder does
        assert pool.submit(learn).result(PATIENCE)
