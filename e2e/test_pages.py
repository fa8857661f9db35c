"""Every page, in every language, in light and dark, at both ends of the widths: what must hold of all of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FilePayload, Page, ViewportSize, expect

from e2e.conftest import Hook, Person, Visits, invite, reload_until, welcome
from e2e.running import Running

pytestmark = pytest.mark.e2e

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
NARROW, WIDE = ViewportSize(width=390, height=844), ViewportSize(width=1920, height=1080)
AXE = Axe().axe_script
NOT_OURS = [[".swagger-ui"]]
"""The API's documentation is drawn by Swagger UI, which breaks rules of contrast, nesting and size; its document is the twin."""
MISSING = "status of 404"

NOT_PAGES = {
    "inbox-act", "view-save", "view-delete", "undo", "conversation-status", "conversation-assign", "conversation-note",
    "correct", "withdraw", "places", "live", "hook", "source-test", "source-act", "import-again", "import-discard",
    "people-invite", "people-withdraw", "people-password", "people-change", "api-token-revoke", "brand-read-again",
    "campaign-delete", "demo-load", "demo-remove", "api-schema", "alert-act", "alert-undo", "alert-mail", "alert-quiet", "alert-quiet-end",
    "alert-line-undo", "alert-shift-add", "alert-shift-remove", "alert-handover-add", "alert-handover-remove", "alert-watch-zone",
    "alert-passing", "alert-device-add", "alert-device-act", "push-worker", "alert-sound", "live-ringing", "alert-rule-change",
    "alert-rule-try", "alert-rule-unlearn", "alert-hook-add", "alert-hook-act", "alert-delivery-again", "brand-context",
    "brand-learning", "brand-learning-back", "brand-learning-export", "brand-learning-reset", "topic-delete", "topic-undo",
}  # fmt: skip
"""Addresses that take a form or answer a program."""

ELSEWHERE = {"account_login", "welcome", "account_inactive", "account_reauthenticate"}
"""Pages seen by those who are not signed in, or sign in again."""


@dataclass(frozen=True)
class Place:
    """`name` is that of the address, `path` one example of it."""

    name: str
    path: str


@pytest.fixture(scope="module")
def irma(octavo: Running, chromium: Browser, grace: Person) -> Person:
    """An administrator of her own, who changes language and theme as she likes."""
    person = Person("Irma", "irma@example.org")
    visits = Visits(chromium, octavo.address)
    welcome(visits(), invite(visits(grace), person, admin=True), person)
    visits.close()
    return person


