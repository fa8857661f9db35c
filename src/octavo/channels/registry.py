"""The channels there are. Adding one: a folder (code, README, samples, tests) and one line here."""

from __future__ import annotations

from octavo.channels.contract import Describes
from octavo.channels.file import FileChannel
from octavo.channels.rss import RssChannel
from octavo.channels.webhook import WebhookChannel

CHANNELS: dict[str, Describes] = {
    "file": FileChannel(),
    "rss": RssChannel(),
    "webhook": WebhookChannel(),
}


def channel(name: str) -> Describes:
    """The channel of that name; raises KeyError. Ask what it can do with `isinstance(it, Listens)` or `Receives`."""
    return CHANNELS[name]
