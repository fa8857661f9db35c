"""How fast a story spreads, by its counts alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from octavo.detect import spread

BIN = timedelta(minutes=5)


@pytest.mark.parametrize("bins_to_double", [2, 4, 12])
def test_what_doubles_is_seen_to_double_in_about_that_time(bins_to_double: int) -> None:
    found = spread([2 ** (n / bins_to_double) for n in range(60)], BIN)
    assert found is not None and found.doubling is not None
    assert found.doubling / (bins_to_double * BIN) == pytest.approx(1, rel=0.25)
    assert found.growth == pytest.approx(2 ** (12 / bins_to_double), rel=0.5)


def test_what_stays_or_fades_has_no_time_to_double() -> None:
    steady = spread([4] * 60, BIN)
    assert steady is not None and steady.doubling is None and steady.growth == pytest.approx(1, abs=0.05)
    fading = spread([64 * 0.9**n for n in range(20)], BIN)
    assert fading is not None and fading.doubling is None and fading.growth < 1


@pytest.mark.parametrize("counts", [[], [1], [0, 0, 4], [9, 0, 0, 0, 0, 0, 0, 0]])
def test_of_few_messages_no_pace_is_claimed(counts: list[float]) -> None:
    assert spread(counts, BIN) is None
