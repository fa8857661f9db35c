"""What the models learn from besides the corpus: licensed data, each optional. Its lines stay where they are; the
project holds only the labels it gave to some of them.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import openpyxl

from octavo.vocabulary import Sentiment
from training import corpus
from training.targets import Example

LABELS = Path(__file__).parent / "labels"
"""The eight registers of real app reviews, comments and questions to a bank, by the project's own definition."""

APPS = ("Garmin Connect", "Huawei Health")
FEELING_WEIGHT, REVIEW_WEIGHT = 0.3, 0.4
"""Beside a message of the corpus: the former are about anything, seldom about a brand."""

# GoEmotions' indices of admiration, amusement, approval ...; of anger, annoyance, disappointment ...; and of neutral.
_GOEMOTIONS = {
    Sentiment.POSITIVE: {0, 1, 4, 5, 13, 15, 17, 18, 20, 21, 23},
    Sentiment.NEGATIVE: {2, 3, 9, 10, 11, 12, 14, 16, 19, 24, 25},
    Sentiment.NEUTRAL: {27},
}
# XED's: joy and trust; anger, disgust, fear and sadness; anticipation and surprise.
_XED = {Sentiment.POSITIVE: {5, 8}, Sentiment.NEGATIVE: {1, 3, 4, 6}, Sentiment.NEUTRAL: {2, 7}}


def labelled(data: Path) -> list[Example]:
    """Real app reviews in English and French (Mini-BAR, MIT; app feedback, CC-BY 4.0), real comments in English
    (GoEmotions, Apache-2.0) and questions to a bank in English (BANKING77, CC-BY 4.0), labelled for Octavo.
    """
    found = []
    for path in sorted(LABELS.glob("*.jsonl")):
        kind, language = path.stem.rsplit("_", 1)
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            text = _text(data, row["id"])
            if text:
                found.append(corpus.example({**row, "text": text, "lang": language, "sector": kind}))
    return found


def feelings(data: Path, *, comments: int, lines: int, seed: int) -> list[Example]:
    """Comments of GoEmotions (English, Apache-2.0) and, in each language, lines of XED (film subtitles, CC-BY 4.0)
    whose emotions agree on a sentiment.
    """
    chance = np.random.default_rng(seed)
    taken = {example.text for example in labelled(data)}
    found = _some((each for each in _comments(data) if each.text not in taken), comments, chance)
    for language in ("en", "fr", "it", "es", "de", "pt", "nl"):
        kind = "annotated" if language == "en" else "projections"
        path = data / "train" / "xed" / f"{language}-{kind}.tsv"
        found += _some(_subtitles(path, language), lines, chance) if _there(path) else []
    return found


def reviews(data: Path, *, count: int, seed: int) -> list[Example]:
    """App reviews of Mini-BAR with its own two labels; none of those that `labelled` gives."""
    taken = {example.id for example in labelled(data)}
    found = [
        Example(
            row["data"],
            "mini_bar",
            language,
            review=(row["problem_report"] == "1", row["feature_request"] == "1"),
            weight=REVIEW_WEIGHT,
        )
        for app in APPS
        for language in ("en", "fr")
        for number, row in enumerate(_table(data, app, language))
        if f"mini_bar/{app}.{language}/{number}" not in taken
    ]
    return _some(found, count, np.random.default_rng(seed))


def _some(found: Iterable[Example], count: int, chance: np.random.Generator) -> list[Example]:
    members = list(found)
    picked = chance.permutation(len(members))[:count]
    return [members[place] for place in sorted(picked.tolist())]


def _comments(data: Path) -> Iterator[Example]:
    for line in _lines(data / "train" / "goemotions" / "train.tsv"):
        text, labels, _ = line.split("\t")
        yield from _felt(text, {int(label) for label in labels.split(",")}, _GOEMOTIONS, "goemotions", "en")


def _subtitles(path: Path, language: str) -> Iterator[Example]:
    for line in path.read_text(encoding="utf-8").splitlines():
        text, _, labels = line.rpartition("\t")
        if text and all(label.strip().isdigit() for label in labels.split(",")):
            yield from _felt(text, {int(label) for label in labels.split(",")}, _XED, "xed", language)


def _felt(
    text: str, emotions: set[int], meaning: dict[Sentiment, set[int]], group: str, language: str
) -> Iterator[Example]:
    for sentiment, members in meaning.items():
        if emotions <= members:
            yield Example(text, group, language, sentiment=sentiment, felt=FEELING_WEIGHT)


def _text(data: Path, name: str) -> str:
    """The text of a labelled message, named by folder, file and row; empty where it is not at hand."""
    folder, file, row = name.split("/")
    if folder == "goemotions":
        lines = _lines(data / "train" / folder / f"{file}.tsv")
        return lines[int(row)].split("\t")[0] if lines else ""
    if folder == "banking77":
        questions = _csv(data / "train" / folder / f"{file}.csv")
        return questions[int(row)]["text"] if questions else ""
    if folder == "mini_bar":
        app, language = file.rsplit(".", 1)
        rows = _table(data, app, language)
        return rows[int(row)]["data"] if rows else ""
    cells = _sheet(data / "train" / folder / f"{file}.xlsx")
    return cells[int(row)] if cells else ""


def _table(data: Path, app: str, language: str) -> list[dict[str, str]]:
    return _csv(data / "train" / "mini_bar" / f"{app}.{language}.csv")


@cache
def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if _there(path) else []


@cache
def _csv(path: Path) -> list[dict[str, str]]:
    if not _there(path):
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@cache
def _sheet(path: Path) -> list[str]:
    if not _there(path):
        return []
    sheet = openpyxl.load_workbook(path, read_only=True).active
    return [str(row[0]) for row in sheet.iter_rows(values_only=True)] if sheet is not None else []


@cache
def _there(path: Path) -> bool:
    if not path.is_file():
        print(f"trained without {path.name}, which is absent")
    return path.is_file()
