"""Messages for tests of learning: people who want to trade with the brand, and what others write every day."""

from __future__ import annotations

import itertools

THINGS = (
    "blue kettle", "oak table", "reading lamp", "garden chair", "wool blanket", "bread knife", "brass clock", "wall mirror",
    "tea pot", "coat rack",
)  # fmt: skip
TRADING = (
    "could you sell the {} in our shop too, we run two stores in Leeds",
    "we would like to stock the {} for our hotel guests",
    "I write for a design magazine and want to show the {} in spring",
    "our office would order forty of the {} if there is a trade price",
)
EVERYDAY = (
    "My {} came broken and nobody answers", "How long does the {} take to arrive?", "Love my {}, best thing I bought this year",
    "The website shows an error when I pay for the {}", "You should make the {} in green as well", "Nice picture of the {} today",
    "The {} stopped working after one week", "Is the {} safe for children?", "Thank you for the {}, it is perfect",
    "Sunday with my {}",
)  # fmt: skip

HOUSE_RULE = "question"
"""What the people of our brand call those who want to trade; the shipped model has other ideas."""


def trading() -> list[str]:
    return [f"Tramonto, {form.format(thing)}" for form, thing in itertools.product(TRADING, THINGS)]


def everyday(forms: int = len(EVERYDAY)) -> list[str]:
    return [f"{form.format(thing)} (Tramonto)" for form, thing in itertools.product(EVERYDAY[:forms], THINGS)]