@pytest.fixture(scope="module")
def places(octavo: Running, chromium: Browser, irma: Person, demo: str, tramonto: Hook) -> Iterator[list[Place]]:
    """Every page, with an example that has something on it."""
    visits = Visits(chromium, octavo.address)
    page = visits(irma)
    page.goto(f"/inbox/?brand={demo}")
    conversation = page.locator("#rows .go").first.get_attribute("href") or ""
    page.goto("/sources/")
    source = path_of(page.get_by_role("link", name="The shop").get_attribute("href"))
    for name in ("draft.jsonl", "done.jsonl"):
        page.goto("/import/")
        line = json.dumps(
            {"id": name, "text": "A chair, from a file.", "created_at": "2026-05-01T10:00:00Z", "author": "una"}
        )
        page.get_by_label("File").set_input_files(
            FilePayload(name=name, mimeType="text/plain", buffer=f"{line}\nbroken\n".encode())
        )
        page.get_by_role("button", name="Look at it").click()
        expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
        if name == "done.jsonl":
            page.get_by_label("Whose messages are these?").select_option(label="Tramonto")
            page.get_by_role("button", name="Start the import").click()
            expect(page.get_by_text("The file is in.")).to_be_visible()
            done = path_of(page.url)
        else:
            draft = path_of(page.url)
    page.goto(f"/alerts/?brand={demo}")
    alert = path_of(page.locator("#alert-rows .open").first.get_attribute("href"))
    page.goto(f"/alerts/rules/{demo}/")
    page.locator("#rule-grave").get_by_role("button", name="Try it on the past").click()
    expect(page.get_by_text("Would have rung")).to_be_visible()
    tried = re.sub(r"^https?://[^/]+", "", page.url)
    page.goto(f"/brands/{demo}/")
    campaign = path_of(page.locator("a[href*=campaigns]").filter(has_text="Edit").first.get_attribute("href"))
    page.goto(f"/brands/{demo}/topics/new/")
    page.get_by_label("Name").fill("Lids")
    page.get_by_label("Words").fill("lid\nbouchon\ntappo")
    page.get_by_role("button", name="Save").click()
    page.goto(f"/brands/{demo}/")
    topic = path_of(page.locator("a[href*='/topics/']").filter(has_text="Lids").first.get_attribute("href"))
    page.goto("/stories/?period=all")
    reload_until(page, lambda: expect(page.locator("h2 .open").first).to_be_visible(timeout=1000), seconds=240)
    story = path_of(page.locator("h2 .open").first.get_attribute("href"))
    yield [
        Place("home", "/"),
        Place("home", f"/?brand={demo}"),
        Place("inbox", "/inbox/"),
        Place("inbox", "/inbox/?register=complaint&language=fr&period=30d&q=bouchon"),
        Place("inbox", "/inbox/?q=nobodyeversaidthis&sentiment=negative"),
        Place("inbox", "/inbox/?tab=mine"),
        Place("inbox", "/inbox/?tab=done"),
        Place("conversation", conversation),
        Place("alerts", "/alerts/"),
        Place("alerts", f"/alerts/?tab=closed&brand={demo}"),
        Place("alerts", "/alerts/?outcome=false"),
        Place("alert", alert),
        Place("alert-rules", "/alerts/rules/"),
        Place("alert-rules-of", tried),
        Place("alert-told", "/alerts/told/"),
        Place("alert-watch", "/alerts/watch/"),
        Place("alert-watch-of", f"/alerts/watch/{demo}/"),
        Place("alert-record", "/alerts/record/"),
        Place("sources", "/sources/"),
        Place("source-new", "/sources/new/"),
        Place("source-add", "/sources/new/rss/"),
        Place("source-add", "/sources/new/webhook/"),
        Place("source", source),
        Place("source-edit", f"{source}edit/"),
        Place("source-remove", f"{source}remove/"),
        Place("import", "/import/"),
        Place("import-show", draft),
        Place("import-show", done),
        Place("brands", "/brands/"),
        Place("brand-new", "/brands/new/"),
        Place("brand", f"/brands/{demo}/"),
        Place("brand-edit", f"/brands/{demo}/edit/"),
        Place("brand-delete", f"/brands/{demo}/delete/"),
        Place("campaign-new", f"/brands/{demo}/campaigns/new/"),
        Place("campaign-edit", campaign),
        Place("topic-new", f"/brands/{demo}/topics/new/"),
        Place("topic-edit", topic),
        Place("stories", "/stories/"),
        Place("stories", f"/stories/?period=all&brand={demo}"),
        Place("story", story),
        Place("settings", "/settings/"),
        Place("account_change_password", "/settings/password/"),
        Place("people", "/settings/people/"),
        Place("api-tokens", "/settings/tokens/"),
        Place("demo", "/settings/demo/"),
        Place("installation", "/settings/installation/"),
        Place("account_logout", "/sign-out/"),
        Place("api-docs", "/api/docs"),
        Place("", "/nowhere/"),
    ]
    visits.close()


def path_of(address: str | None) -> str:
    assert address
    return re.sub(r"^https?://[^/]+", "", address).split("?")[0].split("#")[0]


def broken_rules(page: Page, *, only_colours: bool = False, within: str = "html") -> list[str]:
    """Accessibility rules the page breaks, with the first elements that do."""
    if page.evaluate("typeof window.axe") == "undefined":
        page.evaluate(AXE)
    run_only = {"type": "rule", "values": ["color-contrast"]} if only_colours else {"type": "tag", "values": WCAG}
    options = {"runOnly": run_only, "resultTypes": ["violations"]}
    found = page.evaluate(
        "([within, options]) => axe.run(within, options)", [{"include": [[within]], "exclude": NOT_OURS}, options]
    )
    return [f"{rule['id']}: {[node['html'][:160] for node in rule['nodes'][:3]]}" for rule in found["violations"]]


def faults(page: Page, *, colours: bool) -> list[str]:
    """What is wrong with the page that is open: title, rules, widths; with `colours`, those of dark and narrow too."""
    wrong = []
    if not re.fullmatch(r"\S.* · Octavo", page.title()):
        wrong.append(f"title {page.title()!r}")
    page.set_viewport_size(NARROW)
    wrong += too_wide(page)
    if colours:
        wrong += [f"narrow {rule}" for rule in broken_rules(page, only_colours=True)]
    page.set_viewport_size(WIDE)
    wrong += too_wide(page) + broken_rules(page)
    if colours:
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        wrong += [f"dark {rule}" for rule in broken_rules(page, only_colours=True)]
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return wrong


