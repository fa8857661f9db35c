"""How soon a message posted to the webhook is on an open page, while others pour in.

    OCTAVO_DATA_DIR=var/bench .venv/bin/python -m benchmarks.live --rate 500 --seconds 30

Two sources are made for the run: into one brand signed batches flow at the rate asked for; to another, twice a second, a
message is posted alone. The open inbox of the other hears the event and asks for its rows, as the page does. Measured:
from the first byte of the post to the row that carries the message's words in what the page received. The load, the
server, the worker's database and the page share the machine.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import threading
import time
from datetime import UTC, datetime
from uuid import uuid4

from benchmarks.pages import _at, _ground, served

BATCH = 25


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=500, help="messages a second beside the measured ones")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--data", help="unused here; the same options go to every benchmark")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "octavo.site.settings")
    from octavo.site import options as settings
    from octavo.site import postgres

    server = postgres.ensure(settings.load())
    import django

    django.setup()
    cookie, *_ = _ground()
    _, path, secret = _source("Live bench")
    brand, probe_path, probe_secret = _source("Live bench, watched")
    with served(settings.load().web_processes) as (port, _parts):
        until = time.monotonic() + options.seconds + 3
        refused: list[int] = []
        sent = [0]
        load = threading.Thread(target=_pour, args=(port, path, secret, options.rate, until, refused, sent))
        load.start()
        time.sleep(3)
        delays = _probe(port, probe_path, probe_secret, cookie, brand, until)
        load.join()
    del server
    delays.sort()
    print("| messages a second (asked, accepted) | probes | p50 | p95 | slowest | target p95 |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    print(
        f"| {options.rate}, {sent[0] / (options.seconds + 3):.0f} | {len(delays)} | {_at(delays, 0.5):.0f} ms "
        f"| {_at(delays, 0.95):.0f} ms | {delays[-1]:.0f} ms | 1,000 ms |"
    )
    if refused:
        raise SystemExit(f"{len(refused)} batches were refused: {sorted(set(refused))}")


def _source(name: str) -> tuple[str, str, str]:
    """Of the brand of this name: its slug, address and secret of a webhook source made for this run."""
    from django.urls import reverse
    from django.utils.text import slugify

    from octavo.conversations.models import Brand
    from octavo.listen import sources

    brand, _ = Brand.objects.get_or_create(name=name, defaults={"slug": slugify(name)})
    made = sources.create(
        None, brand=brand, channel_name="webhook", name=f"Bench {uuid4().hex[:8]}", given={}, dedicated=True
    )
    return brand.slug, reverse("hook", args=[made.source.key]), made.secret


def _post(line: http.client.HTTPConnection, path: str, secret: str, messages: list[dict[str, object]]) -> int:
    from octavo.channels.webhook import sign

    body = json.dumps({"messages": messages}).encode()
    headers = {"Content-Type": "application/json", **sign(secret, body, datetime.now(UTC))}
    line.request("POST", path, body, headers)
    answer = line.getresponse()
    answer.read()
    return answer.status


def _pour(port: int, path: str, secret: str, rate: int, until: float, refused: list[int], sent: list[int]) -> None:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    turn, began = 0, time.monotonic()
    while time.monotonic() < until:
        messages = [
            {"id": str(uuid4()), "text": f"Ordinary message {turn} {n} about a late train", "lang": "en"}
            for n in range(BATCH)
        ]
        status = _post(line, path, secret, messages)
        if status == 202:
            sent[0] += BATCH
        else:
            refused.append(status)
        turn += 1
        pause = began + turn * BATCH / rate - time.monotonic()
        if pause > 0:
            time.sleep(pause)


def _probe(port: int, path: str, secret: str, cookie: str, brand: str, until: float) -> list[float]:
    """Milliseconds from post to page, one for each probe."""
    cookies = {"Cookie": f"sessionid={cookie}"}
    query = f"brand={brand}&sort=newest&about=any"
    page = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    page.request("GET", f"/inbox/?{query}", headers=cookies)
    seen = re.search(rb'data-live="[^"]*seen=(\d+)"', page.getresponse().read())
    assert seen, "the inbox names its stream, and the newest mention it knows, in data-live"
    stream = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    stream.request("GET", f"/live/?{query}&seen={seen[1].decode()}", headers=cookies)
    events = stream.getresponse()
    sender = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    delays = []
    while time.monotonic() < until:
        words = f"probe{uuid4().hex[:12]}"
        started = time.perf_counter()
        assert _post(sender, path, secret, [{"id": words, "text": f"{words} the lid came off", "lang": "en"}]) == 202
        while True:
            line = events.readline()
            if not line.startswith(b"event: changed") and not line.startswith(b"event: arrivals"):
                continue
            page.request("GET", f"/inbox/?{query}", headers={**cookies, "HX-Request": "true"})
            if words.encode() in page.getresponse().read():
                break
        delays.append((time.perf_counter() - started) * 1000)
        time.sleep(0.5)
    return delays


if __name__ == "__main__":
    main()
