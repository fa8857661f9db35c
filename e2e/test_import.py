"""A file of messages, from the hand of a person into the inbox."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import FilePayload, Page, expect

from e2e.conftest import Person, Visits
from e2e.running import Running

pytestmark = pytest.mark.e2e

LINES = [
    json.dumps(
        {
            "id": f"brezza-{n}",
            "text": text,
            "created_at": f"2026-03-0{n}T09:15:00Z",
            "author": {"handle": f"person{n}", "name": name},
            "lang": lang,
        }
    )
    for n, (name, lang, text) in enumerate(
        [
            (
                "Odile Marchand",
                "fr",
                "Bonjour Brezza, mon ventilateur fait un bruit de moulin depuis hier, que faire ?",
            ),
            ("Tom Whitby", "en", "Brezza, the tower fan you sold me smells of burning. Is it safe to leave it on?"),
            ("Chiara Lenti", "it", "Brezza, complimenti per il nuovo modello: silenziosissimo, dormiamo tutti."),
        ],
        1,
    )
]
JSON_LINES = "\n".join(
    [LINES[0], "{this is no JSON", LINES[1], json.dumps({"id": "brezza-9", "text": "   "}), LINES[2]]
)

TABLE = "\n".join(
    [
        "Ref;Kunde;Nachricht;Datum",
        'B-1;Ines;"Brezza, the remote; it never worked.";2026-03-05 10:00',
        "B-2;Paul;Does the Brezza filter fit the old model?;2026-03-06 11:30",
        "B-3;Nobody;;2026-03-06 12:00",
    ]
)


def upload(page: Page, name: str, content: str) -> None:
    page.goto("/import/")
    page.get_by_label("File").set_input_files(FilePayload(name=name, mimeType="text/plain", buffer=content.encode()))
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def facts(page: Page) -> dict[str, str]:
    names = page.locator("dl.facts dt").all_inner_texts()
    return dict(zip(names, page.locator("dl.facts dd").all_inner_texts(), strict=True))


def rejected(page: Page) -> list[tuple[str, str]]:
    rows = page.get_by_role("table", name="Items set aside, with the reason").locator("tbody tr")
    return [(row.locator("td").nth(0).inner_text(), row.locator("td").nth(1).inner_text()) for row in rows.all()]


def test_a_file_of_json_lines_is_looked_at_run_and_accounted_for_line_by_line(
    octavo: Running, grace: Person, visit: Visits
) -> None:
    page = visit(grace)
    upload(page, "march.jsonl", JSON_LINES)

    columns = page.get_by_role("table", name="Which column holds what")
    expect(columns.get_by_label("Text", exact=True)).to_have_value("text")
    expect(columns.get_by_label("Date and time")).to_have_value("created_at")
    expect(page.get_by_text("smells of burning").first).to_be_visible()
    page.get_by_label("Whose messages are these?").select_option(label="A new brand")
    page.get_by_label("Name of the new brand").fill("Brezza")

    with octavo.held("worker"):
        page.get_by_role("button", name="Start the import").click()
        expect(page.get_by_role("progressbar", name="How far the file is read")).to_be_visible()
        expect(page.get_by_text("Waiting for the worker.")).to_be_visible()
    expect(page.get_by_text("The file is in.")).to_be_visible()

    told = facts(page)
    assert told["New"] == "3"
    assert told["Set aside"] == "2"
    assert [place for place, _ in rejected(page)] == ["2", "4"]
    reasons = [reason for _, reason in rejected(page)]
    assert "JSON" in reasons[0]
    assert "text" in reasons[1]

    page.get_by_role("link", name="Open the inbox").click()
    rows = page.locator("#rows > .row")
    expect(rows).to_have_count(3)
    for name in ("Odile Marchand", "Tom Whitby", "Chiara Lenti"):
        expect(rows.filter(has_text=name)).to_have_count(1)


def test_a_table_with_unknown_column_names_is_mapped_by_hand_and_a_second_time_brings_nothing_new(
    grace: Person, visit: Visits
) -> None:
    page = visit(grace)
    upload(page, "tickets.csv", TABLE)
    page.get_by_label("Text", exact=True).select_option("Nachricht")
    page.get_by_label("Author", exact=True).select_option("Kunde")
    page.get_by_label("Date and time").select_option("Datum")
    page.get_by_label("Id", exact=True).select_option("Ref")
    page.get_by_label("Whose messages are these?").select_option(label="A new brand")
    page.get_by_label("Name of the new brand").fill("Brezza at the shop")
    page.get_by_role("button", name="Look again").click()
    expect(page.locator("ul.lines")).to_contain_text("Brezza, the remote; it never worked.")

    page.get_by_role("button", name="Start the import").click()
    expect(page.get_by_text("The file is in.")).to_be_visible()
    told = facts(page)
    assert (told["New"], told["Set aside"]) == ("2", "1")
    assert [place for place, _ in rejected(page)] == ["4"]
    page.get_by_role("link", name="Open the inbox").click()
    expect(page.locator("#rows > .row")).to_have_count(2)
    expect(page.locator("#rows > .row").filter(has_text="Paul")).to_contain_text("filter fit the old model")

    upload(page, "tickets.csv", TABLE)
    page.get_by_label("Text", exact=True).select_option("Nachricht")
    page.get_by_label("Author", exact=True).select_option("Kunde")
    page.get_by_label("Date and time").select_option("Datum")
    page.get_by_label("Id", exact=True).select_option("Ref")
    page.get_by_label("Whose messages are these?").select_option(label="Brezza at the shop")
    page.get_by_role("button", name="Start the import").click()
    expect(page.get_by_text("This very file was imported before")).to_be_visible()


def test_a_file_that_is_no_table_of_messages_is_refused_with_what_to_do(grace: Person, visit: Visits) -> None:
    page = visit(grace, forgiven=["status of 422"])
    page.goto("/import/")
    page.get_by_label("File").set_input_files(FilePayload(name="empty.csv", mimeType="text/csv", buffer=b"\n\n"))
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("alert")).to_contain_text("This file cannot be imported as it is.")
    page.get_by_role("button", name="Choose another file").click()
    expect(page).to_have_url(re.compile("/import/$"))
    expect(page.get_by_text("The file is discarded.")).to_be_visible()
