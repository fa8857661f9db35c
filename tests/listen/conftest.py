"""A feed on this machine, served over real HTTP, that does what a test tells it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass
class Feed:
    """`items` are (id, title); `status` other than 200 makes the server refuse with `headers`."""

    items: list[tuple[str, str]] = field(default_factory=list)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    url: str = ""

    def xml(self) -> bytes:
        items = "".join(
            f"<item><guid>{number}</guid><title>{title}</title><description>{title}</description>"
            "<pubDate>Mon, 02 Mar 2026 09:00:00 GMT</pubDate></item>"
            for number, title in self.items
        )
        return f'<rss version="2.0"><channel><title>News of Tramonto</title>{items}</channel></rss>'.encode()


@pytest.fixture
def feed(settings: Any) -> Iterator[Feed]:
    served = Feed()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked += 1
            page = b'<html><head><link rel="alternate" type="application/rss+xml" href="/feed"></head></html>'
            is_page = self.path == "/"
            body = page if is_page else served.xml()
            self.send_response(served.status)
            for name, value in served.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "text/html" if is_page else "application/rss+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    served.url = f"http://127.0.0.1:{server.server_port}/feed"
    settings.OCTAVO_OPTIONS = settings.OCTAVO_OPTIONS.model_copy(update={"allow_private_feeds": True})
    yield served
    server.shutdown()
    server.server_close()
