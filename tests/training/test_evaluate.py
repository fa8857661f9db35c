"""The quality page, of readers whose answers are known."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from octavo.vocabulary import REGISTERS, Register, Sentiment
from training import answers, evaluate
from training.targets import NAMES, Example


def example(number: int, register: str, language: str) -> Example:
    return Example(
        f"text | number {number}",
        "rail",
        language,
        registers={each: each == register for each in REGISTERS},
        primary=register,
        sentiment=Sentiment.NEGATIVE if register == "crisis" else Sentiment.MIXED if number % 5 == 0 else Sentiment.NEUTRAL,
        urgency=number % 4,
        id=f"m{number}",
    )  # fmt: skip


@pytest.fixture
def measured() -> evaluate.Measured:
    """Sixty messages in two languages; `right` answers all as labelled, `default-9` takes every crisis for a complaint
    and abstains from those.
    """
    examples = [example(number, NAMES[number % 9], "en" if number < 30 else "fr") for number in range(60)]
    true = answers.truth(examples)
    crisis, complaint = REGISTERS.index(Register.CRISIS), REGISTERS.index(Register.COMPLAINT)
    swapped = list(range(len(REGISTERS)))
    swapped[complaint] = crisis
    wrong = true.primary == crisis
    carried, chance = true.carried.copy(), true.chance.copy()
    carried[wrong], chance[wrong] = carried[wrong][:, swapped], chance[wrong][:, swapped]
    carried[:, crisis], chance[:, crisis] = False, 0
    mistaken = replace(
        true, carried=carried, chance=chance, primary=np.where(wrong, complaint, true.primary), abstained=wrong
    )
    return evaluate.Measured("set", examples, true, {"right": true, "default-9": mistaken})


def triple(said: answers.Answers) -> answers.Answers:
    return said.where(np.tile(np.arange(len(said)), 3))


def row(page: str, name: str) -> list[str]:
    (line,) = [line for line in page.splitlines() if line.startswith(f"| {name} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_tier_stands_beside_what_is_aimed_at_for_it_and_others_beside_nothing(measured: evaluate.Measured) -> None:
    page = evaluate.overview(measured, targets=True)
    assert row(page, "default-9")[-1] == "0.72 / 0.74"
    assert row(page, "right")[-1] == "–"
    assert row(page, "right")[2] == "1.000"
    assert row(page, "default-9")[2] == f"{1 - 6 / 60:.3f}"


def test_each_register_shows_how_often_it_is_there(measured: evaluate.Measured) -> None:
    page = evaluate.registers(measured)
    assert row(page, "messages")[1:3] == ["7", "7"]
    assert row(page, "share of the messages")[1] == f"{7 / 60:.3f}"


def test_a_language_with_too_few_of_every_register_has_no_f1_and_is_not_the_worst(measured: evaluate.Measured) -> None:
    few = [replace(each, language="de") if number < 4 else each for number, each in enumerate(measured.examples)]
    page = evaluate.languages(replace(measured, examples=few * 3, true=triple(measured.true), said=dict.fromkeys(
        ("right",), triple(measured.true))))  # fmt: skip
    assert row(page, "right")[1:] == ["1.00 / 1.00", "1.00 / 1.00", "– / 1.00", "0.00"]


def test_abstaining_from_the_wrong_ones_leaves_only_right_ones(measured: evaluate.Measured) -> None:
    page = evaluate.coverage(measured)
    assert row(page, "default-9")[-1] == "10%, then 1.000"
    assert row(page, "right")[-1] == "–"


def test_a_crisis_never_seen_is_never_alerted(measured: evaluate.Measured) -> None:
    page = evaluate.crisis(measured)
    assert row(page, "default-9")[2] == "0.000 / 0.000"
    assert row(page, "right")[1:4] == ["1.000", "1.000 / 1.000", "1.000 / 0.167 (alerts: 1)"]


def test_calibration_is_shown_for_each_language(measured: evaluate.Measured) -> None:
    page = evaluate.calibration(measured)
    assert "| reader | all | en | fr |" in page
    assert row(page, "right")[1:] == ["0.000 / 0.000"] * 3


def test_the_confusion_says_what_the_crises_were_taken_for(measured: evaluate.Measured) -> None:
    assert row(evaluate.confusion(measured, "default-9"), "crisis")[1:] == ["6", *["0"] * 5, "**0**", "0", "0"]


def test_sentiment_leaves_mixed_messages_out(measured: evaluate.Measured) -> None:
    sets = evaluate.toned(measured)
    mixed = sum(each.sentiment is Sentiment.MIXED for each in measured.examples)
    assert sum(len(each.texts) for each in sets.values()) == 60 - mixed
    assert row(evaluate.sentiment(sets), "right")[-1] == f"{np.mean([2 / 3, 2 / 3]):.3f}"


def test_the_worst_errors_are_errors_and_keep_their_rows_whole(measured: evaluate.Measured) -> None:
    page = evaluate.worst(measured, "default-9")
    listed = [line for line in page.splitlines() if re.match(r"\| m\d", line)]
    assert len(listed) == 6
    assert all("| crisis | complaint |" in line and "text \\| number" in line for line in listed)
    assert not [line for line in evaluate.worst(measured, "right").splitlines() if re.match(r"\| m\d", line)]
