"""Measures what corrections bring: `python -m training.learning` writes docs/reference/learning.md.

Each held-out sector of the corpus, which no shipped weight has seen, stands for a brand. Three quarters of its messages
are there to be corrected, the last quarter is read before and after, each quarter in turn. A correction is what the inbox
gives: the primary register, and that the one it replaces is not it; where the model was right, a confirmation.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octavo.kit import clock
from octavo.understand import Tier, adapt, model_version
from octavo.understand.heads import PRIMARY, softmax
from octavo.vocabulary import NO_REGISTER, REGISTERS, Post, Register
from training import corpus
from training.targets import NAMES, Example

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "learning.md"
AMOUNTS = (50, 100, 200, 400)
CHOICES = ("most uncertain", "random")
PARTS = 4
ENOUGH = 8
"""Messages a register needs in a sector to count in its macro-F1."""


@dataclass(frozen=True, slots=True)
class Result:
    """Of one sector: macro-F1 and share of right primaries before and after, and in how many of `PARTS` what was learned
    passed its trial. Where it did not, the shipped model reads, as it would in Octavo."""

    before: tuple[float, float]
    after: tuple[float, float]
    kept: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sectors", nargs="+", default=sorted(corpus.HELD_OUT))
    parser.add_argument("--dry-run", action="store_true", help="print the page, write nothing")
    arguments = parser.parse_args()

    messages = [example for example in corpus.load() if example.primary is not None]
    sectors = {name: [example for example in messages if example.group == name] for name in arguments.sectors}
    results: dict[tuple[str, int, str], Result] = {}
    for name, examples in sectors.items():
        seen = adapt.see([_post(example) for example in examples])
        for amount in AMOUNTS:
            for choice in CHOICES:
                results[choice, amount, name] = measure(examples, seen, amount, choice)
                print(f"{name}, {amount} {choice}: {results[choice, amount, name]}", flush=True)
    text = page({name: len(examples) for name, examples in sectors.items()}, results)
    if arguments.dry_run:
        print(text)
    else:
        PAGE.write_text(text, encoding="utf-8")


def measure(examples: Sequence[Example], seen: adapt.Seen, amount: int, choice: str) -> Result:
    """What `amount` corrections bring on the messages that were not there to be corrected, each part in turn."""
    order = np.random.default_rng(7).permutation(len(examples))
    part = np.empty(len(examples), int)
    part[order] = np.arange(len(examples)) % PARTS
    primary, carried = seen.primary(), seen.decide().carried
    primary_after, carried_after, kept = primary.copy(), carried.copy(), 0
    for turn in range(PARTS):
        pool = order[part[order] != turn]
        ranked = _by_uncertainty(seen, pool) if choice == CHOICES[0] else pool
        chosen, rest = _rows(seen, ranked[:amount]), _rows(seen, ranked[amount : amount + adapt.MOST_OTHERS])
        lessons = [_lesson(examples[row], primary[row]) for row in ranked[:amount]]
        trial, weights = adapt.learn_from(chosen, lessons, rest)
        if trial.verdict is adapt.Verdict.KEPT:
            test = np.flatnonzero(part == turn)
            unseen = _rows(seen, test)
            primary_after[test], carried_after[test] = unseen.primary(weights), unseen.decide(weights).carried
            kept += 1
    return Result(_figures(examples, carried, primary), _figures(examples, carried_after, primary_after), kept)


def page(sizes: dict[str, int], results: dict[tuple[str, int, str], Result]) -> str:
    lines = [
        "# Learning from corrections",
        "",
        f"Measured on {clock.now():%Y-%m-%d} by `python -m training.learning`, with {model_version(Tier.DEFAULT)}. Each held-out"
        " sector of `training/corpus`, unseen by the model, stands for a brand ("
        + ", ".join(f"{name} {n}" for name, n in sizes.items())
        + " messages). Three quarters are there to be corrected, the last is read before and after, each quarter in turn."
        " A correction is what the inbox gives: the primary register. *Kept* is in how many of the"
        f" {PARTS * len(sizes)} trials what was learned passed Octavo's own test on held-back corrections; where it did not,"
        " the shipped model's readings count.",
        "",
        "A sector is harder than a brand: its messages speak to dozens of invented brands in seven languages, so that few"
        " mistakes repeat.",
        "",
        "| corrections | chosen | macro-F1 | gain | primary right | gain | kept |",
        "| ---: | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for amount in AMOUNTS:
        for choice in CHOICES:
            found = [results[choice, amount, name] for name in sizes]
            before, after = (np.mean([getattr(each, when) for each in found], axis=0) for when in ("before", "after"))
            lines.append(
                f"| {amount} | {choice} | {after[0]:.3f} | {after[0] - before[0]:+.3f} | {after[1]:.3f} | "
                f"{after[1] - before[1]:+.3f} | {sum(each.kept for each in found)} of {PARTS * len(found)} |"
            )
    lines += ["", "Gain in macro-F1 by sector:", "", f"| corrections | chosen | {' | '.join(sizes)} |"]
    lines.append(f"| ---: | --- |{' ---: |' * len(sizes)}")
    for amount in AMOUNTS:
        for choice in CHOICES:
            gains = [results[choice, amount, name] for name in sizes]
            cells = " | ".join(f"{each.after[0] - each.before[0]:+.3f}" for each in gains)
            lines.append(f"| {amount} | {choice} | {cells} |")
    return "\n".join(lines) + "\n"


def _figures(examples: Sequence[Example], carried: NDArray[np.bool_], primary: NDArray[np.intp]) -> tuple[float, float]:
    """Macro-F1 over the registers with enough messages, and the share of right primaries."""
    scores = []
    for index, register in enumerate(REGISTERS):
        true = np.array([example.registers[register] for example in examples])
        if true.sum() >= ENOUGH:
            scores.append(2 * (true & carried[:, index]).sum() / (true.sum() + carried[:, index].sum()))
    right = [NAMES[said] == example.primary for said, example in zip(primary, examples, strict=True)]
    return float(np.mean(scores)), float(np.mean(right))


def _by_uncertainty(seen: adapt.Seen, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """The least certain first."""
    certain = softmax(seen.logits[rows][:, PRIMARY]).max(axis=1)
    return rows[np.argsort(certain, kind="stable")]


def _rows(seen: adapt.Seen, rows: NDArray[np.intp]) -> adapt.Seen:
    """These rows, in their order."""
    return adapt.Seen(
        seen.vectors[rows], seen.logits[rows], seen.intelligible[rows], seen.echoes[rows], seen.thresholds
    )


def _lesson(example: Example, was: int) -> adapt.Lesson:
    assert example.primary is not None
    refused = () if NAMES[was] in (example.primary, NO_REGISTER) else (Register(NAMES[was]),)
    return adapt.Lesson(_post(example), example.primary, refused)


def _post(example: Example) -> Post:
    return Post("corpus", example.id, example.text, language=example.language, parent=example.parent)


if __name__ == "__main__":
    main()
