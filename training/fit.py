"""Fits all heads at once: linear, regularised, each column learning only from the rows that know its answer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from octavo.understand.heads import HEADS, PRIMARY, SENTIMENT, sigmoid, softmax

Floats = NDArray[np.float32]
Block = Any
"""A matrix float32[n, features], dense or sparse."""


def probabilities(logits: Floats) -> Floats:
    """What the heads say: one of several for primary and sentiment, yes or no for the rest."""
    answers = sigmoid(logits)
    for group in (PRIMARY, SENTIMENT):
        answers[:, group] = softmax(logits[:, group])
    return answers


def fit(
    blocks: Sequence[Block], targets: Floats, weights: Floats, *, penalties: Sequence[float], steps: int = 60
) -> tuple[list[Floats], Floats]:
    """One weight matrix a block, float32[features, HEADS], and the bias float32[HEADS].

    Minimises the weighted cross-entropy plus half of `penalties[b]` times the squared weights of block b (L-BFGS).
    `targets` may lie between 0 and 1, which is how one model teaches another.
    """
    # In units of its penalty each block is penalised by 1, which spares the search most of its steps.
    units = [1 / np.sqrt(np.float32(penalty)) for penalty in penalties]
    blocks = [block * unit for block, unit in zip(blocks, units, strict=True)]
    sizes = [block.shape[1] for block in blocks]
    edges = np.cumsum([0, *sizes])
    transposed = [block.T.tocsr() if hasattr(block, "tocsr") else block.T for block in blocks]

    def unpack(flat: NDArray[np.float64]) -> tuple[Floats, Floats]:
        matrix = flat.reshape(-1, HEADS).astype(np.float32)
        return matrix[:-1], matrix[-1]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        matrix, bias = unpack(flat)
        logits = sum((block @ matrix[a:b] for block, a, b in zip(blocks, edges, edges[1:], strict=False)), bias)
        answers = probabilities(logits)
        error = (answers - targets) * weights
        likely = targets * np.log(answers + 1e-7)
        unlikely = (1 - targets) * np.log(1 - answers + 1e-7)
        for group in (PRIMARY, SENTIMENT):
            unlikely[:, group] = 0
        value = -float(np.sum((likely + unlikely) * weights, dtype=np.float64))
        value += 0.5 * float(np.sum(matrix * matrix, dtype=np.float64))
        gradient = np.concatenate([*(block @ error for block in transposed), error.sum(axis=0, keepdims=True)])
        gradient[:-1] += matrix
        return value, gradient.ravel().astype(np.float64)

    start = np.zeros((edges[-1] + 1) * HEADS)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": steps, "maxcor": 8})
    matrix, bias = unpack(found.x)
    return [matrix[a:b] * unit for (a, b), unit in zip(pairwise(edges), units, strict=True)], bias
