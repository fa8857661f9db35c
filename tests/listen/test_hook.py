"""What a system gets that calls a webhook."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.test import Client

from octavo.channels.webhook import MAX_BODY, sign
from octavo.conversations.models import Brand, Mention
from octavo.kit import clock
from octavo.kit.limits import Bucket
from octavo.listen import sources, views
from octavo.listen.models import Source


@pytest.fixture
def hook(brand: Brand) -> sources.Created:
    return sources.create(None, brand=brand, channel_name="webhook", name="Desk", given={}, dedicated=True)


def call(hook: sources.Created, body: Any, *, late: float = 0, headers: dict[str, str] | None = None) -> Any:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    signed = sign(hook.secret, raw, clock.now() - timedelta(seconds=late)) if headers is None else headers
    return Client(enforce_csrf_checks=True).post(
        f"/hooks/{hook.source.key}/", raw, content_type="application/json", headers=signed
    )


def problem(answer: Any, status: int) -> str:
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status and answer.json()["title"] and answer.json()["detail"]
    return str(answer.json()["code"])


def test_each_message_gets_its_result_in_order_and_a_bad_one_costs_itself(hook: sources.Created) -> None:
    answer = call(hook, [{"id": "a", "text": "Where is my order?"}, {"id": "b"}, {"id": "c", "text": "Thank you!"}])
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 2 and answer.json()["rejected"] == 1
    assert [item["status"] for item in answer.json()["results"]] == ["accepted", "rejected", "accepted"]
    assert answer.json()["results"][1]["reason"]
    assert set(Mention.objects.values_list("external_id", flat=True)) == {"a", "c"}
    source = Source.objects.get(pk=hook.source.pk)
    assert (source.posts_count, source.rejects_count) == (2, 1)
    assert sources.health(source).pulse is sources.Pulse.ALIVE


def test_the_same_call_again_gets_the_same_answer_and_keeps_nothing_twice(hook: sources.Created) -> None:
    body = {"messages": [{"text": "No id at all"}, {"id": "x", "text": "hello"}, {"id": "gone", "deleted": True}]}
    first, second = call(hook, body), call(hook, body)
    assert first.status_code == second.status_code == 202
    assert first.content == second.content
    assert Mention.objects.count() == 2


def test_a_wrong_signature_an_old_one_and_none_are_refused_and_show_on_the_source(hook: sources.Created) -> None:
    body = orjson.dumps({"text": "hello"})
    assert problem(call(hook, body, headers={}), 401) == "bad_signature"
    assert problem(call(hook, body, headers=sign("wrong", body, clock.now())), 401) == "bad_signature"
    assert problem(call(hook, body, late=400), 401) == "stale"
    assert not Mention.objects.exists()
    health = sources.health(Source.objects.get(pk=hook.source.pk))
    assert health.pulse is sources.Pulse.FAILING and str(health.trouble) == "stale"


def test_a_body_that_is_too_large_is_refused_before_it_is_read(hook: sources.Created) -> None:
    assert problem(call(hook, b" " * (MAX_BODY + 1)), 413) == "too_large"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"not json", 400, "malformed"),
        (b"", 400, "empty"),
        (orjson.dumps([{"text": "x"}] * 1001), 413, "too_many_items"),
    ],
)
def test_a_body_that_cannot_be_taken_says_why(hook: sources.Created, body: bytes, status: int, code: str) -> None:
    assert problem(call(hook, body), status) == code


def test_an_unknown_address_another_method_and_a_paused_source_say_so(hook: sources.Created) -> None:
    assert Client().post("/hooks/00000000-0000-0000-0000-000000000000/").status_code == 404
    answer = Client().get(f"/hooks/{hook.source.key}/")
    assert problem(answer, 405) == "method_not_allowed" and answer["Allow"] == "POST"
    sources.pause(None, hook.source)
    answer = call(hook, {"text": "hello"})
    assert problem(answer, 503) == "paused" and answer["Retry-After"]
    assert not Mention.objects.exists()


def test_a_message_for_another_brand_is_set_aside_not_misfiled(hook: sources.Created) -> None:
    Brand.objects.create(name="Aurora", slug="aurora")
    answer = call(
        hook, [{"id": "a", "text": "hello", "brand": "Aurora"}, {"id": "b", "text": "hi", "brand": "TRAMONTO"}]
    )
    assert [item["status"] for item in answer.json()["results"]] == ["rejected", "accepted"]
    assert list(Mention.objects.values_list("external_id", "brand__name")) == [("b", "Tramonto")]


def test_who_calls_too_often_is_told_when_to_come_back(hook: sources.Created, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "_calls", Bucket(rate=0.5, burst=2, monotonic=lambda: 0.0))
    assert [call(hook, b"x", headers={}).status_code for _ in range(3)] == [401, 401, 429]
    answer = call(hook, b"x", headers={})
    assert problem(answer, 429) == "rate_limited" and answer["Retry-After"] == "2"


def test_no_body_is_ever_logged(hook: sources.Created, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    call(hook, [{"id": "a", "text": "the secret word is xyzzy"}, {"text": ""}])
    call(hook, b"xyzzy {")
    logged = " ".join(record.getMessage() for record in caplog.records if not record.name.startswith("django.db"))
    assert "xyzzy" not in logged and hook.secret not in logged
