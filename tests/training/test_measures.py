"""The figures of the quality page, on answers whose figures can be worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from training import measures


def flags(*values: int) -> np.ndarray:
    return np.array(values, bool)


def test_probabilities_that_mean_what_they_say_have_no_calibration_error() -> None:
    chance = np.repeat([0.25, 0.75], 100)
    right = np.concatenate([np.arange(100) < 25, np.arange(100) < 75])
    assert measures.calibration_error(chance, right) == pytest.approx(0)


def test_calibration_error_is_the_mean_distance_over_the_answers() -> None:
    # 100 answers at 0.95 of which 80 right, 300 at 0.05 of which none: (100 x 0.15 + 300 x 0.05) / 400.
    chance = np.repeat([0.95, 0.05], [100, 300])
    right = np.concatenate([np.arange(100) < 80, np.zeros(300, bool)])
    assert measures.calibration_error(chance, right) == pytest.approx(0.075)


def test_certainty_falls_into_the_last_bin_and_tables_are_taken_as_they_are() -> None:
    assert measures.calibration_error(np.array([[1.0, 0.0]]), np.array([[True, False]])) == 0


def test_accuracy_grows_when_the_unsure_answers_were_the_wrong_ones() -> None:
    confidence, right = np.array([0.9, 0.2, 0.8, 0.1]), flags(1, 0, 1, 0)
    assert measures.accuracy_at(confidence, right, 1.0) == 0.5
    assert measures.accuracy_at(confidence, right, 0.75) == pytest.approx(2 / 3)
    assert measures.accuracy_at(confidence, right, 0.5) == 1


def test_answers_as_sure_as_each_other_count_in_proportion_whatever_their_order() -> None:
    for right in (flags(1, 0, 0, 0), flags(0, 0, 0, 1)):
        assert measures.accuracy_at(np.full(4, 0.5), right, 0.5) == 0.25


def test_alerts_go_to_the_likeliest_and_there_is_one_at_least() -> None:
    true = np.zeros(1000, bool)
    true[[0, 1, 2, 900]] = True
    chance = np.linspace(1, 0, 1000)
    assert measures.alerts(true, chance, per_thousand=5) == measures.Alerts(5, 3 / 5, 3 / 4)
    assert measures.alerts(true[:100], chance[:100], per_thousand=5) == measures.Alerts(1, 1, 1 / 3)


def test_where_true_ones_are_rare_each_of_the_others_costs_more() -> None:
    # Half of the set is true. Were it one in ten, the 5 true ones weigh 0.02 each and the 5 others 0.18 each: within
    # 200 alerts in 1,000 fall the two true ones at the top, not the other that follows.
    true = flags(1, 1, 0, 1, 1, 1, 0, 0, 0, 0)
    found = measures.alerts_where_rare(true, np.linspace(1, 0.1, 10), per_thousand=200, share=0.1)
    assert (found.count, found.precision, found.recall) == (2, 1, pytest.approx(2 / 5))


def test_rare_alerts_of_which_some_are_false_have_the_precision_of_their_weights() -> None:
    true = flags(0, 1, 1, 0)
    found = measures.alerts_where_rare(true, np.array([0.9, 0.8, 0.7, 0.1]), per_thousand=900, share=0.5)
    assert found.count == 3
    assert found.precision == pytest.approx(2 / 3) and found.recall == 1


def test_average_precision_of_a_perfect_order_is_one_and_of_no_positives_unknown() -> None:
    assert measures.average_precision(flags(1, 0, 0), np.array([0.9, 0.2, 0.1])) == 1
    assert math.isnan(measures.average_precision(flags(0, 0), np.array([0.9, 0.2])))


def test_macro_f1_counts_only_the_classes_it_is_asked_for_and_a_missed_one_as_nothing() -> None:
    true, said = np.array([0, 0, 1, 2]), np.array([0, 0, 0, 3])
    assert measures.macro_f1(true, said, [0, 1]) == pytest.approx((0.8 + 0) / 2)


def test_rows_of_the_confusion_are_what_is_and_columns_what_is_said() -> None:
    counts = measures.confusion(np.array([0, 0, 2]), np.array([1, 0, 2]), 3)
    assert counts.tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]
