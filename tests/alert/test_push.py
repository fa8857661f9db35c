"""Web push: devices of a person are told through a push service, which cannot read what it carries."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from pushing import Browser
from ringing import VALVE, Keeps
from telling import Called, put

from octavo.alert import deliver, passing, push, quiet_hours, ring, rules, summaries
from octavo.alert.models import Alert, Delivery, Device, PushKey, RuleKind, Summary
from octavo.conversations.models import Brand
from octavo.kit import clock, webpush
from octavo.people.models import Event, User


def registered(person: User, browser: Browser, endpoint: str) -> Device:
    given = browser.as_given(endpoint)
    return push.register(person, endpoint=endpoint, key=given["p256dh"], auth=given["auth"], name="Firefox, Linux")


def opened(brand: Brand, severity: int = 4, key: str = "all") -> Alert:
    rule = rules.of([brand.pk])[brand.pk, RuleKind.BURST]
    reason = {"kind": "burst", "key": key, "hour": 9, "usual_hour": 1, "once_in_days": 9}
    return ring.open_alert(rule, key, severity=severity, reason=reason, first_signal_at=clock.now())


def test_a_device_is_told_and_the_push_service_cannot_read_it(called: Called, user: User, kept: Keeps) -> None:
    browser = Browser()
    registered(user, browser, called.url)
    kept(VALVE)
    assert deliver.send_due() == 1
    [(headers, body)] = called.calls
    alert = Alert.objects.get()
    told = json.loads(browser.read(body))
    assert told["url"] == f"/alerts/{alert.pk}/" and "Tramonto" in told["title"] and "crisis sign" in told["body"]
    assert "choked" not in json.dumps(told)  # what people wrote stays in the house
    assert b"Tramonto" not in body
    assert headers["Content-Encoding"] == "aes128gcm" and headers["Urgency"] == "high" and int(headers["TTL"]) > 0
    assert headers["Topic"] == f"alert-{alert.pk}" and headers["Authorization"].startswith("vapid t=")
    assert headers["Authorization"].endswith(webpush.encode(push.public_key()))
    assert Delivery.objects.get().state == "sent" and Device.objects.get().told_at is not None


def test_each_device_has_its_own_severity_and_each_is_told_once(
    called: Called, brand: Brand, user: User, admin: User
) -> None:
    phone, desk = registered(user, Browser(), f"{called.url}/phone"), registered(user, Browser(), f"{called.url}/desk")
    registered(admin, Browser(), f"{called.url}/grace")
    Device.objects.filter(pk=phone.pk).update(least=5)
    opened(brand, 4)
    assert deliver.send_due() == 2 and deliver.send_due() == 0
    assert set(Delivery.objects.values_list("device", "person")) == {
        (desk.pk, user.pk),
        (Device.objects.get(person=admin).pk, admin.pk),
    }


@pytest.mark.parametrize("status", [404, 410])
def test_a_device_that_is_gone_is_removed_and_said_so(
    called: Called, brand: Brand, user: User, client: Client, status: int
) -> None:
    registered(user, Browser(), called.url)
    alert = opened(brand)
    called.status = status
    assert deliver.send_due() == 0
    delivery = Delivery.objects.get()
    assert not Device.objects.exists() and delivery.state == "failed" and "it was removed" in delivery.detail
    client.force_login(user)
    page = client.get(f"/alerts/{alert.pk}/").content.decode()
    assert "a device removed since" in page and "it was removed" in page and f"{delivery.pk}/again/" not in page
    opened(brand, 4, "negative")
    assert Delivery.objects.count() == 1


def test_a_push_service_that_is_ill_is_tried_again(called: Called, brand: Brand, user: User) -> None:
    registered(user, Browser(), called.url)
    opened(brand)
    called.status = 503
    assert deliver.send_due() == 0
    assert Delivery.objects.get().state == "waiting" and Device.objects.exists()
    called.status = 201
    Delivery.objects.update(next_at=clock.now())
    assert deliver.send_due() == 1


def test_a_device_removed_while_something_waits_for_it_is_no_trouble(called: Called, brand: Brand, user: User) -> None:
    device = registered(user, Browser(), called.url)
    opened(brand)
    push.remove(user, device)
    assert deliver.send_due() == 0
    assert (Delivery.objects.get().state, called.calls) == ("failed", [])


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://127.0.0.1:9/x",
        "https://169.254.169.254/latest",
        "https://[::1]/",
        "https://10.0.0.1/",
        "https://localhost/x",
    ],
)
def test_a_device_leads_nowhere_into_our_own_network(brand: Brand, user: User, endpoint: str) -> None:
    registered(user, Browser(), endpoint)
    opened(brand)
    assert deliver.send_due() == 0
    assert "may not be fetched from" in Delivery.objects.get().detail


def test_a_browser_is_added_listed_tried_and_removed_on_a_page(called: Called, user: User, client: Client) -> None:
    client.force_login(user)
    browser = Browser()
    given = browser.as_given(called.url)
    agent = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"
    for _ in range(2):  # the same browser again is the same device
        assert client.post("/alerts/told/devices/", given, headers={"User-Agent": agent}).status_code == 204
    device = Device.objects.get()
    assert b"SECRET" not in bytes(device.sealed) and device.person == user
    page = client.get("/alerts/told/").content.decode()
    assert "Firefox, Android" in page and device.digest in page and "SECRET" not in page
    assert webpush.encode(push.public_key()) in page
    said = client.post(f"/alerts/told/devices/{device.pk}/test/", follow=True).content.decode()
    assert "it should be there in a moment" in said
    assert "A test" in json.loads(browser.read(called.calls[-1][1]))["body"]
    client.post(f"/alerts/told/devices/{device.pk}/least/", {"least": "5"})
    assert client.post(f"/alerts/told/devices/{device.pk}/least/", {"least": "9"}).status_code == 400
    assert Device.objects.get().least == 5
    called.status = 410
    said = client.post(f"/alerts/told/devices/{device.pk}/test/", follow=True).content.decode()
    assert "It did not arrive" in said and not Device.objects.exists()
    assert Event.objects.filter(kind="alert device", action="added device").count() == 1


def test_nobody_reaches_anothers_device(called: Called, user: User, admin: User, client: Client) -> None:
    device = registered(admin, Browser(), called.url)
    client.force_login(user)
    for action in ("remove", "test", "least"):
        assert client.post(f"/alerts/told/devices/{device.pk}/{action}/", {"least": "1"}).status_code == 404
    assert "Firefox" not in client.get("/alerts/told/").content.decode() and Device.objects.exists()


def test_a_browser_that_changes_hands_tells_only_who_uses_it_now(called: Called, user: User, admin: User) -> None:
    browser = Browser()
    registered(admin, browser, called.url)
    registered(user, browser, called.url)
    assert Device.objects.get().person == user


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": ""},
        {"endpoint": "ftp://push.example.org/x"},
        {"endpoint": "http://push.example.org/x"},
        {"endpoint": "https://user:pass@push.example.org/x"},
        {"endpoint": "https://push.example.org/" + "x" * 3000},
        {"p256dh": "BAAA"},
        {"p256dh": "ä"},
        {"auth": "AAAA"},
    ],
)
def test_what_is_no_subscription_is_refused(user: User, client: Client, wrong: dict[str, str]) -> None:
    client.force_login(user)
    given = {**Browser().as_given("https://push.example.org/x"), **wrong}
    assert client.post("/alerts/told/devices/", given).status_code == 422
    assert not Device.objects.exists()


def test_our_key_is_made_once_kept_encrypted_and_made_anew_with_a_new_installation_key(
    settings: Any, brand: Brand, user: User
) -> None:
    first = push.public_key()
    assert push.public_key() == first and PushKey.objects.count() == 1
    registered(user, Browser(), "https://push.example.org/x")
    settings.SECRET_KEY = "another key of this installation, long enough"
    settings.SECRET_KEY_FALLBACKS = []
    assert push.public_key() != first and PushKey.objects.count() == 1
    opened(brand)
    deliver.send_due()
    assert "add the device again" in Delivery.objects.get().detail


def test_quiet_hours_and_floods_hold_for_devices_too(called: Called, brand: Brand, user: User) -> None:
    put_to_bed = datetime(2026, 3, 3, 22, 30, tzinfo=UTC)
    with time_machine.travel(put_to_bed, tick=False) as clock_:
        browser = Browser()
        registered(user, browser, called.url)
        quiet_hours.keep(user, begins=time(22), ends=time(7), least=4)
        for number in range(2):
            opened(brand, 3, f"register:{number}")
        assert deliver.send_due() == 0 and Summary.objects.get().channel == "push"
        for number in range(8):
            opened(brand, 4, f"channel:{number}")
        assert deliver.send_due() == summaries.MOST
        clock_.shift(summaries.GATHERED)
        assert deliver.send_due() == 1
        told = json.loads(browser.read(called.calls[-1][1]))
        assert told["title"] == "3 alerts, the worst 4 of 5" and told["url"] == "/alerts/"
        clock_.move_to(datetime(2026, 3, 4, 7, 0, tzinfo=UTC))
        deliver.send_due()
        assert json.loads(browser.read(called.calls[-1][1]))["title"].startswith("2 alerts")


def test_what_is_passed_on_reaches_every_device(called: Called, brand: Brand, admin: User, settings: Any) -> None:
    put(settings, mail_host="")
    device = registered(admin, Browser(), called.url)
    Device.objects.filter(pk=device.pk).update(least=5)
    opened(brand, 4)
    assert not Delivery.objects.exists()
    Alert.objects.update(pass_at=clock.now() - timedelta(seconds=1))
    passing.pass_due()
    assert deliver.send_due() == 1


def test_the_script_that_shows_it_is_served_to_everybody_and_from_its_own_place(client: Client) -> None:
    answer = client.get("/push-worker.js")
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "text/javascript"
    assert b"showNotification" in answer.content and "no-cache" in answer.headers["Cache-Control"]
