"""The same message in other clothes: what should change nothing about its reading is shown to change nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from training.targets import Example

SHARE = 0.6
"""Share of the messages that are shown once more, each changed in one way."""

_WEIGHT = 0.5

_HANDLES = ("@support", "@help", "@team", "@service", "@official", "@store", "@news", "@user1")
_LINKS = (
    "https://t.co/x7Kq2",
    "http://bit.ly/2Lm",
    "https://short.example/a1",
    "www.example.org/page",
    "https://youtu.be/q",
)
_BEGINNINGS = (
    "Vel", "Cas", "Bri", "Lu", "Fer", "Os", "Nor", "Pix", "Mir", "Tra", "Du", "Hel", "Quin", "Au", "Zen", "Grü", "So",
)  # fmt: skip
_ENDINGS = (
    "mora", "tori", "well", "mio", "rant", "kar", "dis", "elo", "to", "line", "val", "lix", "tana", "rel", "it", "wald",
)  # fmt: skip
_BEFORE = ("", "", "", "Casa ", "Maison ", "The ", "Banca ", "Le ")
_AFTER = ("", "", "", " & Co", " Bank", " Foods", " Air", " Mobile")
_NAMED = ("{}: {}", "{}, {}", "{} - {}", "#{} {}", "{} | {}")


def varied(examples: Sequence[Example], *, seed: int) -> list[Example]:
    """Changed copies of some of these examples, with the labels of the originals and half their weight."""
    chance = np.random.default_rng(seed)
    found = []
    for example in examples:
        if chance.random() < SHARE:
            change = _CHANGES[chance.integers(len(_CHANGES))]
            text = change(example, chance)
            if text != example.text:
                found.append(replace(example, text=text, weight=example.weight * _WEIGHT, felt=example.felt * _WEIGHT))
    return found


def _small(example: Example, _: np.random.Generator) -> str:
    return example.text.lower()


def _bare(example: Example, _: np.random.Generator) -> str:
    """Typed in haste: without accents and punctuation."""
    plain = unicodedata.normalize("NFKD", example.text)
    return "".join(sign for sign in plain if not unicodedata.combining(sign) and sign not in ".,;:!").lower()


def _linked(example: Example, chance: np.random.Generator) -> str:
    return f"{example.text} {_LINKS[chance.integers(len(_LINKS))]}"


def _addressed(example: Example, chance: np.random.Generator) -> str:
    return f"{_HANDLES[chance.integers(len(_HANDLES))]} {example.text}"


def _named(example: Example, chance: np.random.Generator) -> str:
    """A name before it, of thousands that can be made: few names would be learnt by heart."""
    name = "".join(parts[chance.integers(len(parts))] for parts in (_BEFORE, _BEGINNINGS, _ENDINGS, _AFTER))
    return _NAMED[chance.integers(len(_NAMED))].format(name, example.text)


def _loud(example: Example, _: np.random.Generator) -> str:
    return example.text.upper()


_CHANGES: tuple[Callable[[Example, np.random.Generator], str], ...] = (
    _small, _small, _bare, _linked, _addressed, _loud, _named, _named, _named, _named,
)  # fmt: skip
