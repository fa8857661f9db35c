"""The sentence encoder in torch, to be tuned: the same sums as `octavo.understand.encoder`, with heads on top."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn

from octavo.understand import encoder, model, surface, words
from training import tuning
from training.targets import OUTPUTS, Example

Floats = NDArray[np.float32]

EPOCHS, RATE = 4, 3e-4
ROWS = 32
_LONGEST = 160
_BRANCH = 256
_FORGOTTEN = 0.1
"""Share of the pieces of a message that are left out at random while training."""


class SentenceNet(nn.Module):
    """From the embedded pieces of a batch to the log-odds of all heads, float32[n, OUTPUTS]."""

    def __init__(self) -> None:
        super().__init__()
        source = encoder.packaged()
        self.epsilon = float(source["eps"])
        self.seen: dict[str, torch.Tensor] = {}
        self.w = nn.ParameterDict(
            {name: nn.Parameter(torch.from_numpy(value.astype(np.float32))) for name, value in encoder.tunable(source)}
        )
        self.some = nn.Dropout(0.2)
        self.most = nn.Dropout(0.3)
        self.head = nn.Linear(encoder.DIMENSIONS + len(surface.FEATURES), OUTPUTS)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(
        self,
        embedded: torch.Tensor,
        windows: dict[int, torch.Tensor],
        owner: torch.Tensor,
        lengths: torch.Tensor,
        shown: torch.Tensor,
    ) -> torch.Tensor:
        """`embedded` float32[pieces, 512] of n messages, `owner` int64[pieces] the message of each, `shown` the surface."""
        w = self.w
        features = self.some(self.features(embedded, windows))
        sums = torch.zeros(len(lengths), features.shape[1]).index_add_(0, owner, features)
        count = lengths[:, None]
        mean = (sums @ w["cnn_W"] + count * w["cnn_b"]) / count.sqrt()
        hidden = F.relu(mean @ w["p1"] + F.relu(mean @ w["d0"]) @ w["d1"])
        meaning = F.normalize(torch.tanh(hidden @ w["p3"] + F.relu(hidden @ w["d2"]) @ w["d3"]), dim=1)
        vector = torch.cat([meaning * encoder.SCALES[0], mean * encoder.SCALES[1]], dim=1)
        logits: torch.Tensor = self.head(torch.cat([self.most(vector), shown], dim=1))
        return logits

    def features(self, embedded: torch.Tensor, windows: dict[int, torch.Tensor]) -> torch.Tensor:
        """What each piece contributes; keeps in `seen` what stands before each product."""
        w = self.w
        orders = [order for order, _ in encoder.BRANCHES]
        projected = torch.cat([embedded @ w[f"proj{order}"] + w[f"proj_b{order}"] for order in orders], dim=1)
        gamma, beta = (torch.cat([w[f"{name}{order}"] for order in orders]) for name in ("ln_g", "ln_b"))
        normal = F.layer_norm(projected, (len(orders) * _BRANCH,), gamma, beta, self.epsilon)
        self.seen["embedded"] = embedded
        found = [embedded]
        for branch, order in enumerate(orders):
            hidden = normal[:, branch * _BRANCH : (branch + 1) * _BRANCH]
            for layer in (1, 2):
                self.seen[f"layer{layer}_{order}"] = hidden
                window = F.pad(hidden, (0, 0, 0, 1))[windows[order]].flatten(1)
                hidden = F.relu(window @ w[f"w{layer}_{order}"] + w[f"b{layer}_{order}"]) + hidden
            found.append(hidden)
        joined = torch.cat(found, dim=1)
        return F.layer_norm(joined, (joined.shape[1],), w["ln_g"], w["ln_b"], self.epsilon)


class Messages:
    """Examples as the network takes them."""

    def __init__(self, examples: Sequence[Example]) -> None:
        split = words.split([example.text for example in examples])
        pieces, starts = model.word_pieces(split)
        self._pieces = [
            np.concatenate([[encoder.BEGIN], pieces[a:b][: _LONGEST - 2], [encoder.END]]).astype(np.int64)
            for a, b in pairwise(starts.tolist())
        ]
        self._shown = surface.features(split.texts, [example.parent for example in examples], np.diff(split.first_word))

    def __len__(self) -> int:
        return len(self._pieces)

    def batch(self, rows: NDArray[np.intp], chance: np.random.Generator | None = None) -> tuple[object, ...]:
        """What `SentenceNet` takes of these rows; with chance, without some of their pieces."""
        members = [self._pieces[row] for row in rows]
        if chance is not None:
            members = [_without_some(pieces, chance) for pieces in members]
        lengths = np.array([len(pieces) for pieces in members])
        ends = np.cumsum(lengths)
        around = encoder.windows(ends - lengths, ends)
        windows = {
            order: torch.from_numpy(
                np.ascontiguousarray(around[:, encoder.REACH - left : encoder.REACH - left + order])
            )
            for order, left in encoder.BRANCHES
        }
        return (
            torch.from_numpy(encoder.load_table().embed(np.concatenate(members))),
            windows,
            torch.from_numpy(np.repeat(np.arange(len(rows)), lengths)),
            torch.from_numpy(lengths.astype(np.float32)),
            torch.from_numpy(self._shown[rows]),
        )


def tuned(examples: Sequence[Example], targets: Floats, weights: Floats) -> SentenceNet:
    """A network trained on these examples."""
    torch.manual_seed(0)
    net, messages = SentenceNet(), Messages(examples)

    def batches(chance: np.random.Generator) -> list[NDArray[np.intp]]:
        order = chance.permutation(len(messages))
        return [order[first : first + ROWS] for first in range(0, len(order), ROWS)]

    tuning.train(net, batches, messages.batch, targets, weights, epochs=EPOCHS, rate=RATE)
    return net


@torch.no_grad()
def score(net: SentenceNet, examples: Sequence[Example]) -> Floats:
    """Log-odds float32[n, OUTPUTS]."""
    net.eval()
    messages = Messages(examples)
    rows = np.arange(len(messages))
    parts = [net(*messages.batch(rows[first : first + 64])).numpy() for first in range(0, len(rows), 64)]
    return np.concatenate(parts) if parts else np.zeros((0, OUTPUTS), np.float32)


@torch.no_grad()
def shipped(net: SentenceNet, examples: Sequence[Example]) -> dict[str, NDArray[Any]]:
    """What `encoder.WEIGHTS` holds: the layers, and the ranges that their channels take on these examples."""
    net.eval()
    messages = Messages(examples)
    limits: dict[str, Floats] = {}
    for first in range(0, len(messages), 64):
        net(*messages.batch(np.arange(first, min(first + 64, len(messages)))))
        for name, values in net.seen.items():
            high = values.abs().amax(dim=0).numpy()
            limits[f"limits.{name}"] = np.maximum(limits.get(f"limits.{name}", 1e-3), high)
    stored: dict[str, NDArray[Any]] = dict(limits)
    for name, weight in net.w.items():
        stored |= encoder.packed(name, weight.numpy())
    return stored


def _without_some(pieces: NDArray[np.int64], chance: np.random.Generator) -> NDArray[np.int64]:
    if len(pieces) <= 5:
        return pieces
    kept = chance.random(len(pieces)) >= _FORGOTTEN
    kept[[0, -1]] = True
    return pieces[kept]
