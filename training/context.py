"""Measures relevance learnt from few examples: `python -m training.context` writes docs/reference/relevance.md.

Each name of `evaluation/suites/relevance.jsonl` stands for a brand. So many of its messages, chosen at random, are judged by
a person, the others are read; ten draws each. Where what was learnt does not pass its own trial, the rules read, as in
Octavo.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octavo.kit import clock
from octavo.understand import Tier, context, model_version
from octavo.understand.adapt import Verdict
from octavo.vocabulary import Alias, BrandProfile, Post
from training import suites
from training.tables import publish, table

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "relevance.md"
AMOUNTS = (5, 10, 20, 40)
DRAWS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Name:
    """A brand's ambiguous name: its messages as the tiers see them, and which are about the brand."""

    name: str
    use: str
    languages: tuple[str, ...]
    texts: tuple[str, ...]
    seen: context.Seen
    about: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Figures:
    """Means over names and draws; `kept` is the share of the draws in which what was learnt passed its trial."""

    precision: float
    recall: float
    right: float
    kept: float = 0.0


def main() -> None:
    publish(__doc__ or "", lambda: page(load()), PAGE)


def load(folder: Path = suites.FOLDER) -> list[Name]:
    lines = (folder / "relevance.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    found = []
    for each in json.loads((folder / "relevance_names.json").read_text(encoding="utf-8")):
        own = [row for row in rows if row["brand"] == each["name"]]
        brand = BrandProfile(each["name"], (Alias(each["name"], tuple(each["context"])),))
        texts = tuple(row["text"] for row in own)
        found.append(
            Name(
                each["name"],
                each["use"],
                tuple(dict.fromkeys(row["lang"] for row in own)),
                texts,
                context.see([Post("", "", text) for text in texts], brand),
                np.array([row["relevant"] for row in own]),
            )
        )
    return found


def page(names: Sequence[Name]) -> str:
    parts = [
        "# About the brand or not",
        f"Measured on {clock.now():%Y-%m-%d} by `python -m training.context`, with {model_version(Tier.DEFAULT)}. {len(names)} names"
        " that are also ordinary words, with 60 messages each that contain the name, half of them about the brand, written for the"
        " project (`evaluation/suites/relevance.jsonl`). They are hard on purpose: messages about the brand avoid the words an"
        " administrator would think of, and the others use them (“carrot and orange soup, no internet recipe needed”), so that the"
        " rule, which goes by these words, does worse here than it does on ordinary streams. Numbers were chosen on"
        f" {_list(names, 'choosing')}; {_list(names, 'testing')} were only measured.",
        "*Every mention* takes each message with the name as about the brand, *words beside it* asks for one of the words; *register"
        " alone* is what Octavo's learning starts from, before any example. Then so many messages, drawn at random, are judged by a"
        f" person and the rest is read, mean of {DRAWS} draws; *kept* is how often what was learnt passed its own trial on held-back"
        " judgements. Where it did not, the rule reads, and the figures are the rule's.",
        *(
            f"## {title}\n\n" + table(["", "precision", "recall", "right", "kept"], _rows([each for each in names if each.use == use]))
            for title, use in (("Names that were only measured", "testing"), ("Names that numbers were chosen on", "choosing"))
        ),
        "## Each name, right with 20 examples",
        table(
            ["name", "languages", "words beside it", "20 examples", "kept"],
            [[each.name, ", ".join(each.languages), f"{_score(each.seen.ruled, each.about).right:.2f}",
              f"{(found := taught([each], 20)).right:.2f}", f"{found.kept:.1f}"] for each in names],
        ),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def taught(names: Sequence[Name], amount: int, *, always: bool = False) -> Figures:
    """Read what was not judged, with what `amount` judgements taught; `always` also where it did not pass its trial."""
    found, kept = [], []
    for each in names:
        for draw in range(DRAWS):
            order = np.random.default_rng(draw).permutation(len(each.texts))
            lessons, rest = order[:amount], order[amount:]
            seen, about = each.seen.where(lessons), each.about[lessons]
            trial = context.try_out(seen, about, each.seen.where(rest), [each.texts[row] for row in lessons])
            kept.append(trial.verdict is Verdict.KEPT)
            unseen = each.seen.where(rest)
            said = unseen.judge(context.fit(seen, about)) if kept[-1] or always else unseen.ruled
            found.append(_score(said, each.about[rest]))
    return _mean(found, float(np.mean(kept)))


def _rows(names: Sequence[Name]) -> list[list[str]]:
    silent = np.zeros(names[0].seen.directions.shape[1] + 1, np.float32)
    rows = [
        ["every mention", _mean([_score(np.ones(len(each.about), bool), each.about) for each in names])],
        ["words beside it (the rule)", _mean([_score(each.seen.ruled, each.about) for each in names])],
        ["register alone", _mean([_score(each.seen.judge(silent), each.about) for each in names])],
        *([f"{amount} examples", taught(names, amount)] for amount in AMOUNTS),
        *([f"{amount} examples, kept or not", taught(names, amount, always=True)] for amount in AMOUNTS),
    ]
    return [_line(str(name), figures) for name, figures in rows if isinstance(figures, Figures)]


def _line(name: str, of: Figures) -> list[str]:
    kept = f"{of.kept:.2f}" if name.endswith("examples") else "–"
    return [name, *(f"{figure:.2f}" for figure in (of.precision, of.recall, of.right)), kept]


def _score(said: NDArray[np.bool_], about: NDArray[np.bool_]) -> Figures:
    hits = float((said & about).sum())
    return Figures(hits / max(float(said.sum()), 1.0), hits / float(about.sum()), float((said == about).mean()))


def _mean(figures: Sequence[Figures], kept: float = 0.0) -> Figures:
    return Figures(
        *(float(np.mean([getattr(each, name) for each in figures])) for name in ("precision", "recall", "right")), kept
    )


def _list(names: Sequence[Name], use: str) -> str:
    return ", ".join(each.name for each in names if each.use == use)


if __name__ == "__main__":
    main()
