"""How fast files become posts: items a second on one core, by format, beside what cannot be saved.

    python benchmarks/parse.py [--items 50000] [--file messages.jsonl]

Without a file, messages of about 18 words are made up. `of JSON alone` is the time next to decoding the same lines with
orjson and doing nothing, which no reader can beat: it hardly depends on the machine.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import random
import resource
import time
from pathlib import Path

import orjson

from octavo.channels.file import open_file

WORDS = [
    "the",
    "lamp",
    "is",
    "late",
    "again",
    "please",
    "help",
    "my",
    "order",
    "broke",
    "and",
    "nobody",
    "answers",
    "why",
    "do",
    "you",
    "never",
    "call",
    "back",
    "thanks",
    "colis",
    "reçu",
    "cassé",
    "merci",
    "quand",
    "même",
    "però",
    "ancora",
    "niente",
]
ROUNDS = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--file", type=Path, help="JSON Lines to use instead of made-up messages")
    options = parser.parse_args()
    items = [orjson.loads(line) for line in options.file.open("rb")] if options.file else made_up(options.items)
    lines = b"".join(orjson.dumps(item) + b"\n" for item in items)
    floor = best(lambda: decode(lines))
    print(f"{len(items):,} items, {len(lines) / len(items):.0f} bytes each; best of {ROUNDS} rounds, processor time")
    print(f"{'format':<16}{'items/s':>12}{'microseconds':>14}{'of JSON alone':>15}")
    row("JSON alone", floor, len(items), floor)
    for name, content in forms(items, lines):
        row(name, best(lambda content=content: read(content, len(items))), len(items), floor)
    print(
        f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB, the files themselves included"
    )


def forms(items: list[dict[str, object]], lines: bytes) -> list[tuple[str, bytes]]:
    return [
        ("JSON Lines", lines),
        ("JSON Lines, gz", gzip.compress(lines, 6)),
        ("JSON array", orjson.dumps(items)),
        ("CSV", table(items)),
        ("CSV, UTF-16", table(items).decode().encode("utf-16")),
    ]


def made_up(count: int) -> list[dict[str, object]]:
    chance = random.Random(1)
    return [
        {
            "id": f"m{n}",
            "created_at": f"2025-03-{1 + n % 28:02}T{n % 24:02}:{n % 60:02}:00+01:00",
            "author": f"user{chance.randrange(count // 2)}",
            "text": " ".join(chance.choices(WORDS, k=chance.randrange(6, 30))),
            "brand": "Lumio",
            "channel": "forum",
        }
        for n in range(count)
    ]


def table(items: list[dict[str, object]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(items[0]), extrasaction="ignore")
    writer.writeheader()
    writer.writerows(items)
    return text.getvalue().encode()


def decode(lines: bytes) -> None:
    for line in lines.split(b"\n"):
        if line:
            orjson.loads(line)


def read(content: bytes, expected: int) -> None:
    with open_file(io.BytesIO(content)) as reader:
        taken = sum(len(batch.posts) + batch.warnings.get("repeated", 0) for batch in reader.batches(size=5000))
    assert taken == expected, (taken, expected)


def best(work: object) -> float:
    assert callable(work)
    times = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return min(times)


def row(name: str, seconds: float, count: int, floor: float) -> None:
    print(f"{name:<16}{count / seconds:>12,.0f}{seconds / count * 1e6:>14.2f}{seconds / floor:>14.1f}x")


if __name__ == "__main__":
    main()
