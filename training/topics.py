"""Measures topics that are defined by examples: `python -m training.topics` writes docs/reference/topics.md.

The topics and their messages are those of `evaluation/suites/topics.jsonl`: five messages of each are its examples, fifteen
are to be found. The strictness was chosen on half of the topics, the page is about the other half.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octavo.kit import clock
from octavo.understand import Tier, model_version, subject, topics
from octavo.vocabulary import BrandProfile, Post, TopicProfile
from training import corpus, suites
from training.tables import publish, table

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "topics.md"
AMOUNTS = (1, 2, 3, 5)
STRICTNESS = (2.0, 2.5, 3.0, 3.5, 4.0)


@dataclass(frozen=True, slots=True)
class Subject:
    """A topic: its examples, the messages that are about it, and their languages."""

    name: str
    use: str
    examples: tuple[str, ...]
    texts: tuple[str, ...]
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """Shares: of a topic's messages found, of other topics' messages taken for it, of anybody's messages taken for it."""

    own: float
    others: float
    anybody: float


def main() -> None:
    publish(__doc__ or "", lambda: page(load()), PAGE)


def load(folder: Path = suites.FOLDER) -> list[Subject]:
    lines = (folder / "topics.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    found = []
    for name in dict.fromkeys(row["topic"] for row in rows):
        own = [row for row in rows if row["topic"] == name]
        asked = [row for row in own if not row["example"]]
        found.append(
            Subject(
                name,
                own[0]["use"],
                tuple(row["text"] for row in own if row["example"]),
                tuple(row["text"] for row in asked),
                tuple(row["lang"] for row in asked),
            )
        )
    return found


def page(subjects: Sequence[Subject]) -> str:
    strangers = [each.text for each in corpus.load() if each.group in corpus.HELD_OUT]
    tested = [each for each in subjects if each.use == "testing"]
    chosen = [each for each in subjects if each.use == "choosing"]
    texts = [text for each in subjects for text in each.texts]
    said = match(tested, texts, strangers)
    by_language = {
        language: np.mean([said[row, column] for column, subject in enumerate(tested)
                           for row in _rows(subjects, subject) if _language(subjects, row) == language])
        for language in ("en", "fr", "it", "es", "de", "pt", "nl")
        if any(_language(subjects, row) == language for subject in tested for row in _rows(subjects, subject))
    }  # fmt: skip
    parts = [
        "# Topics by example",
        f"Measured on {clock.now():%Y-%m-%d} by `python -m training.topics`, with the vectors of {model_version(Tier.DEFAULT)}."
        f" {len(subjects)} topics written for the project (`evaluation/suites/topics.jsonl`), each with five examples in four or"
        f" five languages and fifteen messages to be found in six or seven. How near a message must be to a topic's examples was chosen on"
        f" {len(chosen)} of them ({', '.join(each.name for each in chosen)}); below are the other {len(tested)}.",
        "*Found* is the share of a topic's messages that get it; *others* the share of the messages of the eleven other topics that"
        f" get it too; *anybody's* the share of {len(strangers):,} messages of the corpus's held-out sectors that do, some of which"
        " are rightly about it (late deliveries and prices occur everywhere). Words that name a topic find what they name and"
        " come on top.",
        "## Each topic, with its five examples",
        table(
            ["topic", "found", "others", "anybody's"],
            [_line(each.name, measure(subjects, [each], said[:, [column]], len(texts))) for column, each in enumerate(tested)]
            + [_line("all", measure(subjects, tested, said, len(texts)))],
        ),
        "## How many examples",
        table(
            ["examples", "found", "others", "anybody's"],
            [_line(str(amount), _with(subjects, tested, texts, strangers, amount)) for amount in AMOUNTS],
        ),
        "The first of a topic's examples are English, French and Italian, in this order.",
        "## In which language",
        table(list(by_language), [[f"{share:.2f}" for share in by_language.values()]]),
        "Share found, of the messages in each language.",
        "## How near",
        table(
            ["standard deviations", "found", "others", "anybody's"],
            [_line(f"{each:.1f}" + (" (used)" if each == topics.ALIKE else ""),
                   _at(subjects, chosen, texts, strangers, each)) for each in STRICTNESS],
        ),
        f"On the {len(chosen)} topics it was chosen on.",
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def match(
    subjects: Sequence[Subject],
    texts: Sequence[str],
    strangers: Sequence[str],
    amount: int = 5,
    strictness: float = topics.ALIKE,
) -> NDArray[np.bool_]:
    """bool[texts and strangers, subjects], by the topics' first examples."""
    brand = BrandProfile(topics=tuple(TopicProfile(each.name, (), each.examples[:amount]) for each in subjects))
    every = [*texts, *strangers]
    named = topics.find([Post("", "", text) for text in every], brand, subject.vectors(every), alike=strictness)
    return np.array([[each.name in names for each in subjects] for names in named])


def measure(subjects: Sequence[Subject], asked: Sequence[Subject], said: NDArray[np.bool_], written: int) -> Found:
    """Over the asked topics; `said` has a column for each, first the rows of all written messages, then strangers'."""
    own = np.zeros_like(said)
    for column, asked_for in enumerate(asked):
        own[_rows(subjects, asked_for), column] = True
    others = ~own
    others[written:] = False
    return Found(float(said[own].mean()), float(said[others].mean()), float(said[written:].mean()))


def _with(
    subjects: Sequence[Subject], asked: Sequence[Subject], texts: Sequence[str], strangers: Sequence[str], amount: int
) -> Found:
    return measure(subjects, asked, match(asked, texts, strangers, amount), len(texts))


def _at(
    subjects: Sequence[Subject],
    asked: Sequence[Subject],
    texts: Sequence[str],
    strangers: Sequence[str],
    strictness: float,
) -> Found:
    return measure(subjects, asked, match(asked, texts, strangers, strictness=strictness), len(texts))


def _rows(subjects: Sequence[Subject], subject: Subject) -> range:
    first = 0
    for each in subjects:
        if each is subject:
            return range(first, first + len(each.texts))
        first += len(each.texts)
    raise ValueError(subject.name)


def _language(subjects: Sequence[Subject], row: int) -> str:
    return [language for each in subjects for language in each.languages][row]


def _line(name: str, found: Found) -> list[str]:
    return [name, f"{found.own:.2f}", f"{found.others:.3f}", f"{found.anybody:.3f}"]


if __name__ == "__main__":
    main()
