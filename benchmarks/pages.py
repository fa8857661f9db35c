"""How long the server takes for its pages while people click: inbox, every kind of filter, search, conversation, home.

Run it on a data folder that holds what `benchmarks.ingest` left (a million mentions, say):

    OCTAVO_DATA_DIR=var/bench .venv/bin/python -m benchmarks.pages --people 20 --seconds 60

The pages are served by as many web processes as `octavo run` keeps. Each of the people opens a page about every five seconds
(between half and one and a half times `--pause`), as somebody does who reads what is on it. `server` is the time the
application says it took (Server-Timing), `seen` what the client waited, on the same machine. Then the same people click
without a pause: how many pages a second there are at most. Clients, server and database share the machine; the processor
time of a page does not depend on who else is on it.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import socket
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from octavo.site import serve

TARGETS = {"inbox": 100, "filter": 100, "search": 150, "conversation": 80, "home": 150}
"""Milliseconds of server time, 95th percentile."""

WORDS = (
    "delay", "refund", "thank you", "lost bag", "customer service", "hours on hold", "late flight", "app crash", "seat",
    "wifi", "cancelled -weather", '"never again"', "gate agent", "rude", "booking problem", "voucher", "luggage", "crew",
)  # fmt: skip


Times = dict[str, list[tuple[float, float, str]]]


def addresses(numbers: list[int], brands: list[str], chance: random.Random) -> tuple[str, str]:
    """One click: its kind and its address."""
    kind = chance.choices(list(TARGETS), weights=(20, 35, 15, 20, 10))[0]
    if kind == "home":
        return kind, "/"
    if kind == "conversation":
        return kind, f"/c/{chance.choice(numbers)}/"
    if kind == "search":
        return kind, f"/inbox/?q={chance.choice(WORDS).replace(' ', '+')}"
    if kind == "inbox":
        return kind, chance.choice(("/inbox/", "/inbox/?sort=newest", "/inbox/?tab=unassigned", "/inbox/?tab=mine"))
    pairs = {
        "register": (
            "complaint",
            "problem",
            "question",
            "idea",
            "opportunity",
            "compliment",
            "crisis",
            "campaign_echo",
            "none",
        ),
        "language": ("en", "fr", "it", "es", "und"),
        "sentiment": ("negative", "neutral", "positive", "mixed"),
        "urgency": ("0", "1", "2", "3"),
        "brand": tuple(brands),
        "period": ("24h", "7d", "30d"),
        "about": ("no", "any"),
        "sort": ("newest",),
    }
    chosen = chance.sample(list(pairs), chance.choice((1, 1, 2, 3)))
    return kind, "/inbox/?" + "&".join(f"{name}={chance.choice(pairs[name])}" for name in chosen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--pause", type=float, default=5, help="seconds from a page to the next click, on average")
    parser.add_argument("--rush", type=float, default=20, help="seconds of clicking without a pause; 0 leaves it out")
    parser.add_argument("--data", help="unused here; the same options go to every benchmark")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "octavo.site.settings")
    from octavo.site import options as settings
    from octavo.site import postgres

    server = postgres.ensure(settings.load())
    import django

    django.setup()
    cookie, numbers, brands, mentions = _ground()
    chosen = settings.load()
    with served(chosen.web_processes) as (port, parts):
        crowd = Crowd(port, cookie, numbers, brands, options.people)
        crowd.click(3, pause=0.3)  # templates, pools and files warm
        processor = _processor(parts, chosen.postgres_dir)
        times, failures = crowd.click(options.seconds, pause=options.pause)
        used = [after - before for before, after in zip(processor, _processor(parts, chosen.postgres_dir), strict=True)]
        rush, more = crowd.click(options.rush, pause=0) if options.rush else ({}, [])
        failures += more
    del server
    clicks = sum(map(len, times.values()))
    print(
        f"{mentions:,} mentions, {options.people} people, a page every {options.pause:g} s each, {len(parts)} web processes, "
        f"{clicks} clicks in {options.seconds:.0f} s, {len(failures)} failed\n"
    )
    print("| page | clicks | server p50 | server p95 | target p95 | seen p95 |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for kind, target in TARGETS.items():
        took = times.get(kind)
        if took:
            servers, seens = sorted(t[0] for t in took), sorted(t[1] for t in took)
            print(
                f"| {kind} | {len(took)} | {_at(servers, 0.5):.0f} ms | {_at(servers, 0.95):.0f} ms | {target} ms "
                f"| {_at(seens, 0.95):.0f} ms |"
            )
    print(
        f"\nProcessor time a page: {used[0] / clicks * 1000:.0f} ms in Python, {used[1] / clicks * 1000:.0f} ms in PostgreSQL."
    )
    if options.rush:
        print(f"Without a pause: {sum(map(len, rush.values())) / options.rush:.1f} pages a second.")
    print("\nSlowest:")
    for server_time, _, address in sorted((t for took in times.values() for t in took), reverse=True)[:8]:
        print(f"  {server_time:6.0f} ms  {address}")
    for failure in failures[:5]:
        print("failed:", failure, file=sys.stderr)
    if failures:
        raise SystemExit(1)


@contextmanager
def served(processes: int) -> Iterator[tuple[int, list[serve.Part]]]:
    """So many web processes as `octavo run` keeps them, and their port."""
    port = _free_port()
    reading, writing = os.pipe()
    door = serve.listening("127.0.0.1", port)
    parts = [serve.Part("web", door=door.fileno()) for _ in range(processes)]
    for part in parts:
        part.start(reading)
    try:
        _await(port, parts)
        yield port, parts
    finally:
        for part in parts:
            if part.process:
                part.process.terminate()
                part.process.wait()
        os.close(writing)
        door.close()


def _ground() -> tuple[str, list[int], list[str], int]:
    """A session of a colleague, numbers of conversations, brands, and how many mentions there are."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.db import connection

    from octavo.conversations.models import Brand, Conversation
    from octavo.people.models import User

    user = User.objects.filter(email="bench@example.org").first() or User.objects.create_user("bench@example.org", None)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("SELECT id FROM conversations_conversation TABLESAMPLE system (1) LIMIT 2000")
        numbers = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT count(*) FROM conversations_mention")
        mentions = cursor.fetchone()[0]
    return (
        session.session_key,
        numbers or list(Conversation.objects.values_list("pk", flat=True)[:2000]),
        list(Brand.objects.values_list("slug", flat=True)),
        mentions,
    )


