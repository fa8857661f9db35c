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
    assert topics("I cannot log  in and both parcels are lost") == ("delivery", "sign-in")
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


LATE = BrandProfile(
    name="Lumora",
    topics=(
        TopicProfile(
            "late delivery",
            ("spedizion*",),
            (
                "My parcel was due on Monday and it's Friday now",
                "Toujours pas reçu ma commande, elle devait arriver la semaine dernière",
                "Il corriere continua a rimandare la consegna",
            ),
        ),
        TopicProfile("empty", (), ("", "...")),
    ),
)


def late(text: str, tier: Tier = Tier.DEFAULT, **about: object) -> tuple[str, ...]:
    return read([Post("test", "1", text, **about)], brand=LATE, tier=tier)[0].topics  # type: ignore[arg-type]


def test_a_message_like_the_examples_is_about_the_topic_in_whatever_language() -> None:
    for text in (
        "still waiting for my order, it should have come two days ago",
        "colis bloqué au dépôt depuis dix jours",
        "Das Paket sollte vorgestern ankommen",
        "El paquete tenía que llegar el lunes",
    ):
        assert late(text) == ("late delivery",)
    for text in ("Love the new colours!", "Quels sont vos horaires le samedi ?", "", "???"):
        assert late(text) == ()


def test_an_example_is_about_its_own_topic() -> None:
    for text in LATE.topics[0].examples:
        assert late(text) == ("late delivery",)


def test_the_fast_tier_goes_by_words_alone() -> None:
    assert late("still waiting for my order, it should have come two days ago", Tier.FAST) == ()
    assert late("la spedizione", Tier.FAST) == ("late delivery",)


def test_what_the_brand_itself_wrote_is_about_no_topic() -> None:
    assert late("La spedizione è in ritardo, ci scusiamo", own=True) == ()


def test_a_message_gets_the_same_topics_alone_and_among_others() -> None:
    texts = ["colis bloqué au dépôt", "Bravo !", "x" * 300, "", "where is my parcel? " * 40] * 3
    together = read([Post("test", "1", text) for text in texts], brand=LATE)

    assert [reading.topics for reading in together] == [late(text) for text in texts]
