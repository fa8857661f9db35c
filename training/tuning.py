"""Trains a network that ends in the heads: the loss, the schedule, the batches. Needs torch (`make train` brings it)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn

from octavo.understand.heads import PRIMARY, REGISTER, SENTIMENT, URGENCY
from training.targets import FURTHER

Floats = NDArray[np.float32]

WARM_UP = 0.06
"""Share of the steps in which the learning rate rises; then it falls to nothing in a straight line."""

HEAD_RATE = 10
"""How much faster the heads learn than the layers below them."""

_SHARES = {"urgency": 0.7, "further": 0.5, "primary": 1.5, "sentiment": 1.0}


def loss(logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighted cross-entropy a message; targets may lie between 0 and 1, which is how one model teaches another."""
    yes_no = F.binary_cross_entropy_with_logits(logits, targets, reduction="none") * weights
    total = yes_no[:, REGISTER].sum()
    total = total + _SHARES["urgency"] * yes_no[:, URGENCY].sum() + _SHARES["further"] * yes_no[:, FURTHER].sum()
    for group, share in ((PRIMARY, _SHARES["primary"]), (SENTIMENT, _SHARES["sentiment"])):
        likely = F.log_softmax(logits[:, group], dim=1)
        total = total - share * (targets[:, group] * likely * weights[:, group]).sum()
    return total / len(logits)


def train(
    net: nn.Module,
    batches: Callable[[np.random.Generator], Sequence[NDArray[np.intp]]],
    inputs: Callable[[NDArray[np.intp], np.random.Generator], tuple[Any, ...]],
    targets: Floats,
    weights: Floats,
    *,
    epochs: int,
    rate: float,
    seed: int = 0,
) -> None:
    """Train `net` in place. `batches` gives the rows of each step of an epoch, `inputs` what the net takes of them."""
    chance = np.random.default_rng(seed)
    right, weigh = torch.from_numpy(targets), torch.from_numpy(weights)
    heads = set(map(id, net.head.parameters()))
    below = [each for each in net.parameters() if each.requires_grad and id(each) not in heads]
    groups = [{"params": below, "lr": rate}, {"params": list(net.head.parameters()), "lr": rate * HEAD_RATE}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    steps, done = epochs * len(batches(np.random.default_rng(seed))), 0
    for epoch in range(epochs):
        net.train()
        started, total = time.monotonic(), 0.0
        for rows in batches(chance):
            pace = min(1.0, done / (WARM_UP * steps)) * max(0.02, 1 - done / steps)
            for group, full in zip(optimiser.param_groups, (rate, rate * HEAD_RATE), strict=True):
                group["lr"] = full * pace
            lost = loss(net(*inputs(rows, chance)), right[rows], weigh[rows])
            optimiser.zero_grad()
            lost.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            total, done = total + lost.item() * len(rows), done + 1
        print(f"  epoch {epoch + 1}: loss {total / len(targets):.3f}, {time.monotonic() - started:.0f} s", flush=True)


def of_like_length(
    lengths: NDArray[np.int64], *, rows: int, pieces: int, chance: np.random.Generator | None = None
) -> list[NDArray[np.intp]]:
    """Batches of at most so many rows, and so many pieces when padded; shuffled where there is chance."""
    jitter = chance.uniform(0, 6, len(lengths)) if chance is not None else 0
    order = np.argsort(lengths + jitter, kind="stable")
    found = list(_cut(order, lengths, rows, pieces))
    if chance is not None:
        chance.shuffle(found)  # type: ignore[arg-type]
    return found


def _cut(order: NDArray[np.intp], lengths: NDArray[np.int64], rows: int, pieces: int) -> Iterator[NDArray[np.intp]]:
    first = 0
    while first < len(order):
        last, longest = first, 0
        while last < len(order) and last - first < rows:
            longest = max(longest, int(lengths[order[last]]))
            if last > first and longest * (last - first + 1) > pieces:
                break
            last += 1
        yield order[first:last]
        first = last
