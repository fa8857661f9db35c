"""Writes an ONNX model file, in the few fields of the format that the sentence encoder needs.

The format is Protocol Buffers; the field numbers below are those of `onnx.proto` (IR version 9). Writing them here
keeps the `onnx` package (and its compiler of protocol buffers) out of what a user installs.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

FLOAT, UINT8, INT8, INT64 = 1, 2, 3, 7
"""`TensorProto.DataType` of the arrays written here."""

_ELEMENT = {np.dtype(np.float32): FLOAT, np.dtype(np.uint8): UINT8, np.dtype(np.int8): INT8, np.dtype(np.int64): INT64}
_IR_VERSION = 9
_OPSET = 18
Shape = Sequence[int | str]
"""Sizes; a name stands for one that is known only when the graph runs."""

RUNTIME_DOMAIN = "com.microsoft"
"""Operators that onnxruntime adds to the standard."""


class OnnxFile:
    """A graph under construction: `constant` and `node` return the name of the value they add."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []

    def constant(self, array: NDArray[np.generic] | np.generic) -> str:
        value = np.asarray(array)
        name = f"c{len(self._constants)}"
        packed = b"".join(integer(1, size) for size in value.shape)
        packed += integer(2, _ELEMENT[value.dtype]) + field(8, name.encode())
        self._constants.append(packed + field(9, np.ascontiguousarray(value).tobytes()))
        return name

    def node(
        self, operator: str, inputs: Sequence[str], *, output: str = "", domain: str = "", **attributes: float | int
    ) -> str:
        """Add a node with one output; `domain` is `RUNTIME_DOMAIN` for the runtime's own operators."""
        output = output or f"v{len(self._nodes)}"
        packed = b"".join(field(1, name.encode()) for name in inputs) + field(2, output.encode())
        packed += field(4, operator.encode())
        packed += b"".join(field(5, _attribute(name, value)) for name, value in attributes.items())
        self._nodes.append(packed + (field(7, domain.encode()) if domain else b""))
        return output

    def dump(self, inputs: Iterable[tuple[str, int, Shape]], outputs: Iterable[tuple[str, int, Shape]]) -> bytes:
        """The file's bytes. `inputs` and `outputs` are (name, element type, shape)."""
        graph = b"".join(field(1, node) for node in self._nodes) + field(2, self._name.encode())
        graph += b"".join(field(5, constant) for constant in self._constants)
        graph += b"".join(field(11, _value(*each)) for each in inputs)
        graph += b"".join(field(12, _value(*each)) for each in outputs)
        opsets = field(8, integer(2, _OPSET)) + field(8, field(1, RUNTIME_DOMAIN.encode()) + integer(2, 1))
        return integer(1, _IR_VERSION) + field(2, b"octavo") + field(7, graph) + opsets


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def integer(number: int, value: int) -> bytes:
    """A field that holds an integer. Negative values take 64 bits, as the format asks."""
    return _varint(number << 3) + _varint(value & 0xFFFFFFFFFFFFFFFF)


def field(number: int, value: bytes) -> bytes:
    """A field that holds bytes, a text or a message."""
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _attribute(name: str, value: float | int) -> bytes:
    if isinstance(value, int):
        return field(1, name.encode()) + integer(3, value) + integer(20, 2)
    return field(1, name.encode()) + _varint(2 << 3 | 5) + struct.pack("<f", value) + integer(20, 1)


def _value(name: str, element: int, shape: Shape) -> bytes:
    sizes = b"".join(field(1, integer(1, size) if isinstance(size, int) else field(2, size.encode())) for size in shape)
    return field(1, name.encode()) + field(2, field(1, integer(1, element) + field(2, sizes)))
