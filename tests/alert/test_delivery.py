"""Alerts are delivered: real mail by SMTP, signed calls by HTTP, again where it failed, and once."""

from __future__ import annotations

import contextlib
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from ringing import VALVE, Keeps
from telling import Called, Post, due_now, free_port, put

from octavo.alert import deliver, hooks, ring, rules
from octavo.alert.models import Alert, Delivery, Hook, MailWish, RuleKind
from octavo.channels.webhook import verify
from octavo.conversations.models import Brand
from octavo.kit import clock
from octavo.people.models import User


def hook(brand: Brand, admin: User, url: str, kind: str = "plain", least: int = 1) -> tuple[Hook, str]:
    return hooks.create(admin, brand, name=f"{kind} {least}", kind=Hook.Kind(kind), url=url, least=least)


def test_a_letter_reaches_those_who_want_it_with_the_reason_and_the_way(
    post_office: Post, user: User, admin: User, kept: Keeps
) -> None:
    MailWish.objects.create(person=admin, least=deliver.NEVER)
    kept(VALVE)
    alert = Alert.objects.get()
    assert deliver.send_due() == 1
    [letter] = post_office.letters
    assert post_office.to == ["ada@example.org"] and letter["From"] == "octavo@example.org"
    said = letter.get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert "Tramonto" in letter["Subject"] and "carries a crisis sign" in said and f"/alerts/{alert.pk}/" in said
    assert "choked" not in said  # what people wrote stays in the house
    assert deliver.send_due() == 0 and len(post_office.letters) == 1
    assert Delivery.objects.get().state == "sent"


def test_a_letter_is_written_in_the_readers_language(post_office: Post, user: User, kept: Keeps) -> None:
    user.language = "fr"
    user.save()
    kept(VALVE)
    deliver.send_due()
    assert "signe de crise" in post_office.letters[0].get_payload(decode=True).decode()  # type: ignore[union-attr]


def test_nobody_gets_a_letter_below_the_severity_they_chose(post_office: Post, user: User, brand: Brand) -> None:
    rule = rules.of([brand.pk])[brand.pk, RuleKind.BURST]
    said = {"kind": "burst", "key": "all", "hour": 9, "usual_hour": 1, "once_in_days": 9}
    ring.open_alert(rule, "all", severity=2, reason=said, first_signal_at=clock.now())
    assert not Delivery.objects.exists()
    MailWish.objects.create(person=user, least=1)
    ring.open_alert(rule, "negative", severity=1, reason=said, first_signal_at=clock.now())
    assert Delivery.objects.get().person == user


def test_of_the_demo_brand_nobody_gets_a_letter(post_office: Post, user: User, kept: Keeps) -> None:
    kept(VALVE, of=Brand.objects.create(name="Sorsella", slug="sorsella-demo", is_demo=True))
    assert Alert.objects.exists() and not Delivery.objects.exists()


def test_without_a_mail_server_nothing_waits_in_vain(user: User, kept: Keeps) -> None:
    kept(VALVE)
    assert Alert.objects.exists() and not Delivery.objects.exists()


def test_what_fails_is_tried_again_and_its_failure_is_shown(
    post_office: Post, user: User, kept: Keeps, client: Client
) -> None:
    post_office.answer = "451 try later"
    kept(VALVE)
    assert deliver.send_due() == 0
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.detail) == ("waiting", 1, "the mail server answered 451")
    assert delivery.next_at is not None and delivery.next_at > clock.now()
    assert deliver.send_due() == 0 and Delivery.objects.get().attempts == 1  # not before its time
    client.force_login(user)
    assert "the mail server answered 451" in client.get(f"/alerts/{delivery.alert_id}/").content.decode()
    post_office.answer = ""
    due_now()
    assert deliver.send_due() == 1 and len(post_office.letters) == 1


def test_what_cannot_be_delivered_is_given_up_said_so_and_can_be_sent_again_by_hand(
    post_office: Post, user: User, kept: Keeps, client: Client
) -> None:
    post_office.answer = "554 never"
    kept(VALVE)
    deliver.send_due()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.next_at) == ("failed", None)
    client.force_login(user)
    assert "could not be delivered" in client.get("/alerts/").content.decode()
    post_office.answer = ""
    assert client.post(f"/alerts/deliveries/{delivery.pk}/again/").status_code == 302
    assert deliver.send_due() == 1


def test_a_mail_server_that_is_not_there_is_tried_with_growing_pauses_and_then_given_up(
    settings: Any, user: User, kept: Keeps
) -> None:
    put(settings, mail_host="127.0.0.1", mail_port=free_port(), mail_security="none")
    kept(VALVE)
    pauses = []
    while (delivery := Delivery.objects.get()).state == "waiting":
        due_now()
        before = clock.now()
        assert deliver.send_due() == 0
        delivery.refresh_from_db()
        if delivery.next_at:
            pauses.append(delivery.next_at - before)
    assert len(pauses) == len(deliver.PAUSES) and pauses == sorted(pauses) and pauses[-1] > timedelta(hours=3)
    assert "cannot be reached" in delivery.detail


