"""Measures the shipped models: `python -m training.evaluate --data ../shared/data`, and writes
docs/reference/quality.md.

On messages of the corpus from sectors that nothing was trained on, and, where they are at hand, on real messages that
are only ever measured on. Beside each tier stand the most frequent answer and n-grams alone, trained on the same
messages, and the second annotator of the corpus.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octavo.kit import clock
from octavo.understand import Tier, model_version
from octavo.vocabulary import LANGUAGES, REGISTERS, Register, Sentiment
from training import agreement, answers, baselines, corpus, diversity, measures, stress, suites
from training.answers import Answers, Reader
from training.tables import table
from training.targets import FEELINGS, NAMES, Example

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "quality.md"

FEWEST, FEWEST_OF_A_LANGUAGE = 15, 5
"""Positives a register needs in a set, and in a language of it, for its F1 to count."""

COVERAGES = (1.0, 0.9, 0.8, 0.7, 0.5)
ALERTS = 5.0
"""Messages in a thousand that somebody is alerted to."""

CRISIS = REGISTERS.index(Register.CRISIS)
POLES = (Sentiment.NEGATIVE, Sentiment.NEUTRAL, Sentiment.POSITIVE)
WORST = 20
CAREFULLY = 300
"""Messages for which evidence is weighed as `explain` does, which reads each of them once for each of its words."""

TARGETS = {"fast": (0.62, 0.65), "default": (0.72, 0.74), "accurate": (0.78, 0.80)}
"""F1 and share of right primaries on real messages, by tier."""

SENTIMENT_TARGETS = {"default": 0.62, "accurate": 0.68}
CALIBRATED, APART = 0.05, 0.07


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the data sets (optional)")
    arguments = parser.parse_args()

    written = corpus.load()
    training = [example for example in written if example.group not in corpus.HELD_OUT]
    unseen = [example for example in written if example.group in corpus.HELD_OUT]
    tiers = {model_version(each): answers.tier(each) for each in Tier}
    readers = {
        "most frequent": baselines.most_frequent(training),
        "n-grams alone": baselines.n_grams(training),
        **tiers,
    }
    default = model_version(Tier.DEFAULT)

    held_out = Measured.of("Held-out sectors", unseen, readers)
    sections = [
        f"## Held-out sectors of the corpus\n\n{len(unseen):,} messages of {', '.join(sorted(corpus.HELD_OUT))}.",
        *figures(held_out, default, real=False),
        annotated(unseen, readers),
    ]
    gold = arguments.data / "dev" / "gold" / "gold.jsonl"
    if gold.is_file():
        real = Measured.of("Real messages", corpus.load([gold]), readers)
        sections += [_REAL.format(count=len(real.examples)), *figures(real, default, real=True)]
    tweets = arguments.data / "dev" / "sentiment"
    if tweets.is_dir():
        sections += [_TWEETS, sentiment(tweets_in(tweets, readers), targets=True)]
    sections += [
        "## What a reading should not depend on, and what it should",
        *robustness(unseen),
        *(_section(title, body) for title, body in suites.tables(readers)),
        worst(held_out, default),
    ]
    page = "\n\n".join([_HEAD.format(day=clock.now().date(), count=len(training)), *sections]) + "\n"
    print(page)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page, encoding="utf-8")


_HEAD = f"""# How well the shipped models read

Measured on {{day}} by `make evaluate`; baselines trained on the {{count:,}} messages of `training/corpus` that the models
learn from. *F1* is the mean over the registers with at least {FEWEST} messages in the set (in one language: those of them
with at least {FEWEST_OF_A_LANGUAGE} there), *primary* the share of messages whose primary register is right, *urgency* and
*sentiment* likewise, *AP* the average precision of ranking by the register's probability, which by chance is the register's
share. Sets whose messages are not in this repository are only ever measured on: no weight, threshold or word was chosen by
them. Readers are told a message's language, as a channel would, and what it stands under, not the brand."""

