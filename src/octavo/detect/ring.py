"""Which scores raise an alert."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from octavo.detect.configuration import Configuration
from octavo.detect.pace import Pace
from octavo.detect.state import Floats, State


def ring(
    state: State, counts: Floats, scores: Floats, bin_number: int, configuration: Configuration, pace: Pace
) -> NDArray[np.bool_]:
    """bool[k]: who rings in this bin; remembered in `state`.

    A key that is old enough rings at the threshold, then is silent, unless the last half hour holds many times what rang.
    """
    rang = np.zeros(len(scores), bool)
    rows = np.flatnonzero((scores >= configuration.threshold) & (counts > 0) & (state.age > pace.learning))
    if rows.size:
        window = min(1, len(state.rate) - 1)
        rows = rows[state.rate[window, rows] * pace.spans[window] >= configuration.fewest]
        half_hour = state.rate[window, rows]
        silent = bin_number - state.rang[rows] < pace.silence
        rows = rows[~silent | (half_hour >= configuration.escalation * state.told[rows])]
        rang[rows] = True
        state.rang[rows] = bin_number
        state.told[rows] = np.maximum(counts[rows], state.rate[window, rows])
    return rang
