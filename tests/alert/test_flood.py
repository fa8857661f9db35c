"""A flood of alerts is summarised, never dropped; what hooks are sent is in the form and size the other side takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from telling import Called, Post, put, said

from octavo.alert import deliver, hooks, payloads, ring, rules, summaries
from octavo.alert.models import Alert, Delivery, Hook, RuleKind, Summary
from octavo.alert.payloads import Notice
from octavo.channels.webhook import verify
from octavo.conversations.models import Brand
from octavo.kit import clock
from octavo.people.models import User


@pytest.fixture
def time_passes() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(datetime(2026, 3, 3, 10, 0, tzinfo=UTC), tick=False) as clock:
        yield clock


def flood(brand: Brand, n: int, severity: int = 4, since: int = 0) -> list[Alert]:
    rule = rules.of([brand.pk])[brand.pk, RuleKind.BURST]
    reason = {"kind": "burst", "key": "all", "hour": 9, "usual_hour": 1, "once_in_days": 9}
    return [
        ring.open_alert(rule, f"all {number}", severity=severity, reason=reason, first_signal_at=clock.now())
        for number in range(since, since + n)
    ]


def test_the_first_letters_come_one_by_one_and_the_rest_in_one_that_lists_them_all(
    post_office: Post, brand: Brand, user: User, time_passes: Any, client: Client
) -> None:
    alerts = flood(brand, 40)
    while deliver.send_due():
        pass
    assert len(post_office.letters) == summaries.MOST
    time_passes.shift(summaries.GATHERED)
    assert deliver.send_due() == 1
    letter = post_office.letters[-1]
    assert "35 alerts, the worst 4 of 5" in letter["Subject"]
    told = "".join(map(said, post_office.letters))
    assert all(f"/alerts/{alert.pk}/" in told for alert in alerts)  # nothing is dropped
    client.force_login(user)
    page = client.get(f"/alerts/{alerts[-1].pk}/").content.decode()
    assert "Many at once" in page and f"in summary {Summary.objects.get().pk}" in page


def test_the_most_severe_come_one_by_one(post_office: Post, brand: Brand, user: User, time_passes: Any) -> None:
    flood(brand, 10)
    [worst] = flood(brand, 1, severity=5, since=10)
    deliver.send_due()
    assert f"/alerts/{worst.pk}/" in said(post_office.letters[0])


def test_a_flood_that_goes_on_is_a_letter_every_other_minute(
    post_office: Post, brand: Brand, user: User, time_passes: Any
) -> None:
    for minute in range(30):
        flood(brand, 3, since=3 * minute)
        deliver.send_due()
        time_passes.shift(timedelta(minutes=1))
    time_passes.shift(timedelta(minutes=3))
    deliver.send_due()
    assert len(post_office.letters) <= 30
    told = "".join(map(said, post_office.letters))
    assert all(f"/alerts/{alert.pk}/" in told for alert in Alert.objects.all())
    assert not Delivery.objects.filter(state="waiting").exists() and not Summary.objects.exclude(state="sent").exists()


def test_after_a_calm_letters_come_one_by_one_again(
    post_office: Post, brand: Brand, user: User, time_passes: Any
) -> None:
    flood(brand, 8)
    deliver.send_due()
    time_passes.shift(timedelta(minutes=11))
    deliver.send_due()
    before = len(post_office.letters)
    flood(brand, 1, since=8)
    deliver.send_due()
    assert len(post_office.letters) == before + 1 and "alerts" not in post_office.letters[-1]["Subject"]


def test_one_persons_flood_is_not_anothers(post_office: Post, brand: Brand, user: User, admin: User) -> None:
    flood(brand, 5)
    deliver.send_due()
    assert sorted(post_office.to) == ["ada@example.org"] * 5 + ["grace@example.org"] * 5


def test_a_hook_is_flooded_by_itself_and_gets_a_signed_summary(
    called: Called, brand: Brand, admin: User, time_passes: Any
) -> None:
    _hook, secret = hooks.create(admin, brand, name="program", kind=Hook.Kind.PLAIN, url=called.url, least=1)
    alerts = flood(brand, 8)
    deliver.send_due()
    time_passes.shift(summaries.GATHERED)
    deliver.send_due()
    headers, body = called.calls[-1]
    verify(secret, headers, body, clock.now())
    call = json.loads(body)
    assert call["type"] == "alerts.summary" and call["delivery"] == headers["Octavo-Delivery"]
    assert [each["id"] for each in call["alerts"]] == [alert.pk for alert in alerts[summaries.MOST :]]
    assert len(called.calls) == summaries.MOST + 1


HOSTILE = "<!channel> & *Acme* [pay](https://evil.example) :siren: {{DATE(2017-02-14T06:00:00Z)}}"


@pytest.fixture
def many(brand: Brand) -> list[Alert]:
    brand.name = HOSTILE
    brand.save()
    rule = rules.of([brand.pk])[brand.pk, RuleKind.SOURCE]
    reason = {"kind": "source", "what": "failing", "name": "x" * 5000, "since": "2026-03-04T06:00:00+00:00"}
    for number in range(120):
        ring.open_alert(rule, f"source:{number}", severity=3, reason=reason, first_signal_at=clock.now())
    return list(Alert.objects.select_related("brand", "rule"))


def notice(alerts: list[Alert], *, one: bool) -> Notice:
    from uuid import UUID

    from octavo.alert import words

    if one:
        return Notice(UUID(int=1), words.title(alerts[0]), alerts[:1], ring=1)
    return Notice(UUID(int=1), summaries.title(alerts), alerts, lead="Many.")


def texts(found: Any) -> Iterator[dict[str, Any]]:
    if isinstance(found, dict):
        if isinstance(found.get("text"), str):
            yield found
        for value in found.values():
            yield from texts(value)
    elif isinstance(found, list):
        for value in found:
            yield from texts(value)


@pytest.mark.parametrize("one", [True, False])
def test_a_slack_message_keeps_its_limits_and_reads_no_name_as_markup(many: list[Alert], *, one: bool) -> None:
    message = json.loads(payloads.of(notice(many, one=one), "slack"))
    assert len(message["blocks"]) <= 50 and len(message["text"]) <= 40_000
    assert "<!channel>" not in message["text"]
    for block in message["blocks"]:
        text = block["text"]
        assert 0 < len(text["text"]) <= (150 if block["type"] == "header" else 3000)
        if text["type"] == "mrkdwn":
            assert text["text"].count("<") == text["text"].count(">") == 1  # the link, and nothing else
            assert "<!channel>" not in text["text"]
        else:
            assert text["emoji"] is False
    if not one:
        assert "and 73 more" in message["blocks"][-1]["text"]["text"]


@pytest.mark.parametrize("one", [True, False])
def test_a_teams_card_keeps_its_limit_and_reads_no_name_as_markup(many: list[Alert], *, one: bool) -> None:
    body = payloads.of(notice(many, one=one), "teams")
    assert len(body) <= 28_000
    message = json.loads(body)
    [attachment] = message["attachments"]
    assert (message["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert {each["type"] for each in texts(card["body"])} == {"TextRun"}  # reads no Markdown
    assert all(block["type"] == "RichTextBlock" for block in card["body"])
    if not one:
        shown = sum("selectAction" in each for each in texts(card["body"]))
        assert 10 < shown < 120 and f"and {120 - shown} more" in card["body"][-1]["inlines"][0]["text"]


def test_a_summary_goes_to_slack_and_teams_too(
    called: Called, brand: Brand, admin: User, time_passes: Any, settings: Any
) -> None:
    put(settings, public_url="https://octavo.example.org")
    for kind in ("slack", "teams"):
        hooks.create(admin, brand, name=kind, kind=Hook.Kind(kind), url=called.url, least=1)
    flood(brand, 7)
    deliver.send_due()
    time_passes.shift(summaries.GATHERED)
    assert deliver.send_due() == 2
    slack, teams = sorted((json.loads(body) for _headers, body in called.calls[-2:]), key=lambda call: "type" in call)
    assert slack["blocks"][0]["text"]["text"] == "2 alerts, the worst 4 of 5"
    assert teams["attachments"][0]["content"]["actions"][0]["url"] == "https://octavo.example.org/alerts/"
