"""A grave message comes in: it rings on every open page and in a mailbox, and a person deals with it by keys."""

from __future__ import annotations

import json
import re
import time

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import Hook, Letters, Person, Visits
from e2e.running import Running

pytestmark = pytest.mark.e2e

GRAVE = "Three children in hospital, poisoned by your contaminated juice. The authorities are recalling it and the press is here."


def be_lenient(page: Page, hook: Hook) -> None:
    """What the shipped model says of one message is not the matter here."""
    page.goto(f"/alerts/rules/{hook.slug}/")
    card = page.locator("#rule-grave")
    for name in ("threshold", "urgent"):
        card.locator(f"[name={name}]").fill("30")
    card.get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_contain_text("Saved")


def test_a_grave_message_rings_on_an_open_page_and_in_a_mailbox_within_seconds(
    grace: Person, tramonto: Hook, visit: Visits, letters: Letters
) -> None:
    be_lenient(visit(grace), tramonto)
    page = visit(grace)
    with page.expect_response(lambda answer: "/live/" in answer.url):
        page.goto("/alerts/")
    before, begun = len(letters.kept), time.monotonic()
    tramonto.post({"id": "grave-1", "text": GRAVE, "author": {"handle": "nurse", "followers": 20_000}})
    card = page.locator("[data-alert]").filter(has_text="Three children in hospital")
    expect(card).to_be_visible()
    on_page = time.monotonic() - begun
    expect(page.locator("#strip-state")).to_contain_text("alert")
    while len(letters.kept) == before and time.monotonic() - begun < 60:
        time.sleep(0.05)
    arrived, letter = letters.kept[before]
    print(f"on the page after {on_page:.1f} s, in the mailbox after {arrived - begun:.1f} s")
    assert "Tramonto" in letter["Subject"] and "children" not in str(letter)

    page.keyboard.press("j")
    while "Three children" not in page.evaluate("document.activeElement.closest('[data-alert]').textContent"):
        page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/alerts/\d+/"))
    page.keyboard.press("y")
    expect(page.locator(".toast")).to_contain_text("Acknowledged")
    expect(page.locator("#alert-state")).to_contain_text("Acknowledged")
    page.keyboard.press("z")
    expect(page.locator("#alert-state")).to_contain_text("Nobody yet")
    page.keyboard.press("a")
    expect(page.locator("#alert-state")).to_contain_text("Grace has it")
    page.keyboard.press("o")
    expect(page).to_have_url(re.compile(r"/c/\d+/#m\d+"))
    page.go_back()
    page.keyboard.press("h")
    expect(page.locator("#why")).to_be_focused()
    page.keyboard.type("A rehearsal")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("Closed")
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page.locator("[data-alert]").filter(has_text="Three children in hospital")).to_have_count(0)


HIDDEN = """
Object.defineProperty(document, 'hidden', { get: () => window.__hidden ?? false });
window.__notes = 0;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...given) { window.__notes += 1; return start.apply(this, given); };
"""


def test_an_alert_calls_from_tabs_that_nobody_looks_at_and_sounds_in_one_of_them(
    grace: Person, tramonto: Hook, visit: Visits
) -> None:
    page = visit(grace)
    be_lenient(page, tramonto)
    page.context.add_init_script(HIDDEN)
    page.goto("/alerts/told/")
    page.get_by_label("A short tone when an alert rings").check()
    page.locator("#sound").get_by_role("button", name="Save").click()
    page.locator("body").click(position={"x": 5, "y": 5})
    other = page.context.new_page()
    with other.expect_response(lambda answer: "/live/" in answer.url):
        other.goto("/alerts/")
    other.locator("body").click(position={"x": 5, "y": 5})
    for each in (page, other):
        each.evaluate("window.__hidden = true")
    tramonto.post(
        {"id": "grave-2", "text": "A child was burnt: your kettle exploded, the fire brigade came.", "author": "mio"}
    )
    for each in (page, other):
        expect(each).to_have_title(re.compile("Alert ·"))
    page.wait_for_timeout(1500)
    notes = [each.evaluate("window.__notes") for each in (page, other)]
    assert sorted(map(bool, notes)) == [False, True]
    for each in (page, other):
        each.evaluate("window.__hidden = false; document.dispatchEvent(new Event('visibilitychange'))")
        assert "Alert ·" not in each.title()
    other.close()


def test_what_is_pushed_is_shown_by_the_browser_with_the_way_to_the_alert(
    grace: Person, octavo: Running, visit: Visits
) -> None:
    """From the browser's own push service on; nobody's is spoken to. How it comes there: tests/alert/test_push.py."""
    page = visit(grace)
    page.context.grant_permissions(["notifications"], origin=octavo.address)
    page.goto("/alerts/told/")
    expect(page.get_by_role("button", name="Tell me in this browser")).to_be_visible()
    page.evaluate("navigator.serviceWorker.register(document.querySelector('[data-push]').dataset.worker)")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    browser = page.context.new_cdp_session(page)
    found: list[str] = []
    browser.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: found.extend(each["registrationId"] for each in event["registrations"]),
    )
    browser.send("ServiceWorker.enable")
    page.wait_for_timeout(500)
    pushed = {"title": "Alert 4 of 5", "body": "Why", "url": "/alerts/7/", "tag": "alert-7", "stays": True}
    said = {"origin": octavo.address, "registrationId": found[0], "data": json.dumps(pushed)}
    browser.send("ServiceWorker.deliverPushMessage", said)
    shown = "navigator.serviceWorker.ready.then((all) => all.getNotifications()).then((all) => all.map((n) => [n.title, n.body, n.data]))"
    until = time.monotonic() + 20
    while not page.evaluate(shown) and time.monotonic() < until:
        page.wait_for_timeout(100)
    assert page.evaluate(shown) == [["Alert 4 of 5", "Why", "/alerts/7/"]]
