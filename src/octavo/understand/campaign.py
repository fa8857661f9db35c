"""Does a message echo a campaign the brand declared: by hashtag, link or slogan, misspelt or parodied, or by standing
under the brand's own post about it?
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import SequenceMatcher
from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit

import numpy as np
from numpy.typing import NDArray

from octavo.understand.fold import fold, fold_with_places
from octavo.understand.words import LONGEST_TEXT
from octavo.vocabulary import BrandProfile, CampaignProfile, Post

AFTERGLOW = timedelta(days=60)
"""How long after its end a campaign is still echoed."""

_ALIKE = 0.84
"""Share of letters in common (twice the matches by the total) from which words are a slogan with typing errors."""
_JOINED = 0.95
"""The same, without the spaces, where two words were written as one or one as two."""
_PAIRS = 0.4
"""Share of a slogan's pairs of letters that a short text must have for typing errors to be looked for."""
_SHORT = 12
"""Words of a text up to which its pairs of letters say anything."""

_PARODIED, _KEPT = 0.6, 3
"""A parody keeps this share of a slogan's words in their places, and at least so many,"""
_TELLING = 5
"""one of them of so many letters: "come in from the garden" parodies nothing."""

MOST_LOOKS = 2_000
"""Stretches of one text that are compared with slogans; bounds the time a long text with many slogans takes."""

_WORD = re.compile(r"\w+")
_TRACKING = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|msclkid|igshid?|igsh|mc_[ce]id|yclid|twclid|ttclid|si|ref|ref_src|s|t"
)


@dataclass(frozen=True, slots=True)
class Match:
    """A declared campaign found in a message, and the place in the text that shows it; no place (`start` is `end`) where
    only what the message stands under shows it."""

    campaign: str
    start: int
    end: int

    @property
    def shown(self) -> bool:
        return self.end > self.start


def find(
    posts: Sequence[Post], brand: BrandProfile | None, about: NDArray[np.bool_] | None = None
) -> list[Match | None]:
    """The campaign each post echoes, the earliest declared where several do. Parodies are looked for in what is `about`
    the brand, bool[n]: a turn of phrase in anybody's message is none. None stands for all.
    """
    campaigns = _compile(brand) if brand is not None else ()
    if not campaigns:
        return [None] * len(posts)
    return [_find(post, campaigns, parodied=about is None or bool(about[row])) for row, post in enumerate(posts)]


@dataclass(frozen=True, slots=True)
class _Slogan:
    words: tuple[str, ...]
    pairs: frozenset[str]
    """Each two letters that follow each other, by which typing errors are worth looking for."""


@dataclass(frozen=True, slots=True)
class _Campaign:
    declared: CampaignProfile
    signs: re.Pattern[str] | None
    slogans: tuple[_Slogan, ...]


def _find(post: Post, campaigns: Sequence[_Campaign], *, parodied: bool) -> Match | None:
    day = post.created_at.date() if post.created_at else None
    running = [campaign for campaign in campaigns if _running(campaign.declared, day)]
    return _in_text(post.text, running, parodied=parodied) or _under_own(post, running)


def _in_text(given: str, campaigns: Sequence[_Campaign], *, parodied: bool) -> Match | None:
    text = given[:LONGEST_TEXT]
    folded = fold(text)
    listed = _WORD.findall(folded) if any(campaign.slogans for campaign in campaigns) else []
    words, pairs = frozenset(listed), _pairs(listed) if len(listed) <= _SHORT else frozenset()
    for campaign in campaigns:
        signed = campaign.signs is not None and campaign.signs.search(folded) is not None
        # Most of a slogan's words or letters are there, or it is not worth looking closer.
        hopeful = [slogan for slogan in campaign.slogans if _worth(slogan, words, pairs)]
        signs = campaign.signs if signed else None
        place = _place(text, signs, hopeful, parodied=parodied) if signed or hopeful else None
        if place is not None:
            return Match(campaign.declared.name, *place)
    return None


def _under_own(post: Post, campaigns: Sequence[_Campaign]) -> Match | None:
    """By the brand's own post that the message stands under."""
    if post.parent is None or not post.parent.own:
        return None
    above = _in_text(post.parent.text, campaigns, parodied=False)
    return None if above is None else Match(above.campaign, 0, 0)


