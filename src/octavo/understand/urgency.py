"""How urgent a message is: 0 nothing to do, 1 when possible, 2 today, 3 wake somebody up now."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from octavo.understand.heads import URGENCY, sigmoid


def decide(logits: NDArray[np.float32], intelligible: NDArray[np.bool_]) -> NDArray[np.int8]:
    """int8[n]. The level is the median: the highest that is as likely reached as not."""
    reached = sigmoid(logits[:, URGENCY])
    # A message that is at least 2 is at least 1, whatever three separate answers say.
    reached = np.maximum.accumulate(reached[:, ::-1], axis=1)[:, ::-1]
    return np.where(intelligible, (reached >= 0.5).sum(axis=1), 0).astype(np.int8)
