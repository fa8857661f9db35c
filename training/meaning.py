"""Learns how messages are compared (`understand.meaning`): `python -m training.meaning --data ../shared/data`.

Linear discriminants over the sentence encoder's vectors: requests of one intent (banking77 by PolyAI, CC-BY 4.0; CLINC150,
CC-BY 3.0) are to lie close together, those of different intents apart. They are English; the encoder's pieces are alike in
sixteen languages, and so is what is learnt. Run it after the encoder has been trained: `made_for` says which it goes with.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octavo.understand import encoder, meaning, model, runtime, words
from training import corpus

SHRINKAGE = 0.1
"""Of the spread within intents, in every direction alike: what few examples show of it is not to be believed entirely."""

MOVES = ("thank_you", "yes", "no", "greeting", "goodbye", "maybe", "repeat")
"""Intents of CLINC150 that only keep a conversation going."""

Floats = NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of licensed data")
    learn(parser.parse_args().data)


def learn(data: Path) -> None:
    texts, intents = requests(data)
    ordinary = [example.text for example in corpus.load() if example.group not in corpus.HELD_OUT]
    projection = discriminants(encoded(texts), np.unique(intents, return_inverse=True)[1])
    usual = (encoded(ordinary) @ projection).mean(axis=0)
    rows = {move: [row for row, intent in enumerate(intents) if intent == f"clinc:{move}"] for move in MOVES}
    moves = [
        meaning.unit(encoded([texts[row] for row in part]) @ projection - usual).mean(axis=0) for part in rows.values()
    ]
    made_for = runtime.fingerprint(encoder.WEIGHTS)
    half = np.float16
    np.savez_compressed(
        meaning.WEIGHTS,
        projection=projection.astype(half),
        usual=usual.astype(half),
        moves=meaning.unit(np.array(moves, np.float32)).astype(half),
        made_for=np.array(made_for),
    )
    print(f"{len(texts)} requests of {len(set(intents))} intents, {len(ordinary)} ordinary messages: {meaning.WEIGHTS}")


def requests(data: Path) -> tuple[list[str], list[str]]:
    """Texts and the intent of each. Raises `FileNotFoundError` where the data is not there."""
    found: list[tuple[str, str]] = []
    with (data / "train" / "banking77" / "train.csv").open(encoding="utf-8", newline="") as lines:
        found += [(row["text"], f"banking77:{row['category']}") for row in csv.DictReader(lines)]
    clinc: dict[str, Any] = json.loads((data / "train" / "clinc" / "data_full.json").read_text(encoding="utf-8"))
    found += [(text, f"clinc:{intent}") for part in ("train", "val") for text, intent in clinc[part]]
    return [text for text, _ in found], [intent for _, intent in found]


def encoded(texts: list[str]) -> Floats:
    """float32[n, encoder.MEANING], each of length one."""
    parts = []
    for start in range(0, len(texts), 2048):
        split = words.split(texts[start : start + 2048])
        parts.append(encoder.load().encode(*model.word_pieces(split))[:, encoder.MEANING :])
    return meaning.unit(np.vstack(parts))


def discriminants(vectors: Floats, intents: NDArray[np.intp]) -> Floats:
    """float32[encoder.MEANING, meaning.DIMENSIONS]: the spread within intents made equal in all directions, then the
    directions in which intents differ most."""
    means = np.zeros((int(intents.max()) + 1, vectors.shape[1]))
    np.add.at(means, intents, vectors)
    means /= np.bincount(intents)[:, None]
    within = vectors - means[intents]
    spread, axes = np.linalg.eigh(within.T @ within / len(within))
    evened = axes / np.sqrt(spread + SHRINKAGE * spread.mean()) @ axes.T
    _, apart = np.linalg.eigh(evened.T @ np.cov(means.T) @ evened)
    found = evened @ apart[:, -meaning.DIMENSIONS :]
    return np.asarray(found / np.linalg.norm(within @ found, axis=1).mean(), np.float32)


if __name__ == "__main__":
    main()
