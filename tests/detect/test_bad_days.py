"""What the detector does on bad days: bursts, silences, clocks and backlogs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from living import RATES, STARTED, Life, restored, saved, usual

from octavo.detect import FIVE_MINUTES, Detector


def test_ordinary_days_ring_seldom(life: Life) -> None:
    rang = life.live(7 * 288)

    assert rang.sum(axis=0).max() <= 2


@pytest.mark.parametrize("key", range(1, len(RATES)))
def test_a_crisis_rings_within_the_hour_whatever_the_volume(life: Life, key: int) -> None:
    rang = life.burst(key=key, height=max(RATES[key] * 20, 10), bins=12)

    assert rang.any()


def test_one_alert_and_then_silence_while_it_goes_on(life: Life) -> None:
    rang = life.burst(key=3, height=1000, bins=200)

    assert rang.sum() == 1


def test_an_escalation_passes_the_silence(life: Life) -> None:
    first = life.burst(key=3, height=300, bins=36)
    second = life.burst(key=3, height=6000, bins=24)

    assert first.sum() == 1
    assert second.any()
    assert second.sum() <= 2


def test_nothing_at_all_for_hours_and_its_return_do_not_ring(life: Life) -> None:
    silent = life.live(5 * 12, times=0)
    back = life.live(5 * 12)

    assert not silent.any()
    assert not back.any()


def test_a_gap_of_days_does_not_ring_when_the_messages_come_back(life: Life) -> None:
    life.wait(days=3, hours=7)
    life.detector.gap(life.at)

    assert not life.live(24).any()


def test_a_gap_is_not_learnt_as_silence(life: Life) -> None:
    level = life.detector.state.level.copy()
    life.wait(days=60)
    life.detector.gap(life.at)

    assert np.array_equal(life.detector.state.level, level)


def test_late_repeated_and_backward_bins_change_nothing(life: Life) -> None:
    last = life.at - FIVE_MINUTES
    before = saved(life.detector)

    for at in (last, last - FIVE_MINUTES, last - timedelta(days=400), last + timedelta(seconds=20)):
        step = life.detector.step(RATES * 100, at)
        assert step.late.all()
        assert not step.alerts.any()

    assert saved(life.detector) == before


def test_a_key_that_is_late_does_not_hold_up_the_others(life: Life) -> None:
    life.detector.step([5.0], life.at, [2])

    step = life.detector.step(usual(life.at), life.at)

    assert step.late.tolist() == [False, False, True, False, False, False]


def test_a_month_of_backlog_is_no_burst_by_event_time_as_it_would_be_by_arrival(life: Life) -> None:
    as_arrived = restored(saved(life.detector))
    heard = [life.chance.poisson(usual(life.at + n * FIVE_MINUTES)) for n in range(30 * 288)]

    rang = sum(life.detector.step(counts, life.at + n * FIVE_MINUTES).alerts for n, counts in enumerate(heard))
    by_arrival = as_arrived.step(np.sum(heard, axis=0), life.at)

    assert max(rang) <= 1
    assert by_arrival.alerts.any()


def test_a_clock_that_jumps_into_the_future_and_back_can_be_set(life: Life) -> None:
    life.detector.gap(life.at + timedelta(days=20_000))
    assert life.detector.step(usual(life.at), life.at).late.all()

    life.detector.reset_clock(life.at)

    assert not life.live(24).any()


def test_a_year_of_silence_costs_no_year_of_steps(life: Life) -> None:
    life.wait(days=365)

    step = life.detector.step(np.ones(6), life.at, np.arange(6))

    assert np.isfinite(step.scores).all()
    assert (life.detector.state.age > 365 * 288).all()


def test_an_empty_key_stays_silent_and_its_first_message_is_no_alert_in_its_first_days() -> None:
    detector = Detector()
    detector.add(1)
    at = STARTED
    for _ in range(200):
        assert detector.step([0], at).scores[0] == 0
        at += FIVE_MINUTES

    assert not detector.step([1], at).alerts[0]


@pytest.mark.parametrize(
    "begin",
    [
        datetime(2025, 3, 28, 0, 0, tzinfo=ZoneInfo("Europe/Paris")),  # forward in the night of the 30th
        datetime(2025, 10, 24, 0, 0, tzinfo=ZoneInfo("Europe/Paris")),  # back in the night of the 26th
    ],
    ids=["spring", "autumn"],
)
def test_summer_time_comes_and_goes_without_an_alert(begin: datetime) -> None:
    detector = Detector()
    detector.add(1)
    chance, at = np.random.default_rng(4), begin.astimezone(UTC)
    rang = []
    for _ in range(5 * 288):
        local = at.astimezone(begin.tzinfo)
        day = 40 * (1 + 0.6 * np.sin((local.hour + local.minute / 60 - 9) / 24 * 2 * np.pi))
        rang.append(bool(detector.step(chance.poisson([day]), local).alerts[0]))
        at += FIVE_MINUTES

    assert sum(rang) <= 1
    assert not any(rang[2 * 288 : 3 * 288 + 36])


def test_midnight_is_an_hour_like_others(life: Life) -> None:
    life.live(11 * 12)

    assert not life.live(2 * 12).any()


def test_a_counter_that_starts_again_from_nothing_does_not_ring(life: Life) -> None:
    life.live(6, times=0)
    rang = life.live(6, times=0.3)

    assert not rang.any()
    assert not life.live(24).any()


@pytest.mark.slow
def test_mere_noise_of_any_volume_rings_less_than_once_a_month_however_long_it_is_known() -> None:
    days, keys = 75, 40
    detector, chance = Detector(), np.random.default_rng(8)
    detector.add(len(RATES) * keys)
    rang = np.zeros(len(RATES) * keys)
    at = STARTED
    for _ in range(days * 288):
        rang += detector.step(chance.poisson(np.repeat(usual(at), keys)), at).alerts
        at += FIVE_MINUTES

    assert (rang.reshape(len(RATES), keys).mean(axis=1) / days * 30.4 < 1).all()
