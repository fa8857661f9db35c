"""Sarcasm and negation: how often a reading sees through praise that is meant as blame, and through what a "not" turns
round. The messages are those of `evaluation/suites`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octavo.vocabulary import LANGUAGES, Register, Sentiment
from training.answers import Answers, Reader
from training.tables import table
from training.targets import FEELINGS, NAMES, Example

FOLDER = Path(__file__).parent.parent / "evaluation" / "suites"

COMPLIMENT = NAMES.index(Register.COMPLIMENT)


@dataclass(frozen=True, slots=True, eq=False)
class Suite:
    """`positive` bool[n] says of each message which way it is meant; `pairs` are rows (meant well, meant badly) of
    messages that share their words."""

    examples: list[Example]
    positive: NDArray[np.bool_]
    pairs: Sequence[tuple[int, int]] = ()


def load(name: str, folder: Path = FOLDER) -> Suite:
    """`sarcasm` or `negation`."""
    rows = [json.loads(line) for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    examples = [
        Example(row["text"], name, row["lang"], sentiment=Sentiment(row["sentiment"]), id=row["id"]) for row in rows
    ]
    positive = np.array([row["sentiment"] == Sentiment.POSITIVE for row in rows])
    members: defaultdict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        if "pair" in row:
            members[row["pair"]].append(place)
    pairs = []
    for one, other in members.values():
        pairs.append((one, other) if positive[one] else (other, one))
    return Suite(examples, positive, pairs)


def tables(readers: Mapping[str, Reader], folder: Path = FOLDER) -> list[tuple[str, str]]:
    """Title and Markdown of each suite's rates, by reader and language."""
    sarcasm, negation = load("sarcasm", folder), load("negation", folder)
    return [
        ("Praise that is meant as blame", sarcasm_table(sarcasm, {name: of(sarcasm.examples) for name, of in readers.items()})),
        ("What a negation turns round", negation_table(negation, {name: of(negation.examples) for name, of in readers.items()})),
    ]  # fmt: skip


def sarcasm_table(suite: Suite, said: Mapping[str, Answers]) -> str:
    """Seen through: neither a compliment nor of positive sentiment; taken as meant: a compliment and positive."""
    rows = []
    for name, answers in said.items():
        praised = (answers.primary == COMPLIMENT) & (answers.sentiment == FEELINGS.index(Sentiment.POSITIVE))
        praised_at_all = answers.carried[:, NAMES.index(Register.COMPLIMENT)] | (
            answers.sentiment == FEELINGS.index(Sentiment.POSITIVE)
        )
        rows.append(
            [name, *(f"{_share(~praised_at_all, ~suite.positive & here)} / {_share(praised, suite.positive & here)}"
                     for here in _parts(suite))]
        )  # fmt: skip
    note = (
        "Share of the sarcastic messages that are read neither as a compliment nor as positive / share of those that praise "
        "and mean it that are read as both. Either alone is easy: who never believes praise sees through all sarcasm."
    )
    return note + "\n\n" + table(["reader", *_titles(suite)], rows)


def negation_table(suite: Suite, said: Mapping[str, Answers]) -> str:
    """Sentiment right for each message, and for both of a pair."""
    good, bad = np.array(suite.pairs).T
    rows = []
    for name, answers in said.items():
        wanted = np.where(suite.positive, FEELINGS.index(Sentiment.POSITIVE), FEELINGS.index(Sentiment.NEGATIVE))
        right = answers.sentiment == wanted
        both = np.zeros(len(right), bool)
        both[good] = right[good] & right[bad]
        cells = []
        for here in _parts(suite):
            first = np.zeros(len(right), bool)
            first[good] = True
            cells.append(f"{_share(right, here)} / {_share(both, first & here)}")
        rows.append([name, *cells])
    note = (
        "Share of messages of right sentiment / of pairs of which both are right (“Not bad at all”, “Not good at all”)."
    )
    return note + "\n\n" + table(["reader", *_titles(suite)], rows)


def _parts(suite: Suite) -> list[NDArray[np.bool_]]:
    languages = np.array([example.language for example in suite.examples])
    return [np.ones(len(languages), bool), *(languages == each for each in LANGUAGES if each in languages)]


def _titles(suite: Suite) -> list[str]:
    languages = [example.language for example in suite.examples]
    return [
        f"all ({len(languages)})",
        *(f"{each} ({languages.count(each)})" for each in LANGUAGES if each in languages),
    ]


def _share(hit: NDArray[np.bool_], of: NDArray[np.bool_]) -> str:
    return f"{hit[of].mean():.2f}" if of.any() else "–"