_REAL = """## Real messages

`dev/gold`: {count} public messages in English, French and Italian. Two annotators, language models reading one guideline,
agreed on 0.94 of the primaries of the set these are from, with kappas from 0.86 (opportunity) to 1.00 (crisis): a ceiling,
not human agreement."""

_TWEETS = """## Sentiment of real tweets

`dev/sentiment`. Readers that were trained on that very data are published at a mean of 0.72 over English, French and
Italian; the models here never learned from it."""


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A set of messages, what its labels say and what each reader says of it, read once."""

    name: str
    examples: list[Example]
    true: Answers
    said: dict[str, Answers]

    @classmethod
    def of(cls, name: str, examples: list[Example], readers: dict[str, Reader]) -> Measured:
        said = {reader: read(examples) for reader, read in readers.items()}
        return cls(name, examples, answers.truth(examples), said)

    def languages(self) -> dict[str, NDArray[np.bool_]]:
        """bool[n] of the messages of each language there is, in Octavo's order."""
        rows = np.array([example.language for example in self.examples])
        return {language: rows == language for language in LANGUAGES if (rows == language).any()}

    def counted(self) -> list[int]:
        """The registers with enough messages."""
        return [index for index in range(len(REGISTERS)) if self.true.carried[:, index].sum() >= FEWEST]


def figures(measured: Measured, default: str, *, real: bool) -> list[str]:
    """All sections about a set that carries the eight registers."""
    return [
        _section("In short", overview(measured, targets=real)),
        registers(measured),
        languages(measured),
        sentiment(toned(measured)),
        calibration(measured),
        coverage(measured),
        crisis(measured),
        confusion(measured, default),
    ]


def overview(measured: Measured, *, targets: bool) -> str:
    columns = ["reader", "F1", "primary", "sentiment", "urgency"]
    rows = []
    for name, said in measured.said.items():
        aim = TARGETS.get(name.split("-")[0])
        figures = [f1_of(measured.true, said, measured.counted()), *_right(measured.true, said)]
        rows.append([name, *map(_three, figures), f"{aim[0]:.2f} / {aim[1]:.2f}" if aim else "–"])
    if targets:
        return table([*columns, "aimed at (F1 / primary)"], rows)
    return table(columns, [row[:-1] for row in rows])


def registers(measured: Measured) -> str:
    every = range(len(REGISTERS))
    names = [str(REGISTERS[index]) for index in every]
    carried = measured.true.carried
    share = ["share of the messages", *(f"{carried[:, index].mean():.3f}" for index in every)]
    count = ["messages", *(str(carried[:, index].sum()) for index in every)]
    by_f1 = [
        [name, *(_three(measures.f1(carried[:, index], said.carried[:, index])) for index in every)]
        for name, said in measured.said.items()
    ]
    by_rank = [
        [name, *(_three(measures.average_precision(carried[:, index], said.chance[:, index])) for index in every)]
        for name, said in measured.said.items()
    ]
    return (
        _section("Each register: F1", table(["reader", *names], [count, *by_f1]))
        + "\n\n"
        + _section("Each register: average precision", table(["reader", *names], [share, *by_rank]))
    )


def languages(measured: Measured) -> str:
    parts = measured.languages()
    rows = []
    for name, said in measured.said.items():
        cells, means = [], []
        for rows_in in parts.values():
            there, here = measured.true.where(rows_in), said.where(rows_in)
            enough = [index for index in measured.counted() if there.carried[:, index].sum() >= FEWEST_OF_A_LANGUAGE]
            means.append(f1_of(there, here, enough))
            cells.append(f"{_two(means[-1])} / {np.mean(there.primary == here.primary):.2f}")
        known = [mean for mean in means if not np.isnan(mean)]
        rows.append([name, *cells, _two(max(known) - min(known)) if known else "–"])
    columns = ["reader", *(f"{each} ({rows_in.sum()})" for each, rows_in in parts.items()), "best less worst F1"]
    note = f"F1 / primary. Aimed at: no language more than {APART} below the best."
    return _section("Each language", note + "\n\n" + table(columns, rows))