def _running(campaign: CampaignProfile, day: date | None) -> bool:
    if day is None:
        return True
    begun = campaign.starts_on is None or day >= campaign.starts_on
    return begun and (campaign.ends_on is None or day <= campaign.ends_on + AFTERGLOW)


def _worth(slogan: _Slogan, words: frozenset[str], pairs: frozenset[str]) -> bool:
    if 2 * len(words.intersection(slogan.words)) >= len(slogan.words):
        return True
    return len(pairs & slogan.pairs) >= _PAIRS * len(slogan.pairs) > 0


def _place(
    text: str, signs: re.Pattern[str] | None, slogans: Sequence[_Slogan], *, parodied: bool
) -> tuple[int, int] | None:
    """Where in `text` as given the hashtag, link or slogan stands."""
    folded, places = fold_with_places(text)
    sign = signs.search(folded) if signs is not None else None
    if sign is not None:
        return places[sign.start()], places[sign.end() - 1] + 1
    words = list(_WORD.finditer(folded))
    looks = MOST_LOOKS
    for slogan in slogans:
        for size in (len(slogan.words), len(slogan.words) - 1, len(slogan.words) + 1):
            between, alike = (" ", _ALIKE) if size == len(slogan.words) else ("", _JOINED)
            close = SequenceMatcher(None, "", between.join(slogan.words), autojunk=False)
            for first in range(len(words) - size + 1 if size > 0 else 0):
                looks -= 1
                if looks < 0:
                    return None
                window = words[first : first + size]
                said = [word.group() for word in window]
                close.set_seq1(between.join(said))
                misspelt = close.quick_ratio() >= alike and close.ratio() >= alike
                if misspelt or (parodied and _parody(said, slogan.words)):
                    return places[window[0].start()], places[window[-1].end() - 1] + 1
    return None


def _parody(said: Sequence[str], slogan: Sequence[str]) -> bool:
    if len(said) != len(slogan):
        return False
    kept = [word for word, own in zip(said, slogan, strict=True) if word == own]
    enough = len(kept) >= max(_KEPT, _PARODIED * len(slogan))
    return enough and any(len(word) >= _TELLING for word in kept)


@lru_cache(maxsize=256)
def _compile(brand: BrandProfile) -> tuple[_Campaign, ...]:
    return tuple(_compile_one(campaign) for campaign in brand.campaigns)


def _compile_one(campaign: CampaignProfile) -> _Campaign:
    slogans = tuple(words for words in (tuple(_WORD.findall(fold(slogan))) for slogan in campaign.slogans) if words)
    tags = {fold(tag).lstrip("#").strip() for tag in campaign.hashtags} | {"".join(slogan) for slogan in slogans}
    patterns = [rf"#{re.escape(tag)}(?!\w)" for tag in sorted(tags - {""})]
    patterns += [link for link in map(_link, sorted({fold(link).strip() for link in campaign.links})) if link]
    return _Campaign(
        campaign,
        re.compile("|".join(patterns)) if patterns else None,
        tuple(_Slogan(words, _pairs(words)) for words in slogans),
    )


def _link(link: str) -> str:
    """A pattern for an address, whatever stands before its host ("www.") and whatever a channel adds behind the "?";
    what else was declared there must be there."""
    try:
        parts = urlsplit(link if "://" in link else f"https://{link}")
    except ValueError:  # a bracket without its other half
        return ""
    host = re.sub(r"^(www|m)\.", "", parts.netloc)
    if not host:
        return ""
    pattern = rf"(?<![\w.-])(?:(?:www|m)\.)?{re.escape(host + parts.path.rstrip('/'))}"
    wanted = [(name, value) for name, value in parse_qsl(parts.query) if not _TRACKING.fullmatch(name)]
    if not wanted:
        return pattern + r"(?![\w-])"
    asked = "".join(rf"(?=\S*[?&]{re.escape(name)}={re.escape(value)}(?![\w-]))" for name, value in wanted)
    return rf"{pattern}/?{asked}\?\S*"


def _pairs(words: Iterable[str]) -> frozenset[str]:
    """Each two letters that follow each other within these words."""
    return frozenset(word[at : at + 2] for word in words for at in range(len(word) - 1))
