"""A trained model: tables of log-odds, and how a message's words, surface and vector add up to the answers of all
heads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octavo.understand import bag, deep, encoder, runtime
from octavo.understand.heads import PRIMARY, REGISTER, sigmoid, softmax
from octavo.understand.readings import CRISIS
from octavo.understand.tier import Tier
from octavo.understand.words import VOCABULARY, Words
from octavo.vocabulary import Parent

FOLDER = Path(__file__).parent / "models"

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Deep:
    """What the accurate tier adds: the heads of the deep encoder, and which messages are worth its time.

    `vector` float32[deep.WIDTH, HEADS] and `bias` float32[HEADS] give its log-odds; `slope` and `offset` float32[HEADS]
    calibrate their mean with those of the default tier. Worth it is a message whose primary register is less probable
    than `sure`, or whose probability of crisis is at least `alarming`.
    """

    vector: Floats
    bias: Floats
    slope: Floats
    offset: Floats
    sure: float
    alarming: float

    def worth(self, logits: Floats) -> NDArray[np.intp]:
        """Rows of the log-odds of the default tier, float32[n, HEADS], to read again."""
        unsure = softmax(logits[:, PRIMARY]).max(axis=1) < self.sure
        alarming = sigmoid(logits[:, REGISTER.start + CRISIS]) >= self.alarming
        return np.flatnonzero(unsure | alarming)

    def score(self, logits: Floats, texts: Sequence[str], parents: Sequence[Parent | None]) -> Floats:
        """Log-odds from those of the default tier, float32[n, HEADS], and the same messages."""
        own = deep.load().encode(texts, parents) @ self.vector + self.bias
        return np.asarray((logits + own) / 2 * self.slope + self.offset, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """`surface` float32[features, HEADS], `bias` float32[HEADS]; `table` float32[bag.COLUMNS, HEADS] where words count
    by themselves, `vector` float32[encoder.DIMENSIONS, HEADS] where the sentence encoder is used, `deep` where the deep
    one is. `thresholds` float32[8] and `harm_thresholds` float32[12]: probability from which a register or a kind of
    harm is assigned. Below the probability `unsure` of its primary register a reading abstains. `taught`
    float32[encoder.DIMENSIONS + 1, first heads] is what a brand's corrections added to `vector` and, last, to `bias`.
    """

    version: str
    surface: Floats
    bias: Floats
    thresholds: Floats
    harm_thresholds: Floats
    unsure: float
    table: Floats | None = None
    vector: Floats | None = None
    deep: Deep | None = None
    taught: Floats | None = None

    def encode(self, words: Words) -> Floats | None:
        """float32[n, encoder.DIMENSIONS], where the sentence encoder is used."""
        return None if self.vector is None else encoder.load().encode(*word_pieces(words))

    def score(self, words: Words, columns: NDArray[np.int32], surface: Floats, encoded: Floats | None = None) -> Floats:
        """Calibrated log-odds, float32[n, HEADS], of all but the deep encoder. `encoded` is what `encode` gives, where the
        caller has it already."""
        logits = surface @ self.surface + self.bias
        if self.table is not None:
            logits += bag.matrix(words, columns) @ self.table
        if self.vector is not None:
            logits += (encoder.load().encode(*word_pieces(words)) if encoded is None else encoded) @ self.vector
        return np.asarray(logits, np.float32)

    def deepen(
        self, logits: Floats, encoded: Floats | None, texts: Sequence[str], parents: Sequence[Parent | None]
    ) -> Floats:
        """Log-odds that `score` gave, those of the messages that are worth it by the deep encoder too. What a brand taught moves
        them as far as the others.
        """
        rows = self.deep.worth(logits) if self.deep is not None else np.zeros(0, np.intp)
        if self.deep is None or not len(rows):
            return logits
        moved = np.zeros((len(rows), logits.shape[1]), np.float32)
        if self.taught is not None and encoded is not None:
            moved[:, : self.taught.shape[1]] = encoded[rows] @ self.taught[:-1] + self.taught[-1]
        deepened = logits.copy()
        deepened[rows] = moved + self.deep.score(
            logits[rows] - moved, [texts[row] for row in rows], [parents[row] for row in rows]
        )
        return deepened


@cache
def reasons() -> Floats:
    """float32[bag.COLUMNS, 8]: what each column of a bag adds to the registers, by the fast tier; for evidence."""
    table = load(Tier.FAST).table
    assert table is not None
    return np.ascontiguousarray(table[:, REGISTER])


def word_pieces(words: Words) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """What the encoder takes: the pieces without the marks, and the row pointer from texts to them."""
    known = words.pieces < VOCABULARY
    before = np.concatenate([[0], np.cumsum(known)])
    return words.pieces[known], before[words.first_piece_of_text()]


@cache
def load(tier: Tier) -> Model:
    """The shipped model of a tier, read once in a process."""
    if tier is Tier.ACCURATE:
        with np.load(_path(tier), allow_pickle=False) as stored:
            added = Deep(
                **{name: stored[name].astype(np.float32) for name in ("vector", "bias", "slope", "offset")},
                sure=float(stored["sure"]),
                alarming=float(stored["alarming"]),
            )
            decided = {name: stored[name] for name in ("thresholds", "harm_thresholds")}
            unsure = float(stored["unsure"])
        return replace(load(Tier.DEFAULT), version=version(tier), deep=added, unsure=unsure, **decided)
    with np.load(_path(tier), allow_pickle=False) as stored:
        return Model(
            version=version(tier),
            surface=stored["surface"],
            bias=stored["bias"],
            thresholds=stored["thresholds"],
            harm_thresholds=stored["harm_thresholds"],
            unsure=float(stored["unsure"]),
            table=stored["table"] * stored["table_scale"] if "table" in stored.files else None,
            vector=stored["vector"] if "vector" in stored.files else None,
        )


@cache
def version(tier: Tier) -> str:
    """Tier and version, such as `fast-1`; renewed whenever the shipped weights change."""
    with np.load(_path(tier), allow_pickle=False) as stored:
        return f"{tier.value}-{stored['version']}"


@cache
def within_reach(tier: Tier) -> Tier:
    """The tier, or the default one where the deep encoder cannot be had on this machine."""
    if tier is Tier.ACCURATE:
        try:
            deep.prepare()
        except runtime.EncoderUnavailable:
            return Tier.DEFAULT
    return tier


def save(tier: Tier, model: Model, *, folder: Path = FOLDER) -> None:
    """Write a model as it ships: the large table in one byte a weight, with one scale a head. Of the accurate tier only
    what it adds to the default one.
    """
    arrays: dict[str, Any] = {
        "version": np.array(model.version),
        "thresholds": model.thresholds.astype(np.float32),
        "harm_thresholds": model.harm_thresholds.astype(np.float32),
        "unsure": np.float32(model.unsure),
    }
    if model.deep is not None:
        arrays |= {each.name: np.asarray(getattr(model.deep, each.name), np.float32) for each in fields(Deep)}
    else:
        arrays |= {"surface": model.surface.astype(np.float32), "bias": model.bias.astype(np.float32)}
        if model.table is not None:
            scale = np.maximum(np.abs(model.table).max(axis=0), 1e-9) / 127
            arrays |= {"table": np.round(model.table / scale).astype(np.int8), "table_scale": scale.astype(np.float32)}
        if model.vector is not None:
            arrays["vector"] = model.vector.astype(np.float32)
    np.savez_compressed(folder / f"{tier.value}.npz", **arrays)


def _path(tier: Tier) -> Path:
    return FOLDER / f"{tier.value}.npz"
