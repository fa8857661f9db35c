"""Those who are told of alerts, in tests: a mail server and an address that is called, both on this machine."""

from __future__ import annotations

import email
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from octavo.alert.models import Delivery, Summary
from octavo.kit import clock


class Post:
    """A mail server's other end: keeps what it is given, or refuses with `answer`."""

    def __init__(self) -> None:
        self.letters: list[Message] = []
        self.to: list[str] = []
        self.answer = ""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answer:
            return self.answer
        self.letters.append(email.message_from_bytes(envelope.content))
        self.to += envelope.rcpt_tos
        return "250 kept"


class Called:
    """An address that is called: keeps the calls, answers with `status`."""

    def __init__(self) -> None:
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        self.url = ""


@contextmanager
def answering() -> Iterator[Called]:
    """Such an address, until the end."""
    there = Called()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            there.calls.append((dict(self.headers.items()), body))
            self.send_response(there.status)
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    there.url = f"http://127.0.0.1:{server.server_port}/hook/SECRET"
    yield there
    server.shutdown()
    server.server_close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def put(settings: Any, **changes: object) -> None:
    """Change settings of the installation for one test."""
    settings.OCTAVO_OPTIONS = settings.OCTAVO_OPTIONS.model_copy(update=changes)


def said(letter: Message) -> str:
    """What stands in a letter."""
    content = letter.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode()


def due_now() -> None:
    for kind in (Delivery, Summary):
        kind._default_manager.filter(state="waiting").update(next_at=clock.now())
