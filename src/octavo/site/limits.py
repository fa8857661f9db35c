"""Bodies that are too large are refused before they are read: Django would first take in the whole."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


class _TooLarge(Exception):
    """More came than was announced, or than is allowed."""


class BodyLimit:
    """Answers 413 (problem+json) to a body larger than what its path allows. `limits` is path prefix to bytes."""

    def __init__(self, application: Any, limits: Mapping[str, int]) -> None:
        self._application = application
        self._limits = dict(limits)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        limit = self._limit(scope)
        if limit is None:
            await self._application(scope, receive, send)
            return
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        if announced.isdigit() and int(announced) > limit:
            await _refuse(send, limit)
            return
        taken = 0
        refused = False

        async def counted() -> Message:
            nonlocal taken, refused
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                refused = True
                raise _TooLarge
            return message

        async def unless_refused(message: Message) -> None:
            if not refused:
                await send(message)

        with contextlib.suppress(_TooLarge):
            await self._application(scope, counted, unless_refused)
        if refused:
            await _refuse(send, limit)

    def _limit(self, scope: Mapping[str, Any]) -> int | None:
        if scope["type"] != "http":
            return None
        return next((limit for prefix, limit in self._limits.items() if scope["path"].startswith(prefix)), None)


async def _refuse(send: Send, limit: int) -> None:
    problem = {
        "type": "about:blank",
        "title": "Content Too Large",
        "status": 413,
        "code": "too_large",
        "detail": f"At most {limit:,} bytes at a time; send fewer messages in a call.",
    }
    body = json.dumps(problem).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
