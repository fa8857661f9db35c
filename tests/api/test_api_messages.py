"""Messages in and out through the API, and texts read without being kept."""

from __future__ import annotations

from typing import Any

import pytest
from calling import Caller

from octavo.conversations import decide
from octavo.conversations.models import Brand, Mention
from octavo.people.models import User
from octavo.vocabulary import REGISTERS

pytestmark = pytest.mark.django_db


def listed(caller: Caller, **query: Any) -> list[str]:
    answer = caller.get("/messages", about="any", **query)
    assert answer.status_code == 200, answer.content
    return [item["external_id"] for item in answer.json()["items"]]  # type: ignore[attr-defined]


def send(caller: Caller, *messages: dict[str, Any], brand: str = "tramonto") -> dict[str, Any]:
    answer = caller.post("/messages", {"brand": brand, "messages": list(messages)})
    assert answer.status_code in (200, 202), answer.content
    body: dict[str, Any] = answer.json()  # type: ignore[attr-defined]
    return body


def test_what_is_sent_in_can_be_had_back_with_its_reading(caller: Caller, batch: dict[str, Any]) -> None:
    answer = caller.post("/messages", batch)
    assert answer.status_code == 202
    results = answer.json()["results"]  # type: ignore[attr-defined]
    assert [(r["index"], r["outcome"], r["id"]) for r in results] == [(0, "new", "a"), (1, "new", "b")]
    message = caller.get(f"/messages/{results[1]['message']}").json()  # type: ignore[attr-defined]
    assert message["text"] == "Tramonto is lovely, thank you"
    assert (message["brand"], message["channel"], message["external_id"]) == ("tramonto", "forum", "b")
    assert message["published_at"] == "2026-03-02T09:00:00Z"
    reading = message["reading"]
    assert set(reading["registers"]) == set(REGISTERS)
    assert reading["primary"] in {*REGISTERS, "none"}
    assert reading["relevant"] is True
    assert all(0 <= value <= 1 for value in reading["registers"].values())
    first = caller.get(f"/messages/{results[0]['message']}").json()  # type: ignore[attr-defined]
    assert first["channel"] == "api"
    assert first["author"]["handle"] == "lina"


def test_evidence_lies_inside_the_text_and_names_registers(caller: Caller, batch: dict[str, Any]) -> None:
    caller.post("/messages", batch)
    items = caller.get("/messages").json()["items"]  # type: ignore[attr-defined]
    spans = [(item["text"], span) for item in items for span in item["reading"]["evidence"]]
    assert spans
    for text, span in spans:
        assert 0 <= span["start"] < span["end"] <= len(text)
        assert span["register"] in REGISTERS


def test_sending_again_keeps_nothing_twice(caller: Caller, batch: dict[str, Any]) -> None:
    first = caller.post("/messages", batch).json()  # type: ignore[attr-defined]
    again = caller.post("/messages", batch)
    assert again.status_code == 200
    body = again.json()  # type: ignore[attr-defined]
    assert body["known"] == 2
    assert [r["message"] for r in body["results"]] == [r["message"] for r in first["results"]]
    assert Mention.objects.count() == 2


def test_an_edited_and_a_deleted_message_are_told_as_such(caller: Caller, batch: dict[str, Any]) -> None:
    caller.post("/messages", batch)
    body = send(
        caller,
        {"id": "a", "text": "Tramonto, it came after all.", "edited_at": "2026-03-03T09:00:00Z"},
        {"id": "b", "text": "", "channel": "forum", "deleted": True},
    )
    assert [r["outcome"] for r in body["results"]] == ["edited", "deleted"]
    gone = caller.get(f"/messages/{body['results'][1]['message']}").json()  # type: ignore[attr-defined]
    assert gone["text"] == ""
    assert gone["deleted_at"]


@pytest.mark.parametrize(
    "bad",
    [
        {"id": "x"},
        {"id": "x", "text": ""},
        {"id": "x", "text": 7},
        {"id": "x", "text": "y" * 1_000_001},
        {"id": {"no": "id"}, "text": "x"},
        {"id": "x", "text": "x", "brand": "Somebody Else"},
        "just text",
        None,
        7,
        [],
    ],
)
def test_a_message_that_cannot_be_taken_costs_the_others_nothing(caller: Caller, brand: Brand, bad: Any) -> None:
    body = send(caller, {"id": "1", "text": "Tramonto one"}, bad, {"id": "2", "text": "Tramonto two"})
    assert [r["outcome"] for r in body["results"]] == ["new", "rejected", "new"]
    assert body["results"][1]["reason"]
    assert body["rejected"] == 1
    assert body["new"] == 2


@pytest.mark.parametrize(
    "text", ["nul \x00 here", "lone \ud800 surrogate", "‮right to left", "👩‍👩‍👧 🤷🏽", "a" * 100_000]
)
def test_any_text_comes_in_and_goes_out(caller: Caller, brand: Brand, text: str) -> None:
    body = send(caller, {"id": "odd", "text": f"Tramonto {text}"})
    assert body["results"][0]["outcome"] == "new"
    back = caller.get(f"/messages/{body['results'][0]['message']}")
    assert len(back.json()["text"]) == len(f"Tramonto {text}")  # type: ignore[attr-defined]


def test_a_thousand_messages_are_a_batch_and_one_more_is_not(caller: Caller, brand: Brand) -> None:
    messages = [{"id": str(n), "text": f"Tramonto number {n}"} for n in range(1001)]
    assert caller.post("/messages", {"brand": brand.slug, "messages": messages}).status_code == 422
    assert send(caller, *messages[:1000])["new"] == 1000


