"""How soon one grave message rings and is in a mailbox, while others pour in: `python -m evaluation.arrival --rate 500`.

Runs the whole application (`octavo run`: web, worker, database) in a folder that is thrown away, with a real mail server on
loopback. Ordinary messages flow in by signed calls at the rate asked for; every few seconds one grave message comes to a brand
of its own. Measured from the first byte of its call to the row of its alert, and to the letter in the mailbox.
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from collections.abc import Sequence
from email import message_from_bytes, policy
from http.client import HTTPConnection
from typing import Any

from aiosmtpd.controller import Controller

from benchmarks.live import _post, _pour
from benchmarks.pages import _at, _free_port
from e2e.running import Running

GRAVE = "{name}: three children in hospital, poisoned by your contaminated juice. The authorities are recalling it. Help us now."
PAUSE, LONGEST = 2.0, 60.0


class Mailbox:
    """Takes letters, and remembers when the first came that names a brand."""

    def __init__(self) -> None:
        self.came: dict[str, float] = {}

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # the library's name
        subject = str(message_from_bytes(envelope.content, policy=policy.default)["Subject"])
        for name in {word.strip(":.,") for word in subject.split() if word.startswith("Probe")}:
            self.came.setdefault(name, time.perf_counter())
        return "250 OK"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=500, help="ordinary messages a second")
    parser.add_argument("--probes", type=int, default=25)
    chosen = parser.parse_args()
    mailbox = Mailbox()
    letters = Controller(mailbox, hostname="127.0.0.1", port=_free_port())
    letters.start()
    mail = {"mail_host": "127.0.0.1", "mail_port": str(letters.port), "mail_security": "none"}
    try:
        with Running("--no-demo", log_level="ERROR", **mail) as running:
            os.environ |= {
                "OCTAVO_DATA_DIR": str(running.folder / "data"),
                "OCTAVO_LOG_LEVEL": "ERROR",
                "DJANGO_SETTINGS_MODULE": "octavo.site.settings",
            }
            print(measure(running.port, mailbox, rate=chosen.rate, probes=chosen.probes))
    finally:
        letters.stop()


def measure(port: int, mailbox: Mailbox, *, rate: int, probes: int) -> str:
    from octavo.site import options, postgres

    server = postgres.ensure(options.load())
    import django

    django.setup()
    crowd, *ways = _ground(probes)
    until = time.monotonic() + 10 + probes * (PAUSE + 2)
    refused: list[int] = []
    sent = [0]
    began = time.monotonic()
    load = threading.Thread(target=_pour, args=(port, crowd[1], crowd[2], rate, until, refused, sent))
    load.start()
    time.sleep(5)
    rang, told = [], []
    for name, path, secret in ways:
        if time.monotonic() > until:
            break
        started = time.perf_counter()
        line = HTTPConnection("127.0.0.1", port, timeout=60)
        message: dict[str, object] = {"id": name, "text": GRAVE.format(name=name), "lang": "en"}
        assert _post(line, path, secret, [message]) == 202
        rang.append(_row(name, started))
        while name not in mailbox.came and time.perf_counter() - started < LONGEST:
            time.sleep(0.01)
        told.append((mailbox.came.get(name, started + LONGEST) - started) * 1000)
        time.sleep(PAUSE)
    took = time.monotonic() - began
    load.join()
    del server
    if refused:
        raise SystemExit(f"{len(refused)} batches were refused: {sorted(set(refused))}")
    return (
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end; {sent[0] / took:.0f} messages a second accepted of "
        f"{rate} asked.\n\n"
        "| from the first byte of the call to | probes | p50 | p95 | slowest | target p95 |\n| --- | ---: | ---: | ---: | ---: | ---: |\n"
        f"| the alert's row | {_line(rang)} |\n| the letter in the mailbox | {_line(told)} |"
    )


def _ground(probes: int) -> list[tuple[str, str, str]]:
    """(brand, address, secret) of the crowd's source and of each probe's; somebody who wants every letter."""
    from django.urls import reverse

    from octavo.alert import rules
    from octavo.alert.models import MailWish, Rule, RuleKind
    from octavo.conversations.models import Brand
    from octavo.listen import sources
    from octavo.people.models import User

    MailWish.objects.create(person=User.objects.create_user("watch@example.org", name="Watch", is_admin=True), least=1)
    ways = []
    for name in ["Crowd", *(f"Probe{number}x" for number in range(probes))]:
        brand = Brand.objects.create(name=name, slug=name.lower())
        rules.of([brand.pk])
        made = sources.create(None, brand=brand, channel_name="webhook", name="Calls", given={}, dedicated=True)
        ways.append((name, reverse("hook", args=[made.source.key]), made.secret))
    # What the shipped model says of the probe is not the matter here.
    Rule.objects.filter(kind=RuleKind.GRAVE).exclude(brand__name="Crowd").update(threshold=300)
    return ways


def _row(name: str, started: float) -> float:
    """Milliseconds until the alert of a brand can be read."""
    from octavo.alert.models import Alert

    while not Alert.objects.filter(brand__name=name).exists():
        if time.perf_counter() - started > LONGEST:
            raise SystemExit(f"{name} did not ring.")
        time.sleep(0.005)
    return (time.perf_counter() - started) * 1000


def _line(delays: Sequence[float]) -> str:
    ordered = sorted(delays)
    return (
        f"{len(ordered)} | {_at(ordered, 0.5) / 1000:.2f} s | {_at(ordered, 0.95) / 1000:.2f} s "
        f"| {ordered[-1] / 1000:.2f} s | 5 s"
    )


if __name__ == "__main__":
    main()
