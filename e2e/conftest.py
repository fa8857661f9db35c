"""One Octavo and one browser for all journeys; a page for each visitor, which reports what went wrong on it.

The journeys run in the order of their files, the newcomer's first: it needs an installation nobody has touched yet.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from playwright.sync_api import Browser, Page, expect, sync_playwright

from e2e import browser
from e2e.running import Running
from octavo.channels.webhook import sign

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE = 45_000
"""Milliseconds a condition may take on a machine that has other things to do; nothing waits longer than it must."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: "test_newcomer" not in item.nodeid)


class Letters:
    """A mailbox: what a mail server of ours was given, with the moment it was."""

    def __init__(self) -> None:
        self.kept: list[tuple[float, Message]] = []

    async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.kept.append((time.monotonic(), message_from_bytes(envelope.content)))
        return "250 kept"


@pytest.fixture(scope="session")
def letters() -> Letters:
    return Letters()


@pytest.fixture(scope="session")
def octavo(letters: Letters) -> Iterator[Running]:
    """The installation the journeys share: empty at first, free to fetch from this machine, with a mail server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(letters, hostname="127.0.0.1", port=port)
    server.start()
    mail = {"mail_host": "127.0.0.1", "mail_port": str(port), "mail_security": "none"}
    with Running("--no-demo", allow_private_feeds="true", **mail) as running:
        yield running
    server.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    running = getattr(item, "funcargs", {}).get("octavo")
    if running is not None and report.failed:
        report.sections.append(("What Octavo said", running.log()[-6000:]))
    return report


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = browser.find()
    if path is None:
        pytest.fail("There is no Chromium: `make test-e2e` installs one, or name it in OCTAVO_BROWSER.")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield launched
        launched.close()


@dataclass
class Person:
    """A colleague with an account. `state` is their signed-in session."""

    name: str
    email: str
    password: str = "four calm green turtles"
    state: Any = None


Visit = Callable[..., Page]


@dataclass
class Visits:
    """Opens pages, each in a browser of its own, and keeps what their consoles complained about."""

    chromium: Browser
    base: str
    complaints: list[str] = field(default_factory=list)
    _contexts: list[Any] = field(default_factory=list)

    def __call__(self, person: Person | None = None, *, forgiven: Sequence[str] = (), **options: Any) -> Page:
        """A page nobody has gone anywhere with. `forgiven` are parts of console messages that belong to the journey;
        `options` are Playwright's of a context."""
        state = person.state if person else None
        given = {"viewport": {"width": 1440, "height": 900}, "locale": "en-GB", "reduced_motion": "reduce", **options}
        context = self.chromium.new_context(base_url=self.base, storage_state=state, **given)
        self._contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()

        def complain(words: str) -> None:
            if not any(part in words for part in forgiven):
                self.complaints.append(f"{page.url}: {words}")

        page.on("console", lambda message: complain(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complain(str(error)))
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()
        self._contexts.clear()


@pytest.fixture
def visit(octavo: Running, chromium: Browser) -> Iterator[Visits]:
    """`visit(grace)` is a fresh page of Grace's, `visit()` one of somebody not signed in.

    After the journey no console may have complained: no script error, nothing the content security policy stopped.
    """
    visits = Visits(chromium, octavo.address)
    yield visits
    visits.close()
    assert not visits.complaints


def welcome(page: Page, link: str, person: Person) -> None:
    """Use a one-time link up."""
    page.goto(link)
    page.get_by_label("Your name").fill(person.name)
    if page.get_by_label("E-mail address").is_enabled():
        page.get_by_label("E-mail address").fill(person.email)
    page.get_by_label("Password", exact=True).fill(person.password)
    page.get_by_label("The same password again").fill(person.password)
    page.get_by_role("button", name="Begin").click()
    expect(page).to_have_title("Home · Octavo")
    person.state = page.context.storage_state()


@pytest.fixture(scope="session")
def grace(octavo: Running, chromium: Browser) -> Person:
    """The administrator: whoever followed the link that was printed."""
    person = Person("Grace", "grace@example.org")
    visits = Visits(chromium, octavo.address)
    welcome(visits(), octavo.link, person)
    visits.close()
    return person


@pytest.fixture(scope="session")
def ada(octavo: Running, chromium: Browser, grace: Person) -> Person:
    """A colleague whom Grace invited."""
    person = Person("Ada", "ada@example.org")
    visits = Visits(chromium, octavo.address)
    welcome(visits(), invite(visits(grace), person), person)
    visits.close()
    return person


def reload_until(page: Page, holds: Callable[[], None], *, seconds: float = 180.0) -> None:
    """Load a page again until what `holds` asserts is true, for what a worker does in its own time."""
    until = time.monotonic() + seconds
    while True:
        try:
            return holds()
        except AssertionError:
            if time.monotonic() > until:
                raise
        page.reload()


def invite(page: Page, person: Person, *, admin: bool = False) -> str:
    """The link an administrator gets for a colleague."""
    page.goto("/settings/people/")
    page.get_by_label("E-mail address").fill(person.email)
    if admin:
        page.get_by_label("Administrator").check()
    page.get_by_role("button", name="Make the link").click()
    link = page.locator("#link").text_content()
    assert link
    return link.strip()


@pytest.fixture(scope="session")
def demo(octavo: Running, chromium: Browser, grace: Person) -> str:
    """The demo brand, loaded; its name in addresses."""
    visits = Visits(chromium, octavo.address)
    page = visits(grace)
    page.goto("/settings/demo/")
    page.get_by_role("button", name="Load the demo brand").click()
    expect(page).to_have_title("Home · Octavo")
    visits.close()
    return "sorsella-demo"


@dataclass
class Hook:
    """A webhook of a brand, as another system sees it. `slug` names the brand in addresses."""

    page: Page
    slug: str
    url: str
    secret: str

    def post(self, *messages: dict[str, Any]) -> None:
        """One signed call; every message is accepted."""
        body = json.dumps({"messages": messages}).encode()
        headers = {**sign(self.secret, body, datetime.now(UTC)), "Content-Type": "application/json"}
        answer = self.page.request.post(self.url, data=body, headers=headers)
        assert answer.status == 202, answer.text()
        assert answer.json()["rejected"] == 0, answer.text()


@pytest.fixture(scope="session")
def tramonto(octavo: Running, chromium: Browser, grace: Person) -> Iterator[Hook]:
    """A brand of one's own with a webhook, both made on the pages."""
    visits = Visits(chromium, octavo.address)
    page = visits(grace)
    page.goto("/brands/new/")
    page.locator("#id_name").fill("Tramonto")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Tramonto", level=1)).to_be_visible()
    slug = page.url.rstrip("/").split("?")[0].rstrip("/").rsplit("/", 1)[-1]
    page.goto("/sources/new/webhook/")
    page.locator("#id_name").fill("The shop")
    page.get_by_label("Brand", exact=True).select_option(label="Tramonto")
    page.get_by_label("Everything from here is about the brand").check()
    page.get_by_role("button", name="Follow it").click()
    secret, url = page.locator("#secret").text_content(), page.locator("#hook").text_content()
    assert secret and url
    yield Hook(page, slug, url.strip(), secret.strip())
    visits.close()