class Crowd:
    """People who click, each over a connection of their own, as a browser keeps one."""

    def __init__(self, port: int, cookie: str, numbers: list[int], brands: list[str], people: int) -> None:
        self.port, self.cookie, self.numbers, self.brands, self.people = port, cookie, numbers, brands, people

    def click(self, seconds: float, *, pause: float) -> tuple[Times, list[str]]:
        """(milliseconds the server took, milliseconds waited, address) of each click, by kind of page; what failed."""
        times: Times = defaultdict(list)
        failures: list[str] = []
        until = time.monotonic() + seconds
        crowd = [
            threading.Thread(target=self._person, args=(n, until, pause, times, failures)) for n in range(self.people)
        ]
        for person in crowd:
            person.start()
        for person in crowd:
            person.join()
        return times, failures

    def _person(self, number: int, until: float, pause: float, times: Times, failures: list[str]) -> None:
        chance = random.Random(f"{number} {pause}")
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        time.sleep(chance.random() * pause)
        while time.monotonic() < until:
            kind, address = addresses(self.numbers, self.brands, chance)
            try:
                status, server_time, seen = _click(line, address, self.cookie)
            except ConnectionResetError:  # idle for longer than the server keeps one: once more, as browsers do
                line.close()
                continue
            except (OSError, http.client.HTTPException) as error:
                failures.append(f"{address}: {error!r}")
                line.close()
                continue
            if status != 200:
                failures.append(f"{address}: {status}")
            else:
                times[kind].append((server_time, seen, address))
            time.sleep(pause * chance.uniform(0.5, 1.5))


def _processor(parts: list[serve.Part], postgres: Path) -> tuple[float, float]:
    """Seconds of processor time that the web processes and PostgreSQL's have used so far."""
    with suppress(OSError, ValueError):  # a database of one's own is not seen
        main = psutil.Process(int((postgres / "postmaster.pid").read_text().split()[0]))
        return _used([psutil.Process(p.process.pid) for p in parts if p.process]), _used(main.children())
    return _used([psutil.Process(p.process.pid) for p in parts if p.process]), float("nan")


def _used(processes: list[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        with suppress(psutil.Error):
            spent = process.cpu_times()
            total += spent.user + spent.system
    return total


def _click(line: http.client.HTTPConnection, address: str, cookie: str) -> tuple[int, float, float]:
    started = time.perf_counter()
    line.request("GET", address, headers={"Cookie": f"sessionid={cookie}"})
    answer = line.getresponse()
    answer.read()
    seen = (time.perf_counter() - started) * 1000
    timing = answer.headers.get("Server-Timing", "app;dur=nan")
    return answer.status, float(timing.split("dur=")[1].split(",")[0]), seen


def _at(values: list[float], share: float) -> float:
    return values[min(int(len(values) * share), len(values) - 1)]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _await(port: int, parts: list[serve.Part]) -> None:
    """Until every web process answers: one connection after the other, all of them kept until then."""
    for _ in range(600):
        with suppress(OSError, http.client.HTTPException):
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            line.request("GET", "/sign-in/")
            if line.getresponse().status == 200 and all(
                _used([psutil.Process(p.process.pid)]) > 1 for p in parts if p.process
            ):
                return
        time.sleep(0.2)
    raise SystemExit("The web server did not come up.")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    main()
