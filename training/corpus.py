"""The project's own corpus: messages written for it and labelled with the eight registers."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from octavo.vocabulary import NO_REGISTER, REGISTERS, Harm, Parent, ParentKind, Sentiment
from training.targets import Example

FOLDER = Path(__file__).parent / "corpus"
HELD_OUT = frozenset({"rail", "cosmetics", "games", "insurance"})
"""Sectors that no shipped weight, threshold or calibration has seen: they are for testing."""


PLAIN = ("end-", "frd-", "itc-")
"""Files whose mix of registers was set to that of real messages which are for measuring only."""


def load(paths: list[Path] | None = None) -> list[Example]:
    """Every message of the corpus, or of other files in its format, in order."""
    paths = sorted(FOLDER.glob("*.jsonl")) if paths is None else paths
    return [example(json.loads(line)) for path in paths for line in path.open(encoding="utf-8") if line.strip()]


def even(examples: list[Example]) -> list[Example]:
    """The same messages, weighed so that every primary register counts alike: the corpus knows what registers look like,
    not how frequent they are.
    """
    frequent = Counter(example.primary for example in examples)
    share = len(examples) / len(frequent)
    return [replace(example, weight=share / frequent[example.primary]) for example in examples]


def example(row: dict[str, Any]) -> Example:
    """One line of the corpus, or of a set in the same format."""
    carried = [name for name in row["registers"] if name != NO_REGISTER]
    parent = row.get("parent")
    return Example(
        text=row["text"],
        group=row.get("sector", ""),
        language=row["lang"],
        parent=Parent(parent.get("text", ""), ParentKind(parent["kind"]), bool(parent["own"])) if parent else None,
        registers={register: register in carried for register in REGISTERS},
        primary=carried[0] if carried else NO_REGISTER,
        sentiment=Sentiment(row["sentiment"]),
        urgency=int(row["urgency"]),
        harm=frozenset(map(Harm, row["harm"])) if "harm" in row else None,
        id=row["id"],
        relevant=row.get("relevant", True),
    )
