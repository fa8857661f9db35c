"""How fast counts are scored: `python -m benchmarks.detect`. Prints a table; every figure is measured when it is printed.

Counts are Poisson around rates that differ by key as those of brands and topics do (log-normal). Rates count processor seconds on one
core, so that what else runs on the machine disturbs them least; best of several rounds of ten steps.
"""

from __future__ import annotations

import argparse
import os
import time
from datetime import UTC, datetime

import numpy as np

from octavo.detect import FIVE_MINUTES, Detector

STEPS, ROUNDS = 10, 5
START = datetime(2025, 3, 3, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, nargs="*", default=[1, 1_000, 100_000, 1_000_000])
    chosen = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start\n")
    print("| keys | a step of all, ms | million keys a second | a step of one key in a hundred, ms | state, MB |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for keys in chosen.keys:
        every, some, size = measure(keys)
        print(
            f"| {keys:,} | {every * 1000:.2f} | {keys / every / 1e6:.2f} | {some * 1000:.2f} | {size / 1e6:.1f} |",
            flush=True,
        )


def measure(keys: int) -> tuple[float, float, int]:
    """Processor seconds of a step of all keys, and of a step that names a hundredth of them; bytes of state."""
    chance = np.random.default_rng(0)
    rates = chance.lognormal(0, 1.5, keys)
    counts = [chance.poisson(rates).astype(np.float32) for _ in range(6)]
    detector = Detector()
    detector.add(keys)
    turn = 0

    def step(named: np.ndarray | None = None) -> None:
        nonlocal turn
        heard = counts[turn % 6]
        detector.step(heard if named is None else heard[named], START + turn * FIVE_MINUTES, named)
        turn += 1

    rounds = ROUNDS if keys <= 100_000 else 1
    # A tail that has settled is dear in few keys, one that has not in many: let it.
    for _ in range(300 if keys <= 100_000 else 20):
        step()
    every = min(timed(step) for _ in range(rounds))
    few = np.sort(chance.choice(keys, max(keys // 100, 1), replace=False))
    some = min(timed(lambda: step(few)) for _ in range(rounds))
    return every, some, detector.state.bytes_a_key() * keys


def timed(work: object) -> float:
    assert callable(work)
    started = time.process_time()
    for _ in range(STEPS):
        work()
    return (time.process_time() - started) / STEPS


if __name__ == "__main__":
    main()
