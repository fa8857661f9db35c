"""The measurement rings what the detector rings."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from evaluation.alerts import alerts_at, follow
from evaluation.crises import inject, shape
from evaluation.numenta import Series
from octavo.detect import SHIPPED


def test_thresholds_are_replayed_by_the_detectors_own_rule() -> None:
    chance = np.random.default_rng(3)
    columns = [chance.poisson(20, 1500).astype(float) for _ in range(8)]
    for column in columns:
        for onset in chance.integers(600, 1400, 3):
            column[onset : onset + 20] *= chance.integers(2, 60)

    followed = follow(columns, datetime(2025, 3, 3, tzinfo=UTC))

    assert sum(int(each.alerts.sum()) for each in followed) >= 8
    for each in followed:
        assert np.array_equal(alerts_at(each, SHIPPED.threshold), each.alerts)


def test_crises_begin_when_they_are_said_to_and_rise_to_their_height() -> None:
    brand = Series("flat", tuple(map(str, range(12_000))), np.full(12_000, 40.0), ((9000, 9200),))

    for crisis in inject([brand], repeats=2):
        added = crisis.counts[: crisis.onset + 288] - 40
        assert not added[: crisis.onset].any()
        assert not brand.labelled()[crisis.onset : crisis.onset + 288].any()
        assert 0.8 * 40 * crisis.height < added.max() < 1.5 * 40 * crisis.height
    assert shape(24, 288).argmax() in (23, 24)
