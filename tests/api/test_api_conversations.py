"""Conversations and sources through the API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from calling import Caller

from octavo.conversations.models import Conversation
from octavo.listen.models import Source
from octavo.people.models import Event, User

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def number(caller: Caller, batch: dict[str, Any]) -> int:
    """A conversation."""
    caller.post("/messages", batch)
    return Conversation.objects.order_by("pk").values_list("pk", flat=True)[0]


@pytest.fixture
def source(brand: Any) -> Source:
    return Source.objects.create(
        brand=brand,
        channel="webhook",
        name="Shop",
        settings={"url": "https://user:hunter2@feeds.example.org/?key=hunter2"},
        secret=b"hunter2",
        trouble_detail="hunter2 was refused",
    )


def items(caller: Caller, path: str, **query: Any) -> list[dict[str, Any]]:
    answer = caller.get(path, **query)
    assert answer.status_code == 200, answer.content
    listed: list[dict[str, Any]] = answer.json()["items"]  # type: ignore[attr-defined]
    return listed


def test_a_conversation_shows_its_state_and_its_head(caller: Caller, number: int) -> None:
    found = caller.get(f"/conversations/{number}").json()  # type: ignore[attr-defined]
    assert found["status"] == "open"
    assert found["brand"] == "tramonto"
    assert found["messages"] == 1
    assert found["waiting_since"]
    assert found["excerpt"].startswith("Tramonto")
    assert 0 <= found["register_probability"] <= 1
    heads = items(caller, "/messages", conversation=number, about="any")
    assert [message["id"] for message in heads] == [found["head"]]


def test_status_and_assignee_are_changed_together_in_the_name_of_the_tokens_owner(
    caller: Caller, number: int, user: User, admin: User
) -> None:
    changed = caller.patch(f"/conversations/{number}", {"status": "pending", "assignee": "Grace@example.org"})
    assert changed.status_code == 200
    body = changed.json()  # type: ignore[attr-defined]
    assert body["status"] == "pending"
    assert body["assignee"] == {"email": admin.email, "name": "Grace"}
    trail = Event.objects.filter(kind="conversation", object_id=number, user=user).order_by("pk")
    assert [event.action for event in trail] == ["pending", "assigned"]
    freed = caller.patch(f"/conversations/{number}", {"assignee": None}).json()  # type: ignore[attr-defined]
    assert freed["assignee"] is None
    assert freed["status"] == "pending"


def test_what_is_done_leaves_the_open_list(caller: Caller, number: int) -> None:
    assert caller.patch(f"/conversations/{number}", {"status": "resolved"}).json()["resolved_at"]  # type: ignore[attr-defined]
    assert number not in [item["id"] for item in items(caller, "/conversations")]
    assert [item["id"] for item in items(caller, "/conversations", tab="done")] == [number]


def test_snoozing_needs_a_moment_in_the_future(caller: Caller, number: int) -> None:
    with time_machine.travel(NOW, tick=False):
        for wrong in (
            {"status": "snoozed"},
            {"status": "snoozed", "snoozed_until": "2026-03-02T08:59:00Z"},
            {"status": "open", "snoozed_until": "2026-03-03T09:00:00Z"},
            {"snoozed_until": "2026-03-03T09:00:00Z"},
        ):
            assert caller.patch(f"/conversations/{number}", wrong).status_code == 422, wrong
        right = {"status": "snoozed", "snoozed_until": "2026-03-03T09:00:00Z"}
        body = caller.patch(f"/conversations/{number}", right).json()  # type: ignore[attr-defined]
    assert body["snoozed_until"] == "2026-03-03T09:00:00Z"
    assert [item["id"] for item in items(caller, "/conversations", tab="snoozed")] == [number]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"status": "gone"},
        {"status": None},
        {"assignee": "nobody@example.org"},
        {"assignee": "\x00"},
        {"colour": "red"},
        {"status": "resolved", "assignee": "nobody@example.org"},
        [],
        "resolved",
    ],
)
def test_a_change_that_cannot_be_made_changes_nothing(caller: Caller, number: int, change: Any) -> None:
    assert caller.patch(f"/conversations/{number}", change).status_code == 422
    assert Conversation.objects.get(pk=number).status == "open"


def test_a_deactivated_colleague_is_given_nothing(caller: Caller, number: int, admin: User) -> None:
    admin.is_active = False
    admin.save()
    assert caller.patch(f"/conversations/{number}", {"assignee": admin.email}).status_code == 422


@pytest.mark.parametrize("sort", ["newest", "urgent"])
def test_conversations_are_paged_by_key_in_both_orders(caller: Caller, brand: Any, sort: str) -> None:
    messages = [{"id": str(n), "text": f"Tramonto {n}", "created_at": f"2026-03-02T09:0{n}:00Z"} for n in range(7)]
    caller.post("/messages", {"brand": brand.slug, "messages": messages})
    whole = [item["id"] for item in items(caller, "/conversations", sort=sort)]
    seen, cursor = [], ""
    while cursor is not None:
        page = caller.get("/conversations", sort=sort, limit=2, cursor=cursor).json()  # type: ignore[attr-defined]
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert seen == whole
    assert len(seen) == 7


def test_a_cursor_of_the_other_order_is_refused(caller: Caller, brand: Any) -> None:
    messages = [{"id": str(n), "text": f"Tramonto {n}"} for n in range(3)]
    caller.post("/messages", {"brand": brand.slug, "messages": messages})
    cursors = {
        sort: caller.get("/conversations", sort=sort, limit=1).json()["next"]  # type: ignore[attr-defined]
        for sort in ("newest", "urgent")
    }
    assert caller.get("/conversations", sort="newest", cursor=cursors["urgent"]).status_code == 422
    assert caller.get("/conversations", sort="urgent", cursor=cursors["newest"]).status_code == 422
    assert caller.get("/messages", cursor=cursors["newest"]).status_code == 422


def test_mine_means_the_tokens_owners(caller: Caller, admin_caller: Caller, number: int, user: User) -> None:
    caller.patch(f"/conversations/{number}", {"assignee": user.email})
    assert [item["id"] for item in items(caller, "/conversations", tab="mine")] == [number]
    assert items(admin_caller, "/conversations", tab="mine") == []


def test_a_source_shows_how_it_is_and_never_its_secrets(caller: Caller, source: Source) -> None:
    answer = caller.get("/sources")
    assert "hunter2" not in answer.content.decode()
    listed = answer.json()["items"]  # type: ignore[attr-defined]
    assert [(each["name"], each["health"]["pulse"]) for each in listed] == [("Shop", "never")]
    one = caller.get(f"/sources/{source.pk}")
    assert one.json() == listed[0]  # type: ignore[attr-defined]


def test_an_administrators_program_pauses_and_resumes_a_source(admin_caller: Caller, source: Source) -> None:
    paused = admin_caller.patch(f"/sources/{source.pk}", {"state": "paused"}).json()  # type: ignore[attr-defined]
    assert paused["state"] == "paused"
    assert paused["health"]["pulse"] == "paused"
    assert admin_caller.patch(f"/sources/{source.pk}", {"state": "active"}).json()["state"] == "active"  # type: ignore[attr-defined]
    assert admin_caller.patch(f"/sources/{source.pk}", {"state": "gone"}).status_code == 422


def test_the_scope_is_worth_nothing_once_its_owner_is_no_administrator(
    admin_caller: Caller, admin: User, source: Source
) -> None:
    admin.is_admin = False
    admin.save()
    assert admin_caller.patch(f"/sources/{source.pk}", {"state": "paused"}).status_code == 403
    source.refresh_from_db()
    assert source.state == "active"


def test_sources_are_paged(caller: Caller, brand: Any) -> None:
    for n in range(5):
        Source.objects.create(brand=brand, channel="rss", name=f"Feed {n}")
    seen, cursor = [], ""
    while cursor is not None:
        page = caller.get("/sources", limit=2, cursor=cursor).json()  # type: ignore[attr-defined]
        seen += [item["name"] for item in page["items"]]
        cursor = page["next"]
    assert seen == [f"Feed {n}" for n in reversed(range(5))]
