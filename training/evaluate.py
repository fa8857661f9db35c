"""Measures the shipped models: `python -m training.evaluate --data ../shared/data`, and writes
docs/reference/quality.md.

On messages of the corpus from sectors that nothing was trained on, and, where they are at hand, on real messages that
are only ever measured on. Beside each tier stand the most frequent answer and n-grams alone, trained on the same
messages.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_union

from octavo.kit import clock
from octavo.understand import Tier, model_version, read
from octavo.vocabulary import REGISTERS, Post, Sentiment
from training import corpus
from training.targets import FEELINGS, NAMES, Example

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "quality.md"
FEWEST = 15
"""Positives a register needs in a set for its F1 to count."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a reader said of n messages: carried bool[n, 8], primary int[n] (8: none), sentiment int[n], urgency
    int[n].
    """

    carried: NDArray[np.bool_]
    primary: NDArray[np.int64]
    sentiment: NDArray[np.int64]
    urgency: NDArray[np.int64]

    def where(self, rows: NDArray[np.bool_]) -> Said:
        return Said(self.carried[rows], self.primary[rows], self.sentiment[rows], self.urgency[rows])


Reader = Callable[[Sequence[Example]], Said]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the data sets (optional)")
    arguments = parser.parse_args()

    written = corpus.load()
    training = [example for example in written if example.group not in corpus.HELD_OUT]
    unseen = [example for example in written if example.group in corpus.HELD_OUT]
    readers: dict[str, Reader] = {
        "most frequent": most_frequent(training),
        "n-grams alone": n_grams(training),
        model_version(Tier.FAST): tier(Tier.FAST),
        model_version(Tier.DEFAULT): tier(Tier.DEFAULT),
    }
    sections = [registers_table(f"Corpus, held-out sectors ({', '.join(sorted(corpus.HELD_OUT))})", unseen, readers)]
    gold = arguments.data / "dev" / "gold" / "gold.jsonl"
    if gold.is_file():
        sections.append(registers_table("Real messages (dev/gold)", corpus.load([gold]), readers))
    tweets = arguments.data / "dev" / "sentiment"
    if tweets.is_dir():
        sections.append(sentiment_table("Sentiment of real tweets (dev/sentiment)", tweets, readers))
    page = "\n\n".join([_HEAD.format(day=clock.now().date(), count=len(training)), *sections]) + "\n"
    print(page)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page, encoding="utf-8")


_HEAD = """# How well the shipped models read