def calibration(measured: Measured) -> str:
    """How far probabilities and shares lie apart: of the registers, all eight together, and of the primary given."""
    parts = {"all": np.ones(len(measured.examples), bool), **measured.languages()}
    rows = []
    for name, said in measured.said.items():
        cells = []
        for rows_in in parts.values():
            there, here = measured.true.where(rows_in), said.where(rows_in)
            registers = measures.calibration_error(here.chance, there.carried)
            primary = measures.calibration_error(here.confidence(), here.primary == there.primary)
            cells.append(f"{registers:.3f} / {primary:.3f}")
        rows.append([name, *cells])
    note = (
        f"Expected calibration error in {measures.BINS} bins: of the eight registers' probabilities together / of the confidence "
        f"in the primary that is given. Aimed at: {CALIBRATED} in each language. The first flatters, since most registers "
        "are plainly absent from most messages; in small sets even a perfect model shows some. The confidence in a primary is "
        "the probability of its register, of `none` that of the likeliest register being absent."
    )
    return _section("Calibration", note + "\n\n" + table(["reader", *parts], rows))


def coverage(measured: Measured) -> str:
    rows = []
    for name, said in measured.said.items():
        right = said.primary == measured.true.primary
        row = [name, *(_three(measures.accuracy_at(said.confidence(), right, share)) for share in COVERAGES)]
        if said.abstained.any():
            row.append(f"{said.abstained.mean():.0%}, then {right[~said.abstained].mean():.3f}")
        else:
            row.append("–")
        rows.append(row)
    note = "Share of right primaries among the messages that the reader is surest of, and when it abstains by itself."
    columns = ["reader", *(f"surest {share:.0%}" for share in COVERAGES), "abstains"]
    return _section("If the least sure are left to people", note + "\n\n" + table(columns, rows))


def crisis(measured: Measured) -> str:
    true = measured.true.carried[:, CRISIS]
    if not true.any():
        return _section("Crisis", "None in this set.")
    rows = []
    for name, said in measured.said.items():
        chance = said.chance[:, CRISIS]
        plain = measures.alerts(true, chance, per_thousand=ALERTS)
        rare = measures.alerts_where_rare(true, chance, per_thousand=ALERTS, share=ALERTS / 1000)
        hit = said.carried[:, CRISIS]
        rows.append(
            [
                name, _three(measures.average_precision(true, chance)),
                f"{np.mean(true[hit]) if hit.any() else 0:.3f} / {np.mean(hit[true]):.3f}",
                f"{plain.precision:.3f} / {plain.recall:.3f} (alerts: {plain.count})",
                f"{rare.recall:.3f} (above the line: {rare.count})",
            ]
        )  # fmt: skip
    note = (
        f"{true.sum()} of {len(true):,} messages. *By threshold*: precision / recall of the messages read as crisis. *Five alerts per "
        "1,000*: precision / recall when the likeliest are alerted, on this set as it is, which has far more crises than life. "
        "*Where rare*: the same as it would be were five messages in 1,000 a crisis (an assumption, not a measurement), where precision "
        "and recall are one figure; what is not a crisis here is harder than in life, and few messages decide it."
    )
    columns = ["reader", "AP", "by threshold", "five alerts per 1,000", "where rare"]
    return _section("Crisis", note + "\n\n" + table(columns, rows))


def confusion(measured: Measured, reader: str) -> str:
    counts = measures.confusion(measured.true.primary, measured.said[reader].primary, len(NAMES))
    rows = [
        [NAMES[row], *(f"**{count}**" if row == column else str(count) for column, count in enumerate(counts[row]))]
        for row in range(len(NAMES))
    ]
    note = f"Messages by their primary register (rows) and by what {reader} says (columns)."
    return _section("Which primaries are taken for which", note + "\n\n" + table(["", *NAMES], rows))


