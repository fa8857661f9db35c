"""A day's work without a mouse. Nothing here clicks: keys go to wherever the focus is."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import Person, Visits

pytestmark = pytest.mark.e2e


def focused(page: Page, selector: str) -> bool:
    return bool(page.evaluate("selector => document.activeElement.matches(selector)", selector))


def tab_to(page: Page, selector: str, *, at_most: int = 40) -> None:
    """Press Tab until the focus is there."""
    for _ in range(at_most):
        if focused(page, selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {selector}")


def test_from_signing_in_to_a_corrected_register_a_note_done_and_undone_by_keys_alone(
    grace: Person, demo: str, visit: Visits
) -> None:
    page = visit()
    page.goto("/")
    page.wait_for_function("document.activeElement.matches('#id_login')")
    page.keyboard.type(grace.email)
    tab_to(page, "#id_password")
    page.keyboard.type(grace.password)
    page.keyboard.press("Enter")
    expect(page).to_have_title("Home · Octavo")

    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(page).to_have_title("Inbox · Octavo")
    page.keyboard.press("j")
    expect(page.locator("#rows > .row").first.locator(".go")).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("#rows > .row").nth(1).locator(".go")).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator("#rows > .row").first.locator(".go")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/c/\d+/"))

    # Two keystrokes correct the register; it says so, and that a person did.
    head = page.locator(".message.head, .message:has(.reading)").first
    page.keyboard.press("r")
    expect(page.locator(".correct[open] button[aria-current]")).to_be_focused()
    page.keyboard.press("4")
    expect(page.locator(".toast")).to_contain_text("Corrected: Idea")
    expect(head.locator(".guess-button.idea")).to_contain_text("corrected")
    page.keyboard.press("z")
    expect(page.locator(".toast")).to_contain_text("Undone")
    expect(page.locator(".guess-button.idea").filter(has_text="corrected")).to_have_count(0)

    # So do two say that it is not about us.
    page.keyboard.press("b")
    expect(page.locator(".about[open] button[aria-current]")).to_be_focused()
    page.keyboard.press("2")
    expect(page.locator(".toast")).to_contain_text("Not about us: kept, to learn from")
    page.keyboard.press("z")
    expect(page.locator(".toast")).to_contain_text("Undone")

    page.keyboard.press("n")
    expect(page.locator(".note-form textarea")).to_be_focused()
    page.keyboard.type("Called her; e z r are letters here, not keys.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".note")).to_contain_text("e z r are letters here")
    expect(page.locator(".timeline")).to_contain_text("wrote a note")

    first = page.url
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    expect(page).not_to_have_url(first)
    expect(page.locator(".toast")).to_contain_text("Done")
    second = page.url
    page.keyboard.press("z")
    expect(page.locator(".toast")).to_contain_text("Undone")
    expect(page).to_have_url(first)
    expect(page.locator(".facts")).to_contain_text("Open")
    page.keyboard.press("j")
    expect(page).to_have_url(second)
    page.keyboard.press("k")
    expect(page).to_have_url(first)
    page.keyboard.press("i")
    expect(page).to_have_title("Inbox · Octavo")


def test_the_question_mark_lists_the_keys_and_escape_leads_back(grace: Person, demo: str, visit: Visits) -> None:
    page = visit(grace)
    page.goto("/inbox/")
    page.keyboard.press("j")
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_be_visible()
    for words in ("Next conversation", "Correct the register", "Undo, for ten seconds", "Go anywhere"):
        expect(keys.get_by_text(words).first).to_be_visible()
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    expect(page.locator("#rows > .row").first.locator(".go")).to_be_focused()


def test_the_command_bar_leads_anywhere_by_typing(grace: Person, demo: str, visit: Visits) -> None:
    page = visit(grace)
    page.goto("/")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Go anywhere")).to_be_focused()
    page.keyboard.type("crisis")
    expect(page.locator("#command-list [aria-selected=true]")).to_contain_text("Crisis")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("register=crisis"))


def test_the_skip_link_comes_first_and_leads_to_the_content(grace: Person, demo: str, visit: Visits) -> None:
    page = visit(grace)
    page.goto("/inbox/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_single_letters_can_be_switched_off_while_the_other_keys_stay(grace: Person, demo: str, visit: Visits) -> None:
    page = visit(grace)
    page.goto("/settings/")
    tab_to(page, "#id_letter_keys", at_most=60)
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("body")).to_have_attribute("data-letter-keys", "off")
    page.goto("/inbox/")
    page.keyboard.press("j")
    page.keyboard.press("?")
    assert focused(page, "body")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Go anywhere")).to_be_focused()

    page.goto("/settings/")
    page.get_by_label("Work with single letters").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("body")).to_have_attribute("data-letter-keys", "on")
