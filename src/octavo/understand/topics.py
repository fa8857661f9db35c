"""Which of the brand's own topics does a message speak of? By the words that name a topic, or by being like its examples."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from octavo.understand import subject
from octavo.understand.fold import fold
from octavo.understand.words import LONGEST_TEXT
from octavo.vocabulary import BrandProfile, Post, TopicProfile

ALIKE = 3.5
"""How many standard deviations nearer than ordinary messages are a message must be to the middle of a topic's examples.
Chosen on half of the topics of `evaluation/suites/topics.jsonl` (`python -m training.topics`)."""

SAME = 0.6
"""From this cosine to one example on, a message is of its kind, however different the examples are among themselves."""

Floats = NDArray[np.float32]


def find(
    posts: Sequence[Post], brand: BrandProfile | None, vectors: Floats | None = None, *, alike: float = ALIKE
) -> list[tuple[str, ...]]:
    """The names of the topics each post speaks of, in the order in which the brand defines them; of its own posts none.

    `vectors` are those of the posts, float32[n, encoder.DIMENSIONS]; without them topics go by their words alone. Raises
    `EncoderUnavailable` where there are vectors and the examples cannot be encoded.
    """
    topics = brand.topics if brand is not None else ()
    if not topics:
        return [()] * len(posts)
    named = _named(posts, topics)
    if vectors is not None and any(topic.examples for topic in topics):
        named |= _alike(vectors, topics, alike)
    named[[post.own for post in posts]] = False
    return [tuple(topics[column].name for column in np.flatnonzero(row)) for row in named]


def _named(posts: Sequence[Post], topics: tuple[TopicProfile, ...]) -> NDArray[np.bool_]:
    """bool[posts, topics]: by words."""
    found = np.zeros((len(posts), len(topics)), bool)
    patterns = [(column, words) for column, topic in enumerate(topics) if (words := _pattern(topic.words))]
    if patterns:
        for row, post in enumerate(posts):
            text = fold(f"{post.subject} {post.text[:LONGEST_TEXT]}")
            for column, words in patterns:
                found[row, column] = words.search(text) is not None
    return found


def _alike(vectors: Floats, topics: tuple[TopicProfile, ...], alike: float) -> NDArray[np.bool_]:
    """bool[posts, topics]: by examples."""
    found = np.zeros((len(vectors), len(topics)), bool)
    directions = subject.directions(vectors)
    for column, topic in enumerate(topics):
        kind = _kind(topic.examples)
        if kind is not None:
            found[:, column] = directions @ kind.middle > kind.usual + alike * kind.spread
            found[:, column] |= (directions @ kind.examples.T).max(axis=1) > SAME
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Kind:
    """What a topic's examples have in common: `middle` float32[WIDTH], `examples` float32[n, WIDTH]; the mean nearness of
    ordinary messages to the middle, and its standard deviation."""

    middle: Floats
    examples: Floats
    usual: float
    spread: float


@lru_cache(maxsize=512)
def _kind(examples: tuple[str, ...]) -> _Kind | None:
    texts = [text for text in dict.fromkeys(examples) if any(map(str.isalnum, text))]
    if not texts:
        return None
    found = subject.directions(subject.vectors(texts))
    middle = subject.unit(found.mean(axis=0, keepdims=True))[0]
    usual = subject.space().ordinary @ middle
    return _Kind(middle, found, float(usual.mean()), float(usual.std()))


@lru_cache(maxsize=512)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str] | None:
    folded = sorted({" ".join(fold(word).split()) for word in words} - {"", "*"}, key=len, reverse=True)
    forms = [
        r"\s+".join(map(re.escape, word.rstrip("*").split(" "))) + (r"\w*" if word.endswith("*") else "")
        for word in folded
    ]
    return re.compile(rf"(?<!\w)(?:{'|'.join(forms)})(?!\w)") if forms else None
