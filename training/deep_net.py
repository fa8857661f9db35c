"""The deep encoder in torch: its first layers as they are, the last ones to be tuned, heads on top."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
import sentencepiece
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn

from octavo.understand import deep, encoder
from training import tuning
from training.targets import OUTPUTS, Example

Floats = NDArray[np.float32]
Hidden = list[NDArray[np.float16]]
"""For each message, float16[pieces, WIDTH]: what the untouched layers make of it. Computed once, read in every epoch."""

EPOCHS, RATE = 3, 1e-4
ROWS, PIECES = 32, 2600
_HEADS = 12
_SIZE = 4.0
"""Brings a mean of normalised vectors to a size at which heads learn quickly."""


class Layer(nn.Module):
    """One transformer layer, normalised after each half."""

    def __init__(self) -> None:
        super().__init__()
        wide = 4 * deep.WIDTH
        self.q, self.k, self.v, self.ao = (nn.Linear(deep.WIDTH, deep.WIDTH) for _ in range(4))
        self.fi, self.fo = nn.Linear(deep.WIDTH, wide), nn.Linear(wide, deep.WIDTH)
        self.aln, self.oln = (nn.LayerNorm(deep.WIDTH, eps=1e-12) for _ in range(2))
        self.drop = nn.Dropout(0.1)
        self.seen: dict[str, torch.Tensor] = {}

    def forward(self, given: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """float32[n, pieces, WIDTH]; keeps in `seen` what stands before each product."""
        n, pieces, width = given.shape
        query, key, value = (
            each(given).view(n, pieces, _HEADS, -1).transpose(1, 2) for each in (self.q, self.k, self.v)
        )
        attended = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        attended = attended.transpose(1, 2).reshape(n, pieces, width)
        hidden = self.aln(given + self.drop(self.ao(attended)))
        inner = F.gelu(self.fi(hidden))
        self.seen = {"attention": given, "attended": attended, "feed": hidden, "inner": inner}
        made: torch.Tensor = self.oln(hidden + self.drop(self.fo(inner)))
        return made


class DeepNet(nn.Module):
    """The tuned layers and the heads: from what the layers below give to log-odds, float32[n, OUTPUTS]."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_layer(number) for number in range(deep.LAYERS - deep.TUNED, deep.LAYERS))
        self.drop = nn.Dropout(0.15)
        self.head = nn.Linear(deep.WIDTH, OUTPUTS)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, hidden: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """`hidden` float32[n, pieces, WIDTH], `known` bool[n, pieces] false where a shorter message is padded."""
        for layer in self.layers:
            hidden = layer(hidden, known[:, None, None])
        mean = (hidden * known[..., None]).sum(dim=1) / known.sum(dim=1, keepdim=True)
        logits: torch.Tensor = self.head(self.drop(mean) * _SIZE)
        return logits


