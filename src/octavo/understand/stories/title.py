"""A title in the messages' own words: the phrase that holds most of what many of them say."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from octavo.understand.fold import fold
from octavo.understand.stories.keys import LONGEST, without_addresses

SHORTEST_TITLE, LONGEST_TITLE = 12, 90
"""Characters of a title; what is longer is cut between words."""
FEWEST_WORDS = 3
STEM = 5
"""Words are counted by their beginnings, so that forms of a word meet."""

_PHRASES = re.compile(r"(?<=[.!?…])[\"”»)]*\s+|\s+[|–—]\s+|[\n\r]+")
_PASSED_ON = re.compile(r"\b(?:RT|MT|via)\b\s*:?", re.IGNORECASE)
_EDGES = ' \t,;:-–—|/#*_~"“”«»()[].'
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+")
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f\u200d]+")


@dataclass(frozen=True, slots=True)
class Title:
    """`text`, and which of the messages it was taken from."""

    text: str
    row: int


def choose(texts: Sequence[str]) -> Title | None:
    """The title of a story from (some of) its messages, the earliest first; None where none of them holds a phrase.

    Of two equally good phrases the earlier is taken, so that a title does not change without need.
    """
    phrases = [(row, phrase) for row, text in enumerate(texts) for phrase in _phrases(text)]
    spoken = Counter(stem for text in {fold(text): text for text in texts}.values() for stem in set(_stems(text)))
    best: Title | None = None
    highest = 0.0
    for row, phrase in phrases:
        score = _score(phrase, spoken)
        if score > highest:
            begun = phrase[0].upper() if len(phrase[0].upper()) == 1 else phrase[0]  # a sharp s would become two
            best, highest = Title(begun + phrase[1:], row), score
    return best


def _score(phrase: str, spoken: Counter[str]) -> float:
    """How much of what is said often a phrase holds, for its length; shouting and fragments count less."""
    stems = set(_stems(phrase))
    if not stems:
        return 0.0
    # Said once, a word tells nothing of the story.
    weight = sum(spoken[stem] - 1 for stem in stems) + 0.1
    score = weight / (len(stems) + 4.0)
    if phrase.isupper():
        score *= 0.7
    if not phrase[0].isupper() and not phrase[0].isdigit():
        score *= 0.9
    if len(phrase) > 60:
        score *= 0.9
    return score


def _phrases(text: str) -> list[str]:
    plain = " ".join(_EMOJI.sub(" ", _PASSED_ON.sub(" ", without_addresses(html.unescape(text[:LONGEST])))).split(" "))
    found = []
    for part in _PHRASES.split(plain):
        phrase = _cut(" ".join(part.split()).strip(_EDGES))
        if len(phrase) >= SHORTEST_TITLE and len(_WORD.findall(phrase)) >= FEWEST_WORDS:
            found.append(phrase)
    return found


def _cut(phrase: str) -> str:
    if len(phrase) <= LONGEST_TITLE:
        return phrase
    clause = re.split(r"[,;:]\s", phrase[:LONGEST_TITLE])
    if len(clause) > 1:
        kept = phrase[: LONGEST_TITLE - len(clause[-1])].rstrip(_EDGES)
        if len(kept) >= LONGEST_TITLE // 2:
            return kept
    return phrase[:LONGEST_TITLE].rsplit(" ", 1)[0].rstrip(_EDGES) + "…"


def _stems(text: str) -> list[str]:
    return [word[:STEM] for word in _WORD.findall(fold(without_addresses(text[:LONGEST]))) if _tells(word)]


@cache
def _small() -> frozenset[str]:
    """Frequent words of the seven languages that say nothing of what a message is about, folded."""
    return frozenset((Path(__file__).parent / "small_words.txt").read_text(encoding="utf-8").split())


def _tells(word: str) -> bool:
    return len(word) > 2 and word not in _small()
