"""A file of messages, opened: what it seems to be, and its posts in batches."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from octavo.channels.dates import AHEAD, DateReader
from octavo.channels.file.mapping import ColumnMapping, flat, guess
from octavo.channels.file.rows import Position, rows
from octavo.channels.file.sniff import Format, Shape, encoding_of, shape_of
from octavo.channels.file.source import BLOCK, Limits, Source
from octavo.channels.item import ItemError, ItemReader, reject
from octavo.channels.trouble import ChannelError, Trouble
from octavo.kit import clock
from octavo.kit.garbage import collecting_later
from octavo.kit.text import excerpt
from octavo.vocabulary import Post, Reject

SAMPLE_ROWS = 1000
"""Items looked at to guess columns and the order of day and month."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a person may say about a file; everything left alone is guessed.

    `columns` is field to column (`{"text": "tweet_text"}`; a dotted path in JSON; "" leaves a field empty). `zone`
    holds for dates that name none. `channel` and `brand` hold for items that name none.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    zone: tzinfo = UTC
    day_first: bool | None = None
    html: bool | None = None
    channel: str = "file"
    brand: str = ""
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Batch:
    """Posts in the order of the file, what was set aside, and where to go on after a crash.

    `bytes_read` counts bytes of the file itself (compressed ones, if it is compressed), out of
    `FileReader.total_bytes`. `warnings` counts what was mended in this batch: see `ItemReader`, and `encoding_mended`,
    `repeated`."""

    posts: Sequence[Post]
    rejects: Sequence[Reject]
    position: Position
    bytes_read: int
    warnings: Mapping[str, int]


def open_file(file: str | Path | BinaryIO, options: Options | None = None) -> FileReader:
    """Opens a file of messages: a path, or a binary stream (one that cannot seek is copied to a temporary file).

    Raises `ChannelError`, never retryable: EMPTY, WRONG_TYPE, NOT_FOUND, FORBIDDEN, UNKNOWN_ENCODING, TOO_MANY_COLUMNS,
    UNKNOWN_COLUMN, COMPRESSED_BOMB.
    """
    return FileReader(file, options or Options())


