"""Bodies that are too large are refused before the application sees them."""

from __future__ import annotations

import json
from collections.abc import MutableMapping
from typing import Any

import pytest

from octavo.site.limits import BodyLimit


class Application:
    """Reads the whole body, then answers 202; remembers how much it was given."""

    def __init__(self) -> None:
        self.given = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        more = True
        while more:
            message = await receive()
            self.given += len(message.get("body", b""))
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 202, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})


async def call(chunks: list[bytes], *, path: str = "/hooks/x/", announced: int | None = None) -> tuple[int, int, Any]:
    """Status, bytes the application was given, and the body of the answer."""
    application = Application()
    sent: list[MutableMapping[str, Any]] = []
    left = list(chunks)

    async def receive() -> MutableMapping[str, Any]:
        body = left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    headers = [] if announced is None else [(b"content-length", str(announced).encode())]
    scope = {"type": "http", "path": path, "headers": headers}
    await BodyLimit(application, {"/hooks/": 100})(scope, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    return sent[0]["status"], application.given, json.loads(sent[1]["body"])


async def test_a_body_within_the_limit_passes() -> None:
    assert (await call([b"x" * 60, b"x" * 40], announced=100))[:2] == (202, 100)


async def test_a_body_announced_as_too_large_is_refused_without_reading_a_byte() -> None:
    status, given, answer = await call([b"x" * 101], announced=101)
    assert (status, given, answer["status"], answer["code"]) == (413, 0, 413, "too_large")


async def test_a_body_that_grows_beyond_the_limit_without_having_said_so_is_cut_off() -> None:
    status, given, _ = await call([b"x" * 60] * 1000)
    assert (status, given) == (413, 60)


@pytest.mark.parametrize("path", ["/", "/hook/x/"])
async def test_other_paths_are_left_alone(path: str) -> None:
    assert (await call([b"x" * 500], path=path, announced=500))[:2] == (202, 500)
