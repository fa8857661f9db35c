"""Which of the brand's own topics does a message name?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from octavo.understand.fold import fold
from octavo.understand.words import LONGEST_TEXT
from octavo.vocabulary import BrandProfile, Post, TopicProfile


def find(posts: Sequence[Post], brand: BrandProfile | None) -> list[tuple[str, ...]]:
    """The names of the topics each post names, in the order in which the brand defines them."""
    topics = _compile(brand.topics) if brand is not None else ()
    if not topics:
        return [()] * len(posts)
    texts = (fold(f"{post.subject} {post.text[:LONGEST_TEXT]}") for post in posts)
    return [tuple(name for name, words in topics if words.search(text)) for text in texts]


@lru_cache(maxsize=256)
def _compile(topics: tuple[TopicProfile, ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    compiled = []
    for topic in topics:
        words = sorted({" ".join(fold(word).split()) for word in topic.words} - {"", "*"}, key=len, reverse=True)
        forms = [re.escape(word.rstrip("*")) + (r"\w*" if word.endswith("*") else "") for word in words]
        if forms:
            compiled.append((topic.name, re.compile(rf"(?<!\w)(?:{'|'.join(forms)})(?!\w)")))
    return tuple(compiled)
