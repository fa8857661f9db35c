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
_NAMES = (
    "Velmora", "Castori", "Brightwell", "Lumio", "Ferrant", "Oskar & Co", "NordBank", "Pixelo", "Casa Mirto", "Tramway",
    "Duval", "Helix", "Quintana", "Aurel", "Zenit", "Grünwald", "Solaro", "Kestrel", "Maison Ober", "Piuma",
)  # fmt: skip
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
    form = _NAMED[chance.integers(len(_NAMED))]
    return form.format(_NAMES[chance.integers(len(_NAMES))], example.text)


_CHANGES: tuple[Callable[[Example, np.random.Generator], str], ...] = (
    _small, _small, _bare, _linked, _addressed, _named, _named, _named,
)  # fmt: skip
