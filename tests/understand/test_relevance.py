"""Whether a message is about the brand."""

from __future__ import annotations

import pytest

from octavo.understand import Tier, read
from octavo.vocabulary import Alias, BrandProfile, Parent, Post

ORANGE = BrandProfile(
    name="Orange",
    aliases=(Alias("Orange", ("mobile", "fibre", "livebox")), Alias("Société Océane")),
    handles=("@orange_conseil",),
    products=("Livebox",),
)


def judged(text: str, brand: BrandProfile | None = ORANGE, **about: object) -> tuple[bool, float]:
    readings = read([Post("test", "1", text, **about)], brand=brand, tier=Tier.FAST)  # type: ignore[arg-type]
    return bool(readings.relevant[0]), round(float(readings.relevance[0]), 2)


@pytest.mark.parametrize(
    "text",
    [
        "@Orange_Conseil toujours rien",
        "ma fibre orange est coupée",
        "SOCIETE OCEANE, bravo",
        "la soci\u200bété océane",
        "societe-oceane.",
        "#SociétéOcéane",
        "Ma LIVEBOX clignote",
    ],
)
def test_a_message_that_names_the_brand_is_relevant_however_it_is_written(text: str) -> None:
    assert judged(text)[0]


@pytest.mark.parametrize("text", ["une orange pressée", "la liveboxe", "orangeade et fibres alimentaires", "rien", ""])
def test_a_message_that_does_not_name_the_brand_is_not_relevant_but_never_impossible(text: str) -> None:
    relevant, relevance = judged(text)

    assert not relevant
    assert 0.05 <= relevance <= 0.3


def test_an_ordinary_word_without_its_context_is_likelier_than_nothing() -> None:
    assert judged("une orange pressée")[1] > judged("un citron pressé")[1]


def test_what_is_addressed_to_the_brand_needs_no_name() -> None:
    assert judged("toujours rien ?", parent=Parent("Bonjour à tous", own=True))[0]
    assert judged("merci", own=True)[0]
    assert judged("moi aussi", parent=Parent("ma fibre orange est coupée"))[0]
    assert not judged("moi aussi", parent=Parent("il pleut"))[0]


@pytest.mark.parametrize("brand", [None, BrandProfile()])
def test_without_names_every_message_is_relevant(brand: BrandProfile | None) -> None:
    assert judged("une orange pressée", brand) == (True, 1.0)
