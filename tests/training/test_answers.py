"""A reader's answers in the form in which they are measured."""

from __future__ import annotations

import numpy as np

from octavo.understand import Tier, read
from octavo.vocabulary import NO_REGISTER, REGISTERS, Register, Sentiment
from training import answers
from training.targets import FEELINGS, NAMES, Example

TEXTS = (
    "Third parcel in a row left in the rain. Do you even train your drivers?",
    "L'appli plante dès que j'ouvre le panier, Android 15",
    "Selling two tickets, DM me",
    "",
)


def test_a_tier_answers_what_its_readings_say() -> None:
    examples = [Example(text, "", "en") for text in TEXTS]
    said = answers.tier(Tier.FAST)(examples)
    for row, reading in enumerate(read(answers.posts(examples), tier=Tier.FAST)):
        assert NAMES[said.primary[row]] == reading.primary
        assert {REGISTERS[index] for index in np.flatnonzero(said.carried[row])} == set(reading.assigned)
        assert FEELINGS[said.sentiment[row]] == reading.sentiment.label
        assert said.urgency[row] == reading.urgency
        assert np.allclose(said.chance[row], [reading.registers[register] for register in REGISTERS])


def test_confidence_is_the_probability_of_the_primary_or_of_there_being_none() -> None:
    chance = np.zeros((2, len(REGISTERS)))
    chance[0, REGISTERS.index(Register.IDEA)] = 0.7
    chance[1, REGISTERS.index(Register.QUESTION)] = 0.2
    primary = np.array([NAMES.index("idea"), NAMES.index(NO_REGISTER)])
    said = answers.Answers(chance > 0.5, chance, primary, primary * 0, primary * 0, np.zeros(2, bool))
    assert np.allclose(said.confidence(), [0.7, 0.8])


def test_an_annotator_answers_by_the_messages_ids() -> None:
    labels = {"b": {"registers": ["problem", "complaint"], "sentiment": "negative", "urgency": 2},
              "a": {"registers": ["none"], "sentiment": "mixed", "urgency": 0}}  # fmt: skip
    said = answers.annotator(labels)([Example("x", "", id="a"), Example("y", "", id="b")])
    assert [NAMES[primary] for primary in said.primary] == ["none", "problem"]
    assert said.carried.sum(axis=1).tolist() == [0, 2]
    assert [FEELINGS[each] for each in said.sentiment] == [Sentiment.MIXED, Sentiment.NEGATIVE]
    assert said.urgency.tolist() == [0, 2]
