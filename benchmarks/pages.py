"""How long the server takes for its pages while people click: inbox, every kind of filter, search, conversation, home.

Run it on a data folder that holds what `benchmarks.ingest` left (a million mentions, say):

    OCTAVO_DATA_DIR=var/bench .venv/bin/python -m benchmarks.pages --people 20 --seconds 60

Each of the people waits half a second to a second and a half between clicks. `server` is the time the application says it
took (Server-Timing), `seen` what the client waited, on the same machine. The clients share the two cores with the server.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path

TARGETS = {"inbox": 100, "filter": 100, "search": 150, "conversation": 80, "home": 150}
"""Milliseconds of server time, 95th percentile."""

WORDS = (
    "delay", "refund", "thank you", "lost bag", "customer service", "hours on hold", "late flight", "app crash", "seat",
    "wifi", "cancelled -weather", '"never again"', "gate agent", "rude", "booking problem", "voucher", "luggage", "crew",
)  # fmt: skip


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
    parser.add_argument("--data", help="unused here; the same options go to every benchmark")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "octavo.site.settings")
    from octavo.site import options as settings
    from octavo.site import postgres

    server = postgres.ensure(settings.load())
    import django

    django.setup()
    cookie, numbers, brands, mentions = _ground()
    port = _free_port()
    web = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "octavo.site.asgi:application", "--port", str(port), "--log-level", "error"],
        env={**os.environ},
    )
    try:
        _await(port)
        for address in ("/inbox/", "/") * 3:  # templates and pools warm
            _click(http.client.HTTPConnection("127.0.0.1", port), address, cookie)
        times: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
        failures: list[str] = []
        until = time.monotonic() + options.seconds
        crowd = [
            threading.Thread(target=_person, args=(n, port, cookie, numbers, brands, until, times, failures))
            for n in range(options.people)
        ]
        for person in crowd:
            person.start()
        for person in crowd:
            person.join()
    finally:
        web.terminate()
        web.wait()
        del server
    clicks = sum(map(len, times.values()))
    print(
        f"{mentions:,} mentions, {options.people} people, {clicks} clicks in {options.seconds:.0f} s, {len(failures)} failed\n"
    )
    print("| page | clicks | server p50 | server p95 | target p95 | seen p95 |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for kind, target in TARGETS.items():
        took = times[kind]
        if took:
            servers, seens = sorted(t[0] for t in took), sorted(t[1] for t in took)
            print(
                f"| {kind} | {len(took)} | {_at(servers, 0.5):.0f} ms | {_at(servers, 0.95):.0f} ms | {target} ms "
                f"| {_at(seens, 0.95):.0f} ms |"
            )
    print("\nSlowest:")
    for server_time, _, address in sorted((t for took in times.values() for t in took), reverse=True)[:8]:
        print(f"  {server_time:6.0f} ms  {address}")
    for failure in failures[:5]:
        print("failed:", failure, file=sys.stderr)
    if failures:
        raise SystemExit(1)


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


def _person(
    number: int, port: int, cookie: str, numbers: list[int], brands: list[str], until: float,
    times: dict[str, list[tuple[float, float, str]]], failures: list[str],
) -> None:  # fmt: skip
    chance = random.Random(number)
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    time.sleep(chance.random())
    while time.monotonic() < until:
        kind, address = addresses(numbers, brands, chance)
        try:
            status, server_time, seen = _click(line, address, cookie)
        except OSError as error:
            failures.append(f"{address}: {error}")
            line.close()
            continue
        if status != 200:
            failures.append(f"{address}: {status}")
        else:
            times[kind].append((server_time, seen, address))
        time.sleep(chance.uniform(0.5, 1.5))


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


def _await(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("The web server did not come up.")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    main()
