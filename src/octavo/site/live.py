"""Live updates: the database says that something changed, open pages are told what it means for the list they show.

One listener a process holds one connection; a page costs no connection of its own while nothing happens. A page that falls
behind skips to the present: events say how things stand, not what happened.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Any

import psycopg
import structlog
from asgiref.sync import sync_to_async
from django.db import close_old_connections, connection
from django.http import HttpRequest, StreamingHttpResponse
from django.views.decorators.http import require_GET

from octavo.alert import listed
from octavo.dispatch import inbox
from octavo.kit import clock
from octavo.people.models import User

CHANNEL = "octavo_changed"
AT_MOST_EVERY = 0.4
"""Seconds between two events to one page: quick for a person, calm for the database."""
RINGING_AT_MOST_EVERY = 2.0
"""The same between two looks at what rings: nobody hears two tones within less."""
HEARTBEAT = 20.0
"""Seconds after which a silent connection gets a comment, so that proxies keep it and dead ones are noticed."""
MOST = 1000

log = structlog.get_logger()


class Listener:
    """Hears the database and wakes the pages that wait. Starts with the first page, ends with the last."""

    def __init__(self) -> None:
        self._pages: set[asyncio.Event] = set()
        self._task: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def page(self) -> Iterator[asyncio.Event]:
        """An event that is set whenever something changed."""
        changed = asyncio.Event()
        self._pages.add(changed)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen())
        try:
            yield changed
        finally:
            self._pages.discard(changed)
            if not self._pages and self._task is not None:
                self._task.cancel()
                self._task = None

    async def _listen(self) -> None:
        pause = 1.0
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(**_connection(), autocommit=True) as listening:
                    await listening.execute(f"LISTEN {CHANNEL}")
                    pause = 1.0
                    self._wake()  # something may have happened while nobody listened
                    async for _ in listening.notifies():
                        self._wake()
            except psycopg.Error as error:
                log.warning("live listener lost the database", error=type(error).__name__, retry_in=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 30.0)

    def _wake(self) -> None:
        for changed in self._pages:
            changed.set()


listener = Listener()


def _connection() -> dict[str, Any]:
    parameters = connection.get_connection_params()
    wanted = ("dbname", "user", "password", "host", "port")
    return {name: parameters[name] for name in wanted if parameters.get(name)}


@require_GET
async def stream(request: HttpRequest) -> StreamingHttpResponse:
    """Server-sent events for one open inbox or home page.

    Query: that of the inbox, and `seen`, the number of the newest mention the page knows. Events: `arrivals` with
    `{"n": conversations that got a message since, "more": whether n is a lower bound}`, and `changed` with `{}` whenever
    something is different in the lists.
    """
    user = await request.auser()
    assert isinstance(user, User)  # nobody else comes past the login middleware
    chosen = inbox.Filter.parse(request.GET)
    seen = request.GET.get("seen", "")
    start = int(seen) if seen.isdecimal() and len(seen) < 19 else await sync_to_async(inbox.newest_mention)()
    await _let_go()
    response = StreamingHttpResponse(_events(user, chosen, start), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def _events(user: User, chosen: inbox.Filter, seen: int) -> AsyncIterator[str]:
    told = 0
    with listener.page() as changed:
        yield "retry: 2000\n\n"
        first = True
        while True:
            if not first:
                try:
                    await asyncio.wait_for(changed.wait(), HEARTBEAT)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
            changed.clear()
            n = await sync_to_async(inbox.arrived_since)(user, chosen, seen, most=MOST)
            await _let_go()
            if n or not first:  # at first: only what came between the page and its stream
                yield "event: changed\ndata: {}\n\n"
            if n != told:
                told = n
                yield f"event: arrivals\ndata: {json.dumps({'n': n, 'more': n >= MOST})}\n\n"
            first = False
            await asyncio.sleep(AT_MOST_EVERY)


@require_GET
async def ringing(request: HttpRequest) -> StreamingHttpResponse:
    """Server-sent events for whoever wants to hear alerts, also behind another tab.

    Query: `since`, the moment up to which the page knows of ringing; without one, the present. Events: `rang` with
    `{"n": alerts nobody has acknowledged, "severity": of the worst of them, "at": the last ringing}`.
    """
    user = await request.auser()
    assert isinstance(user, User)  # nobody else comes past the login middleware
    response = StreamingHttpResponse(
        _ringing(user, _moment(request.GET.get("since", ""))), content_type="text/event-stream"
    )
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def _ringing(user: User, since: datetime) -> AsyncIterator[str]:
    with listener.page() as changed:
        yield "retry: 5000\n\n"
        changed.set()  # at first: what rang between the page and its stream
        while True:
            try:
                await asyncio.wait_for(changed.wait(), HEARTBEAT)
            except TimeoutError:
                yield ": still here\n\n"
                continue
            changed.clear()
            found = await sync_to_async(listed.standing)(user)
            await _let_go()
            if found.newest and found.newest > since:
                since = found.newest
                said = {"n": found.open, "severity": found.worst, "at": since.isoformat()}
                yield f"event: rang\ndata: {json.dumps(said)}\n\n"
            await asyncio.sleep(RINGING_AT_MOST_EVERY)


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return clock.now()
    return found if found.tzinfo else clock.now()


async def _let_go() -> None:
    """Give this page's connection back to the pool, which holds fewer than there may be pages."""
    await sync_to_async(close_old_connections)()
