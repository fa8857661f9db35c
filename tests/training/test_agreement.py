"""Agreement of two annotators, on labels whose figures are known."""

from __future__ import annotations

import math
from typing import Any

import pytest

from training import agreement


def labels(registers: str, urgency: int = 0, sentiment: str = "neutral") -> dict[str, Any]:
    return {"id": "xx-a-1", "registers": registers.split(), "urgency": urgency, "sentiment": sentiment, "harm": []}


def test_the_same_labels_agree_wholly() -> None:
    both = [
        (labels("crisis problem", 3, "negative"), labels("crisis problem", 3, "negative")),
        (labels("none"), labels("none")),
    ] * 5
    assert agreement.same_primary(both) == 1
    assert agreement.carries(both, "problem") == 1
    assert agreement.sentiment(both) == 1
    assert agreement.urgency(both) == 1


def test_the_order_of_the_other_registers_does_not_matter_but_the_first_does() -> None:
    both = [(labels("idea question compliment"), labels("idea compliment question"))] * 3
    assert agreement.same_primary(both) == 1
    assert agreement.same_primary([(labels("idea question"), labels("question idea"))]) == 0


def test_kappa_takes_away_what_chance_would_give() -> None:
    # 10 both, 5 and 5 one only, 20 neither: observed 0.75, by chance 0.53125.
    both = (
        [(labels("idea"), labels("idea"))] * 10
        + [(labels("idea"), labels("none"))] * 5
        + [(labels("none"), labels("idea"))] * 5
        + [(labels("none"), labels("none"))] * 20
    )
    assert agreement.carries(both, "idea") == pytest.approx((0.75 - 0.53125) / (1 - 0.53125))


def test_a_register_that_hardly_occurs_gets_no_kappa() -> None:
    both = [(labels("crisis"), labels("crisis"))] * 4 + [(labels("none"), labels("none"))] * 40
    assert math.isnan(agreement.carries(both, "crisis"))


def test_urgency_three_for_one_weighs_more_than_two_for_one() -> None:
    agreed = [(labels("none", level), labels("none", level)) for level in (0, 1, 2, 3)] * 5
    near = agreement.urgency([*agreed, (labels("none", 1), labels("none", 2))])
    far = agreement.urgency([*agreed, (labels("none", 0), labels("none", 3))])
    assert far < near < 1
