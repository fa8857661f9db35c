"""What gathering costs while messages are read again: `OCTAVO_DATA_DIR=var/bench python -m benchmarks.stories`.

Messages of the corpus are received for a brand of their own and read again by `flow.handle`; the time spent in
`conversations.gather.take` is counted apart. Everything is taken back in the end.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest import mock

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "octavo.site.settings")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=6_000)
    chosen = parser.parse_args()

    from octavo.site import options, postgres

    server = postgres.ensure(options.load())  # held until the end

    import django

    django.setup()
    from django.core.management import call_command
    from django.db import transaction

    call_command("migrate", verbosity=0)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start\n")
    with transaction.atomic():
        measure(chosen.messages)
        transaction.set_rollback(True)
    del server


def measure(messages: int) -> None:
    from octavo import flow
    from octavo.conversations import gather
    from octavo.conversations.models import Brand, Story
    from octavo.kit import clock
    from octavo.listen.models import Source
    from octavo.vocabulary import Author, Post
    from training import corpus

    brand = Brand.objects.create(name="Bench of stories", slug="bench-of-stories")
    # From a source of its own everything is about the brand, at the second reading too.
    source = Source.objects.create(brand=brand, channel="webhook", name="bench", dedicated=True)
    texts = [example.text for example in corpus.load()]
    now = clock.now()
    posts = [
        Post(
            channel="file", external_id=f"bench-{n}", text=texts[n % len(texts)], author=Author(handle=f"a{n % 997}"),
            created_at=now - timedelta(seconds=30 * (messages - n)),
        )
        for n in range(messages)
    ]  # fmt: skip
    new: list[int] = []
    for start in range(0, messages, 1000):
        new += flow.receive(posts[start : start + 1000], brand=brand, origin=source.pk, dedicated=True).new
    spent = Timer(gather.take)
    started, wall = time.process_time(), time.perf_counter()
    with mock.patch.object(gather, "take", spent):
        for start in range(0, len(new), flow.HANDLE_AT_ONCE):
            flow.handle(new[start : start + flow.HANDLE_AT_ONCE])
    whole, whole_wall = time.process_time() - started, time.perf_counter() - wall
    states = dict(Story.objects.filter(brand=brand).values_list("state").order_by().annotate(n=_count()))
    print("| what | ours, processor | with the database, wall |")
    print("| --- | ---: | ---: |")
    print(
        f"| messages a second read again, stories included | {messages / whole:,.0f} | {messages / whole_wall:,.0f} |"
    )
    print(f"| messages a second gathered | {messages / spent.processor:,.0f} | {messages / spent.wall:,.0f} |")
    print(f"| share of reading again | {spent.processor / whole:.0%} | {spent.wall / whole_wall:.0%} |")
    print(f"\n{messages:,} messages: {states.get('living', 0):,} stories, {states.get('seed', 0):,} seeds.")


def _count() -> Any:
    from django.db.models import Count

    return Count("pk")


class Timer:
    """A function that counts what it takes."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.processor, self.wall = function, 0.0, 0.0

    def __call__(self, *given: Any) -> Any:
        processor, wall = time.process_time(), time.perf_counter()
        try:
            return self.function(*given)
        finally:
            self.processor += time.process_time() - processor
            self.wall += time.perf_counter() - wall


if __name__ == "__main__":
    main()
