"""Trains the models that Octavo ships: `make train`, or `python -m training.train --data ../shared/data`.

    deep       the last layers of the deep encoder, on the corpus and on licensed data
    pool       what the deep encoder says of many more texts: they teach the two lighter tiers
    sentence   the sentence encoder, on all of that
    accurate   how both together read, and which messages are worth the deep one
    fast       word pieces alone, on all of that
    meaning    by what messages are compared, from the sentence encoder as it is now

The sectors `corpus.HELD_OUT` are for testing and nothing here sees them. Probabilities and thresholds are set on the
sectors `CALIBRATING`, which no weight has seen.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from octavo.understand import deep, encoder, model
from octavo.understand.heads import HEADS, PRIMARY, sigmoid, softmax
from octavo.understand.model import Deep, Model
from octavo.understand.tier import Tier
from training import calibrate, corpus, deep_net, meaning, quick_net, sentence_net, sources
from training.calibrate import Calibration
from training.fit import probabilities
from training.targets import Example, encode, seen
from training.variety import varied

VERSION = "5"
"""Raise it whenever the shipped weights change: readings are kept with the version that made them."""

CALIBRATING = frozenset({"bank", "hospitality"})

ESCALATED = 0.5
"""Share of the calibrating messages that the accurate tier gives to the deep encoder for being unsure."""

ALARMING = 0.25
"""Probability of crisis from which a message goes to the deep encoder in any case."""

ABSTAINED = 0.1
"""Share of the calibrating messages that are left undecided."""

_TAUGHT = 0.3
"""What the deep encoder says counts so much, beside the label of a message of the corpus."""

_REAL_APART = 0.1
"""Share of the real messages with labels that no weight sees: they help to set probabilities and thresholds."""

Floats = NDArray[np.float32]
Result = TypeVar("Result")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of licensed data (optional)")
    data = parser.parse_args().data

    written = [example for example in corpus.load() if example.group not in corpus.HELD_OUT]
    # The plain files' mix was chosen with real proportions in view: they teach what registers look like, weighed evenly,
    # and set no threshold.
    real = sources.labelled(data)
    apart = np.random.default_rng(0).random(len(real)) < _REAL_APART
    setting = [
        *(each for each in written if each.group in CALIBRATING and not each.id.startswith(corpus.PLAIN)),
        *(each for each, kept in zip(real, apart, strict=True) if kept),
    ]
    # Evenly over both: neither the corpus nor the data sets know how frequent a register is.
    ours = [example for example in written if example.group not in CALIBRATING]
    learned = corpus.even([*ours, *(each for each, kept in zip(real, apart, strict=True) if not kept)])
    first = learned[: len(ours)]
    more = [
        *learned[len(ours) :],
        *sources.feelings(data, comments=3000, lines=500, seed=0),
        *sources.reviews(data, count=1500, seed=0),
    ]
    pool = [
        *sources.feelings(data, comments=1000, lines=200, seed=1),
        *sources.reviews(data, count=2000, seed=1),
    ]
    first, more, pool, setting = map(seen, (first, more, pool, setting))
    changed = varied(first, seed=0)
    labelled = [*first, *changed, *more]
    print(
        f"{len(labelled)} messages to learn from, {len(pool)} to be taught by, {len(setting)} to calibrate on",
        flush=True,
    )

    deeper = [*first, *changed[::2], *more]
    net = timed("deep", lambda: deep_net.tuned(deep_net.below(deeper), *encode(deeper)))
    keep(deep.WEIGHTS, deep_net.shipped(net, setting[:1000]))
    deeply = deep_net.score(net, deep_net.below(setting))
    taught = timed("pool", lambda: taught_by(deep_net.score(net, deep_net.below(pool)), pool))

    examples, answers = [*labelled, *pool], joined(labelled, taught)
    lightly = train_sentence(examples, answers, setting)
    train_accurate(deep_net.head(net), deeply, lightly, setting)
    train_fast(examples, answers, setting)
    try:
        timed("meaning", lambda: meaning.learn(data))
    except FileNotFoundError as absent:
        print(f"meaning stays as it is: {absent.filename} is absent")


def train_sentence(examples: list[Example], answers: tuple[Floats, Floats], setting: list[Example]) -> Floats:
    """Tunes, calibrates and saves the default tier; its calibrated log-odds of `setting`."""
    net = timed("sentence", lambda: sentence_net.tuned(examples, *answers))
    logits = sentence_net.score(net, setting)[:, :HEADS]
    found = calibrate.calibration(logits, encode(setting)[0][:, :HEADS], abstained=ABSTAINED)
    keep(encoder.WEIGHTS, sentence_net.shipped(net, setting))
    weight, bias = net.head.weight.detach().numpy().T[:, :HEADS], net.head.bias.detach().numpy()[:HEADS]
    vector, surface = weight[: encoder.DIMENSIONS], weight[encoder.DIMENSIONS :]
    save(Tier.DEFAULT, found, surface, bias, vector=vector)
    return found.apply(logits)


def train_accurate(head: tuple[Floats, Floats], deeply: Floats, lightly: Floats, setting: list[Example]) -> None:
    """Finds how the two encoders read together, and when the second is asked."""
    targets = encode(setting)[0][:, :HEADS]
    apart = calibrate.calibration(deeply[:, :HEADS], targets, abstained=ABSTAINED)
    mean = (lightly + apart.apply(deeply[:, :HEADS])) / 2
    together = calibrate.calibration(mean, targets, abstained=ABSTAINED)
    added = Deep(
        vector=head[0][:, :HEADS] * apart.slope,
        bias=head[1][:HEADS] * apart.slope + apart.offset,
        slope=together.slope,
        offset=together.offset,
        sure=float(np.quantile(softmax(lightly[:, PRIMARY]).max(axis=1), ESCALATED)),
        alarming=ALARMING,
    )
    rows = added.worth(lightly)
    logits = lightly.copy()
    logits[rows] = together.apply(mean)[rows]
    print(f"accurate: {len(rows) / len(setting):.0%} of the calibrating messages go to the deep encoder")
    base = model.load(Tier.DEFAULT)
    found = calibrate.decisions(logits, targets, abstained=ABSTAINED)
    model.save(Tier.ACCURATE, Model(VERSION, base.surface, base.bias, *found, deep=added))


def train_fast(examples: list[Example], answers: tuple[Floats, Floats], setting: list[Example]) -> None:
    """Fits, calibrates and saves the fast tier."""
    static = quick_net.distilled()
    quick = timed("fast", lambda: quick_net.tuned(examples, *answers, static))
    targets = encode(setting)[0][:, :HEADS]
    found = calibrate.calibration(quick_net.score(quick, setting), targets, abstained=ABSTAINED)
    save(Tier.FAST, found, quick.surface, quick.bias, table=quick.table)


def taught_by(logits: Floats, examples: Sequence[Example]) -> tuple[Floats, Floats]:
    """Targets and weights: what is known of these examples, and for the rest what the deep encoder says."""
    targets, weights = encode(list(examples))
    unknown = weights == 0
    said = np.hstack([probabilities(logits[:, :HEADS]), sigmoid(logits[:, HEADS:])])
    return np.where(unknown, said, targets), np.where(unknown, np.float32(_TAUGHT), weights)


def joined(examples: list[Example], taught: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Targets and weights of labelled examples and, after them, of the taught ones."""
    targets, weights = encode(examples)
    return np.vstack([targets, taught[0]]), np.vstack([weights, taught[1]])


def save(
    tier: Tier,
    found: Calibration,
    surface: Floats,
    bias: Floats,
    *,
    table: Floats | None = None,
    vector: Floats | None = None,
) -> None:
    """Write a tier's model with its calibration worked into its weights."""
    model.save(
        tier,
        Model(
            VERSION,
            surface * found.slope,
            bias * found.slope + found.offset,
            *found.decisions,
            table=None if table is None else table * found.slope,
            vector=None if vector is None else vector * found.slope,
        ),
    )
    model.load.cache_clear()
    model.version.cache_clear()


def keep(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Write layers as they ship, with a fingerprint of them all."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode() + np.ascontiguousarray(arrays[name]).tobytes())
    fingerprint = digest.hexdigest()[:12]
    np.savez_compressed(path, fingerprint=np.array(fingerprint), **arrays)
    print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB, {fingerprint}", flush=True)


def timed(name: str, work: Callable[[], Result]) -> Result:
    """What `work` gives; prints how long it took."""
    print(name, flush=True)
    started = time.monotonic()
    result = work()
    print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)
    return result


if __name__ == "__main__":
    main()