Measured on {day} by `make evaluate`. Trained on {count} messages of `training/corpus`. *F1* is the mean over the
registers with at least 15 messages in the set, *primary* the share of messages whose primary register is right,
*urgency* and *sentiment* likewise. Sets whose messages are not in this repository are only ever measured on: no
weight, threshold or word was chosen by them."""


def registers_table(title: str, examples: list[Example], readers: dict[str, Reader]) -> str:
    """One row a reader: the figures, the F1 of each register, and F1 / primary in each language."""
    true = truth(examples)
    counted = [index for index in range(len(REGISTERS)) if true.carried[:, index].sum() >= FEWEST]
    languages = sorted({example.language for example in examples})
    columns = ["reader", "F1", "primary", "sentiment", "urgency", *(str(REGISTERS[index]) for index in counted)]
    rows = []
    for name, reader in readers.items():
        said = reader(examples)
        scores = [_f1(true, said, index) for index in counted]
        figures = [
            np.mean(scores),
            *(np.mean(getattr(true, each) == getattr(said, each)) for each in columns[2:5]),
            *scores,
        ]
        for language in languages:
            rows_in = np.array([example.language == language for example in examples])
            there, here = true.where(rows_in), said.where(rows_in)
            mean = np.mean([_f1(there, here, index) for index in counted])
            figures.append(f"{mean:.2f} / {np.mean(there.primary == here.primary):.2f}")
        rows.append([name, *(each if isinstance(each, str) else f"{each:.3f}" for each in figures)])
    return _table(
        f"{title}: {len(examples)} messages", [*columns, *(f"{each} (F1 / primary)" for each in languages)], rows
    )


def sentiment_table(title: str, folder: Path, readers: dict[str, Reader]) -> str:
    """Macro-F1 over negative, neutral and positive, one column a language; `mixed` counts as neutral."""
    order = [Sentiment.NEGATIVE, Sentiment.NEUTRAL, Sentiment.POSITIVE]
    sets = {}
    for path in sorted(folder.glob("*.val_text.txt")):
        language = path.name[:2]
        labels = (folder / f"{language}.val_labels.txt").read_text(encoding="utf-8").split()
        texts = path.read_text(encoding="utf-8").split("\n")[: len(labels)]
        true = [FEELINGS.index(order[int(label)]) for label in labels]
        sets[language] = [Example(text, "", language) for text in texts], true
    mixed, neutral = FEELINGS.index(Sentiment.MIXED), FEELINGS.index(Sentiment.NEUTRAL)
    rows = []
    for name, reader in readers.items():
        row = [name]
        for examples, true in sets.values():
            said = reader(examples).sentiment
            row.append(
                f"{f1_score(true, np.where(said == mixed, neutral, said), average='macro', zero_division=0):.3f}"
            )
        rows.append(row)
    count = sum(len(true) for _, true in sets.values())
    return _table(f"{title}: {count} messages, macro-F1", ["reader", *sets], rows)


def truth(examples: Sequence[Example]) -> Said:
    """What the labels say."""
    return Said(
        np.array([[example.registers.get(register, False) for register in REGISTERS] for example in examples]),
        np.array([NAMES.index(example.primary or NAMES[-1]) for example in examples]),
        np.array([FEELINGS.index(example.sentiment or Sentiment.NEUTRAL) for example in examples]),
        np.array([example.urgency or 0 for example in examples]),
    )


def tier(chosen: Tier) -> Reader:
    def reader(examples: Sequence[Example]) -> Said:
        posts = [Post("", "", each.text, language=each.language, parent=each.parent) for each in examples]
        readings = read(posts, tier=chosen)
        carried = np.unpackbits(readings.assigned[:, None], axis=1, bitorder="little").astype(bool)
        primary = np.where(readings.primary < 0, len(REGISTERS), readings.primary).astype(np.int64)
        return Said(carried, primary, readings.sentiment.astype(np.int64), readings.urgency.astype(np.int64))

    return reader


def most_frequent(training: list[Example]) -> Reader:
    """The most frequent set of registers, sentiment and urgency, whatever the message."""
    known = truth(training)
    carried, primary = Counter(zip(map(bytes, known.carried), known.primary.tolist(), strict=True)).most_common(1)[0][0]
    sentiment, urgency = (Counter(column.tolist()).most_common(1)[0][0] for column in (known.sentiment, known.urgency))

    def reader(examples: Sequence[Example]) -> Said:
        count = len(examples)
        row = np.frombuffer(carried, bool)
        return Said(
            np.tile(row, (count, 1)), np.full(count, primary), np.full(count, sentiment), np.full(count, urgency)
        )

    return reader


def n_grams(training: list[Example]) -> Reader:
    """Words 1-2 and characters 2-5 with logistic regression, the usual baseline."""
    known = truth(training)
    texts = [example.text for example in training]
    features = make_union(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=3, sublinear_tf=True, max_features=60_000),
    ).fit(texts)
    rows = features.transform(texts)
    carried = OneVsRestClassifier(LogisticRegression(C=10, max_iter=300, class_weight="balanced")).fit(
        rows, known.carried
    )
    others = [
        LogisticRegression(C=10, max_iter=300).fit(rows, each)
        for each in (known.primary, known.sentiment, known.urgency)
    ]

    def reader(examples: Sequence[Example]) -> Said:
        rows = features.transform([example.text for example in examples])
        return Said(carried.predict(rows).astype(bool), *(each.predict(rows) for each in others))

    return reader


def _f1(true: Said, said: Said, index: int) -> float:
    return float(f1_score(true.carried[:, index], said.carried[:, index], zero_division=0))


def _table(title: str, columns: list[str], rows: list[list[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return f"## {title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
