"""What a Signal says."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from living import RATES, Life, usual

from octavo.detect import FIVE_MINUTES, Signal, describe, once_in


def signal_after(life: Life, *, key: int, heights: list[float]) -> Signal:
    at, heard, step = life.at, usual(life.at), None
    for height in heights:
        at, heard = life.at, usual(life.at)
        heard[key] += height
        step = life.detector.step(heard, at)
        life.at += FIVE_MINUTES
    assert step is not None
    return describe(
        life.detector, key, name="valdore/all", at=at, count=float(heard[key]), score=float(step.scores[key])
    )


def test_a_burst_says_what_since_when_how_unusual_and_what_is_expected(life: Life) -> None:
    began = life.at

    said = signal_after(life, key=3, heights=[500.0] * 6)

    assert said.key == "valdore/all"
    assert began <= said.since <= began + 2 * FIVE_MINUTES
    assert said.at == began + 5 * FIVE_MINUTES
    assert said.once_in > timedelta(days=4)
    assert said.once_in == once_in(said.score)
    assert said.observed == pytest.approx(500 + usual(said.at)[3])
    assert said.band.low < said.expected < said.band.high < said.observed
    assert said.expected == pytest.approx(usual(said.at)[3], rel=0.7)
    assert said.forecast.within.low < said.forecast.messages < said.forecast.within.high
    assert said.forecast.messages > 12 * said.expected


def test_a_growing_burst_names_the_time_in_which_it_doubles(life: Life) -> None:
    doubling_every_four_bins = [40 * 2 ** (n / 4) for n in range(36)]

    said = signal_after(life, key=3, heights=doubling_every_four_bins)

    assert said.doubling is not None
    assert said.doubling == pytest.approx(timedelta(minutes=20), rel=0.35)
    assert said.growth == pytest.approx(8, rel=0.6)


def test_a_fading_burst_has_no_doubling_time(life: Life) -> None:
    said = signal_after(life, key=4, heights=[8000 * 0.8**n for n in range(10)])

    assert said.growth < 1
    assert said.doubling is None


def test_an_ordinary_bin_begins_now_and_expects_an_ordinary_hour(life: Life) -> None:
    life.live(24)
    said = signal_after(life, key=4, heights=[0.0])

    assert said.since == said.at
    assert said.band.low < said.observed < said.band.high
    assert said.forecast.within.low < 12 * RATES[4] < said.forecast.within.high * 2.5


def test_an_unknown_key_is_refused(life: Life) -> None:
    with pytest.raises(IndexError):
        describe(life.detector, 99, name="x", at=life.at, count=0, score=0)


def test_scores_are_once_in_so_long_and_never_beyond_what_is_known() -> None:
    assert once_in(0) == FIVE_MINUTES
    assert once_in(np.log10(288)) == pytest.approx(timedelta(days=1), rel=1e-6)
    assert once_in(1e9) == timedelta(days=100_000)