def tuned(hidden: Hidden, targets: Floats, weights: Floats) -> DeepNet:
    """A network trained on messages of which the layers below gave `hidden`."""
    torch.manual_seed(0)
    net = DeepNet()
    lengths = np.array([len(each) for each in hidden])

    def batches(chance: np.random.Generator) -> list[NDArray[np.intp]]:
        return tuning.of_like_length(lengths, rows=ROWS, pieces=PIECES, chance=chance)

    def inputs(rows: NDArray[np.intp], _: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        return _padded([hidden[row].astype(np.float32) for row in rows])

    tuning.train(net, batches, inputs, targets, weights, epochs=EPOCHS, rate=RATE)
    return net


@torch.no_grad()
def score(net: DeepNet, hidden: Hidden) -> Floats:
    """Log-odds float32[n, OUTPUTS]."""
    net.eval()
    found = np.zeros((len(hidden), OUTPUTS), np.float32)
    for rows in _batches(hidden):
        found[rows] = net(*_padded([hidden[row].astype(np.float32) for row in rows])).numpy()
    return found


@torch.no_grad()
def below(examples: Sequence[Example]) -> Hidden:
    """What the layers that stay as they are make of these messages."""
    table, places = _source().table, _places()
    rows = deep.pieces(
        _tokeniser(), _source().replaced, [each.text for each in examples], [each.parent for each in examples]
    )
    found: Hidden = [np.zeros((len(row), deep.WIDTH), np.float16) for row in rows]
    layers = [_layer(number).eval() for number in range(deep.LAYERS - deep.TUNED)]
    for members in _batches(found):
        given = [deep.embed(table, rows[row]) + places[: len(rows[row])] for row in members]
        hidden, known = _padded(given)
        hidden = _first_norm()(hidden)
        for layer in layers:
            hidden = layer(hidden, known[:, None, None])
        for place, row in enumerate(members):
            found[row] = hidden[place, : len(rows[row])].half().numpy()
    return found


@torch.no_grad()
def shipped(net: DeepNet, examples: Sequence[Example]) -> dict[str, NDArray[Any]]:
    """What `deep.WEIGHTS` holds: the tuned layers, and the ranges that all channels take on these examples."""
    net.eval()
    stored: dict[str, NDArray[Any]] = {}
    rows = deep.pieces(
        _tokeniser(), _source().replaced, [each.text for each in examples], [each.parent for each in examples]
    )
    layers = [*(_layer(number).eval() for number in range(deep.LAYERS - deep.TUNED)), *net.layers]
    for row in rows:
        hidden, known = _padded([deep.embed(_source().table, row) + _places()[: len(row)]])
        hidden = _first_norm()(hidden)
        for number, layer in enumerate(layers):
            hidden = layer(hidden, known[:, None, None])
            for name, values in layer.seen.items():
                key = f"l{number}.{name}.limits"
                stored[key] = np.maximum(stored.get(key, 1e-3), values.abs().amax(dim=(0, 1)).numpy())
    for number, layer in enumerate(net.layers, deep.LAYERS - deep.TUNED):
        for name in deep.MATRICES:
            part = getattr(layer, name)
            stored |= encoder.packed(f"l{number}.{name}.w", part.weight.numpy().T)
            stored[f"l{number}.{name}.b"] = part.bias.numpy()
        for name in deep.NORMS:
            part = getattr(layer, name)
            stored |= {f"l{number}.{name}.w": part.weight.numpy(), f"l{number}.{name}.b": part.bias.numpy()}
    return stored


def head(net: DeepNet) -> tuple[Floats, Floats]:
    """The heads as the runtime takes them: float32[WIDTH, OUTPUTS] and float32[OUTPUTS]."""
    return net.head.weight.detach().numpy().T * np.float32(_SIZE), net.head.bias.detach().numpy()


@cache
def _source() -> deep.Package:
    return deep.package()


@cache
def _places() -> Floats:
    return _source().floats("emb.pos").reshape(-1, deep.WIDTH) + _source().floats("emb.type")[: deep.WIDTH]


@cache
def _tokeniser() -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_proto=deep.tokeniser(_source()))


@cache
def _first_norm() -> nn.LayerNorm:
    norm = nn.LayerNorm(deep.WIDTH, eps=1e-12)
    norm.weight.data, norm.bias.data = (torch.from_numpy(_source().floats(f"emb.ln.{part}").copy()) for part in "wb")
    return norm


def _layer(number: int) -> Layer:
    layer, source = Layer(), _source()
    for name in deep.MATRICES:
        weight, bias = deep.matrix(source, {}, f"l{number}", name)
        part = getattr(layer, name)
        part.weight.data, part.bias.data = torch.from_numpy(weight.T.copy()), torch.from_numpy(bias.copy())
    for name in deep.NORMS:
        part = getattr(layer, name)
        part.weight.data = torch.from_numpy(source.floats(f"l{number}.{name}.w").copy())
        part.bias.data = torch.from_numpy(source.floats(f"l{number}.{name}.b").copy())
    return layer


def _batches(hidden: Hidden) -> Iterator[NDArray[np.intp]]:
    yield from tuning.of_like_length(np.array([len(each) for each in hidden]), rows=64, pieces=PIECES)


def _padded(rows: Sequence[Floats]) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(map(len, rows))
    joined = np.zeros((len(rows), longest, deep.WIDTH), np.float32)
    known = np.zeros((len(rows), longest), bool)
    for place, row in enumerate(rows):
        joined[place, : len(row)] = row
        known[place, : len(row)] = True
    return torch.from_numpy(joined), torch.from_numpy(known)
