"""Crises in streams are what they are said to be, and one grave message is judged as the rule ships."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from evaluation import grave, streams
from evaluation.crises import DAY
from octavo.alert import rules
from octavo.alert.models import RuleKind

TEXT = "My flight to Boston was cancelled again and nobody at your desk could tell us anything"


@pytest.fixture
def stream(tmp_path: Path) -> streams.Stream:
    said = [(TEXT, 1, 1), (TEXT, 2, 1), ("Thank you for the good coffee on board", 2, 1), (TEXT, 3, 4)]
    rows = [
        {
            "id": str(n),
            "channel": "x",
            "brand": "Alba",
            "text": text,
            "author": f"a{author}",
            "created_at": f"2026-03-0{day}T10:0{n % 5}:00Z",
        }
        for n, (text, author, day) in enumerate(said)
    ]
    file = tmp_path / "stream.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    [found] = streams.load(file)
    return found


def test_a_stream_is_messages_and_voices_in_bins_of_five_minutes(stream: streams.Stream) -> None:
    messages, voices = stream.messages[streams.ALL], stream.voices[streams.ALL]
    assert (len(stream), messages[0], messages[-1], messages.sum()) == (3 * DAY + 1, 3, 1, 4)
    assert voices[0] == 2  # two people, two texts


def test_a_crisis_adds_its_height_and_fewer_voices_than_messages(stream: streams.Stream) -> None:
    [one, *_] = found = streams.onsets([stream], settled=DAY, repeats=2, least=5.0)
    assert len(found) == 2 * 4 * 3 and all(DAY <= crisis.onset < len(stream) - DAY for crisis in found)
    assert 0.7 * 25 < one.messages[streams.ALL].max() < 1.6 * 25
    assert one.voices[streams.ALL].sum() < 0.85 * one.messages[streams.ALL].sum()
    with_it = streams.with_crisis(stream, one, [streams.ALL], voices=True)
    without = streams.columns(stream, [streams.ALL], voices=True)
    assert [len(each) for each in with_it] == [one.onset + DAY] * 2
    assert all(np.array_equal(a[: one.onset], b[: one.onset]) for a, b in zip(with_it, without, strict=True))


def test_alerts_within_hours_of_each_other_are_one() -> None:
    alerts = np.zeros(400, bool)
    alerts[[10, 40, 200, 250, 300]] = True
    assert streams.together([alerts, np.roll(alerts, 3)]) == [10, 200, 300]


def test_chance_is_poissons() -> None:
    assert streams.poisson_tail(1, 1.0) == pytest.approx(1 - np.exp(-1))
    assert streams.earliest(1.2, 50) < streams.earliest(1.2, 10) < streams.earliest(1.2, 2)


def test_the_thresholds_of_a_grave_message_are_those_that_ship() -> None:
    default = rules.DEFAULTS[RuleKind.GRAVE]
    assert (default.threshold / 1000, default.settings["urgent"] / 1000, default.settings["unnamed"] / 1000) == (
        grave.THRESHOLD, grave.URGENT, grave.UNNAMED
    )  # fmt: skip


def test_precision_at_a_budget_counts_the_first_of_a_thousand() -> None:
    score = np.linspace(1, 0, 1000, dtype=np.float32)
    is_grave = np.zeros(1000, bool)
    is_grave[[0, 2]] = True
    found = grave.Judged(score, score > 0.995, is_grave)
    assert found.at_budgets()[:3] == ["100%", "50%", "40%"]
    assert found.as_shipped().startswith("5 | 40% | 100% | ")
