"""What a reading should not depend on, and what it should: changes that leave a message's meaning, and the removal of
the words that are shown as evidence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from octavo.understand import Tier, explain, read
from octavo.vocabulary import REGISTERS, Evidence
from training.answers import posts
from training.targets import Example

GREETINGS = {
    "en": "Hello,", "fr": "Bonjour,", "it": "Buongiorno,", "es": "Buenos días,", "de": "Guten Tag,", "pt": "Bom dia,",
    "nl": "Goedendag,",
}  # fmt: skip
LINK = "https://example.com/p/4711"
DRAWS = 5
"""Times that random words are taken away in place of the evidence."""

_WORD = re.compile(r"\S+")
_GREETED = re.compile(
    r"\W*(hello|hi|hey|good|dear|bonjour|bonsoir|salut|coucou|allô|buongiorno|buonasera|ciao|salve|buenas|buenos|hola|"
    r"guten|hallo|moin|servus|grüezi|bom|boa|olá|oi|goede|goeden|dag|hoi)\b",
    re.IGNORECASE,
)


def changed(examples: Sequence[Example], brands: Mapping[str, str]) -> dict[str, list[tuple[Example, Example]]]:
    """By the kind of change, each message that can bear it with its changed form. `brands` are names by id."""
    greeted = [(each, f"{GREETINGS[each.language]} {each.text}") for each in examples if not _GREETED.match(each.text)]
    kinds = {
        "greeting": greeted,
        "link": [(each, f"{each.text} {LINK}") for each in examples],
        "brand's name": [(each, f"{brands[each.id]}: {each.text}") for each in examples],
        "capitals": [(each, each.text.upper()) for each in examples],
    }
    return {
        kind: [(each, replace(each, text=text)) for each, text in changes if text != each.text]
        for kind, changes in kinds.items()
    }


def flipped(pairs: Sequence[tuple[Example, Example]], tier: Tier) -> float:
    """Share of the pairs in which the primary register is not the same before and after."""
    before = read(posts([one for one, _ in pairs]), tier=tier).primary
    after = read(posts([other for _, other in pairs]), tier=tier).primary
    return float(np.mean(before != after))


@dataclass(frozen=True, slots=True)
class Deletion:
    """Over `count` messages: mean loss of the primary register's log-odds without its evidence and without as many
    random other words, the standard error of the difference, and the share of messages where the evidence loses more.
    """

    count: int
    evidence: float
    random: float
    error: float
    beaten: float


def deletion(examples: Sequence[Example], tier: Tier, *, carefully: bool = False) -> Deletion | None:
    """Take away the evidence for the primary register, as a batch gives it or, `carefully`, as `explain` does; None
    where no message can bear it.

    Only messages with at least as many other words as evidence words count: of shorter ones nothing would be left.
    """
    readings = read(posts(examples), tier=tier)
    kept: list[tuple[int, int]] = []
    shortened: list[Example] = []
    for row, example in enumerate(examples):
        register = int(readings.primary[row])
        if register < 0:
            continue
        said = (
            explain(example.text, tier=tier, parent=example.parent, hint=example.language)
            if carefully
            else readings[row]
        )
        spoken = [each for each in said.evidence if each.register == REGISTERS[register]]
        without = shorter(example.text, spoken, np.random.default_rng(row))
        if without:
            kept.append((row, register))
            shortened += [replace(example, text=text) for text in without]
    if not kept:
        return None
    rows, registers = np.array(kept).T
    before = _log_odds(readings.registers[rows, registers])
    after = read(posts(shortened), tier=tier).registers
    lost = before[:, None] - _log_odds(after[np.arange(len(after)), np.repeat(registers, 1 + DRAWS)]).reshape(
        -1, 1 + DRAWS
    )
    evidence, random = lost[:, 0], lost[:, 1:].mean(axis=1)
    return Deletion(
        len(kept),
        float(evidence.mean()),
        float(random.mean()),
        float((evidence - random).std() / np.sqrt(len(kept))),
        float(np.mean(evidence > random)),
    )


def shorter(text: str, evidence: Sequence[Evidence], rng: np.random.Generator) -> list[str]:
    """The text without the words the evidence touches, then `DRAWS` times without as many random other words; empty
    where there is no evidence or there are too few other words.
    """
    words = [match.span() for match in _WORD.finditer(text)]
    touched = {
        place for place, (start, end) in enumerate(words) if any(each.start < end and start < each.end for each in evidence)
    }  # fmt: skip
    others = [place for place in range(len(words)) if place not in touched]
    if not touched or len(others) < len(touched):
        return []
    draws = [set(rng.choice(others, len(touched), replace=False).tolist()) for _ in range(DRAWS)]
    return [
        " ".join(text[start:end] for place, (start, end) in enumerate(words) if place not in gone)
        for gone in (touched, *draws)
    ]


def _log_odds(chance: NDArray[np.float32]) -> NDArray[np.float64]:
    sure = np.clip(chance.astype(np.float64), 1e-6, 1 - 1e-6)
    return np.log(sure / (1 - sure))
