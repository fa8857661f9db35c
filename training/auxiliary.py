"""Licensed data that answers one of the questions for some messages. Optional: training works without it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from octavo.vocabulary import Sentiment
from training.targets import Example

_COMMENTS = 3_000
_WEIGHT = 0.1
"""Beside a message of the corpus: these comments are about anything, seldom about a brand."""

# GoEmotions' indices of admiration, amusement, approval ...; of anger, annoyance, disappointment ...; and of neutral.
_FEELINGS = {
    Sentiment.POSITIVE: {0, 1, 4, 5, 13, 15, 17, 18, 20, 21, 23},
    Sentiment.NEGATIVE: {2, 3, 9, 10, 11, 12, 14, 16, 19, 24, 25},
    Sentiment.NEUTRAL: {27},
}


def load(data: Path) -> list[Example]:
    """The comments of GoEmotions (English, Apache-2.0) whose emotions agree on a sentiment; says so where it is
    absent.
    """
    path = data / "train" / "goemotions" / "train.tsv"
    if not path.is_file():
        print(f"training on the corpus alone: {path} is absent")
        return []
    return list(_comments(path.read_text(encoding="utf-8").splitlines()))


def _comments(lines: list[str]) -> Iterator[Example]:
    for place in np.random.default_rng(0).choice(len(lines), _COMMENTS, replace=False):
        text, labels, _ = lines[place].split("\t")
        emotions = {int(label) for label in labels.split(",")}
        for sentiment, group in _FEELINGS.items():
            if emotions <= group:
                yield Example(text, "goemotions", sentiment=sentiment, weight=_WEIGHT)
