"""What should change nothing about a reading is taken away before a message is read; places stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.understand import Tier, read
from octavo.understand.plain import plain
from octavo.vocabulary import Post


@given(st.text(max_size=300))
def test_every_character_keeps_its_place(text: str) -> None:
    seen = plain(text)

    assert len(seen) == len(text)
    assert all(a in (b, b.lower(), " ") for a, b in zip(seen, text, strict=True))


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Hello, my train is late", "my train is late"),
        ("Bonjour à tous, livrez-vous en Corse ?", "livrez-vous en Corse ?"),
        ("Buongiorno! Il pacco è rotto", "Il pacco è rotto"),
        ("Guten Tag, mein Paket fehlt", "mein Paket fehlt"),
        ("MY TRAIN IS LATE AGAIN", "my train is late again"),
        ("HOLA, MI PEDIDO NO LLEGA", "mi pedido no llega"),
        ("Oil leaks from the new engine", "Oil leaks from the new engine"),
        ("Hi-fi broken again", "Hi-fi broken again"),
        ("Ciao", "Ciao"),
        ("hello!!", "hello!!"),
        ("OK", "OK"),
        ("My TV says ERROR", "My TV says ERROR"),
        ("", ""),
    ],
)
def test_a_greeting_and_capitals_throughout_are_taken_away_and_nothing_else(text: str, seen: str) -> None:
    assert plain(text).lstrip() == seen


@pytest.mark.parametrize("tier", [Tier.FAST, Tier.DEFAULT])
def test_a_greeting_or_capitals_change_no_register(tier: Tier) -> None:
    bare = [
        "the parcel came broken and nobody answers",
        "what time do you open on Sunday?",
        "merci à Marta, super accueil",
    ]
    given = [*bare, *(f"Good morning, {text}" for text in bare), *(text.upper() for text in bare)]

    said = read([Post("test", str(n), text, language="") for n, text in enumerate(given)], tier=tier)

    assert said.primary[:3].tolist() == said.primary[3:6].tolist() == said.primary[6:].tolist()


def test_evidence_stands_where_it_stands_in_the_text_as_given() -> None:
    text = "Hello team, THE BUCKLE opened while driving and my son was injured"

    for each in read([Post("test", "1", text)], tier=Tier.FAST)[0].evidence:
        assert text[each.start : each.end].strip() == text[each.start : each.end] != ""
        assert each.start >= len("Hello team, ")


def test_words_that_only_hold_a_sentence_together_are_no_evidence() -> None:
    text = "this was with her at the shop and it is not what we had, the valve came off, my son choked"

    said = read([Post("test", "1", text)], tier=Tier.FAST)[0]

    shown = {text[each.start : each.end] for each in said.evidence}
    assert shown and shown.isdisjoint({"this", "was", "with", "her", "at", "the", "and", "it", "is", "we", "had", "my"})
