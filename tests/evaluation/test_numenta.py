"""The benchmark's score, on cases computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evaluation.numenta import Profile, Series, Tally, judge, worth

STANDARD = Profile(1.0, 1.0, 0.11)


def series(length: int, *windows: tuple[int, int]) -> Series:
    return Series("brand", tuple(map(str, range(length))), np.zeros(length), windows)


def alerts(length: int, *rows: int) -> np.ndarray:
    rang = np.zeros(length, bool)
    rang[list(rows)] = True
    return rang


def curve(position: float) -> float:
    return 2 / (1 + math.exp(5 * position)) - 1


def test_silence_is_0_and_an_alert_on_each_first_row_is_100() -> None:
    brand = series(1000, (300, 399), (700, 799))

    assert judge(brand, alerts(1000), STANDARD).score(STANDARD) == 0
    assert judge(brand, alerts(1000, 300, 700), STANDARD).score(STANDARD) == pytest.approx(100)


def test_a_hit_is_worth_less_the_later_it_comes_and_only_the_first_counts() -> None:
    brand = series(1000, (300, 399))

    # Row 350 of a window of 100 rows lies at -(399 - 350 + 1) / 100 = -0.5, its first row at -1.
    middle = curve(-0.5) / curve(-1)
    assert middle == pytest.approx(0.8597, abs=1e-4)
    assert judge(brand, alerts(1000, 350), STANDARD).points == pytest.approx(middle)
    assert judge(brand, alerts(1000, 350, 360, 399), STANDARD).points == pytest.approx(middle)
    # The last row lies at -0.01.
    assert judge(brand, alerts(1000, 399), STANDARD).points == pytest.approx(curve(-0.01) / curve(-1))


def test_a_false_alarm_costs_its_weight_and_less_shortly_after_a_window() -> None:
    brand = series(2000, (400, 499))

    before = judge(brand, alerts(2000, 350), STANDARD)
    assert before == Tally(-1 - 0.11, 0, 1, 1)
    # Ten rows after a window of 100 lie at 10 / 99.
    after = judge(brand, alerts(2000, 509), STANDARD)
    assert after.points == pytest.approx(-1 + 0.11 * curve(10 / 99))
    assert -0.11 < after.points + 1 < 0
    # More than three widths after it the whole weight is due.
    assert judge(brand, alerts(2000, 499 + 300), STANDARD).points == pytest.approx(-1.11)


def test_the_weights_of_a_profile_count() -> None:
    brand, low_fn = series(1000, (300, 399), (700, 799)), Profile(1.0, 2.0, 0.22)

    tally = judge(brand, alerts(1000, 200, 300), low_fn)

    assert tally == Tally(1 - 2 - 0.22, 1, 2, 1)
    assert tally.score(low_fn) == pytest.approx(100 * (-1.22 + 4) / (2 + 4))


def test_the_first_rows_are_not_judged() -> None:
    assert series(1000).judged_from == 150
    assert series(15_902).judged_from == 750

    brand = series(1000, (300, 399))
    assert judge(brand, alerts(1000, 0, 149), STANDARD) == Tally(-1, 0, 1, 0)
    assert judge(brand, alerts(1000, 150), STANDARD).false_alarms == 1


def test_an_alert_at_each_centre_of_the_benchmarks_usual_window_scores_93() -> None:
    brand = series(15_902, (1235, 1631), (2920, 3316))

    assert judge(brand, alerts(15_902, 1433, 3118), STANDARD).score(STANDARD) == pytest.approx(93.03, abs=0.01)


def test_what_a_row_is_worth_is_bounded_and_negative_outside_windows() -> None:
    brand = series(3000, (500, 600), (700, 700), (900, 1300))
    values = worth(brand)

    assert (values >= -1).all()
    assert (values <= 1).all()
    assert ((values > 0) == brand.labelled()).all()
