"""Echoes of the campaigns a brand declared."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octavo.understand import Tier, campaign, read
from octavo.vocabulary import Alias, BrandProfile, CampaignProfile, Parent, ParentKind, Post, Register

BRAND = BrandProfile(
    campaigns=(
        CampaignProfile(
            "Été", hashtags=("#ÉtéLibre",), slogans=("La liberté n'attend pas",), links=("https://example.com/ete/",)
        ),
        CampaignProfile(
            "Winter", slogans=("Come in from the cold",), starts_on=date(2026, 1, 1), ends_on=date(2026, 2, 1)
        ),
    )
)


@pytest.mark.parametrize(
    ("text", "name", "shown"),
    [
        ("Vive l'été #etelibre !", "Été", "#etelibre"),
        ("la liberte n’attend pas, mon train oui", "Été", "la liberte n’attend pas"),
        ("« La libertée n'atend pas » mdr", "Été", "La libertée n'atend pas"),
        ("vu sur example.com/ete hier", "Été", "example.com/ete"),
        ("COME IN FROM THE CLOD they said", "Winter", "COME IN FROM THE CLOD"),
        ("#comeinfromthecold", "Winter", "#comeinfromthecold"),
    ],
)
def test_hashtags_links_and_slogans_are_found_and_shown(text: str, name: str, shown: str) -> None:
    reading = read([Post("test", "1", text)], brand=BRAND, tier=Tier.FAST)[0]

    assert reading.campaign == name
    assert Register.CAMPAIGN_ECHO in reading.assigned
    assert shown in [text[e.start : e.end] for e in reading.evidence if e.register == Register.CAMPAIGN_ECHO]


@pytest.mark.parametrize(
    "text", ["#etelibres", "libre cet été", "notexample.com/ete", "come in", "from the cold", "", "#"]
)
def test_what_only_resembles_a_campaign_is_no_echo(text: str) -> None:
    assert read([Post("test", "1", text)], brand=BRAND, tier=Tier.FAST).campaign == [""]


def test_another_register_stays_primary_beside_an_echo() -> None:
    text = "#ÉtéLibre ? Mon billet ne s'affiche plus dans l'appli, erreur 404 depuis hier, pouvez-vous réparer ?"

    reading = read([Post("test", "1", text)], brand=BRAND, tier=Tier.FAST)[0]

    assert reading.primary != Register.CAMPAIGN_ECHO
    assert Register.CAMPAIGN_ECHO in reading.assigned


@pytest.mark.parametrize(
    ("day", "echoed"),
    [(date(2025, 12, 1), False), (date(2026, 1, 15), True), (date(2026, 3, 1), True), (date(2026, 9, 1), False)],
)
def test_a_campaign_with_dates_is_echoed_while_it_runs_and_a_while_after(day: date, echoed: bool) -> None:
    written = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)

    assert (campaign.find([Post("test", "1", "come in from the cold", written)], BRAND)[0] is not None) is echoed


@settings(max_examples=100, deadline=None)
@given(before=st.text(max_size=30), after=st.text(max_size=30))
def test_an_echo_is_marked_in_the_text_as_given(before: str, after: str) -> None:
    text = f"{before} #ÉtéLibre {after}"

    match = campaign.find([Post("test", "1", text)], BRAND)[0]

    assert match is not None
    assert text[match.start : match.end].startswith("#") or "libert" in text[match.start : match.end].casefold()


NAMED = BrandProfile(
    name="Octave",
    aliases=(Alias("Octave"),),
    campaigns=(
        CampaignProfile(
            "Freedom",
            slogans=("La liberté n'attend pas", "Think again"),
            links=(
                "https://www.octave.example/liberte?utm_source=poster&utm_medium=street",
                "video.example/watch?v=Ab-3",
            ),
        ),
    ),
)


def echo(text: str, **about: object) -> str:
    return read([Post("test", "1", text, **about)], brand=NAMED, tier=Tier.FAST).campaign[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "la libertè nattend pas",  # joined
        "la liber té n'attend pas",  # parted
        "thnk agian",  # no word of it right
        "La facture n'attend pas, chez Octave",
        "Octave : le remboursement, lui, attend… la panne n'attend pas",
        "https://octave.example/liberte",
        "http://m.octave.example/liberte/?fbclid=123&x=1 vu hier",
        "https://www.octave.example/liberte?utm_source=mail",
        "https://video.example/watch?v=Ab-3",
        "https://www.video.example/watch?feature=share&v=ab-3&t=10",
    ],
)
def test_a_slogan_misspelt_or_parodied_and_a_link_with_whatever_behind_it_are_an_echo(text: str) -> None:
    assert echo(text) == "Freedom"


@pytest.mark.parametrize(
    "text",
    [
        "la facture n'attend pas",  # a turn of phrase: nothing says that it is about the brand
        "Octave, la vie attend",
        "Octave: think about it again",
        "https://octave.example/libertes",
        "https://notoctave.example/liberte",
        "https://video.example/watch?v=Ab-34",
        "https://video.example/watch",
    ],
)
def test_what_has_little_of_a_slogan_or_another_address_is_none(text: str) -> None:
    assert echo(text) == ""


def test_what_stands_under_the_brands_own_post_belongs_to_its_campaign_and_keeps_its_register() -> None:
    own = Parent("La liberté n'attend pas. Rendez-vous samedi !", ParentKind.ADVERTISEMENT, own=True)
    text = "Mon colis n'est toujours pas arrivé, c'est inadmissible, remboursez-moi !"

    reading = read([Post("test", "1", text, parent=own)], brand=NAMED, tier=Tier.FAST)[0]
    alone = read([Post("test", "1", text, parent=own)], tier=Tier.FAST)[0]

    assert reading.campaign == "Freedom"
    assert (reading.primary, reading.assigned) == (alone.primary, alone.assigned)
    assert echo(text, parent=Parent(own.text, own=False)) == ""
    assert echo(text, parent=Parent("Autre chose", own=True)) == ""


def test_a_long_text_full_of_half_slogans_is_looked_at_for_a_bounded_time() -> None:
    import time

    many = BrandProfile(
        campaigns=(CampaignProfile("Many", slogans=tuple(f"never give up the number {n} again" for n in range(500))),)
    )
    text = "give never the up again number " * 700
    began = time.perf_counter()
    campaign.find([Post("test", "1", text)], many)
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("link", ["", "https://", "[", "http://[::1", "?v=1", "///", "https://x/?a=b&c"])
def test_whatever_was_declared_as_a_link_does_no_harm(link: str) -> None:
    odd = BrandProfile(campaigns=(CampaignProfile("Odd", links=(link,)),))
    assert campaign.find([Post("test", "1", "nothing of the kind")], odd) == [None]
