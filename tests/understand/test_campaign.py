"""Echoes of the campaigns a brand declared."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octavo.understand import Tier, campaign, read
from octavo.vocabulary import BrandProfile, CampaignProfile, Post, Register

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