@dataclass(frozen=True, slots=True, eq=False)
class Toned:
    """Texts, their sentiment, int[n] indices of the poles in `FEELINGS`, and what each reader says of it."""

    texts: list[str]
    true: NDArray[np.int64]
    said: dict[str, NDArray[np.int64]]


def sentiment(sets: dict[str, Toned], *, targets: bool = False) -> str:
    """Macro-F1 over the poles, one column a language, and their mean; VADER beside for English."""
    neutral, mixed = FEELINGS.index(Sentiment.NEUTRAL), FEELINGS.index(Sentiment.MIXED)
    classes = [FEELINGS.index(pole) for pole in POLES]

    def score(each: Toned, answer: NDArray[np.int64]) -> float:
        return measures.macro_f1(each.true, np.where(answer == mixed, neutral, answer), classes)

    rows = []
    for name in next(iter(sets.values())).said:
        scores = [score(each, each.said[name]) for each in sets.values()]
        aim = SENTIMENT_TARGETS.get(name.split("-")[0])
        rows.append([name, *map(_three, [*scores, float(np.mean(scores))]), f"{aim:.2f}" if aim else "–"])
    lacking = ""
    if "en" in sets:
        try:
            found = _three(score(sets["en"], baselines.vader(sets["en"].texts)))
            rows.append(["VADER", *(found if language == "en" else "–" for language in sets), "–", "–"])
        except ImportError:
            lacking = " VADER is not installed here and left out."
    count = sum(len(each.texts) for each in sets.values())
    note = (
        f"{count:,} messages, macro-F1 over negative, neutral and positive; an answer `mixed` counts as neutral, messages "
        f"labelled so are left out. VADER, a lexicon with rules, knows English only.{lacking}"
    )
    columns = [
        "reader",
        *(f"{language} ({len(each.texts)})" for language, each in sets.items()),
        "mean",
        "mean aimed at",
    ]
    last = None if targets else -1
    return _section("Sentiment", note + "\n\n" + table(columns[:last], [row[:last] for row in rows]))


def toned(measured: Measured) -> dict[str, Toned]:
    """The messages of each language whose sentiment is one of the poles."""
    clear = measured.true.sentiment != FEELINGS.index(Sentiment.MIXED)
    return {
        language: Toned(
            [measured.examples[row].text for row in np.flatnonzero(rows & clear)],
            measured.true.sentiment[rows & clear],
            {name: said.sentiment[rows & clear] for name, said in measured.said.items()},
        )
        for language, rows in measured.languages().items()
    }


def tweets_in(folder: Path, readers: dict[str, Reader]) -> dict[str, Toned]:
    """The sets `<language>.val_text.txt` with labels 0 (negative), 1, 2 (positive) beside."""
    sets: dict[str, Toned] = {}
    for path in sorted(folder.glob("*.val_text.txt")):
        language = path.name[:2]
        labels = (folder / f"{language}.val_labels.txt").read_text(encoding="utf-8").split()
        texts = path.read_text(encoding="utf-8").split("\n")[: len(labels)]
        true = np.array([FEELINGS.index(POLES[int(label)]) for label in labels])
        examples = [Example(text, "", language) for text in texts]
        sets[language] = Toned(texts, true, {name: read(examples).sentiment for name, read in readers.items()})
    return sets


def annotated(unseen: Sequence[Example], readers: dict[str, Reader]) -> str:
    """The messages that were labelled twice: the second annotator as one reader among the others."""
    labels = agreement.second()
    twice = [example for example in unseen if example.id in labels]
    measured = Measured.of("", twice, {**readers, "second annotator": answers.annotator(labels)})
    note = (
        f"The {len(twice)} of these messages that were labelled twice: what a reader can hope for against these labels."
    )
    return _section("Beside the second annotator", note + "\n\n" + overview(measured, targets=False))


