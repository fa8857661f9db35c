"""Whether a grave message belongs to what has rung already: the same conversation, or the same thing in other words.

Deliberately plain, until stories are followed. Two grave messages within days of each other are about the same thing
when they name the same product of the brand, or share uncommon words (their stems, as the search knows them, leaving out
what many of the brand's messages say) that are a good part of the shorter one. So a story told in several languages is
held together by what is written alike in them: names of products, places and people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SHARED, SHARE = 3, 0.2
FEW_SHARED, LARGE_SHARE = 2, 0.3
"""Words in common, and the part of the shorter message's uncommon words that these must be."""
SHORTEST = 4
"""Letters of a word that can tell."""
STEM = 4
"""Stems are compared by their beginnings, so that French, Italian and English forms of a word meet: valv-e, valv-ola."""
COMMON = 0.05
"""A word in more than this share of the brand's recent messages tells nothing."""

OFTEN = 0.2
"""A product named in more than this share of them is what the brand is about, and tells nothing either."""


@dataclass(frozen=True, slots=True)
class Background:
    """Beginnings of words that tell nothing with a brand, and those of its products, which tell all."""

    common: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()


def telling(lexemes: Iterable[str], background: Background) -> frozenset[str]:
    """The beginnings of the words by which a message can be recognised."""
    return frozenset(
        word[:STEM]
        for word in lexemes
        if len(word) >= SHORTEST and word.isalpha() and word[:STEM] not in background.common
    )


def background(counts: Mapping[str, int], messages: int, *, own: Iterable[str], products: Iterable[str]) -> Background:
    """What is to be known of a brand: `counts` says how many of `messages` hold each word; `own` and `products` are the
    beginnings of its names and of its products' names."""
    telling_products = {word for word in products if counts.get(word, 0) <= max(OFTEN * messages, 3)} - set(own)
    often = {word for word, n in counts.items() if n > max(COMMON * messages, 3)}
    return Background(common=frozenset(often | set(own)) - telling_products, products=frozenset(telling_products))


def alike(one: frozenset[str], other: frozenset[str], background: Background) -> bool:
    shared = one & other
    if shared & background.products:
        return True
    share = len(shared) / max(min(len(one), len(other)), 1)
    return (len(shared) >= SHARED and share >= SHARE) or (len(shared) >= FEW_SHARED and share >= LARGE_SHARE)
