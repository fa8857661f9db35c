"""The corpus is published: its files hold to their own description, and its page tells what is in them."""

from __future__ import annotations

from collections import Counter

import pytest

from octavo.vocabulary import LANGUAGES, NO_REGISTER, REGISTERS, ParentKind, Sentiment
from training import agreement, corpus, diversity

KEYS = [
    "id", "lang", "brand", "sector", "style", "text", "registers", "urgency", "harm", "sentiment", "relevant", "traits",
]  # fmt: skip
HARMS = {
    "safety", "health", "data", "fraud", "discrimination", "cruelty", "law", "press", "boycott", "mass_failure",
    "misconduct", "environment",
}  # fmt: skip


@pytest.fixture(scope="module")
def written() -> list[diversity.Row]:
    return diversity.rows()


def test_every_message_has_all_its_labels_in_the_words_of_the_definition(written: list[diversity.Row]) -> None:
    for row in written:
        assert list(row) in (KEYS, [*KEYS, "parent"]), row["id"]
        assert row["lang"] in LANGUAGES and row["text"].strip(), row["id"]
        assert row["sentiment"] in set(Sentiment) and row["urgency"] in range(4), row["id"]
        assert set(row["harm"]) <= HARMS, row["id"]
        assert row["registers"] == [NO_REGISTER] or (row["registers"] and set(row["registers"]) <= set(REGISTERS))
        assert len(row["registers"]) == len(set(row["registers"])), row["id"]
        if "parent" in row:
            assert set(row["parent"]) == {"own", "kind", "text"} and row["parent"]["kind"] in set(ParentKind), row["id"]


def test_the_primary_register_obeys_the_rules_of_precedence(written: list[diversity.Row]) -> None:
    for row in written:
        assert "crisis" not in row["registers"][1:], row["id"]
        assert row["registers"][0] != "campaign_echo" or len(row["registers"]) == 1, row["id"]


def test_no_two_messages_share_an_id(written: list[diversity.Row]) -> None:
    assert [name for name, count in Counter(row["id"] for row in written).items() if count > 1] == []


def test_the_sectors_held_out_for_testing_are_in_every_language(written: list[diversity.Row]) -> None:
    present = {(row["sector"], row["lang"]) for row in written}
    assert {(sector, language) for sector in corpus.HELD_OUT for language in LANGUAGES} <= present


def test_fewer_than_one_message_in_a_hundred_is_nearly_another(written: list[diversity.Row]) -> None:
    alike = {index for pair in diversity.near_duplicates([row["text"] for row in written]) for index in pair}
    assert len(alike) < len(written) / 100


def test_every_second_label_is_of_a_message_and_complete(written: list[diversity.Row]) -> None:
    known = {row["id"] for row in written}
    for name, row in agreement.second().items():
        assert name in known
        assert list(row) == ["id", "registers", "urgency", "harm", "sentiment"], name
        assert row["registers"] == [NO_REGISTER] or set(row["registers"]) <= set(REGISTERS), name
        assert row["sentiment"] in set(Sentiment) and row["urgency"] in range(4) and set(row["harm"]) <= HARMS, name


def test_the_page_of_the_corpus_is_of_this_corpus(written: list[diversity.Row]) -> None:
    page = diversity.PAGE.read_text(encoding="utf-8")
    for section in (*diversity.counts(written), agreement.section(written)):
        assert section in page, f"Run `make corpus`: {section.splitlines()[0]} is out of date"
