"""Text that means harm, or means well and is strange: shown as what it is, inside its own lines."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import Person, Visits
from e2e.test_import import upload

pytestmark = pytest.mark.e2e

SCRIPT = "<script>window.pwned = 1</script><img src=x onerror='window.pwned = 2'> Scudo, look <b>here</b> & \"there\""
TEXTS = {
    "script": SCRIPT,
    "override": "Scudo \u202eruoy si sihT\u202c and \u2067mirror\u2069 end",
    "zero-width": "Scu\u200bdo zero\u200d\u200bwidth \ufeffinside \u2060words",
    "long": "Scudo " + "unbroken" * 12_500,
    "emoji": "🔥👩‍👩‍👧‍👦🏳️‍🌈😡😡😡",
    "stack": "Scudo z̷̛̫͐̀a̵͇͠l̴̨̛g̶̢͝o̵̼͊" + "\u0335\u0321\u0334" * 200,
    "template": "Scudo {{ settings.SECRET_KEY }} {% url 'home' %} ${7*7} %(n)s",
}
NAMES = {"script": "<script>window.pwned = 3</script>", "override": "\u202eevil", "emoji": "😈", "long": "W" * 400}
SIZES = [(390, 844), (1440, 900)]


def wide(page: Page) -> int:
    """Pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def test_hostile_text_is_shown_inert_and_keeps_to_its_lines(grace: Person, visit: Visits) -> None:
    page = visit(grace)
    lines = [
        json.dumps(
            {
                "id": f"hostile-{name}",
                "text": text,
                "subject": SCRIPT if name == "script" else "",
                "created_at": f"2026-04-{10 + n} 10:00",
                "author": {"handle": f"{name}-author", "name": NAMES.get(name, name)},
                "url": "javascript:window.pwned=4",
            }
        )
        for n, (name, text) in enumerate(TEXTS.items())
    ]
    upload(page, "hostile.jsonl", "\n".join(lines))
    page.get_by_label("Whose messages are these?").select_option(label="A new brand")
    page.get_by_label("Name of the new brand").fill("Scudo </title><script>window.pwned = 5</script>")
    page.get_by_role("button", name="Start the import").click()
    expect(page.get_by_text("The file is in.")).to_be_visible()
    page.get_by_role("link", name="Open the inbox").click()
    rows = page.locator("#rows > .row")
    expect(rows).to_have_count(len(TEXTS))

    inbox = page.url
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.goto(inbox)
        assert wide(page) <= 0, f"the inbox scrolls sideways at {width}"
        tallest, ordinary = max(row["height"] for row in boxes(page)), boxes(page)[-1]["height"]
        assert tallest <= 2 * ordinary, "one row takes the place of many"

    addresses = [row.locator(".go").get_attribute("href") or "" for row in rows.all()]
    for address in addresses:
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            page.goto(address)
            assert wide(page) <= 0, f"{page.locator('h1').inner_text()[:40]!r} scrolls sideways at {width}"
        assert page.locator(".message script, .message img, h1 script, .message a[href^=javascript]").count() == 0
        assert page.evaluate("typeof window.pwned") == "undefined"

    page.goto(inbox)
    expect(rows.filter(has_text="window.pwned = 3")).to_have_count(1)  # a name that is a script is a name
    page.goto("/brands/")
    expect(page.get_by_role("table")).to_contain_text("<script>window.pwned = 5</script>")
    assert page.evaluate("typeof window.pwned") == "undefined"
    assert wide(page) <= 0


def boxes(page: Page) -> list[dict[str, float]]:
    found = [row.bounding_box() for row in page.locator("#rows > .row").all()]
    return [dict(box) for box in found if box]


def test_an_overridden_direction_ends_with_its_own_text(grace: Person, visit: Visits) -> None:
    page = visit(grace)
    page.goto("/brands/")
    page.get_by_role("row").filter(has_text="Scudo").locator("td a").last.click()
    row = page.locator("#rows > .row").filter(has_text="mirror")
    expect(row).to_be_visible()
    # Whatever the text does, what stands beside it keeps its order: author before channel, time at the end.
    edges = row.evaluate(
        "row => [...row.querySelectorAll('.who b, .by, time')].map(one => one.getBoundingClientRect().left)"
    )
    assert edges == sorted(edges)
    isolated = row.evaluate(
        "row => [...row.querySelectorAll('.say, .who b')].map(one => getComputedStyle(one).unicodeBidi)"
    )
    assert set(isolated) <= {"isolate", "plaintext", "isolate-override"}, isolated
