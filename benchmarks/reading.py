"""How fast messages are read: `python -m benchmarks.reading`. Prints a table; every figure is measured when it is
printed.

Messages are spliced from the project's corpus to 18 words on average, none twice, because words seen before are
cheaper. Rates on one core count processor seconds, so that what else runs on the machine disturbs them least.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

CORPUS = Path(__file__).parent.parent / "training" / "corpus"
WORDS = 18


def messages(count: int, seed: int) -> list[str]:
    """`count` messages, each the beginning of one message of the corpus and the end of another in the same language."""
    chance = random.Random(seed)
    pools: dict[str, list[list[str]]] = {}
    for path in sorted(CORPUS.glob("*.jsonl")):
        for line in path.open(encoding="utf-8"):
            row = json.loads(line)
            words = row["text"].split()
            if len(words) >= 4:
                pools.setdefault(row["lang"], []).append(words)
    spliced = []
    for _ in range(count):
        pool = pools[chance.choice(sorted(pools))]
        first, second = chance.choice(pool), chance.choice(pool)
        length = max(3, round(chance.gammavariate(4, WORDS / 4)))
        spliced.append(" ".join((first[: length // 2] + second[-(length - length // 2) :])[:length]))
    return spliced


def rate(tier: str, batch: int, count: int, seed: int) -> tuple[float, float]:
    """Messages a second by the clock and a processor second, end to end from posts to columns, evidence included."""
    from octavo.understand import Tier, read
    from octavo.vocabulary import Post

    chosen = Tier(tier)
    posts = [Post("benchmark", str(number), text) for number, text in enumerate(messages(count, seed))]
    read([Post("benchmark", "", text) for text in messages(2000, seed + 1000)], tier=chosen)
    started, worked = time.perf_counter(), time.process_time()
    for start in range(0, count, batch):
        read(posts[start : start + batch], tier=chosen)
    return count / (time.perf_counter() - started), count / (time.process_time() - worked)


def processes(tier: str, batch: int, count: int, workers: int) -> float:
    """Messages a second of several processes together."""
    with ProcessPoolExecutor(workers) as pool:
        return sum(
            clock for clock, _ in pool.map(rate, [tier] * workers, [batch] * workers, [count] * workers, range(workers))
        )


def latency(tier: str, count: int = 300) -> tuple[float, float]:
    """Milliseconds for one message at a time: median and 95th percentile."""
    from octavo.understand import Tier, read
    from octavo.vocabulary import Post

    chosen, taken = Tier(tier), []
    for text in messages(count, 7):
        started = time.perf_counter()
        read([Post("benchmark", "", text)], tier=chosen)
        taken.append((time.perf_counter() - started) * 1000)
    taken.sort()
    return taken[count // 2], taken[int(count * 0.95)]


_FRESH = """
import resource, time
started = time.perf_counter()
from octavo.understand import Tier, explain
explain("Where is my parcel?", tier=Tier({tier!r}))
print(time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def first_reading(tier: str) -> tuple[float, float]:
    """Seconds from the start of the imports to the first reading in a fresh process, and its peak memory in MB."""
    shown = subprocess.run(
        [sys.executable, "-c", _FRESH.format(tier=tier)], capture_output=True, text=True, check=True
    ).stdout
    seconds, megabytes = map(float, shown.split())
    return seconds, megabytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="not needed: the messages are the project's own")
    parser.parse_args()
    cores = os.cpu_count() or 1
    print(f"{cores} cores, load {os.getloadavg()[0]:.1f} at the start; {WORDS} words a message\n")
    columns = [
        "tier",
        "batch",
        "msg/s",
        "msg a processor second",
        "msg/s, a process a core",
        "one message, ms: p50 / p95",
    ]
    columns += ["first reading, s", "MB"]
    print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    for tier, batch, count in (
        ("fast", 4096, 40_000),
        ("fast", 256, 20_000),
        ("default", 256, 4_000),
        ("accurate", 256, 1_000),
    ):
        clock, worked = rate(tier, batch, count, 1)
        together = processes(tier, batch, count, cores) if tier == "fast" else clock
        half, most = latency(tier)
        seconds, megabytes = first_reading(tier)
        row = [tier, batch, f"{clock:,.0f}", f"{worked:,.0f}", f"{together:,.0f}", f"{half:.1f} / {most:.1f}"]
        print(f"| {' | '.join(map(str, [*row, f'{seconds:.2f}', f'{megabytes:.0f}']))} |", flush=True)
    print(f"\npeak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
