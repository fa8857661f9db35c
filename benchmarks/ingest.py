"""How fast messages come in, end to end: a JSON Lines file parsed, read by the fast tier, recorded, searchable, counted.

    .venv/bin/python -m benchmarks.ingest --data ../shared/data --messages 1000000

The streams of `--data` are multiplied with fresh ids and times (thirty days up to now) and imported by `octavo import`
while `octavo run` serves pages and works beside, as it would. At the end every message is looked for exactly once. Then
the worker reads the backlog again with the sentence encoder, and its rate is taken. Memory is the proportional share
(PSS) of every process of the installation, PostgreSQL's included, sampled twice a second.

Leaves its data in `--folder` for `benchmarks.pages`. The folder's name must hold "bench": what is in it is dropped first.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import psutil
import psycopg

TARGET_RATE, TARGET_MEMORY = 12_000, 1.5e9
STREAMS = ("airlines_2015.jsonl", "brands_2012.jsonl")


def multiply(data: Path, to: Path, messages: int) -> None:
    """Write `messages` lines made of the streams, each with an id and a time of its own."""
    seeds = [orjson.loads(line) for name in STREAMS for line in (data / "streams" / name).open("rb")]
    end = datetime.now(UTC)
    step = timedelta(days=30) / messages
    with to.open("wb") as file:
        for number in range(messages):
            turn, place = divmod(number, len(seeds))
            seed = seeds[place]
            at = end - step * (messages - number)
            file.write(orjson.dumps({**seed, "id": f"{place}-{turn}", "created_at": at}) + b"\n")


class Memory:
    """Watches how much memory the processes below some roots share out among them."""

    def __init__(self, postgres: Path) -> None:
        self.roots: list[int] = []
        self.peak = 0
        self.peak_of: dict[str, int] = {}
        self._worked: dict[int, tuple[str, float]] = {}
        self._postgres = postgres
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def worked(self) -> dict[str, float]:
        """Processor seconds so far of the program and of PostgreSQL, as seen twice a second."""
        spent = {"octavo": 0.0, "postgres": 0.0}
        for kind, seconds in self._worked.values():
            spent[kind] += seconds
        return spent

    def _watch(self) -> None:
        while not self._stop.wait(0.5):
            of = {"octavo": 0, "postgres": 0}
            for process in self._processes():
                try:
                    kind = "postgres" if process.name() == "postgres" else "octavo"
                    of[kind] += _pss(process.pid)
                    times = process.cpu_times()
                    self._worked[process.pid] = kind, times.user + times.system
                except (OSError, psutil.Error):
                    continue
            total = sum(of.values())
            if total > self.peak:
                self.peak, self.peak_of = total, of

    def _processes(self) -> Iterator[psutil.Process]:
        roots = list(self.roots)
        with suppress(OSError, ValueError, IndexError):
            roots.append(int((self._postgres / "postmaster.pid").read_text().split()[0]))
        seen: set[int] = set()
        for root in filter(lambda pid: pid > 0, roots):  # while it starts, PostgreSQL's number may be negative
            try:
                process = psutil.Process(root)
                family = [process, *process.children(recursive=True)]
            except psutil.Error:
                continue
            for member in family:
                if member.pid not in seen:
                    seen.add(member.pid)
                    yield member


def _pss(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return psutil.Process(pid).memory_info().rss


class House:
    """The installation measured, in a folder of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder.resolve()
        self.environment = {
            **os.environ,
            "OCTAVO_DATA_DIR": str(self.folder),
            "OCTAVO_PORT": str(port),
            "OCTAVO_LOG_LEVEL": "WARNING",
        }
        # As on any installation, the second start of a program does not compile it again.
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self.address = f"http://127.0.0.1:{port}/sign-in/"
        self.started: list[subprocess.Popen[str]] = []

    def octavo(self, *command: str, **options: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "octavo", *command], env=self.environment, text=True, **options
        )
        self.started.append(process)
        return process

    def close(self) -> None:
        """End whatever still runs, in whichever way the benchmark ends."""
        for process in reversed(self.started):
            if process.poll() is None:
                process.terminate()
                process.wait()
        with suppress(OSError, ValueError, IndexError):  # stopped by the last who used it, unless that one was killed
            os.kill(int((self.folder / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGINT)

    def ask(self, sql: str) -> Any:
        with psycopg.connect(dbname="octavo", user="postgres", host=self.socket()) as connection:
            row = connection.execute(sql).fetchone()
            return row[0] if row else None

    def socket(self) -> str:
        return (self.folder / "postgres" / "postmaster.pid").read_text().splitlines()[4]

    def drop(self) -> None:
        """Begin with an empty database."""
        script = "from octavo.site import options, postgres; s = postgres.ensure(options.load()); s.psql('{}')"
        drop = "DROP DATABASE IF EXISTS octavo WITH (FORCE)"
        subprocess.run([sys.executable, "-c", script.format(drop)], env=self.environment, check=True)

    def run(self, memory: Memory) -> None:
        """Start with an empty database; back when the first page has answered."""
        self.drop()
        keeper = self.octavo("run", "--no-demo", stdout=subprocess.DEVNULL)
        memory.roots.append(keeper.pid)
        until = time.monotonic() + 180
        while True:
            try:
                urllib.request.urlopen(self.address, timeout=5).read()
                break
            except OSError:
                if time.monotonic() > until or keeper.poll() is not None:
                    raise SystemExit("octavo run did not start") from None
                time.sleep(0.5)
        time.sleep(5)  # let what starts beside come to rest


def check(house: House, messages: int) -> list[str]:
    """What is wrong with what was kept; nothing, where every message is there exactly once, searchable and counted."""
    wanted = {
        "messages kept": "SELECT count(*) FROM conversations_mention",
        "different ids": "SELECT count(DISTINCT external_id) FROM conversations_mention",
        "keys": "SELECT count(*) FROM conversations_postkey",
        "searchable": "SELECT count(search) FROM conversations_mention",
        "in conversations": "SELECT sum(mentions_count)::bigint FROM conversations_conversation",
        "counted": "SELECT sum(n)::bigint FROM conversations_mentiontally",
    }
    found = {name: house.ask(sql) for name, sql in wanted.items()}
    return [f"{name}: {n:,} instead of {messages:,}" for name, n in found.items() if n != messages]


def read_again(house: House, seconds: float) -> tuple[int, float]:
    """How many messages the worker reads again in about so many seconds of work, once it has begun."""
    count = "SELECT count(*) FROM conversations_mention WHERE model NOT LIKE 'fast%'"
    give_up = time.monotonic() + 120
    while not (first := house.ask(count)):
        if time.monotonic() > give_up:
            return 0, 0.0
        time.sleep(1)
    began = time.monotonic()
    time.sleep(seconds)
    return house.ask(count) - first, time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder that holds streams/")
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path("var/bench"), help="where the installation measured lives")
    parser.add_argument("--port", type=int, default=8110)
    parser.add_argument("--read-again", type=float, default=60, metavar="SECONDS", help="0 leaves it out")
    asked = parser.parse_args()
    if not (asked.data / "streams" / STREAMS[0]).exists():
        raise SystemExit(f"There are no streams in {asked.data}; the benchmark multiplies {' and '.join(STREAMS)}.")
    if "bench" not in asked.folder.name:
        raise SystemExit("The folder's name must hold `bench`: its database is dropped.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))  # so that what was started is ended
    asked.folder.mkdir(parents=True, exist_ok=True)
    house = House(asked.folder, asked.port)
    stream = asked.folder / f"stream-{asked.messages}.jsonl"
    if not stream.exists():
        print(f"Writing {asked.messages:,} messages ...", file=sys.stderr)
        multiply(asked.data, stream, asked.messages)
    with closing(house), Memory(asked.folder / "postgres") as memory:
        house.run(memory)
        print("Importing ...", file=sys.stderr)
        began, before = time.monotonic(), memory.worked()
        importer = house.octavo("import", str(stream), "--json", stdout=subprocess.PIPE)
        memory.roots.append(importer.pid)
        said, _ = importer.communicate()
        seconds = time.monotonic() - began
        if importer.returncode:
            raise SystemExit(f"the import failed: {said}")
        answer = json.loads(said.splitlines()[-1])
        import_peak, peak_of = memory.peak, memory.peak_of
        spent = {kind: seconds - before[kind] for kind, seconds in memory.worked().items()}
        wrong = check(house, asked.messages)
        size = house.ask("SELECT pg_database_size('octavo')")
        again, again_seconds = read_again(house, asked.read_again) if asked.read_again else (0, 0.0)
    rate = asked.messages / seconds
    machine = (
        f"{os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GB, Python {platform.python_version()}"
    )
    print(
        f"\nIngest, {datetime.now(UTC):%Y-%m-%d}, {machine}, {asked.messages:,} messages, web server and worker beside\n"
    )
    print("| what | measured | target |\n| --- | --- | --- |")
    print(f"| messages a second, from the command's start to its end | {rate:,.0f} | {TARGET_RATE:,} |")
    print(f"| messages a second, while the file is read | {answer['rate']:,} | |")
    micros = {kind: f"{each / asked.messages * 1e6:.0f}" for kind, each in spent.items()}
    print(f"| processor microseconds a message: Octavo, PostgreSQL | {micros['octavo']}, {micros['postgres']} | |")
    print(f"| peak memory of all processes, importing | {import_peak / 1e6:,.0f} MB | {TARGET_MEMORY / 1e6:,.0f} MB |")
    print(f"| of that Octavo, PostgreSQL | {peak_of['octavo'] / 1e6:,.0f} MB, {peak_of['postgres'] / 1e6:,.0f} MB | |")
    print(
        f"| peak memory of all processes, reading again | {memory.peak / 1e6:,.0f} MB | {TARGET_MEMORY / 1e6:,.0f} MB |"
    )
    print(f"| database on disk | {size / 1e6:,.0f} MB, {size / asked.messages:,.0f} bytes a message | |")
    if again_seconds:
        print(f"| messages a second read again by the encoder | {again / again_seconds:,.0f} | |")
    print(f"| each message exactly once, searchable, counted | {'; '.join(wrong) or 'yes'} | yes |")
    if wrong:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
