"""Keys that have seen eight days of ordinary life."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from living import DAYS, RATES, STARTED, Life, restored, saved

from octavo.detect import Detector


@pytest.fixture(scope="session")
def _grown() -> bytes:
    life = Life(Detector(), STARTED, np.random.default_rng(2))
    life.detector.add(len(RATES))
    life.live(DAYS * 288)
    return saved(life.detector)


@pytest.fixture
def life(_grown: bytes) -> Life:
    """Eight days in, at midnight. Keys as in RATES, which have rung or not as chance would."""
    return Life(restored(_grown), STARTED + timedelta(days=DAYS))
