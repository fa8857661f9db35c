"""Whether a grave message belongs to what has rung already: the same conversation, or the same thing in other words.

Deliberately plain, until stories are followed: two messages are alike when they share at least two uncommon words (their
stems, as the search knows them, leaving out what many of the brand's messages say). A story told in several languages is
held together by what is written alike in them: names of products, places and people.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

SHARED = 2
SHORTEST = 4
"""Letters of a word that can tell."""
STEM = 4
"""Stems are compared by their beginnings, so that French, Italian and English forms of a word meet: valv-e, valv-ola."""
COMMON = 0.08
"""A word in more than this share of the brand's recent messages tells nothing."""


def telling(lexemes: Iterable[str], common: Collection[str] = ()) -> frozenset[str]:
    """The beginnings of the words by which a message can be recognised."""
    return frozenset(
        word[:STEM] for word in lexemes if len(word) >= SHORTEST and word.isalpha() and word[:STEM] not in common
    )


def common(counts: Mapping[str, int], messages: int) -> frozenset[str]:
    """Beginnings of words that too many of `messages` hold; `counts` says how many hold each. None of a few messages."""
    most = max(COMMON * messages, 3)
    return frozenset(word for word, n in counts.items() if n > most)


def alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= SHARED