def robustness(unseen: Sequence[Example]) -> list[str]:
    """Changes that should not matter, and the removal of evidence, which should."""
    brands = {row["id"]: row["brand"] for row in diversity.rows()}
    changes = stress.changed(unseen, brands)
    flips = [
        [model_version(tier), *(f"{stress.flipped(pairs, tier):.1%}" for pairs in changes.values())] for tier in Tier
    ]
    flips_note = (
        "Share of messages of the held-out sectors whose primary register is another after a greeting or the brand's name was put "
        "before it, a link after it, or all was put in capitals."
    )
    columns = ["reader", *(f"{kind} ({len(pairs)})" for kind, pairs in changes.items())]

    # Of the messages in order of their files: every so many-th, so that all files and languages are among them.
    some = list(unseen)[:: max(1, len(unseen) // CAREFULLY)][:CAREFULLY]
    tried = [(model_version(tier), "in a batch", stress.deletion(unseen, tier)) for tier in Tier]
    tried.append((model_version(Tier.DEFAULT), "`explain`", stress.deletion(some, Tier.DEFAULT, carefully=True)))
    lost = [
        [
            name, how, f"{found.count:,}", f"{found.evidence:.2f}", f"{found.random:.2f}",
            f"{found.evidence - found.random:.2f} ± {found.error:.2f}", f"{found.beaten:.0%}",
        ]
        for name, how, found in tried if found is not None
    ]  # fmt: skip
    lost_note = (
        "What the primary register's log-odds lose when the words shown as evidence for it are taken away, and when as many random "
        f"other words are ({stress.DRAWS} draws); messages with at least as many other words as evidence. `explain` finds its evidence by "
        "leaving out one word after the other, and is therefore nearer to passing by its making."
    )
    return [
        _section("Changes that should not matter", flips_note + "\n\n" + table(columns, flips)),
        _section(
            "Words shown as evidence",
            lost_note
            + "\n\n"
            + table(["reader", "evidence", "messages", "without evidence", "without random words", "margin (± standard error)",
                     "evidence loses more"], lost),
        ),
    ]  # fmt: skip


def worst(measured: Measured, reader: str) -> str:
    """The wrong primaries that the reader prefers most to the right ones, with their texts, which are the corpus's own."""
    said, true = measured.said[reader], measured.true
    chance = said.of_primaries()
    rows = np.arange(len(said))
    preferred = chance[rows, said.primary] - chance[rows, true.primary]
    wrong = np.flatnonzero(said.primary != true.primary)
    lines = [
        [
            measured.examples[row].id, NAMES[true.primary[row]], NAMES[said.primary[row]],
            f"{chance[row, said.primary[row]]:.2f} / {chance[row, true.primary[row]]:.2f}", _shortened(measured.examples[row].text),
        ]
        for row in wrong[np.argsort(-preferred[wrong], kind="stable")[:WORST]]
    ]  # fmt: skip
    note = f"On the held-out sectors of the corpus: where {reader} prefers a wrong primary most to the right one."
    return (
        f"## The {WORST} worst errors\n\n{note}\n\n"
        + table(["message", "is", "read as", "probability read / right", "text"], lines)
    )  # fmt: skip


def f1_of(true: Answers, said: Answers, registers: Sequence[int]) -> float:
    """Mean F1 of these registers; NaN where there are none."""
    scores = [measures.f1(true.carried[:, index], said.carried[:, index]) for index in registers]
    return float(np.mean(scores)) if scores else float("nan")


def _right(true: Answers, said: Answers) -> list[float]:
    pairs = [(true.primary, said.primary), (true.sentiment, said.sentiment), (true.urgency, said.urgency)]
    return [float(np.mean(one == other)) for one, other in pairs]


def _three(figure: float) -> str:
    return "–" if np.isnan(figure) else f"{figure:.3f}"


def _two(figure: float) -> str:
    return "–" if np.isnan(figure) else f"{figure:.2f}"


def _shortened(text: str, longest: int = 240) -> str:
    return text if len(text) <= longest else text[:longest].rsplit(" ", 1)[0] + " …"


def _section(title: str, body: str) -> str:
    return f"### {title}\n\n{body}"


if __name__ == "__main__":
    main()
