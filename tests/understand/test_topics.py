"""The brand's own topics."""

from __future__ import annotations

from octavo.understand import Tier, read
from octavo.vocabulary import BrandProfile, Post, TopicProfile

BRAND = BrandProfile(
    name="Lumora",
    topics=(
        TopicProfile("delivery", ("parcel*", "livraison", "spedizione")),
        TopicProfile("sign-in", ("log in", "mot de passe")),
    ),
)


def topics(text: str) -> tuple[str, ...]:
    return read([Post("test", "1", text)], brand=BRAND, tier=Tier.FAST)[0].topics


def test_a_topic_is_named_by_any_of_its_words_whatever_case_and_accents() -> None:
    assert topics("Deux LIVRAISON ratees") == ("delivery",)
    assert topics("I cannot log  in and both parcels are lost") == ("delivery",)
    assert topics("Mot de passé oublié, et pas de livraison") == ("delivery", "sign-in")


def test_a_word_counts_as_a_whole_unless_it_ends_in_a_star() -> None:
    assert topics("parcels, parcelled") == ("delivery",)
    assert topics("les livraisons") == ()
    assert topics("nothing of the kind") == ()


def test_without_topics_none_is_named() -> None:
    assert read([Post("test", "1", "parcel")], tier=Tier.FAST)[0].topics == ()


def test_topics_without_words_name_nothing() -> None:
    empty = BrandProfile(name="Lumora", topics=(TopicProfile("nothing", ()), TopicProfile("star", ("*", " "))))

    assert read([Post("test", "1", "anything *")], brand=empty, tier=Tier.FAST)[0].topics == ()
