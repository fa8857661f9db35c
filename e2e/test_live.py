"""What happens elsewhere, seen on an open page: arrivals, and colleagues at work."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import PATIENCE, Hook, Person, Visits

pytestmark = pytest.mark.e2e


def ids(page: Page) -> list[str]:
    return [row.get_attribute("id") or "" for row in page.locator("#rows > .row").all()]


def listening(page: Page, address: str) -> None:
    """Go there and wait until its live connection stands."""
    with page.expect_response(lambda answer: "/live/" in answer.url):
        page.goto(address)


def test_a_message_is_announced_on_two_open_inboxes_moves_nothing_and_shows_when_asked_for(
    grace: Person, ada: Person, tramonto: Hook, visit: Visits
) -> None:
    tramonto.post(
        {"id": "live-1", "text": "Tramonto, the chair wobbles.", "author": {"handle": "mina"}},
        {"id": "live-2", "text": "Tramonto, when does the shop in Lille open?", "author": {"handle": "jo"}},
    )
    first, second = visit(grace), visit(ada)
    for page in (first, second):
        listening(page, f"/inbox/?brand={tramonto.slug}&sort=newest")
        expect(page.locator("#rows > .row").filter(has=page.get_by_text("mina", exact=True))).to_have_count(1)
        expect(page.locator("#arrivals")).to_be_hidden()
    before = ids(first)
    first.keyboard.press("j")
    focused = first.locator("#rows > .row").first.locator(".go")
    expect(focused).to_be_focused()
    place = focused.bounding_box()

    tramonto.post(
        {
            "id": "live-3",
            "text": "Tramonto, my parcel arrived broken.",
            "author": {"handle": "noor", "name": "Noor Live"},
        }
    )
    for page in (first, second):
        expect(page.locator("#arrivals")).to_be_visible()
        expect(page.locator("#arrivals")).to_contain_text("1 new")
        assert ids(page) == before
        expect(page.locator("#rows")).not_to_contain_text("Noor Live")
    assert focused.bounding_box() == place
    expect(focused).to_be_focused()

    # Pressed with the key, the focus stays at the row one stands on.
    held = first.evaluate("document.activeElement.closest('.row').id")
    first.keyboard.press("n")
    expect(first.locator("#rows > .row").first).to_contain_text("Noor Live")
    expect(first.locator("#arrivals")).to_be_hidden()
    assert ids(first)[1:] == before
    assert first.evaluate("document.activeElement.closest('.row')?.id") == held

    # Pressed with the mouse, the row is there too, on the other's page.
    second.locator("#arrivals").click()
    expect(second.locator("#rows > .row").first).to_contain_text("Noor Live")
    expect(second.locator("#arrivals")).to_be_hidden()

    tramonto.post(
        {"id": "live-4", "text": "Tramonto, thank you!", "author": {"handle": "pia"}},
        {"id": "live-5", "text": "Tramonto, do you repair?", "author": {"handle": "quinn"}},
    )
    expect(first.locator("#arrivals")).to_contain_text("2 new")


def test_a_message_the_filter_leaves_out_is_not_announced(
    grace: Person, tramonto: Hook, demo: str, visit: Visits
) -> None:
    elsewhere, here = visit(grace), visit(grace)
    listening(elsewhere, f"/inbox/?brand={demo}")
    listening(here, f"/inbox/?brand={tramonto.slug}")
    tramonto.post({"id": "live-6", "text": "Tramonto, a word for one list only.", "author": {"handle": "rosa"}})
    expect(here.locator("#arrivals")).to_be_visible()
    expect(elsewhere.locator("#arrivals")).to_be_hidden()


def test_when_one_person_resolves_a_conversation_the_others_open_list_hears_of_it(
    grace: Person, ada: Person, tramonto: Hook, visit: Visits
) -> None:
    tramonto.post(
        {"id": "both-1", "text": "Tramonto, who answers me?", "author": {"handle": "sasha", "name": "Sasha Both"}}
    )
    hers, his = visit(grace), visit(ada)
    address = f"/inbox/?brand={tramonto.slug}&sort=newest"
    listening(his, address)
    row = his.locator("#rows > .row").filter(has_text="Sasha Both")
    expect(row).to_be_visible()
    before = ids(his)

    hers.goto(address)
    hers.locator("#rows > .row").filter(has_text="Sasha Both").locator(".go").click()
    hers.get_by_role("button", name="Done").click()
    expect(hers.locator(".toast")).to_contain_text("Done")

    expect(his.locator("#rows > .row.is-gone")).to_contain_text("Sasha Both")
    assert ids(his) == before, "rows never move by themselves"
    his.reload()
    expect(his.locator("#rows")).not_to_contain_text("Sasha Both")


def test_of_two_corrections_the_last_word_stands_and_both_are_in_the_trail(
    grace: Person, ada: Person, tramonto: Hook, visit: Visits
) -> None:
    tramonto.post(
        {"id": "both-2", "text": "Tramonto, the sofa could fold.", "author": {"handle": "toni", "name": "Toni Both"}}
    )
    hers, his = visit(grace), visit(ada)
    for page in (hers, his):
        page.goto(f"/inbox/?brand={tramonto.slug}&q=fold")
        page.locator("#rows > .row").filter(has_text="Toni Both").locator(".go").click()
        expect(page.locator(".reading")).to_have_count(1)
    for page, digit, word in ((hers, "3", "Question"), (his, "6", "Compliment")):
        page.keyboard.press("r")
        expect(page.locator(".correct[open]")).to_be_visible()
        page.keyboard.press(digit)
        expect(page.locator(".toast")).to_contain_text(f"Corrected: {word}")

    hers.reload()
    for page in (hers, his):
        expect(page.locator(".guess-button")).to_contain_text("Compliment", timeout=PATIENCE)
        steps = page.locator(".timeline li").filter(has_text="corrected")
        expect(steps).to_have_count(2)
        expect(steps.first).to_contain_text("Ada corrected Question to Compliment")
        expect(steps.last).to_contain_text("Grace corrected")
        expect(steps.last).to_contain_text("to Question")
