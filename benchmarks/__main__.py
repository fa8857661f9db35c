"""All benchmarks one after another: `make bench`, or `python -m benchmarks --data FOLDER --messages 100000`.

Ingest fills `var/bench`; pages and live are measured on what it left there.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

BENCH = Path("var/bench")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="../shared/data", help="folder of data sets (streams/)")
    parser.add_argument("--messages", default="1000000", help="messages that ingest brings in")
    chosen = parser.parse_args()
    streams = Path(chosen.data) / "streams"
    if not streams.is_dir():
        print(f"The benchmarks read real messages from {streams}, which is not there; name the folder with --data.")
        return 1
    turns = {
        "Parsing": ["benchmarks.parse", "--file", str(streams / "airlines_2015.jsonl")],
        "Reading": ["benchmarks.reading", "--data", chosen.data],
        "Ingest": ["benchmarks.ingest", "--data", chosen.data, "--messages", chosen.messages, "--folder", str(BENCH)],
        "Detecting": ["benchmarks.detect"],
        "Stories": ["benchmarks.stories"],
        "Pages": ["benchmarks.pages"],
        "Live": ["benchmarks.live"],
    }
    failed = 0
    for title, command in turns.items():
        print(f"\n## {title}\n", flush=True)
        environment = {**os.environ, "OCTAVO_DATA_DIR": str(BENCH.resolve()), "OCTAVO_LOG_LEVEL": "ERROR"}
        if title == "Ingest":
            environment.pop("OCTAVO_DATA_DIR")  # it makes its own
        failed += subprocess.run([sys.executable, "-m", *command], env=environment, check=False).returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
