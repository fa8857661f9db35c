"""A feed that is followed: served by the test itself, on this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import expect

from e2e.conftest import Hook, Person, Visits, reload_until

pytestmark = pytest.mark.e2e

FEED = "\n".join(
    [
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Letters to Tramonto</title>',
        "<link>https://letters.example.org/</link><description>Letters</description>",
        *(
            f"<item><guid>letter-{n}</guid><title>Letter {n}</title>"
            f"<description>Dear Tramonto, this is letter number {n} about my armchair.</description>"
            f"<pubDate>Mon, 0{n} Jun 2026 08:00:00 GMT</pubDate></item>"
            for n in range(1, 8)
        ),
        "</channel></rss>",
    ]
)


@dataclass
class Site:
    """Somebody's website. `broken` makes it answer with an error of its own."""

    address: str = ""
    broken: bool = False
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            status, kind, body = 200, "application/rss+xml", FEED
            if site.broken:
                status, kind, body = 500, "text/plain", "out of order"
            elif self.path == "/page":
                kind, body = "text/html", "<!doctype html><title>A page</title><p>No feed here."
            elif self.path != "/letters.xml":  # Octavo guesses where a page's feed may be
                status, kind, body = 404, "text/plain", "nothing"
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_feed_shows_its_last_five_before_it_is_followed_and_can_be_paused_resumed_and_removed(
    grace: Person, visit: Visits, tramonto: Hook, site: Site
) -> None:
    page = visit(grace)
    page.goto("/sources/")
    page.get_by_role("link", name="Connect a source").first.click()
    page.get_by_role("link", name="Feed", exact=True).click()
    page.get_by_label("Address of the feed or of the page").fill(f"{site.address}/letters.xml")
    page.get_by_label("Brand", exact=True).select_option(label="Tramonto")
    page.get_by_role("button", name="Show me the last five").click()
    tried = page.get_by_role("status", name="What it would bring")
    expect(tried.locator("li")).to_have_count(5)
    expect(tried).to_contain_text("letter number 7")
    expect(tried).not_to_contain_text("letter number 2")
    expect(tried).to_contain_text("Nothing of this is kept yet.")

    page.get_by_role("button", name="Follow it").click()
    expect(page.get_by_role("heading", name="Letters to Tramonto", level=1)).to_be_visible()
    source = page.url

    page.get_by_role("button", name="Pause").click()
    state = page.get_by_role("region", name="How it is")
    expect(state.locator(".state")).to_have_text("Paused")
    page.get_by_role("button", name="Resume").click()
    expect(state.locator(".state")).not_to_have_text("Paused")

    page.get_by_role("button", name="Show me the last five").click()
    expect(page.locator("ul.lines > li")).to_have_count(5)
    page.get_by_role("link", name="Back to the source").click()

    # What happens when the other side breaks: said in words, with what to do.
    site.broken = True
    page.get_by_role("button", name="Show me the last five").click()
    expect(page.get_by_role("alert")).to_contain_text("The other side has a fault of its own.")
    expect(page.get_by_role("alert")).to_contain_text("Octavo keeps trying by itself.")

    page.goto(source)
    page.get_by_role("link", name="Remove this source").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_text("The source is removed; its messages stay.")).to_be_visible()
    expect(page.get_by_role("link", name="Letters to Tramonto")).to_have_count(0)


@pytest.mark.parametrize(
    ("path", "broken", "happened", "advice"),
    [
        ("/letters.xml", True, "The other side has a fault of its own.", "open the address in a browser"),
        ("/page", False, "There is a page at this address, but no feed.", "ask its owner for the address of the feed"),
    ],
)
def test_an_address_that_gives_no_feed_is_not_followed_and_the_form_says_what_to_do(
    grace: Person, visit: Visits, tramonto: Hook, site: Site, path: str, broken: bool, happened: str, advice: str
) -> None:
    page = visit(grace, forgiven=["status of 422"])
    site.broken = broken
    page.goto("/sources/new/rss/")
    page.get_by_label("Address of the feed or of the page").fill(site.address + path)
    page.get_by_label("Brand", exact=True).select_option(label="Tramonto")
    page.get_by_role("button", name="Follow it").click()
    error = page.locator(".errorlist")
    expect(error).to_contain_text(happened)
    expect(error).to_contain_text(advice)
    expect(page.get_by_label("Address of the feed or of the page")).to_have_value(site.address + path)
    page.goto("/sources/")
    expect(page.get_by_text("127.0.0.1")).to_have_count(0)


def test_a_followed_feed_fills_the_inbox_and_shows_its_illness_when_it_falls_ill(
    grace: Person, visit: Visits, tramonto: Hook, site: Site
) -> None:
    page = visit(grace)
    page.goto("/sources/new/rss/")
    page.get_by_label("Address of the feed or of the page").fill(f"{site.address}/letters.xml")
    page.get_by_label("Brand", exact=True).select_option(label="Tramonto")
    page.get_by_label("Everything from here is about the brand").check()
    page.get_by_role("button", name="Follow it").click()
    state = page.get_by_role("region", name="How it is").locator(".state")

    reload_until(page, lambda: expect(state).to_have_text("Alive", timeout=1_000))
    source = page.url
    page.goto(f"/inbox/?brand={tramonto.slug}&channel=rss")
    expect(page.locator("#rows > .row")).to_have_count(7)

    site.broken = True
    page.goto(source)
    page.get_by_role("button", name="Ask it now").click()
    reload_until(page, lambda: expect(state).to_have_text("Failing", timeout=1_000))
    expect(page.get_by_role("region", name="How it is")).to_contain_text("Octavo keeps trying by itself.")
    expect(page.locator("#strip-state")).to_contain_text("1 source broken")
    page.get_by_role("link", name="Remove this source").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.locator("#strip-state")).not_to_contain_text("broken")
