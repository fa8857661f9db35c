"""How far a second, independent labelling of a tenth of the corpus agrees with the first:
`python -m training.agreement`.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import cohen_kappa_score

from octavo.vocabulary import LANGUAGES, NO_REGISTER, REGISTERS
from training.corpus import FOLDER
from training.tables import table

SECOND = FOLDER / "second"

FEWEST = 5
"""Messages of one kind among which a kappa says something: below, it stands on one or two disagreements."""

HARM_ADDED = frozenset({"ena", "enb", "enc", "end", "fra", "frb", "frc", "frd", "ita", "itb", "itc"})
"""Files, as their ids begin, whose harm was labelled later and only for crises, urgency 3 and hard negatives."""

Row = dict[str, Any]
Pair = tuple[Row, Row]


def main() -> None:
    from training.diversity import rows  # which shows this module's section on its page

    print(section(rows()))


def second() -> dict[str, Row]:
    """The second labels by the id of their message: `registers`, `urgency`, `harm`, `sentiment`."""
    lines = [line for path in sorted(SECOND.glob("*.jsonl")) for line in path.open(encoding="utf-8")]
    return {row["id"]: row for row in map(json.loads, lines)}


def pairs(written: Sequence[Row]) -> list[Pair]:
    """First and second labels of each message that has both."""
    again = second()
    return [(row, again[row["id"]]) for row in written if row["id"] in again]


def section(written: Sequence[Row]) -> str:
    """The tables of agreement, one column a language."""
    labelled = pairs(written)
    by_language = {"all": labelled}
    for language in LANGUAGES:
        by_language[language] = [pair for pair in labelled if pair[0]["lang"] == language]
    columns = ["", *(f"{name} ({len(of_it)})" for name, of_it in by_language.items())]
    groups = list(by_language.values())
    lines = [
        ["same primary (share)", *(f"{same_primary(group):.3f}" for group in groups)],
        *(
            [f"{name} (kappa)", *(_shown(carries(group, name)) for group in groups)]
            for name in (*REGISTERS, NO_REGISTER)
        ),
        ["sentiment (kappa)", *(_shown(sentiment(group)) for group in groups)],
        ["urgency (quadratic kappa)", *(_shown(urgency(group)) for group in groups)],
        ["any harm (kappa)", *(_shown(harm(group)) for group in groups)],
    ]
    return _SAID.format(count=len(labelled), share=len(labelled) / len(written)) + "\n\n" + table(columns, lines)


_SAID = f"""## Agreement of two annotators

{{count}} messages drawn at random, {{share:.0%}} of each file, were labelled a second time by annotators who were given the
messages, without their labels, and the definition of the registers, nothing else (`training/corpus/second`).
Writers and second annotators are language models reading one guideline: this is a ceiling for what a reader can reach
against these labels, not the agreement of people, which published studies of comparable tasks put near 0.8. Cohen's
kappa; – where either annotator gave the label to fewer than {FEWEST} messages. Harm is compared in the files whose writers
gave it themselves; to the others it was added later, for a part of their messages."""


def same_primary(labelled: Sequence[Pair]) -> float:
    return float(np.mean([row["registers"][0] == again["registers"][0] for row, again in labelled]))


def carries(labelled: Sequence[Pair], name: str) -> float:
    """Kappa of carrying this register, or none; NaN where there are too few."""
    return _kappa([(name in row["registers"], name in again["registers"]) for row, again in labelled])


def harm(labelled: Sequence[Pair]) -> float:
    """Kappa of naming any harm, among the messages whose writers were asked for it."""
    return _kappa([(bool(row["harm"]), bool(again["harm"])) for row, again in labelled if asked_for_harm(row)])


def asked_for_harm(row: Row) -> bool:
    """Whether the writer of this message's file gave harm; to the first files it was added later, for a part."""
    return row["id"][:3] not in HARM_ADDED


def sentiment(labelled: Sequence[Pair]) -> float:
    labels = zip(*((row["sentiment"], again["sentiment"]) for row, again in labelled), strict=True)
    return float(cohen_kappa_score(*labels))


def urgency(labelled: Sequence[Pair]) -> float:
    """Kappa with quadratic weights: 0 against 3 counts nine times 0 against 1."""
    levels = list(zip(*((row["urgency"], again["urgency"]) for row, again in labelled), strict=True))
    return float(cohen_kappa_score(*levels, weights="quadratic", labels=[0, 1, 2, 3]))


def _kappa(answers: Sequence[tuple[bool, bool]]) -> float:
    first, again = np.array(answers, bool).reshape(-1, 2).T
    if min(first.sum(), again.sum()) < FEWEST:
        return math.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # all yes: kappa is not defined, which NaN says
        return float(cohen_kappa_score(first, again))


def _shown(figure: float) -> str:
    return "–" if math.isnan(figure) else f"{figure:.2f}"


if __name__ == "__main__":
    main()
