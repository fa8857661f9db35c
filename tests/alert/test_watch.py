"""The watch of a brand: who is told, and the page on which it is planned."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from ringing import VALVE, Keeps

from octavo.alert import ring, rota, rules, schedule
from octavo.alert.models import Alert, Delivery, Handover, RuleKind, Shift
from octavo.conversations.models import Brand
from octavo.kit import clock
from octavo.people.models import Event, User

TUESDAY = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
ALL_DAYS = list(range(7))


@pytest.fixture(autouse=True)
def mail(settings: Any) -> None:
    settings.OCTAVO_OPTIONS = settings.OCTAVO_OPTIONS.model_copy(update={"mail_host": "127.0.0.1", "mail_port": 9})


@pytest.fixture
def ben(db: None) -> User:
    return User.objects.create_user("ben@example.org", name="Ben")


def opened(brand: Brand, severity: int = 4) -> Alert:
    rule = rules.of([brand.pk])[brand.pk, RuleKind.BURST]
    said = {"kind": "burst", "key": "all", "hour": 9, "usual_hour": 1, "once_in_days": 9}
    return ring.open_alert(rule, f"all {severity}", severity=severity, reason=said, first_signal_at=clock.now())


def told() -> set[str]:
    return {delivery.person.name for delivery in Delivery.objects.select_related("person") if delivery.person}


def test_whoever_has_the_watch_is_told_and_nobody_else(brand: Brand, admin: User, user: User, ben: User) -> None:
    schedule.add_shift(admin, brand, user, days=ALL_DAYS, begins=time(9), ends=time(18))
    schedule.add_shift(admin, brand, ben, days=ALL_DAYS, begins=time(18), ends=time(9))
    with time_machine.travel(TUESDAY, tick=False):
        opened(brand, 3)  # below what people get who have not got the watch
        assert told() == {"Ada"}
    with time_machine.travel(TUESDAY + timedelta(hours=9), tick=False):
        opened(brand, 4)
        assert told() == {"Ada", "Ben"}


def test_an_alert_for_everybody_and_a_gap_in_the_rota_reach_everybody(
    brand: Brand, admin: User, user: User, ben: User
) -> None:
    schedule.add_shift(admin, brand, user, days=ALL_DAYS, begins=time(9), ends=time(18))
    with time_machine.travel(TUESDAY, tick=False):
        opened(brand, 5)
        assert told() == {"Ada", "Ben", "Grace"}
    Delivery.objects.all().delete()
    with time_machine.travel(TUESDAY + timedelta(hours=12), tick=False):
        opened(brand, 4)
        assert told() == {"Ada", "Ben", "Grace"}


def test_without_a_rota_everybody_is_told_as_ever(brand: Brand, admin: User, user: User, ben: User) -> None:
    opened(brand, 4)
    assert told() == {"Ada", "Ben", "Grace"}


def test_the_watch_of_somebody_who_left_is_everybodys_unless_somebody_stands_in(
    brand: Brand, admin: User, user: User, ben: User
) -> None:
    schedule.add_shift(admin, brand, ben, days=ALL_DAYS, begins=time(0), ends=time(0))
    ben.is_active = False
    ben.save()
    assert rota.watchers(brand, clock.now()) == []
    opened(brand, 4)
    assert told() == {"Ada", "Grace"}
    schedule.hand_over(admin, brand, user, away=ben, begins=clock.now(), ends=clock.now() + timedelta(days=2))
    assert rota.watchers(brand, clock.now()) == [user.pk]


def test_the_pages_say_who_has_the_watch_and_who_is_next(
    client: Client, brand: Brand, admin: User, user: User, ben: User, kept: Keeps
) -> None:
    schedule.add_shift(admin, brand, user, days=ALL_DAYS, begins=time(9), ends=time(18))
    schedule.add_shift(admin, brand, ben, days=ALL_DAYS, begins=time(18), ends=time(9))
    with time_machine.travel(TUESDAY, tick=False):
        kept(VALVE)
        client.force_login(user)
        for address in ("/", "/alerts/", f"/alerts/watch/{brand.slug}/"):
            said = " ".join(client.get(address).content.decode().split())
            assert "Now: Ada. Next: Ben at 18:00" in said, address
        schedule.hand_over(user, brand, admin, away=user, begins=clock.now(), ends=clock.now() + timedelta(hours=2))
        assert "Now: Grace. Next: Ada at 12:00" in client.get("/alerts/").content.decode()
        week = client.get(f"/alerts/watch/{brand.slug}/").content.decode()
        assert "instead of Ada" in week and "10:00–12:00" in week


def test_the_pattern_is_an_administrators_and_a_hand_over_anybodys(
    client: Client, brand: Brand, admin: User, user: User, ben: User
) -> None:
    line = {"person": str(user.pk), "days": ["0", "1", "4"], "begins": "22:00", "ends": "06:00"}
    client.force_login(user)
    assert client.post(f"/alerts/watch/{brand.slug}/shifts/", line).status_code == 403
    ends = f"{clock.now() + timedelta(days=1):%Y-%m-%dT%H:%M}"
    over = {"person": str(ben.pk), "away": "", "begins": "", "ends": ends}
    assert client.post(f"/alerts/watch/{brand.slug}/handovers/", over).status_code == 302
    assert rota.watchers(brand, clock.now()) == [ben.pk]
    client.post(f"/alerts/handovers/{Handover.objects.get().pk}/remove/")
    assert rota.watchers(brand, clock.now()) == [] and not Handover.objects.exists()
    client.force_login(admin)
    assert client.post(f"/alerts/watch/{brand.slug}/shifts/", line).status_code == 302
    said = client.get(f"/alerts/watch/{brand.slug}/").content.decode()
    assert "Mon, Tue, Fri" in said and "22:00–06:00" in said
    assert Event.objects.filter(kind="alert rota", action="added shift", object_id=brand.pk).exists()
    client.post(f"/alerts/shifts/{Shift.objects.get().pk}/remove/")
    assert not Shift.objects.exists()


def test_what_was_removed_from_a_rota_comes_back(
    client: Client, brand: Brand, admin: User, user: User, ben: User
) -> None:
    shift = schedule.add_shift(admin, brand, ben, days=[0, 3], begins=time(22), ends=time(6))
    now = clock.now().replace(microsecond=0)
    handover = schedule.hand_over(admin, brand, ben, away=user, begins=now, ends=now + timedelta(hours=2))
    before = list(Shift.objects.values()), list(Handover.objects.values())
    client.force_login(admin)
    for address in (f"/alerts/shifts/{shift.pk}/remove/", f"/alerts/handovers/{handover.pk}/remove/"):
        page = client.post(address, follow=True).content.decode()
        token = re.search(r'action="/alerts/undo/line/".*?name="before" value="([^"]+)"', page, re.S)
        assert token is not None and (list(Shift.objects.values()), list(Handover.objects.values())) != before
        for _ in range(2):  # pressed twice, it is there once
            client.post("/alerts/undo/line/", {"before": token[1]})
            assert (list(Shift.objects.values()), list(Handover.objects.values())) == before

    client.post(f"/alerts/shifts/{shift.pk}/remove/")
    token = re.search(r'name="before" value="([^"]+)"', client.get(f"/alerts/watch/{brand.slug}/").content.decode())
    assert token is not None
    client.force_login(user)
    assert "Too late" in client.post("/alerts/undo/line/", {"before": token[1]}, follow=True).content.decode()
    client.force_login(admin)
    User.objects.filter(pk=admin.pk).update(is_admin=False)  # who plans no more puts nothing back
    assert "Too late" in client.post("/alerts/undo/line/", {"before": token[1]}, follow=True).content.decode()
    User.objects.filter(pk=admin.pk).update(is_admin=True)
    User.objects.filter(pk=ben.pk).update(is_active=False)
    assert "Too late" in client.post("/alerts/undo/line/", {"before": token[1]}, follow=True).content.decode()
    assert not Shift.objects.exists()


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"days": []}, "This field is required"),
        ({"days": ["9"]}, "Select a valid choice"),
        ({"begins": "25:00"}, "Enter a valid time"),
        ({"person": "999999"}, "Select a valid choice"),
    ],
)
def test_a_line_that_cannot_be_is_refused_with_the_reason(
    client: Client, brand: Brand, admin: User, given: dict[str, Any], complaint: str
) -> None:
    client.force_login(admin)
    line = {"person": str(admin.pk), "days": ["0"], "begins": "09:00", "ends": "18:00", **given}
    answer = client.post(f"/alerts/watch/{brand.slug}/shifts/", line)
    assert answer.status_code == 422 and complaint in answer.content.decode()
    assert not Shift.objects.exists()


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"ends": "2020-01-01T09:00"}, "within a year"),
        ({"ends": "2099-01-01T09:00"}, "within a year"),
        ({"ends": "yesterday"}, "Enter a valid date/time"),
        ({"away": "same"}, "Nobody stands in for themselves"),
    ],
)
def test_a_hand_over_that_cannot_be_is_refused_with_the_reason(
    client: Client, brand: Brand, user: User, given: dict[str, str], complaint: str
) -> None:
    client.force_login(user)
    ends = f"{clock.now() + timedelta(days=1):%Y-%m-%dT%H:%M}"
    over = {"person": str(user.pk), "away": "", "begins": "", "ends": ends, **given}
    over["away"] = str(user.pk) if over["away"] == "same" else over["away"]
    answer = client.post(f"/alerts/watch/{brand.slug}/handovers/", over)
    assert answer.status_code == 422 and complaint in answer.content.decode()
    assert not Handover.objects.exists()


def test_times_are_those_of_the_rotas_own_wall(client: Client, brand: Brand, admin: User, user: User) -> None:
    client.force_login(admin)
    assert client.post(f"/alerts/watch/{brand.slug}/zone/", {"zone": "Europe/Nowhere"}).status_code == 422
    client.post(f"/alerts/watch/{brand.slug}/zone/", {"zone": "Europe/Rome"})
    schedule.add_shift(admin, brand, user, days=ALL_DAYS, begins=time(9), ends=time(18))
    assert rota.watchers(brand, datetime(2026, 3, 3, 8, 30, tzinfo=UTC)) == [user.pk]  # half past nine in Rome
    assert rota.watchers(brand, datetime(2026, 3, 3, 17, 30, tzinfo=UTC)) == []
    assert rota.watchers(brand, datetime(2026, 7, 7, 7, 30, tzinfo=UTC)) == [user.pk]  # in summer too
