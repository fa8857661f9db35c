"""Lives a stream through in the running application's own steps and lists what rang: `python -m evaluation.replay --data ../shared/data`.

The clock is the stream's: each minute's messages are received as the flow receives them, every five minutes is looked around,
in a database of its own that is thrown away. Prints one line an alert, with its reason in words; never a message.
With `--show` the first messages of each alert are printed too, for whoever judges them here.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import time_machine

if TYPE_CHECKING:
    from octavo.vocabulary import Post

MINUTE, BIN = timedelta(minutes=1), timedelta(minutes=5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the data sets")
    parser.add_argument("--stream", default="airlines_2015.jsonl")
    parser.add_argument("--days", type=float, default=1000.0, help="of the stream's beginning")
    parser.add_argument("--tier", default="fast", help="the tier that reads again, if another than the first")
    parser.add_argument("--show", type=int, default=0, help="messages of each alert to print")
    chosen = parser.parse_args()
    file = chosen.data / "streams" / chosen.stream
    if not file.is_file():
        raise SystemExit(f"{file} is not there; name the folder of data sets with --data.")
    # A server's socket needs a short path, and its data no place among a person's.
    folder = Path(tempfile.mkdtemp(prefix="octavo-replay-"))
    os.environ |= {
        "OCTAVO_DATA_DIR": str(folder),
        "OCTAVO_LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "octavo.site.settings",
    }
    try:
        server = _begin()
        for line in replay(file, days=chosen.days, tier=chosen.tier, show=chosen.show):
            print(line, flush=True)
        server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _begin():  # type: ignore[no-untyped-def] # the wheel's server has no types
    from octavo.site import options, postgres

    server = postgres.ensure(options.load(), for_tests=True)
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    return server


def replay(file: Path, *, days: float, tier: str, show: int) -> Iterator[str]:
    """Live through a file of messages; gives lines of what rang."""
    from octavo import flow
    from octavo.alert import rounds
    from octavo.conversations.models import Brand, Mention
    from octavo.understand import Tier

    posts = sorted(_posts(file), key=_moment)
    first = _moment(posts[0])
    posts = [post for post in posts if _moment(post) < first + timedelta(days=days)]
    brands = {
        name: Brand.objects.create(name=name, slug=f"b{number}")
        for number, name in enumerate(sorted({post.brand for post in posts}))
    }
    heard: set[str] = set()
    at = first
    with time_machine.travel(first, tick=False) as travelling:
        for minute, group in groupby(posts, key=lambda post: _floor(_moment(post), MINUTE)):
            while _floor(at, BIN) < _floor(minute, BIN):  # the bins that have ended by now
                at = _floor(at, BIN) + BIN
                travelling.move_to(at + timedelta(seconds=25))
                for name in heard:
                    rounds.look(brands[name].pk, [])
                heard.clear()
            at = minute
            travelling.move_to(minute + MINUTE)
            due = list(group)
            for name in dict.fromkeys(post.brand for post in due):
                received = flow.receive(
                    [p for p in due if p.brand == name],
                    brand=brands[name],
                    dedicated=True,
                    careful=Tier.DEFAULT if tier == Tier.FAST else Tier(tier),
                )
                if tier != Tier.FAST:
                    flow.handle(received.waiting, tier=Tier(tier))
                heard.add(name)
    yield f"{len(posts)} messages of {len(brands)} brands, {Mention.objects.count()} kept, {(at - first) / timedelta(days=1):.1f} days"
    yield from listed(show)


def listed(show: int) -> Iterator[str]:
    """One line for each alert, by brand and time."""
    from octavo.alert import words
    from octavo.alert.models import Alert
    from octavo.conversations.models import Mention

    for alert in Alert.objects.select_related("brand", "rule").order_by("brand__name", "opened_at"):
        waited = (alert.opened_at - alert.first_signal_at) / MINUTE
        yield (
            f"| {alert.brand.name} | {alert.opened_at:%d %b %H:%M} | {alert.rule.kind} | {alert.severity} | {alert.rings} "
            f"| {alert.members.count()} | {waited:.0f} | {words.reason(alert)} |"
        )
        for mention in Mention.objects.filter(pk__in=alert.members.values("mention")).order_by("published_at")[:show]:
            yield f"      {mention.published_at:%d %H:%M} {mention.register} {mention.text[:180]!r}"


def _posts(file: Path) -> Sequence[Post]:
    from octavo.channels import file as files

    with files.open_file(file, {}) as reader:
        return [item for batch in reader.batches(size=1000) for item in batch.posts]


def _moment(post: Post) -> datetime:
    assert post.created_at is not None
    return post.created_at.astimezone(UTC)


def _floor(at: datetime, step: timedelta) -> datetime:
    return at - timedelta(seconds=at.timestamp() % step.total_seconds())


if __name__ == "__main__":
    main()
