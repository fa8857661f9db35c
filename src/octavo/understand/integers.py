"""Products of an ONNX graph in 8-bit integers, with fixed ranges, so that a row gives the same result alone and among
others.

Each channel of an activation has a range of its own, measured in training; it is folded into the weights, which costs
nothing when the graph runs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from octavo.understand import onnx_file

ZERO = 128
"""The byte that stands for zero in quantised activations."""

Floats = NDArray[np.float32]


def quantised(graph: onnx_file.OnnxFile, value: str, limits: Floats) -> str:
    """`value` in bytes; `limits` float32[channels] is the largest size of each channel, beyond which it is cut."""
    # Scaled apart from the rounding: with one scale a channel the runtime's QuantizeLinear is twenty times slower.
    return rounded(graph, graph.node("Mul", [value, graph.constant(127 / limits)]))


def rounded(graph: onnx_file.OnnxFile, scaled: str) -> str:
    """In bytes what lies between -127 and 127 already."""
    return graph.node("QuantizeLinear", [scaled, graph.constant(np.float32(1)), graph.constant(np.uint8(ZERO))])


def product(graph: onnx_file.OnnxFile, value: str, limits: Floats, weight: NDArray[Any], bias: NDArray[Any]) -> str:
    """`value @ weight + bias` in integers, the ranges of the channels of `value` folded into the weights.

    Weights keep 7 bits: products of two full bytes overflow on processors without instructions of their own for them.
    """
    folded = weight * (limits / 127)[:, None]
    scale = np.maximum(np.abs(folded).max(axis=0), 1e-12) / 63
    inputs = [
        value,
        graph.constant(np.round(folded / scale).astype(np.int8)),
        graph.constant(np.float32(1)),
        graph.constant(scale.astype(np.float32)),
        graph.constant(np.uint8(ZERO)),
        graph.constant(np.int8(0)),
        graph.constant(bias.astype(np.float32)),
    ]
    return graph.node("MatMulIntegerToFloat", inputs, domain=onnx_file.RUNTIME_DOMAIN)
