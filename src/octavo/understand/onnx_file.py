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
        packed = b"".join(_integer(1, size) for size in value.shape)
        packed += _integer(2, _ELEMENT[value.dtype]) + _bytes(8, name.encode())
        self._constants.append(packed + _bytes(9, np.ascontiguousarray(value).tobytes()))
        return name

    def node(
        self, operator: str, inputs: Sequence[str], *, output: str = "", domain: str = "", **attributes: float | int
    ) -> str:
        """Add a node with one output; `domain` is `RUNTIME_DOMAIN` for the runtime's own operators."""
        output = output or f"v{len(self._nodes)}"
        packed = b"".join(_bytes(1, name.encode()) for name in inputs) + _bytes(2, output.encode())
        packed += _bytes(4, operator.encode())
        packed += b"".join(_bytes(5, _attribute(name, value)) for name, value in attributes.items())
        self._nodes.append(packed + (_bytes(7, domain.encode()) if domain else b""))
        return output

    def dump(self, inputs: Iterable[tuple[str, int, int]], outputs: Iterable[tuple[str, int, int]]) -> bytes:
        """The file's bytes. `inputs` and `outputs` are (name, element type, columns) of matrices with any number of
        rows.
        """
        graph = b"".join(_bytes(1, node) for node in self._nodes) + _bytes(2, self._name.encode())
        graph += b"".join(_bytes(5, constant) for constant in self._constants)
        graph += b"".join(_bytes(11, _matrix(*each)) for each in inputs)
        graph += b"".join(_bytes(12, _matrix(*each)) for each in outputs)
        opsets = _bytes(8, _integer(2, _OPSET)) + _bytes(8, _bytes(1, RUNTIME_DOMAIN.encode()) + _integer(2, 1))
        return _integer(1, _IR_VERSION) + _bytes(2, b"octavo") + _bytes(7, graph) + opsets


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _integer(field: int, value: int) -> bytes:
    """A field that holds an integer. Negative values take 64 bits, as the format asks."""
    return _varint(field << 3) + _varint(value & 0xFFFFFFFFFFFFFFFF)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _attribute(name: str, value: float | int) -> bytes:
    if isinstance(value, int):
        return _bytes(1, name.encode()) + _integer(3, value) + _integer(20, 2)
    return _bytes(1, name.encode()) + _varint(2 << 3 | 5) + struct.pack("<f", value) + _integer(20, 1)


def _matrix(name: str, element: int, columns: int) -> bytes:
    shape = _bytes(1, _bytes(2, b"rows")) + _bytes(1, _integer(1, columns))
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, _integer(1, element) + _bytes(2, shape)))
