"""The corpus in figures, `python -m training.diversity`: what is in it, how much of it is alike, how its vocabulary
grows beside real messages', and how far two annotators agree. Writes docs/reference/corpus.md.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from octavo.vocabulary import LANGUAGES, NO_REGISTER, REGISTERS
from training import agreement
from training.corpus import FOLDER, HELD_OUT
from training.tables import table

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "corpus.md"

ALIKE = 0.5
"""Jaccard of two messages' word 3-shingles from which on they are near-duplicates."""

STEPS = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
"""Words read, for the vocabulary's growth."""

ORDERS = 5
"""Orders of the messages that the growth is averaged over."""

FEWEST_WORDS = 5
"""Words below which two people may well write the same by chance ("thanks a lot")."""

Row = dict[str, Any]

_NOT_WORDS = re.compile(r"https?://\S+|www\.\S+|\b[\w.]+\.(?:com|example)/\S+|@\w+", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_WORD_OR_EMOJI = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[\U0001f000-\U0001faff\u2600-\u27bf]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the data sets (optional)")
    arguments = parser.parse_args()
    written = rows()
    page = "\n\n".join(
        [
            _HEAD,
            *counts(written),
            likeness(written, measured_on(arguments.data)),
            vocabulary(written, real(arguments.data)),
            agreement.section(written),
        ]
    )
    print(page)
    PAGE.write_text(page + "\n", encoding="utf-8")


_HEAD = """# The corpus in figures

Made by `make corpus` from `training/corpus`; what it is, how it came about and what it lacks stand in its data sheet,
`training/corpus/README.md`."""


def rows() -> list[Row]:
    """Every line of every published file, in the order of the files' names."""
    return [
        json.loads(line)
        for path in sorted(FOLDER.glob("*.jsonl"))
        for line in path.open(encoding="utf-8")
        if line.strip()
    ]


def words(text: str) -> list[str]:
    """The words of a text in lower case, without links and handles, which would be new each time."""
    return _WORD.findall(_NOT_WORDS.sub(" ", text).casefold())


def counts(written: Sequence[Row]) -> list[str]:
    """The sections that only count."""

    def one(key: str) -> Callable[[Row], Iterable[str]]:
        return lambda row: [str(row[key])]

    held_out = sum(row["sector"] in HELD_OUT for row in written)
    whole = [
        f"Held out for testing: {', '.join(sorted(HELD_OUT))}: {held_out} messages, {held_out / len(written):.0%} of all.",
        "Asked for were 2,300 messages in each of English, French and Italian, 550 in each other language, and 180 "
        "messages at least of each register in the first three.",
    ]
    return [
        f"## Messages: {len(written):,}\n\n" + " ".join(whole) + "\n\n" + _lengths(written),
        "## Registers carried\n\n" + _by_language(written, lambda row: row["registers"], [*REGISTERS, NO_REGISTER]),
        "## Primary registers\n\n" + _by_language(written, lambda row: row["registers"][:1], [*REGISTERS, NO_REGISTER]),
        "## Sentiment\n\n" + _by_language(written, one("sentiment")),
        "## Urgency\n\n" + _by_language(written, one("urgency"), ["0", "1", "2", "3"]),
        "## Kinds of harm named\n\n" + _by_language(written, lambda row: row["harm"]),
        "## Sectors\n\n" + _by_language(written, one("sector")),
        "## Styles\n\n" + _by_language(written, one("style")),
        "## Traits\n\n" + _by_language(written, lambda row: row["traits"]),
    ]


def _languages(written: Sequence[Row]) -> list[str]:
    present = {row["lang"] for row in written}
    return [language for language in LANGUAGES if language in present]


def _lengths(written: Sequence[Row]) -> str:
    lines = []
    for language in _languages(written):
        of_it = [row for row in written if row["lang"] == language]
        lengths = np.array([len(row["text"].split()) for row in of_it])
        lines.append(
            [
                language, f"{len(of_it):,}", f"{lengths.sum():,}", f"{lengths.mean():.1f}", f"{np.median(lengths):.0f}",
                str(lengths.max()), str(sum("parent" in row for row in of_it)),
                str(sum(not row["relevant"] for row in of_it)),
                str(sum(len(row["registers"]) > 1 for row in of_it)),
                str(len({row["brand"] for row in of_it})),
            ]
        )  # fmt: skip
    return table(
        [
            "language", "messages", "words", "mean", "median", "longest", "under another text", "not about the brand",
            "several registers", "brands",
        ],
        lines,
    )  # fmt: skip


def _by_language(
    written: Sequence[Row], names: Callable[[Row], Iterable[str]], order: Sequence[str] | None = None
) -> str:
    """Messages that carry each name, one row a name, one column a language."""
    languages = _languages(written)
    found = {
        language: Counter(chain.from_iterable(set(names(row)) for row in written if row["lang"] == language))
        for language in languages
    }
    total = sum(found.values(), Counter())
    lines = [
        [str(name), *(str(found[language][name]) for language in languages), str(total[name])]
        for name in order or [name for name, _ in sorted(total.items(), key=lambda item: (-item[1], item[0]))]
    ]
    return table(["", *languages, "all"], lines)


def likeness(written: Sequence[Row], measured: Sequence[str]) -> str:
    """Near-duplicates inside the corpus, over the border to the held-out sectors, and with what is measured on."""
    pairs = near_duplicates([row["text"] for row in written])
    alike = {index for pair in pairs for index in pair}
    across = sum((written[a]["sector"] in HELD_OUT) != (written[b]["sector"] in HELD_OUT) for a, b in pairs)
    share = len(alike) / len(written)
    lines = [
        "## Near-duplicates",
        f"Messages whose word 3-shingles have a Jaccard of {ALIKE} or more with another message's, each compared with "
        f"each: {len(alike)} of {len(written):,}, {share:.2%} (aimed at: below 1 %). Pairs across the border between "
        f"training and held-out sectors: {across}.",
    ]
    if pairs:
        lines.append("Pairs: " + ", ".join(f"{written[a]['id']} / {written[b]['id']}" for a, b in pairs) + ".")
    if measured:
        long = [row["text"] for row in written if len(words(row["text"])) >= FEWEST_WORDS]
        close = {pair[0] for pair in near_duplicates(long, measured)}
        lines.append(
            f"With the {len(measured):,} real messages that are only ever measured on: {len(close)} of the "
            f"{len(long):,} messages of {FEWEST_WORDS} words or more."
        )
    return "\n\n".join(lines)


def near_duplicates(texts: Sequence[str], others: Sequence[str] | None = None) -> list[tuple[int, int]]:
    """Pairs (i, j) that are near-duplicates: i < j within `texts`, or i in `texts` and j in `others`.

    A message of fewer than three words is one shingle. Exact, not estimated: only pairs that share a shingle are
    ever looked at.
    """
    places: dict[tuple[str, ...], int] = {}
    left = _shingled(texts, places)
    right = left if others is None else _shingled(others, places)
    left.resize(len(texts), len(places))
    right.resize(right.shape[0], len(places))
    common = sparse.coo_matrix(left @ right.T)
    sizes, other_sizes = left.sum(axis=1).A1, right.sum(axis=1).A1
    jaccard = common.data / (sizes[common.row] + other_sizes[common.col] - common.data)
    kept = jaccard >= ALIKE
    if others is None:
        kept &= common.row < common.col
    return sorted(zip(common.row[kept].tolist(), common.col[kept].tolist(), strict=True))


def _shingled(texts: Sequence[str], places: dict[tuple[str, ...], int]) -> Any:
    """Sparse int32[texts, shingles] of ones; `places` learns the shingles it has not met."""
    rows: list[int] = []
    columns: list[int] = []
    for row, text in enumerate(texts):
        said = _WORD_OR_EMOJI.findall(_NOT_WORDS.sub(" ", text).casefold())
        if not said:
            continue
        shingles = {tuple(said[start : start + 3]) for start in range(max(1, len(said) - 2))}
        rows += [row] * len(shingles)
        columns += [places.setdefault(shingle, len(places)) for shingle in shingles]
    return sparse.csr_matrix((np.ones(len(rows), np.int32), (rows, columns)), shape=(len(texts), len(places)))


def vocabulary(written: Sequence[Row], beside: dict[str, list[str]]) -> str:
    """How many different words there are among the first so many, for each language and each real set."""
    sets = {
        f"corpus, {language}": [row["text"] for row in written if row["lang"] == language]
        for language in _languages(written)
    }
    lines = []
    for name, texts in (sets | beside).items():
        grown = growth(texts)
        lines.append([name, *("–" if types is None else f"{types:,}" for types in grown)])
    said = (
        "## Vocabulary growth\n\nDifferent words among the first so many words (lower case, links and handles left out), "
        f"mean over {ORDERS} random orders of the messages; – where a set is smaller."
    )
    if beside:
        said += (
            " Beside them real ones: app reviews (mini_bar) and comments (goemotions). They are about two apps, or about "
            "anything, where the corpus is about brands of sixteen sectors: the curves tell whether it repeats itself, "
            "not how natural it is."
        )
    return said + "\n\n" + table(["", *(f"{step:,}" for step in STEPS)], lines)


def growth(texts: Sequence[str], steps: Sequence[int] = STEPS, *, orders: int = ORDERS) -> list[int | None]:
    """Different words among the first `steps` words, mean over random orders; None where there are fewer words."""
    split = [words(text) for text in texts]
    found = np.zeros((orders, len(steps)))
    total = sum(map(len, split))
    for order in range(orders):
        shuffled = np.random.default_rng(order).permutation(len(split))
        stream = list(chain.from_iterable(split[place] for place in shuffled))
        found[order] = [len(set(stream[:step])) for step in steps]
    return [round(float(mean)) if step <= total else None for step, mean in zip(steps, found.mean(axis=0), strict=True)]


def real(data: Path) -> dict[str, list[str]]:
    """Texts of the licensed sets that are at hand, by a name to show."""
    sets: dict[str, list[str]] = {}
    for language in ("en", "fr"):
        texts = [
            line["data"]
            for path in sorted((data / "train" / "mini_bar").glob(f"*.{language}.csv"))
            for line in csv.DictReader(path.open(encoding="utf-8", newline=""))
        ]
        if texts:
            sets[f"app reviews (mini_bar), {language}"] = texts
    comments = data / "train" / "goemotions" / "train.tsv"
    if comments.is_file():
        lines = comments.read_text(encoding="utf-8").splitlines()
        sets["comments (goemotions), en"] = [line.split("\t")[0] for line in lines]
    return sets


def measured_on(data: Path) -> list[str]:
    """Texts of the sets for measuring that are at hand: only counted against, never shown."""
    lines = [
        json.loads(line)["text"]
        for path in [data / "dev" / "gold" / "gold.jsonl", *sorted((data / "streams").glob("*.jsonl"))]
        if path.is_file()
        for line in path.open(encoding="utf-8")
    ]
    for path in sorted((data / "dev" / "sentiment").glob("*.val_text.txt")):
        lines += path.read_text(encoding="utf-8").splitlines()
    return lines


if __name__ == "__main__":
    main()
