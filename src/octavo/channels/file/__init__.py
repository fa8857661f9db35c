"""File: messages somebody exported, in JSON Lines, JSON, CSV or TSV. See README.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from zoneinfo import ZoneInfo

from octavo.channels.contract import Capability
from octavo.channels.file.mapping import ColumnMapping, Guess
from octavo.channels.file.reader import Batch, FileReader, Options, open_file
from octavo.channels.file.replay import parse_speed, replay, schedule
from octavo.channels.file.rows import Position
from octavo.channels.file.source import Limits
from octavo.channels.settings import Kind, setting
from octavo.channels.trouble import ChannelError, Trouble
from octavo.vocabulary import Listened

__all__ = [
    "Batch",
    "ColumnMapping",
    "FileChannel",
    "FileReader",
    "FileSettings",
    "Guess",
    "Limits",
    "Options",
    "Position",
    "open_file",
    "parse_speed",
    "replay",
    "schedule",
]


@dataclass(frozen=True, slots=True)
class FileSettings:
    """`path` is a file of this machine, so these settings come from a command or an upload, never from a page's form.
    `columns` is field to column."""

    path: str = setting(Kind.PATH)
    columns: Mapping[str, str] = setting(Kind.MAPPING, default={})
    encoding: str = setting(Kind.ENCODING, default="")
    timezone: str = setting(Kind.TEXT, default="UTC")
    brand: str = setting(Kind.TEXT, default="")
    channel: str = setting(Kind.TEXT, default="file")


class FileChannel:
    """Reads a file once, in turns of `limit` items, so that an import can stop and go on."""

    name = "file"
    capabilities = frozenset({Capability.IMPORT})
    settings = FileSettings

    def listen(
        self, settings: FileSettings, cursor: Mapping[str, object], *, limit: int, allow_private: bool = False
    ) -> Listened:
        """The next `limit` items; the cursor is `{"offset", "number"}`."""
        start = Position(*(_natural(cursor.get(key)) for key in Position._fields))
        with open_file(settings.path, options_of(settings)) as reader:
            batches = reader.batches(size=limit, start=start)
            batch = next(batches, None)
            if batch is None:
                return Listened((), cursor=start._asdict())
            # Whether more follows is known only by looking: a batch may hold fewer posts than the items it took.
            more = next(reader.batches(size=1, start=batch.position), None) is not None
        return Listened(batch.posts, batch.rejects, cursor=batch.position._asdict(), more=more)

    def test(self, settings: FileSettings, *, allow_private: bool = False) -> Listened:
        """The first five posts: the last five of a large file would mean reading it all."""
        with open_file(settings.path, options_of(settings)) as reader:
            batch = next(reader.batches(size=5), None)
        return Listened(tuple(islice(batch.posts, 5)), batch.rejects) if batch else Listened(())


def options_of(settings: FileSettings) -> Options:
    """How to open the file of these settings; raises `ChannelError(BAD_SETTINGS)` for an unknown time zone."""
    try:
        zone = ZoneInfo(settings.timezone)
    except (ValueError, OSError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise ChannelError(Trouble.BAD_SETTINGS, detail="timezone: unknown", retry=False) from error
    except KeyError as error:
        raise ChannelError(Trouble.BAD_SETTINGS, detail="timezone: unknown", retry=False) from error
    return Options(
        columns=settings.columns,
        encoding=settings.encoding or None,
        zone=zone,
        brand=settings.brand,
        channel=settings.channel,
    )


def _natural(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0
