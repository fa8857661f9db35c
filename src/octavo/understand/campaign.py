"""Does a message echo a campaign the brand declared: by hashtag, link or slogan, small misspellings allowed?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import SequenceMatcher
from functools import lru_cache

from octavo.understand.fold import fold, fold_with_places
from octavo.understand.words import LONGEST_TEXT
from octavo.vocabulary import BrandProfile, CampaignProfile, Post

AFTERGLOW = timedelta(days=60)
"""How long after its end a campaign is still echoed."""

_ALIKE = 0.84
"""Share of letters in common (twice the matches by the total) from which words are a slogan with typing errors."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Match:
    """A declared campaign found in a message, and the place in the text that shows it."""

    campaign: str
    start: int
    end: int


def find(posts: Sequence[Post], brand: BrandProfile | None) -> list[Match | None]:
    """The campaign each post echoes, the earliest declared where several do."""
    campaigns = _compile(brand) if brand is not None else ()
    if not campaigns:
        return [None] * len(posts)
    return [_find(post, campaigns) for post in posts]


@dataclass(frozen=True, slots=True)
class _Campaign:
    declared: CampaignProfile
    signs: re.Pattern[str] | None
    slogans: tuple[tuple[str, ...], ...]


def _find(post: Post, campaigns: Sequence[_Campaign]) -> Match | None:
    text = post.text[:LONGEST_TEXT]
    folded = fold(text)
    words = frozenset(_WORD.findall(folded)) if any(campaign.slogans for campaign in campaigns) else frozenset()
    for campaign in campaigns:
        if not _running(campaign.declared, post.created_at.date() if post.created_at else None):
            continue
        signed = campaign.signs is not None and campaign.signs.search(folded) is not None
        # Most of a slogan's words are there, or it is not worth looking closer.
        hopeful = [slogan for slogan in campaign.slogans if 2 * len(words.intersection(slogan)) >= len(slogan)]
        place = _place(text, campaign.signs if signed else None, hopeful) if signed or hopeful else None
        if place is not None:
            return Match(campaign.declared.name, *place)
    return None


def _running(campaign: CampaignProfile, day: date | None) -> bool:
    if day is None:
        return True
    begun = campaign.starts_on is None or day >= campaign.starts_on
    return begun and (campaign.ends_on is None or day <= campaign.ends_on + AFTERGLOW)


def _place(text: str, signs: re.Pattern[str] | None, slogans: Sequence[tuple[str, ...]]) -> tuple[int, int] | None:
    """Where in `text` as given the hashtag, link or slogan stands."""
    folded, places = fold_with_places(text)
    sign = signs.search(folded) if signs is not None else None
    if sign is not None:
        return places[sign.start()], places[sign.end() - 1] + 1
    words = list(_WORD.finditer(folded))
    for slogan in slogans:
        target = " ".join(slogan)
        for first in range(len(words) - len(slogan) + 1):
            window = words[first : first + len(slogan)]
            if SequenceMatcher(None, target, " ".join(map(re.Match.group, window)), autojunk=False).ratio() >= _ALIKE:
                return places[window[0].start()], places[window[-1].end() - 1] + 1
    return None


@lru_cache(maxsize=256)
def _compile(brand: BrandProfile) -> tuple[_Campaign, ...]:
    return tuple(_compile_one(campaign) for campaign in brand.campaigns)


def _compile_one(campaign: CampaignProfile) -> _Campaign:
    slogans = tuple(words for words in (tuple(_WORD.findall(fold(slogan))) for slogan in campaign.slogans) if words)
    tags = {fold(tag).lstrip("#").strip() for tag in campaign.hashtags} | {"".join(slogan) for slogan in slogans}
    links = {re.sub(r"^https?://(www\.)?|/+$", "", fold(link).strip()) for link in campaign.links}
    patterns = [rf"#{re.escape(tag)}(?!\w)" for tag in sorted(tags - {""})]
    patterns += [rf"(?<![\w.-]){re.escape(link)}(?![\w-])" for link in sorted(links - {""})]
    return _Campaign(campaign, re.compile("|".join(patterns)) if patterns else None, slogans)
