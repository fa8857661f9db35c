"""Which kinds of harm does a message name? How grave it is, is the probability of the register crisis."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from octavo.understand.heads import HARM, sigmoid
from octavo.vocabulary import HARMS

_BITS = (1 << np.arange(len(HARMS))).astype(np.uint16)


def kinds(
    logits: NDArray[np.float32], thresholds: NDArray[np.float32], intelligible: NDArray[np.bool_]
) -> NDArray[np.uint16]:
    """uint16[n], bit i for `HARMS[i]`, from log-odds float32[n, HEADS] and a threshold for each kind."""
    named = (sigmoid(logits[:, HARM]) >= thresholds) & intelligible[:, None]
    return np.asarray((named * _BITS).sum(axis=1), np.uint16)
