"""What the detector promises about any counts at all: causal, exact, the same however it is called."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from living import STARTED, Life, restored, saved

from octavo.detect import FIVE_MINUTES, Configuration, Detector, NotAState, Step

COUNTS = st.one_of(
    st.integers(0, 3).map(float),
    st.integers(0, 40_000).map(float),
    st.floats(0, 1e15, allow_nan=False),
    st.just(1e15),
)
SERIES = st.lists(st.lists(COUNTS, min_size=3, max_size=3), min_size=1, max_size=60)

ONE_DAY_OLD = Configuration(learning=timedelta(0), threshold=1.0, silence=timedelta(minutes=20))
"""Rings early and often, so that a short series shows every decision."""


def young(keys: int = 3) -> Detector:
    detector = Detector(configuration=ONE_DAY_OLD)
    detector.add(keys)
    return detector


def steps(detector: Detector, series: list[list[float]], *, first: int = 0) -> list[Step]:
    return [detector.step(counts, STARTED + (first + n) * FIVE_MINUTES) for n, counts in enumerate(series)]


def same(one: list[Step], other: list[Step]) -> bool:
    return all(
        np.array_equal(a.scores, b.scores, equal_nan=True) and np.array_equal(a.alerts, b.alerts)
        for a, b in zip(one, other, strict=True)
    )


@settings(max_examples=60, deadline=None)
@given(series=SERIES)
def test_any_counts_are_scored_and_the_state_stays_finite(series: list[list[float]]) -> None:
    detector = young()

    said = steps(detector, series)

    for step in said:
        assert np.isfinite(step.scores).all()
        assert (step.scores >= 0).all()
        assert not step.late.any()
    assert all(np.isfinite(column).all() for column in detector.state.columns().values())
    for nothing, step in zip(series, said, strict=True):
        assert not step.alerts[np.array(nothing) == 0].any()


@settings(max_examples=40, deadline=None)
@given(series=SERIES, cut=st.integers(0, 60))
def test_a_restart_anywhere_changes_no_later_decision_by_a_single_bit(series: list[list[float]], cut: int) -> None:
    cut = min(cut, len(series))
    whole, before = young(), young()

    unbroken = steps(whole, series)
    first = steps(before, series[:cut])
    after = Detector.restore(io.BytesIO(saved(before)), configuration=ONE_DAY_OLD)
    second = steps(after, series[cut:], first=cut)

    assert same(unbroken, first + second)
    assert saved(after) == saved(whole)


@settings(max_examples=40, deadline=None)
@given(series=SERIES, kept=st.integers(0, 60))
def test_what_comes_later_changes_nothing_that_was_said(series: list[list[float]], kept: int) -> None:
    other = series[:kept] + [[count * 7 + 1 for count in counts] for counts in series[kept:]]

    assert same(steps(young(), series)[:kept], steps(young(), [[min(c, 1e15) for c in row] for row in other])[:kept])


@settings(max_examples=40, deadline=None)
@given(series=SERIES)
def test_a_bin_with_nothing_need_not_be_named(series: list[list[float]]) -> None:
    sparse = [[0.0 if count < 4 else count for count in counts] for counts in series]
    every, some = young(), young()

    dense = steps(every, sparse)
    for n, (counts, step) in enumerate(zip(sparse, dense, strict=True)):
        # A key is first named in the first bin of all: before that it is not known to exist.
        keys = np.flatnonzero(np.array(counts) > 0) if n else np.arange(3)
        named = some.step(np.array(counts)[keys], STARTED + n * FIVE_MINUTES, keys)
        assert np.array_equal(named.scores, step.scores[keys])
        assert np.array_equal(named.alerts, step.alerts[keys])


@settings(max_examples=30, deadline=None)
@given(series=SERIES, order=st.permutations(range(3)))
def test_keys_know_nothing_of_each_other(series: list[list[float]], order: list[int]) -> None:
    together, shuffled = young(), young()

    for n, counts in enumerate(series):
        at = STARTED + n * FIVE_MINUTES
        one = together.step(counts, at)
        two = shuffled.step(np.array(counts)[order], at, order)
        assert np.array_equal(one.scores[order], two.scores)
        assert np.array_equal(one.alerts[order], two.alerts)


def test_many_keys_are_taken_in_blocks_and_score_as_each_would_alone() -> None:
    chance = np.random.default_rng(3)
    counts = chance.poisson(chance.lognormal(0, 2, 40_000), (12, 40_000))
    many, few = young(40_000), young(4)
    some = np.array([0, 16_383, 16_384, 39_999])

    for n, row in enumerate(counts):
        at = STARTED + n * FIVE_MINUTES
        assert np.array_equal(many.step(row, at).scores[some], few.step(row[some], at).scores)


def test_a_key_takes_less_than_three_hundred_bytes() -> None:
    detector = Detector()
    detector.add(1000)

    assert detector.state.bytes_a_key() <= 300
    assert len(saved(detector)) <= 300 * 1000 + 5000


def test_a_key_nobody_spoke_of_for_weeks_wakes_up_much_as_if_it_had_been_counted(life: Life) -> None:
    asleep = restored(saved(life.detector))
    quiet, days = np.zeros(6), 20
    life.live(days * 288, counts=quiet)

    woken = asleep.step(np.ones(6), life.at, np.arange(6))
    named = life.detector.step(np.ones(6), life.at)

    assert np.array_equal(woken.alerts, named.alerts)
    assert np.allclose(asleep.state.rate, life.detector.state.rate, atol=1e-3)
    assert np.allclose(asleep.state.level, life.detector.state.level, rtol=0.2, atol=0.3)
    assert (asleep.state.start <= life.detector.state.start + 0.5).all()


@pytest.mark.parametrize("counts", [[-1.0, 0, 0], [np.nan, 0, 0], [np.inf, 0, 0], [2e15, 0, 0]])
def test_what_is_no_count_is_refused_and_changes_nothing(counts: list[float]) -> None:
    detector = young()
    before = saved(detector)

    with pytest.raises(ValueError, match="counts"):
        detector.step(counts, STARTED)

    assert saved(detector) == before


def test_wrong_keys_and_moments_are_refused() -> None:
    detector = young()

    with pytest.raises(ValueError, match="3 keys"):
        detector.step([1, 2], STARTED)
    with pytest.raises(ValueError, match="named once"):
        detector.step([1, 2], STARTED, [0, 0])
    with pytest.raises(IndexError):
        detector.step([1], STARTED, [3])
    with pytest.raises(IndexError):
        detector.step([1], STARTED, [-1])
    with pytest.raises(ValueError, match="aware"):
        detector.step([1, 2, 3], datetime(2025, 3, 3))  # noqa: DTZ001
    with pytest.raises(ValueError, match="interval"):
        Detector(interval=timedelta(0))


@pytest.mark.parametrize("damage", ["cut", "other", "nothing", "configuration"])
def test_what_is_no_saved_detector_is_refused(damage: str) -> None:
    whole = saved(young())
    content = {"cut": whole[:-40], "other": b"PK\x03\x04" + whole, "nothing": b"", "configuration": whole}[damage]

    with pytest.raises(NotAState):
        Detector.restore(
            io.BytesIO(content), configuration=Configuration(threshold=5) if damage == "configuration" else ONE_DAY_OLD
        )


def test_a_new_key_begins_with_the_day_of_the_keys_it_is_like(life: Life) -> None:
    (topic,) = life.detector.add(like=[3, 4])
    (stranger,) = life.detector.add()

    brand = life.detector.state.season[:, :, 3]
    assert np.allclose(
        life.detector.state.season[:, :, topic], (brand + life.detector.state.season[:, :, 4]) / 2, atol=1e-6
    )
    assert not life.detector.state.season[:, :, stranger].any()
    assert brand[0].argmax() == 7  # the knot of the fifteenth hour, the busiest
    with pytest.raises(IndexError):
        life.detector.add(like=[99])


def test_other_intervals_score_in_the_same_unit() -> None:
    hourly = Detector(interval=timedelta(hours=1))
    hourly.add(1)
    chance, at = np.random.default_rng(1), datetime(2025, 1, 1, tzinfo=UTC)
    for _ in range(24 * 20):
        hourly.step(chance.poisson([30.0]), at)
        at += timedelta(hours=1)

    assert hourly.step([300], at).alerts[0]
