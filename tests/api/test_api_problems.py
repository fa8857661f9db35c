"""Every error of the API is problem+json, with the status and the headers its kind calls for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
import time_machine
from calling import Caller
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from octavo.people import colleagues, tokens
from octavo.people.models import User
from octavo.people.tokens import Scope
from octavo.site.api import messages, ratelimit, schemas
from octavo.vocabulary import LANGUAGES, NO_REGISTER, REGISTERS

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def problem(answer: HttpResponse, status: int, name: str) -> dict[str, Any]:
    """The body, once it is the problem it should be."""
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()  # type: ignore[attr-defined]
    assert body["status"] == status
    assert body["type"] == f"urn:octavo:problem:{name}"
    assert body["title"]
    return body


def test_without_a_token_one_is_asked_for() -> None:
    answer = Caller("").get("/messages")
    problem(answer, 401, "unauthenticated")
    assert answer["WWW-Authenticate"] == 'Bearer realm="octavo"'


@pytest.mark.parametrize("token", ["octavo_wrong", "x", "octavo_" + "a" * 43, "octavo_%00"])
def test_a_token_that_does_not_work_is_refused(token: str) -> None:
    answer = Caller(token).get("/messages")
    problem(answer, 401, "unauthenticated")
    assert 'error="invalid_token"' in answer["WWW-Authenticate"]


def test_a_session_alone_is_no_way_into_the_api(client: Client, admin: User) -> None:
    client.force_login(admin)
    problem(client.get("/api/v1/messages"), 401, "unauthenticated")


def test_a_deactivated_colleagues_program_is_out(caller: Caller, admin: User, user: User) -> None:
    assert caller.get("/messages").status_code == 200
    colleagues.set_active(admin, user, active=False)
    problem(caller.get("/messages"), 401, "unauthenticated")


def test_a_token_does_only_what_its_scopes_say(user: User) -> None:
    narrow = Caller(tokens.create(user, name="narrow", scopes=[Scope.SOURCES_READ])[1])
    assert narrow.get("/sources").status_code == 200
    answer = narrow.get("/messages")
    assert "messages:read" in problem(answer, 403, "forbidden")["detail"]
    assert 'scope="messages:read"' in answer["WWW-Authenticate"]
    problem(narrow.post("/messages", {}), 403, "forbidden")
    problem(narrow.get("/conversations"), 403, "forbidden")
    problem(narrow.post("/readings", {}), 403, "forbidden")


@pytest.mark.parametrize(
    "path",
    [
        "/messages/1",
        "/conversations/1",
        "/sources/1",
        "/messages/99999999999999999999999",
        "/x%0Ay",
        "/nothing",
        "/",
        "",
    ],
)
def test_what_is_not_there_is_not_found(caller: Caller, path: str) -> None:
    problem(caller.get(path), 404, "not-found")


def test_an_address_beside_the_api_is_a_problem_as_well(client: Client) -> None:
    problem(client.get("/api/v2/messages"), 404, "not-found")


def test_a_method_that_is_not_taken_says_which_are(caller: Caller) -> None:
    answer = Client().delete("/api/v1/messages")
    problem(answer, 405, "method-not-allowed")
    assert set(answer["Allow"].split(", ")) >= {"GET", "POST"}


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b"\xff\xfe", b'{"brand": NaN}', b"nonsense"])
def test_a_body_that_is_no_json_is_refused(caller: Caller, body: bytes) -> None:
    problem(caller.post("/messages", body), 400, "malformed")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_body_of_another_type_is_refused(caller: Caller, batch: dict[str, Any], kind: str) -> None:
    problem(caller.post("/messages", batch, content_type=kind), 415, "unsupported-type")


@pytest.mark.parametrize("size", [5_000_001, 7_000_000])
def test_a_body_of_more_than_five_megabytes_is_refused(caller: Caller, size: int) -> None:
    problem(caller.post("/messages", b" " * size), 413, "too-large")


def test_field_errors_point_at_their_places(caller: Caller) -> None:
    body = problem(caller.post("/messages", {"brand": "Not a slug!", "messages": []}), 422, "invalid")
    assert {error["pointer"] for error in body["errors"]} == {"#/brand", "#/messages"}
    body = problem(caller.post("/readings", {"texts": [{"text": "fine"}, {"text": 7}]}), 422, "invalid")
    assert [error["pointer"] for error in body["errors"]] == ["#/texts/1/text"]
    body = problem(caller.get("/messages", limit=0, register=["complaint", "rage"]), 422, "invalid")
    assert {error["parameter"] for error in body["errors"]} == {"limit", "register"}


def test_each_token_has_its_own_allowance_a_minute(caller: Caller, admin_caller: Caller, settings: Any) -> None:
    settings.OCTAVO_OPTIONS = settings.OCTAVO_OPTIONS.model_copy(update={"api_rate": 3})
    with time_machine.travel(NOW, tick=False) as moment:
        left = [caller.get("/sources")["RateLimit-Remaining"] for _ in range(3)]
        assert left == ["2", "1", "0"]
        moment.shift(timedelta(seconds=20))
        answer = caller.get("/sources")
        problem(answer, 429, "too-many-requests")
        assert answer["Retry-After"] == answer["RateLimit-Reset"] == "40"
        assert answer["RateLimit-Limit"] == "3"
        assert admin_caller.get("/sources").status_code == 200
        moment.shift(timedelta(seconds=40))
        assert caller.get("/sources").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_several_processes_grant_a_token_no_more_than_its_allowance_together(user: User) -> None:
    token, _text = tokens.create(user, name="busy", scopes=[Scope.MESSAGES_READ])

    def spend(_turn: int) -> bool:
        try:
            return ratelimit.spend(token.pk, 25).granted
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as callers:
        assert sum(callers.map(spend, range(60))) == 25


def test_refused_calls_of_a_token_count_as_well(caller: Caller) -> None:
    before = int(caller.get("/sources")["RateLimit-Remaining"])
    assert int(caller.get("/messages/1")["RateLimit-Remaining"]) == before - 1
    assert int(caller.post("/messages", b"{")["RateLimit-Remaining"]) == before - 2


def test_answers_are_not_kept_on_the_way(caller: Caller) -> None:
    assert caller.get("/messages")["Cache-Control"] == "no-store"
    assert Caller("").get("/messages")["Cache-Control"] == "no-store"


def test_our_own_mistake_says_nothing_of_its_inside(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(row: object) -> dict[str, Any]:
        raise RuntimeError("the secret ingredient")

    caller.post("/readings", {"texts": [{"text": "warm"}]})
    monkeypatch.setattr(messages, "reading_of", breaks)
    answer = caller.post("/readings", {"texts": [{"text": "Hello"}]})
    assert "secret" not in str(problem(answer, 500, "broken"))


def test_the_document_is_open_to_everybody_and_the_pages_scripts_are_our_own(client: Client) -> None:
    assert client.get("/api/openapi.json").json()["openapi"].startswith("3.1")
    page = client.get("/api/docs")
    assert page.status_code == 200
    assert "script-src 'self'" in page["Content-Security-Policy"]
    html = page.content.decode()
    assert "<script>" not in html
    assert "style=" not in html
    assert "//cdn" not in html


def test_the_document_knows_all_registers_and_languages() -> None:
    assert get_args(schemas.RegisterName) == (*REGISTERS, NO_REGISTER)
    assert get_args(schemas.LanguageName) == (*LANGUAGES, "und")
    assert set(schemas.Probabilities.model_fields) == set(REGISTERS)


def test_every_operation_says_its_scope_its_problems_and_its_headers(client: Client) -> None:
    document = client.get("/api/openapi.json").json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len(operations) == 10
    for operation in operations:
        assert operation["security"][0]["Bearer"][0] in list(Scope)
        for status, response in operation["responses"].items():
            if int(status) < 300:
                assert set(response["headers"]) == {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}
            else:
                assert list(response["content"]) == ["application/problem+json"]
        assert {"401", "403", "422", "429"} <= set(operation["responses"])