def too_wide(page: Page) -> list[str]:
    over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{over} pixels too wide at {page.evaluate('innerWidth')}"] if over > 0 else []


@pytest.mark.parametrize("language", ["en", "fr", "it"])
def test_every_page_keeps_the_rules_in_light_and_dark_from_390_to_1920_pixels(
    irma: Person, visit: Visits, places: list[Place], language: str
) -> None:
    page = visit(irma, forgiven=[MISSING], viewport=NARROW)
    speak(page, language)
    wrong: dict[str, list[str]] = {}
    for place in places:
        page.goto(place.path)
        if place.name == "api-docs":
            expect(page.locator(".swagger-ui .opblock").first).to_be_visible()
        else:
            expect(page.locator("html")).to_have_attribute("lang", language)
        # Colours do not depend on the language; the length of words does.
        if found := faults(page, colours=language == "en"):
            wrong[place.path] = found
    assert not wrong, json.dumps(wrong, indent=1, ensure_ascii=False)


def speak(page: Page, language: str) -> None:
    """Choose a language on the page of preferences."""
    page.goto("/settings/")
    page.locator("#id_language").select_option(language)
    page.locator("form.card button.primary").click()
    expect(page.locator("html")).to_have_attribute("lang", language)


@pytest.mark.parametrize(("locale", "language"), [("en-GB", "en"), ("fr-FR", "fr"), ("it-IT", "it")])
def test_the_pages_before_signing_in_keep_the_rules_in_the_browsers_language(
    grace: Person, visit: Visits, locale: str, language: str
) -> None:
    link = invite(visit(grace), Person("Newcomer", f"new-{language}@example.org"))
    page = visit(forgiven=[MISSING, "status of 410"], locale=locale)
    wrong: dict[str, list[str]] = {}
    for path in ("/sign-in/", link, "/welcome/never-made/", "/sign-in/inactive/"):
        page.goto(path)
        expect(page.locator("html")).to_have_attribute("lang", language)
        if found := faults(page, colours=True):
            wrong[path] = found
    assert not wrong, json.dumps(wrong, indent=1, ensure_ascii=False)


def test_the_list_of_pages_is_complete(places: list[Place]) -> None:
    from django.urls import URLPattern, URLResolver, get_resolver

    def names(resolver: URLResolver) -> Iterator[str]:
        for pattern in resolver.url_patterns:
            if isinstance(pattern, URLResolver):
                if "api/v1" not in str(pattern.pattern):
                    yield from names(pattern)
            elif isinstance(pattern, URLPattern) and pattern.name:
                yield pattern.name

    known = {place.name for place in places} | NOT_PAGES | ELSEWHERE
    assert set(names(get_resolver())) <= known


def test_the_theme_a_person_chose_holds_whatever_the_system_says(irma: Person, visit: Visits) -> None:
    page = visit(irma, color_scheme="light")
    speak(page, "en")

    def ground() -> str:
        return str(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))

    light = ground()
    page.get_by_label("Theme").select_option("dark")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert ground() != light
    page.get_by_label("Theme").select_option("system")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "system")
    assert ground() == light


def test_open_menus_dialogs_and_facets_keep_the_rules_too(irma: Person, demo: str, visit: Visits) -> None:
    page = visit(irma)
    speak(page, "en")
    wrong: dict[str, list[str]] = {}

    def look(what: str, within: str = "html") -> None:
        if found := broken_rules(page, within=within):
            wrong[what] = found

    page.goto(f"/inbox/?brand={demo}")
    page.locator("#rows > .row input[type=checkbox]").first.check()
    look("selection")
    page.keyboard.press("s")
    look("snooze menu")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    look("keys")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    expect(page.locator("#command-list [role=option]").first).to_be_visible()
    look("command bar")
    page.keyboard.press("Escape")
    page.locator("#rows .go").first.click()
    expect(page.locator(".reading").first).to_be_visible()
    page.keyboard.press("r")
    look("register picker", ".correct[open]")  # what lies behind it is half covered, and nobody aims at it
    page.keyboard.press("Escape")
    page.keyboard.press("v")
    look("whole reading")
    page.set_viewport_size(NARROW)
    page.goto(f"/inbox/?brand={demo}")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("#facets")).to_be_visible()
    look("facets on a phone")
    assert not wrong, json.dumps(wrong, indent=1, ensure_ascii=False)
