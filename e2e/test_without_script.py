"""JavaScript switched off: everything can be read, and a conversation can be dealt with."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from e2e.conftest import Person, Visits

pytestmark = pytest.mark.e2e


def test_home_inbox_filters_paging_and_conversations_are_read_and_decided_without_script(
    grace: Person, demo: str, visit: Visits
) -> None:
    page = visit(java_script_enabled=False)
    page.goto("/")
    page.get_by_label("E-mail address").fill(grace.email)
    page.get_by_label("Password").fill(grace.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".doors .door-card")).to_have_count(8)
    expect(page.locator("#rows > .row").first).to_be_visible()

    page.get_by_role("link", name="Question", exact=True).click()
    expect(page).to_have_url(re.compile("register=question"))
    page.get_by_role("navigation", name="Filter").get_by_role("link", name=re.compile("^French")).click()
    expect(page).to_have_url(re.compile("register=question.*language=fr|language=fr.*register=question"))
    rows = page.locator("#rows > .row")
    assert set(rows.locator(".guess > span").all_inner_texts()) == {"Question"}
    assert {words.upper() for words in rows.locator(".by abbr").all_inner_texts()} == {"FR"}
    page.get_by_role("link", name="Clear all").click()

    page.goto(f"/inbox/?brand={demo}")
    expect(rows).to_have_count(50)
    first = rows.first.get_attribute("id")
    page.get_by_role("link", name="Next 50").click()
    expect(page).to_have_url(re.compile("after="))
    expect(rows).to_have_count(50)
    assert first not in [row.get_attribute("id") for row in rows.all()]
    page.get_by_role("link", name="Back to the first").click()
    expect(rows.first).to_have_attribute("id", first or "")

    who = rows.first.locator(".who b").inner_text()
    rows.first.locator(".go").click()
    conversation = page.url.split("?")[0]
    expect(page.locator(".message .words").first).to_be_visible()
    expect(page.locator(".talk-title")).to_contain_text(who)
    page.get_by_text("Why, and the whole reading").first.click()
    expect(page.locator(".bars").first).to_be_visible()

    page.get_by_label("Note", exact=True).fill("Written without script.")
    page.get_by_role("button", name="Keep the note").click()
    expect(page.locator(".note").last).to_contain_text("Written without script.")
    page.get_by_role("button", name="Done").click()
    expect(page.locator(".toast")).to_contain_text("Done")
    page.goto(conversation)
    expect(page.locator(".facts")).to_contain_text("Done")
    page.get_by_role("button", name="Open again").click()
    expect(page.locator(".facts")).to_contain_text("Open")

    # Several at once, by their boxes.
    page.goto(f"/inbox/?brand={demo}&register=compliment")
    before = rows.count()
    rows.nth(0).locator("input[type=checkbox]").check()
    rows.nth(1).locator("input[type=checkbox]").check()
    page.get_by_role("form", name="Selected conversations").get_by_role("button", name="Done").click()
    expect(page.locator(".toast")).to_contain_text("2 conversations done")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast")).to_contain_text("2 undone")
    expect(rows).to_have_count(before)
