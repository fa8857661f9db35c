"""An open page hears what happens, from a database that may come and go."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from asgiref.sync import sync_to_async
from by_hand import Says, readings
from conftest import MakesPosts
from django.db import connection
from django.test import AsyncClient
from django.urls import reverse

from octavo.alert import decide as alerts
from octavo.alert import ring, rules
from octavo.alert.models import Alert, RuleKind
from octavo.conversations import decide
from octavo.conversations.models import Brand, Conversation
from octavo.conversations.record import record
from octavo.dispatch import inbox
from octavo.kit import clock
from octavo.people.models import User
from octavo.vocabulary import Post

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 30.0
LISTENING = "FROM pg_stat_activity WHERE query = 'LISTEN octavo_changed' AND datname = current_database()"


class Page:
    """What an open page hears."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

    async def listen(self, chunks: AsyncIterator[bytes]) -> None:
        async for chunk in chunks:
            name, data = "", None
            for line in chunk.decode().splitlines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                if line.startswith("data: "):
                    data = json.loads(line.removeprefix("data: "))
            await self.heard.put((name or chunk.decode().split(":")[0], data))

    async def next(self, name: str) -> Any:
        """The data of the next event of this name."""
        async with asyncio.timeout(PATIENCE):
            while True:
                event, data = await self.heard.get()
                if event == name:
                    return data


@asynccontextmanager
async def opened(user: User, query: str = "", *, name: str = "live") -> AsyncIterator[Page]:
    client = AsyncClient()
    await client.aforce_login(user)
    response: Any = await client.get(f"{reverse(name)}?{query}")
    assert response.status_code == 200 and response["Content-Type"] == "text/event-stream"
    assert response["Cache-Control"] == "no-store"
    page = Page()
    task = asyncio.create_task(page.listen(aiter(response.streaming_content)))
    try:
        await page.next("retry")
        yield page
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@sync_to_async
def keep(brand: Brand, *posts: Post, **says: Any) -> list[int]:
    try:
        return record(posts, readings(posts, Says(**says)), brand=brand.pk).new
    finally:
        connection.close()


@sync_to_async
def ask(sql: str) -> Any:
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()
    finally:
        connection.close()


async def until(sql: str, expected: object) -> None:
    async with asyncio.timeout(PATIENCE):
        while await ask(sql) != (expected,):
            await asyncio.sleep(0.02)


async def test_an_open_page_hears_how_many_conversations_of_its_list_got_a_message(
    user: User, brand: Brand, post: MakesPosts
) -> None:
    async with opened(user, "register=crisis") as crises, opened(user) as everything:
        await keep(brand, post("a", by="a"), post("b", by="b"))
        assert await everything.next("arrivals") == {"n": 2, "more": False}
        await keep(brand, post("c", by="c"), register="crisis")
        assert await everything.next("arrivals") == {"n": 3, "more": False}
        assert await crises.next("arrivals") == {"n": 1, "more": False}


async def test_a_decision_of_somebody_else_is_heard(user: User, admin: User, brand: Brand, post: MakesPosts) -> None:
    numbers = await keep(brand, post())
    async with opened(user, f"seen={numbers[-1]}") as page:
        await until(f"SELECT count(*) {LISTENING}", 1)
        await sync_to_async(decide.set_status)(admin, numbers, Conversation.Status.RESOLVED)
        assert await page.next("changed") == {}


async def test_what_came_between_the_page_and_its_stream_is_told_at_once(
    user: User, brand: Brand, post: MakesPosts
) -> None:
    seen = await sync_to_async(inbox.newest_mention)()
    await keep(brand, post())
    async with opened(user, f"seen={seen}") as page:
        assert await page.next("arrivals") == {"n": 1, "more": False}


@pytest.mark.parametrize("seen", ["", "x", "-1", "9" * 40, "²", "%00"])
async def test_a_page_that_does_not_say_what_it_saw_begins_now(
    user: User, brand: Brand, post: MakesPosts, seen: str
) -> None:
    await keep(brand, post("before", by="a"))
    async with opened(user, f"seen={seen}") as page:
        await keep(brand, post("after", by="b"))
        assert await page.next("arrivals") == {"n": 1, "more": False}


async def test_the_database_goes_and_comes_back(user: User, brand: Brand, post: MakesPosts) -> None:
    async with opened(user) as page:
        await until(f"SELECT count(*) {LISTENING}", 1)
        await ask(f"SELECT count(pg_terminate_backend(pid)) {LISTENING}")
        await until(f"SELECT count(*) {LISTENING}", 0)
        await keep(brand, post())
        assert await page.next("arrivals") == {"n": 1, "more": False}


async def test_pages_share_one_listener_that_ends_with_the_last(user: User) -> None:
    async with opened(user):
        async with opened(user):
            await until(f"SELECT count(*) {LISTENING}", 1)
        await until(f"SELECT count(*) {LISTENING}", 1)
    await until(f"SELECT count(*) {LISTENING}", 0)


async def test_a_page_holds_no_connection_while_nothing_happens(user: User, brand: Brand, post: MakesPosts) -> None:
    async with opened(user) as page:
        await keep(brand, post())
        await page.next("arrivals")
        async with asyncio.timeout(PATIENCE):
            while not await sync_to_async(lambda: connection.connection is None)():
                await asyncio.sleep(0.02)


async def test_a_stranger_is_sent_to_the_sign_in() -> None:
    response = await AsyncClient().get(reverse("live"))
    assert response.status_code == 302 and response["Location"].startswith(reverse("account_login"))


@sync_to_async
def ring_about(brand: Brand, key: str, severity: int) -> Alert:
    try:
        rule = rules.of([brand.pk])[brand.pk, RuleKind.BURST]
        reason = {"kind": "burst", "key": key, "hour": 9, "usual_hour": 1, "once_in_days": 9}
        return ring.open_alert(rule, key, severity=severity, reason=reason, first_signal_at=clock.now())
    finally:
        connection.close()


async def test_whoever_listens_hears_each_ringing_once(brand: Brand, user: User) -> None:
    async with opened(user, name="live-ringing") as page:
        first = await ring_about(brand, "all", 3)
        assert await page.next("rang") == {"n": 1, "severity": 3, "at": first.rang_at.isoformat()}
        await sync_to_async(alerts.acknowledge)(user, first.pk)
        second = await ring_about(brand, "negative", 4)
        assert await page.next("rang") == {"n": 1, "severity": 4, "at": second.rang_at.isoformat()}


async def test_what_rang_while_nobody_listened_is_heard_and_what_was_known_is_not(brand: Brand, user: User) -> None:
    known = (clock.now() - timedelta(minutes=1)).isoformat()
    alert = await ring_about(brand, "all", 3)
    async with opened(user, urlencode({"since": known}), name="live-ringing") as page:
        assert (await page.next("rang"))["at"] == alert.rang_at.isoformat()
    for since in (alert.rang_at.isoformat(), "", "yesterday", "2026-01-01"):
        async with opened(user, urlencode({"since": since}), name="live-ringing") as page:
            later = await ring_about(brand, f"register:{since or 'none'}", 4)
            assert (await page.next("rang"))["at"] == later.rang_at.isoformat()