def test_a_call_is_signed_and_carries_no_message(called: Called, brand: Brand, admin: User, kept: Keeps) -> None:
    _made, secret = hook(brand, admin, called.url)
    kept(VALVE)
    assert deliver.send_due() == 1
    [(headers, body)] = called.calls
    verify(secret, headers, body, clock.now())
    said = json.loads(body)
    alert = Alert.objects.get()
    assert said["type"] == "alert.rang" and said["alert"]["id"] == alert.pk and said["alert"]["severity"] == 4
    assert said["delivery"] == headers["Octavo-Delivery"] == str(Delivery.objects.get().key)
    assert b"choked" not in body


@pytest.mark.parametrize("kind", ["slack", "teams"])
def test_slack_and_teams_are_told_in_their_own_form(
    called: Called, brand: Brand, admin: User, kept: Keeps, kind: str
) -> None:
    hook(brand, admin, called.url, kind)
    kept(VALVE)
    deliver.send_due()
    [(headers, body)] = called.calls
    said = json.loads(body)
    assert "Octavo-Signature" not in headers and headers["Content-Type"] == "application/json"
    if kind == "slack":
        assert "carries a crisis sign" in said["text"] and said["blocks"][0]["type"] == "header"
    else:
        card = said["attachments"][0]
        assert said["type"] == "message" and card["contentType"] == "application/vnd.microsoft.card.adaptive"
        assert card["content"]["actions"][0]["url"].endswith(f"/alerts/{Alert.objects.get().pk}/")


def test_names_from_outside_cannot_break_out_of_a_slack_message(called: Called, admin: User, kept: Keeps) -> None:
    brand = Brand.objects.create(name="<!channel> *A&B*", slug="ab")
    hook(brand, admin, called.url, "slack")
    kept(VALVE, of=brand)
    deliver.send_due()
    said = json.loads(called.calls[0][1])
    assert "<!channel>" not in said["text"] and "&lt;!channel&gt;" in said["text"]


@pytest.mark.parametrize(("status", "state"), [(503, "waiting"), (410, "failed"), (302, "failed")])
def test_an_address_that_refuses_is_tried_again_where_that_makes_sense(
    called: Called, brand: Brand, admin: User, kept: Keeps, status: int, state: str
) -> None:
    hook(brand, admin, called.url)
    called.status = status
    kept(VALVE)
    deliver.send_due()
    delivery = Delivery.objects.get()
    assert delivery.state == state and str(status) in delivery.detail and "SECRET" not in delivery.detail
    assert len(called.calls) == 1  # a redirect is not followed


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/x", "http://169.254.169.254/latest", "http://[::1]/", "http://10.0.0.1/"]
)
def test_a_hook_leads_nowhere_into_our_own_network(brand: Brand, admin: User, kept: Keeps, url: str) -> None:
    hook(brand, admin, url)
    kept(VALVE)
    assert deliver.send_due() == 0
    assert Delivery.objects.get().state == "failed" and "may not be fetched from" in Delivery.objects.get().detail


def test_a_hook_that_is_off_or_wants_only_louder_alerts_is_left_alone(
    called: Called, brand: Brand, admin: User, kept: Keeps
) -> None:
    off, _ = hook(brand, admin, called.url)
    hooks.switch(admin, off, on=False)
    hook(brand, admin, called.url, least=5)
    kept(VALVE)
    assert not Delivery.objects.exists()


def test_what_becomes_more_severe_is_told_once_more(post_office: Post, user: User, kept: Keeps) -> None:
    kept(VALVE)
    deliver.send_due()
    kept(f"{VALVE} Everybody is talking about it.", reach=50_000)
    deliver.send_due()
    assert len(post_office.letters) == 2
    assert "more severe" in post_office.letters[1].get_payload(decode=True).decode()  # type: ignore[union-attr]
    identities = {letter["Message-ID"] for letter in post_office.letters}
    assert len(identities) == 2


def test_a_letter_sent_again_after_a_crash_is_the_same_letter(post_office: Post, user: User, kept: Keeps) -> None:
    kept(VALVE)
    deliver.send_due()
    # Handed over, and killed before it was marked: the row still waits.
    Delivery.objects.update(state="waiting", next_at=clock.now(), sent_at=None)
    deliver.send_due()
    one, two = post_office.letters
    assert one["Message-ID"] == two["Message-ID"]


def test_a_recording_that_is_taken_back_tells_nobody(post_office: Post, user: User, kept: Keeps) -> None:
    from django.db import transaction

    class Stop(Exception):
        pass

    with contextlib.suppress(Stop), transaction.atomic():
        kept(VALVE)
        raise Stop
    assert not Alert.objects.exists() and not Delivery.objects.exists()
    assert deliver.send_due() == 0 and not post_office.letters