def test_a_brand_nobody_knows_is_not_found(caller: Caller, batch: dict[str, Any]) -> None:
    assert caller.post("/messages", {**batch, "brand": "nobody"}).status_code == 404
    assert not Mention.objects.exists()


def test_pages_hold_everything_once_while_messages_arrive(caller: Caller, brand: Brand) -> None:
    send(caller, *({"id": f"old-{n}", "text": f"Tramonto {n}"} for n in range(7)))
    seen: list[str] = []
    cursor, arrived = "", 0
    while True:
        page = caller.get("/messages", limit=2, cursor=cursor).json()  # type: ignore[attr-defined]
        seen += [item["external_id"] for item in page["items"]]
        send(caller, {"id": f"fresh-{arrived}", "text": "Tramonto fresh"})
        arrived += 1
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [f"old-{n}" for n in reversed(range(7))]


@pytest.mark.parametrize(
    "cursor", ["nonsense", "é", "m", "mx", "s1", "c2026-03-02T09:00:00Z~1", "m1234567890123456789", "m1 "]
)
def test_a_cursor_of_elsewhere_is_refused(caller: Caller, cursor: str) -> None:
    answer = caller.get("/messages", cursor=cursor)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == "cursor"  # type: ignore[attr-defined]


def test_filters_narrow_as_in_the_inbox(caller: Caller, brand: Brand, user: User) -> None:
    other = Brand.objects.create(name="Alba", slug="alba")
    send(
        caller,
        {"id": "en", "text": "Tramonto, the delivery is late again", "created_at": "2026-03-01T10:00:00Z"},
        {"id": "fr", "text": "Tramonto, la livraison est encore en retard", "created_at": "2026-03-02T10:00:00Z"},
        {"id": "own", "text": "Thank you for telling us", "own": True, "created_at": "2026-03-03T10:00:00Z"},
        {"id": "else", "text": "What a nice evening", "channel": "forum", "created_at": "2026-03-04T10:00:00Z"},
    )
    send(caller, {"id": "alba", "text": "Alba is late"}, brand=other.slug)
    decide.correct(user, Mention.objects.get(external_id="en"), "register", "crisis")
    decide.correct(user, Mention.objects.get(external_id="fr"), "urgency", 3)
    decide.correct(user, Mention.objects.get(external_id="fr"), "sentiment", "mixed")

    assert listed(caller, brand="alba") == ["alba"]
    assert set(listed(caller, brand=["alba", "tramonto"])) == {"en", "fr", "own", "else", "alba"}
    assert listed(caller, register="crisis") == ["en"]
    assert listed(caller, urgency="3") == ["fr"]
    assert listed(caller, sentiment="mixed") == ["fr"]
    assert "en" not in listed(caller, language="fr")
    assert listed(caller, channel="forum") == ["else"]
    assert listed(caller, own="true") == ["own"]
    assert listed(caller, q="livraisons") == ["fr"], "stemmed as French"
    assert set(listed(caller, since="2026-03-02T10:00:00Z", until="2026-03-04T10:00:00+00:00")) == {"fr", "own"}
    assert set(listed(caller, since="2026-03-02", until="2026-03-04")) == {"fr", "own"}
    conversation = Mention.objects.get(external_id="fr").conversation_id
    assert listed(caller, conversation=conversation) == ["fr"]
    about = [item["external_id"] for item in caller.get("/messages").json()["items"]]  # type: ignore[attr-defined]
    assert "else" not in about
    corrected = caller.get("/messages", register="crisis", about="any").json()["items"][0]  # type: ignore[attr-defined]
    assert corrected["reading"]["corrected"] == ["register"]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 201},
        {"limit": "many"},
        {"register": "anger"},
        {"language": "tlh"},
        {"urgency": "4"},
        {"since": "yesterday"},
        {"since": "1700000000"},
        {"until": "9999-99-99"},
        {"about": "maybe"},
        {"conversation": "0"},
        {"q": "x" * 201},
        {"registers": "complaint"},
    ],
)
def test_a_filter_that_means_nothing_is_refused_rather_than_ignored(caller: Caller, query: dict[str, Any]) -> None:
    answer = caller.get("/messages", **query)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == next(iter(query))  # type: ignore[attr-defined]


def test_texts_are_read_without_being_kept(caller: Caller, brand: Brand) -> None:
    asked = {
        "brand": brand.slug,
        "texts": [
            {"id": "1", "text": "Tramonto, where is my parcel?"},
            {
                "id": "2",
                "text": "Nice weather",
                "parent": {"text": "Our new lamp", "kind": "advertisement", "own": True},
            },
            {"text": "Nice weather"},
        ],
    }
    readings = caller.post("/readings", asked).json()["readings"]  # type: ignore[attr-defined]
    assert [reading["id"] for reading in readings] == ["1", "2", ""]
    assert [reading["relevant"] for reading in readings] == [True, True, False]
    assert all(set(reading["registers"]) == set(REGISTERS) for reading in readings)
    assert readings[0]["model"]
    assert not Mention.objects.exists()


def test_without_a_brand_every_text_counts_as_relevant(caller: Caller) -> None:
    answer = caller.post("/readings", {"texts": [{"text": "Nice weather"}]})
    assert answer.json()["readings"][0]["relevant"] is True  # type: ignore[attr-defined]