class FileReader:
    """An opened file: `shape`, `columns`, `mapping` and `total_bytes` are known at once; `batches` reads it."""

    def __init__(self, file: str | Path | BinaryIO, options: Options) -> None:
        self._options = options
        self._source = Source(file, options.limits)
        try:
            head = self._source.head()
            encoding = options.encoding or encoding_of(head, whole=len(head) < BLOCK)
            text = _decoded(head, encoding)
            self._old_newlines = "\n" not in text and "\r" in text
            if self._old_newlines:
                text = text.replace("\r", "\n")
            self.shape: Shape = shape_of(text, encoding, delimiter=options.delimiter, header=options.header)
            self.columns: tuple[str, ...] = self._header(text) if self.shape.format is Format.DELIMITED else ()
            sample = [flat(row) for row in self._sample()]
            if not self.columns:
                self.columns = tuple(dict.fromkeys(path for row in sample for path in row))[: options.limits.columns]
            self.mapping: ColumnMapping = guess(
                sample,
                (*self.columns, *self._unseen_paths()),
                told=options.columns,
                told_day_first=options.day_first,
                told_html=options.html,
            )
        except BaseException:
            self._source.close()
            raise

    @property
    def total_bytes(self) -> int:
        return self._source.total_bytes

    def __enter__(self) -> FileReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file, where it was opened here."""
        self._source.close()

    def batches(self, *, size: int = 5000, start: Position | None = None) -> Iterator[Batch]:
        """The file's posts, `size` items a batch, from `start` (the beginning) on.

        Within a batch no two posts have the same brand, channel and id: a repeated message is dropped, a newer edition
        replaces the older, another text under the same id is set aside. Raises `ChannelError`: NO_TEXT where no column
        holds the text, COMPRESSED_BOMB.
        """
        if "text" not in self.mapping.fields:
            detail = f"columns: {excerpt(', '.join(self.columns), 500)}"
            raise ChannelError(Trouble.NO_TEXT, detail=detail, retry=False)
        reader = self._item_reader()
        position = start or Position()
        found = self._rows(position, reader.warnings)
        told: Counter[str] = Counter()
        while True:
            gathered = _Gathered(reader.warnings)
            taken = 0
            number, end = position.number, position.offset
            with collecting_later():
                for number, end, item, raw, reason in islice(found, size):  # noqa: B007 (the last `end` counts)
                    taken += 1
                    if item is None:
                        gathered.rejects.append(reject(number, reason, raw))
                        continue
                    try:
                        gathered.add(reader.post(item, number), number)
                    except ItemError as error:
                        gathered.rejects.append(reject(number, str(error), raw))
            position = Position(end, number)
            last = taken < size
            if last and self._source.broken:
                gathered.rejects.append(reject(position.number + 1, self._source.broken))
            if taken or gathered.rejects:
                new = reader.warnings - told
                told = reader.warnings.copy()
                read = self._source.total_bytes if last else self._source.bytes_read
                yield Batch(list(gathered.posts.values()), gathered.rejects, position, read, dict(new))
            if last:
                return

    def _item_reader(self) -> ItemReader:
        return ItemReader(
            self.mapping.columns,
            channel=self._options.channel,
            brand=self._options.brand,
            dates=DateReader(clock.now() + AHEAD, self._options.zone, self.mapping.day_first),
            html=self.mapping.html,
            unescape=self.mapping.unescape,
        )

    def _rows(self, start: Position, warnings: Counter[str]) -> Iterator[Any]:
        blocks = self._source.blocks(self.shape.encoding, start.offset, old_newlines=self._old_newlines)
        return rows(blocks, self.shape, self.columns, start, self._options.limits, warnings)

    def _sample(self) -> list[dict[str, Any]]:
        found = islice(self._rows(Position(), Counter()), SAMPLE_ROWS)
        return [row.item for row in found if row.item is not None]

    def _header(self, text: str) -> tuple[str, ...]:
        """The names of the columns; `column 3` where the file names none."""
        csv.field_size_limit(max(csv.field_size_limit(), self._options.limits.line * 2))
        lines = (line + "\n" for line in text.lstrip("\ufeff").split("\n"))
        try:
            first = next(row for row in csv.reader(lines, delimiter=self.shape.delimiter) if row)
        except (csv.Error, StopIteration) as error:
            raise ChannelError(Trouble.MALFORMED, detail="the first line cannot be read", retry=False) from error
        if len(first) > self._options.limits.columns:
            detail = f"{len(first)} columns, {self._options.limits.columns} allowed"
            raise ChannelError(Trouble.TOO_MANY_COLUMNS, detail=detail, retry=False)
        names: dict[str, None] = {}
        for number, cell in enumerate(first, start=1):
            name = excerpt(cell, 100) if self.shape.header else ""
            name = name or f"column {number}"
            names[name if name not in names else f"{name} ({number})"] = None
        return tuple(names)

    def _unseen_paths(self) -> tuple[str, ...]:
        """Paths a person named that the first items of a JSON file do not hold: later ones may."""
        if self.shape.format is Format.DELIMITED:
            return ()
        return tuple(path for path in self._options.columns.values() if path and path not in self.columns)


class _Gathered:
    """The posts of one batch, each id once."""

    def __init__(self, warnings: Counter[str]) -> None:
        self.posts: dict[tuple[str, str, str], Post] = {}
        self.rejects: list[Reject] = []
        self._warnings = warnings

    def add(self, post: Post, number: int) -> None:
        key = (post.external_id, post.channel, post.brand)
        kept = self.posts.setdefault(key, post)
        if kept is post:
            return
        if post.deleted or _edition(post) > _edition(kept):
            self.posts[key] = post
        elif kept.text == post.text or _edition(post) < _edition(kept):
            self._warnings["repeated"] += 1
        else:
            self.rejects.append(reject(number, "another text under an id that was used before", post.text))


def _edition(post: Post) -> float:
    return post.edited_at.timestamp() if post.edited_at else 0.0


def _decoded(head: bytes, encoding: str) -> str:
    try:
        return head.decode(encoding, "replace").lstrip("\ufeff")
    except LookupError as error:
        raise ChannelError(Trouble.UNKNOWN_ENCODING, detail=excerpt(encoding, 60), retry=False) from error
