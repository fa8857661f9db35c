"""A grave message comes in: it rings on every open page and in a mailbox, and a person deals with it by keys."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect

from e2e.conftest import Hook, Letters, Person, Visits

pytestmark = pytest.mark.e2e

GRAVE = "Three children in hospital, poisoned by your contaminated juice. The authorities are recalling it and the press is here."


def test_a_grave_message_rings_on_an_open_page_and_in_a_mailbox_within_seconds(
    grace: Person, tramonto: Hook, visit: Visits, letters: Letters
) -> None:
    """The rule is a lenient one, because what the shipped model says of one message is not the matter here."""
    rules = visit(grace)
    rules.goto(f"/alerts/rules/{tramonto.slug}/")
    card = rules.locator("#rule-grave")
    for name in ("threshold", "urgent"):
        card.locator(f"[name={name}]").fill("30")
    card.get_by_role("button", name="Save").click()
    expect(rules.locator(".toast")).to_contain_text("now crisis sign of at least 30")

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
