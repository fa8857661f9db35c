"""The items of a file, one by one, each with where it ends; broken ones with the reason, never an exception."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from octavo.channels.file.sniff import Format, Shape
from octavo.channels.file.source import Limits


class Row(NamedTuple):
    """Item `number` (a line, or an item of an array, from 1), ending at byte `end` of the UTF-8 stream. `item` is None
    where it could not be read: `reason` then says why. `raw` is what was read, for the excerpt."""

    number: int
    end: int
    item: dict[str, Any] | None
    raw: Any
    reason: str = ""


class Position(NamedTuple):
    """Where to go on: a byte offset of the UTF-8 stream, and the number of the last line or item before it."""

    offset: int = 0
    number: int = 0


def rows(
    blocks: Iterator[bytes],
    shape: Shape,
    columns: tuple[str, ...],
    start: Position,
    limits: Limits,
    warnings: Counter[str],
) -> Iterator[Row]:
    """The items of a file of that shape from `start` on. `columns` names the cells of a delimited file."""
    match shape.format:
        case Format.JSON_LINES:
            return json_lines(blocks, start, limits, warnings)
        case Format.JSON_ARRAY:
            return json_items(blocks, shape.depth, start, limits, warnings)
        case Format.DELIMITED:
            return delimited(blocks, shape, columns, start, limits, warnings)


def lines(blocks: Iterator[bytes], offset: int, limit: int) -> Iterator[tuple[int, bytes, bool]]:
    """Lines without their newline: (offset after it, the line, whether it is whole). Of a line longer than `limit` only
    the beginning is given, and not more than a block above the limit is ever held."""
    rest = b""
    overlong = b""
    end = offset
    for block in blocks:
        if overlong:
            cut = block.find(b"\n")
            if cut < 0:
                end += len(block)
                continue
            end += cut + 1
            yield end, overlong, False
            overlong, block = b"", block[cut + 1 :]
        whole = (rest + block).split(b"\n")
        rest = whole.pop()
        for line in whole:
            end += len(line) + 1
            yield end, line, len(line) <= limit
        if len(rest) > limit:
            end += len(rest)
            overlong, rest = rest[:1000], b""
    if overlong:
        yield end, overlong, False
    elif rest:
        yield end + len(rest), rest, len(rest) <= limit


def json_lines(blocks: Iterator[bytes], start: Position, limits: Limits, warnings: Counter[str]) -> Iterator[Row]:
    number = start.number
    loads = orjson.loads
    for end, line, whole in lines(blocks, start.offset, limits.line):
        number += 1
        try:
            item = loads(line) if whole else None
        except orjson.JSONDecodeError:
            if not line.strip(b" \t\r\0"):
                continue
            yield mended(number, end, line, warnings)
            continue
        if item.__class__ is dict:
            yield Row(number, end, item, line)
        else:
            yield Row(number, end, None, line, "not an object" if whole else _too_long(limits))


def json_items(
    blocks: Iterator[bytes], depth: int, start: Position, limits: Limits, warnings: Counter[str]
) -> Iterator[Row]:
    """The objects of an array (`depth` 1), of an array within an object (2), or simply one after the other (0)."""
    return _Items(blocks, depth, start, limits, warnings).rows()


_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}"]', re.S)
_BETWEEN = re.compile(rb"[\s,\0]*")
_SCALAR = re.compile(rb'(?:"(?:[^"\\]|\\.)*+"|[^,\]"])+', re.S)
_OPENING = (re.compile(rb""), re.compile(rb"\s*\["), re.compile(rb'\s*\{\s*"[^"\\]{1,100}"\s*:\s*\['))
_NEXT_ITEM = re.compile(rb"(?:\}\s*,?|,)\s*(?=\{)")


class _Items:
    """Walks over a window of the file, never holding more than one item and two blocks.

    Where an item does not close (a quote is missing), or closes into nonsense, the walk goes on at the next place that
    looks like the beginning of an object, so that one bad item costs one item.
    """

    def __init__(
        self, blocks: Iterator[bytes], depth: int, start: Position, limits: Limits, warnings: Counter[str]
    ) -> None:
        self._blocks = blocks
        self._depth = depth
        self._start = start
        self._limits = limits
        self._warnings = warnings
        self._window = b""
        self._base = start.offset  # where the window begins in the stream
        self._at = 0  # where we are in the window

    def rows(self) -> Iterator[Row]:
        number = self._start.number
        if self._start.offset == 0:
            self._more()
            if opening := _OPENING[self._depth].match(self._window):
                self._at = opening.end()
        while self._at_item():
            if self._depth and self._window[self._at] == ord("]"):
                return
            number += 1
            item = self._flat()
            if item is not None:
                yield Row(number, self._base + self._at, item, item)
                continue
            raw, whole = self._next()
            end = self._base + self._at
            if not whole:
                yield Row(number, end, None, raw, _unclosed(raw, self._limits))
                continue
            try:
                item = orjson.loads(raw)
            except orjson.JSONDecodeError:
                row = mended(number, end, raw, self._warnings)
                if row.item is None and (boundary := _NEXT_ITEM.search(raw)):
                    self._at -= len(raw) - boundary.end()
                    raw = raw[: boundary.end()]
                    row = Row(number, self._base + self._at, None, raw, row.reason)
                yield row
                continue
            if isinstance(item, dict):
                yield Row(number, end, item, raw)
            else:
                yield Row(number, end, None, raw, "not an object")

    def _more(self) -> bool:
        """One more block in the window, what was read dropped from it; false at the end of the file."""
        block = next(self._blocks, b"")
        while not block:
            block = next(self._blocks, None) or b""
            if not block:
                return False
        self._window = self._window[self._at :] + block
        self._base += self._at
        self._at = 0
        return True

    def _at_item(self) -> bool:
        while True:
            between = _BETWEEN.match(self._window, self._at)
            assert between is not None
            self._at = between.end()
            if self._at < len(self._window):
                return True
            if not self._more():
                return False

    def _flat(self) -> dict[str, Any] | None:
        """The item at hand where it ends at the first closing brace, as most do: text that is JSON up to there is
        whole. Twice as fast as looking at every bracket."""
        end = self._window.find(b"}", self._at) + 1
        if not 0 < end - self._at <= self._limits.line or self._window[self._at] != ord("{"):
            return None
        try:
            item = orjson.loads(self._window[self._at : end])
        except orjson.JSONDecodeError:
            return None
        self._at = end
        return item if isinstance(item, dict) else None

    def _next(self) -> tuple[bytes, bool]:
        """The item at hand and whether it is whole; leaves the walk after it."""
        while True:
            end = self._end()
            if end:
                raw = self._window[self._at : end]
                self._at = end
                return raw, len(raw) <= self._limits.line
            if len(self._window) - self._at > self._limits.line or not self._more():
                return self._skip(), False

    def _end(self) -> int:
        """Where the item at hand closes in the window; 0 where it does not."""
        if self._window[self._at] != ord("{"):
            scalar = _SCALAR.match(self._window, self._at)
            stop = scalar.end() if scalar else self._at + 1
            return stop if stop < len(self._window) else 0
        level = 0
        for token in _TOKEN.finditer(self._window, self._at):
            sign = token[0]
            if sign in (b"{", b"["):
                level += 1
            elif sign in (b"}", b"]"):
                level -= 1
                if level == 0:
                    return token.end()
            elif sign == b'"':  # a string that the window does not close
                return 0
        return 0

    def _skip(self) -> bytes:
        """Passes the item that does not close; gives its beginning."""
        begin = self._window[self._at : self._at + 1000]
        while True:
            if boundary := _NEXT_ITEM.search(self._window, self._at + 1):
                raw = self._window[self._at : boundary.end()]
                self._at = boundary.end()
                return begin if len(raw) > len(begin) else raw
            # Keep a little, in case the boundary lies across two blocks.
            self._at = max(self._at, len(self._window) - 100)
            if not self._more():
                self._at = len(self._window)
                return begin


def delimited(
    blocks: Iterator[bytes],
    shape: Shape,
    columns: tuple[str, ...],
    start: Position,
    limits: Limits,
    warnings: Counter[str],
) -> Iterator[Row]:
    """The records of a CSV or TSV file. Numbers are lines; a record that begins with a quote never closed costs its
    first line only."""
    csv.field_size_limit(max(csv.field_size_limit(), limits.line * 2))
    feed = _Feed(lines(blocks, start.offset, limits.line), start, limits, warnings)
    heading = shape.header and start.offset == 0
    width = len(columns)
    reader = csv.reader(feed, delimiter=shape.delimiter)
    while True:
        feed.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (_Unreadable, csv.Error) as error:
            dropped = feed.drop(error)
            reader = csv.reader(feed, delimiter=shape.delimiter)
            yield Row(feed.number, feed.end, None, dropped, str(error))
            continue
        if heading:
            heading = False
            continue
        if not cells or (len(cells) == 1 and not cells[0].strip()):
            continue
        if len(cells) > width and any(cell.strip() for cell in cells[width:]):
            reason = f"{len(cells)} cells where the header has {width}"
            yield Row(feed.number, feed.end, None, shape.delimiter.join(cells), reason)
            continue
        yield Row(feed.number, feed.end, dict(zip(columns, cells, strict=False)), cells)


class _Unreadable(Exception):
    """A record cannot be had; the message is the reason. `line` is the line to blame, where it is not the record's
    first."""

    def __init__(self, reason: str, line: bytes = b"") -> None:
        super().__init__(reason)
        self.line = line


class _Feed:
    """Gives lines of text to csv.reader and remembers those of the record under way, so that a record which never
    closes can be given up without its followers. `number` and `end` are those of the last line given."""

    def __init__(
        self, source: Iterator[tuple[int, bytes, bool]], start: Position, limits: Limits, warnings: Counter[str]
    ) -> None:
        self._source = source
        self._limits = limits
        self._warnings = warnings
        self._record: list[tuple[int, bytes]] = []
        self._size = 0
        self._again: list[tuple[int, bytes]] = []  # lines to give once more, last first
        self.number = start.number
        self.end = start.offset

    def __iter__(self) -> _Feed:
        return self

    def begin(self) -> None:
        self._record.clear()
        self._size = 0

    def __next__(self) -> str:
        if self._again:
            self.end, line = self._again.pop()
        else:
            found = next(self._source, None)
            if found is None:
                if self._record:  # csv.reader would take the rest of the file for one cell
                    raise _Unreadable(_OPEN_QUOTE)
                raise StopIteration
            self.end, line, whole = found
            if not whole:
                self.number += 1
                raise _Unreadable(_too_long(self._limits), line)
        self.number += 1
        self._record.append((self.end, line))
        self._size += len(line)
        if self._size > self._limits.line:
            raise _Unreadable(_OPEN_QUOTE)
        try:
            return line.decode() + "\n"
        except UnicodeDecodeError:
            self._warnings["encoding_mended"] += 1
            return line.decode("cp1252", "replace") + "\n"

    def drop(self, error: Exception) -> bytes:
        """Gives up the first line of the record under way, or the line the error blames, and gives the others again."""
        if isinstance(error, _Unreadable) and error.line:
            return error.line  # the lines of an open record before it are given up with it
        self.end, dropped = self._record[0]
        self.number -= len(self._record) - 1
        self._again.extend(reversed(self._record[1:]))
        self.begin()
        return dropped


def mended(number: int, end: int, raw: bytes, warnings: Counter[str]) -> Row:
    """An object that the strict reader refuses, read with more patience: wrong bytes as Windows-1252, raw control
    characters, lone surrogates. What still cannot be read is set aside."""
    try:
        text = raw.decode()
        was_utf8 = True
    except UnicodeDecodeError:
        text, was_utf8 = raw.decode("cp1252", "replace"), False
    try:
        item = json.loads(text.strip("\ufeff \t\r\0"), strict=False)
    except (ValueError, RecursionError) as error:
        reason = f"not JSON: {error.msg}" if isinstance(error, json.JSONDecodeError) else "not JSON"
        return Row(number, end, None, raw, reason)
    if not isinstance(item, dict):
        return Row(number, end, None, raw, "not an object")
    if not was_utf8:
        warnings["encoding_mended"] += 1
    return Row(number, end, item, raw)


_OPEN_QUOTE = "a quote is opened and never closed"


def _too_long(limits: Limits) -> str:
    return f"longer than {limits.line:,} bytes"


def _unclosed(raw: bytes, limits: Limits) -> str:
    return _too_long(limits) if len(raw) >= 1000 else "the item is not closed"
