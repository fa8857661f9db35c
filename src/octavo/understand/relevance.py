"""Is a message about the brand at all? Judged by the names the brand goes by, before any register."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from octavo.understand.fold import fold
from octavo.understand.words import LONGEST_TEXT
from octavo.vocabulary import Alias, BrandProfile, Post

ADDRESSED = 0.99
NAMED = 0.95
PRODUCT = 0.9
UNDER_A_NAMING = 0.7
WITHOUT_CONTEXT = 0.2
"""A name that is also an ordinary word, without one of the words that would settle it."""
UNNAMED = 0.1
PRESUMED = 0.5
"""Whoever sent the message says which brand it is about; the message itself does not show it."""

_EVEN = 0.5


def judge(posts: Sequence[Post], brand: BrandProfile | None) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Verdict bool[n] and probability float32[n]. Without a profile, or with an empty one, every message is relevant
    (1.0).
    """
    names = _compile(brand) if brand is not None else None
    if names is None:
        return np.ones(len(posts), bool), np.ones(len(posts), np.float32)
    relevance = np.fromiter((_judge(post, names) for post in posts), np.float32, len(posts))
    return verdict(relevance), relevance


def verdict(relevance: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether messages count as about the brand, bool[n], by their probability."""
    return relevance > _EVEN


@lru_cache(maxsize=256)
def words_of_names(brand: BrandProfile | None) -> frozenset[str]:
    """The words, in small letters, of which the brand's names are made."""
    if brand is None:
        return frozenset()
    names = (brand.name, *(alias.text for alias in brand.aliases), *brand.handles)
    return frozenset(form for name in names for form in (*name.casefold().split(), name.casefold().strip()) if form)


@dataclass(frozen=True, slots=True)
class _Names:
    """Patterns over folded text; None where the brand has no such names."""

    addressed: re.Pattern[str] | None
    named: re.Pattern[str] | None
    products: re.Pattern[str] | None
    ambiguous: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]


def _judge(post: Post, names: _Names) -> float:
    if post.own or (post.parent is not None and post.parent.own):
        return ADDRESSED
    text = fold(f"{post.subject} {post.text[:LONGEST_TEXT]}" if post.subject else post.text[:LONGEST_TEXT])
    found = _strength(text, names)
    if found < _EVEN and post.parent is not None:
        above = _strength(f"{text} {fold(post.parent.text[:LONGEST_TEXT])}", names)
        found = UNDER_A_NAMING if above > _EVEN else max(found, above)
    return found


def _strength(text: str, names: _Names) -> float:
    if names.addressed and names.addressed.search(text):
        return ADDRESSED
    if names.named and names.named.search(text):
        return NAMED
    if names.products and names.products.search(text):
        return PRODUCT
    found = UNNAMED
    for name, context in names.ambiguous:
        if name.search(text):
            if context.search(text):
                return PRODUCT
            found = WITHOUT_CONTEXT
    return found


@lru_cache(maxsize=256)
def _compile(brand: BrandProfile) -> _Names | None:
    aliases = {fold(alias.text).strip(): alias for alias in (Alias(brand.name), *brand.aliases)}
    aliases.pop("", None)
    settled = [alias.text for alias in aliases.values() if not alias.context]
    doubtful = [alias for alias in aliases.values() if alias.context]
    if not (aliases or brand.handles or brand.products):
        return None  # campaigns alone say nothing about the other messages
    hashtags = [tag for campaign in brand.campaigns for tag in campaign.hashtags]
    handles = [handle.lstrip("@#") for handle in (*brand.handles, *hashtags)]
    ambiguous = [(_any([alias.text]), _any(alias.context)) for alias in doubtful]
    return _Names(
        addressed=_any(handles, before="[@#]"),
        named=_any(settled),
        products=_any(brand.products),
        ambiguous=tuple((name, context) for name, context in ambiguous if name and context),
    )


def _any(texts: Iterable[str], before: str = "") -> re.Pattern[str] | None:
    """A pattern for any of these texts as whole words, however the spaces in them are written ("Air France",
    "#airfrance").
    """
    folded = {" ".join(fold(text).split()) for text in texts} - {""}
    spelled = [r"[\s_-]*".join(map(re.escape, text.split())) for text in sorted(folded, key=len, reverse=True)]
    return re.compile(rf"(?<!\w){before}(?:{'|'.join(spelled)})(?!\w)") if spelled else None
