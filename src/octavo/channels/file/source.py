"""A file as a stream of UTF-8 blocks, whatever it was: plain or gzip, in whichever encoding.

Offsets count bytes of that stream, so a position means the same each time the file is opened.
"""

from __future__ import annotations

import codecs
import io
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

from octavo.channels.trouble import ChannelError, Trouble

BLOCK = 1 << 18
_GZIP = b"\x1f\x8b"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_SLICE = 4096
_GRACE = 64 * 1024 * 1024  # decompressed bytes before the ratio is looked at: small files may be one repeated line


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a file may ask for. Sizes in bytes after decompression; `ratio` is decompressed to compressed."""

    line: int = 1_000_000
    total: int = 64 * 1024**3
    ratio: float = 200.0
    columns: int = 1000


class Source:
    """An opened file. `blocks` may be called again and starts over; `bytes_read` counts the file's own bytes."""

    def __init__(self, file: str | Path | BinaryIO, limits: Limits) -> None:
        self._limits = limits
        self._stream, self._own = _seekable(file)
        self._start = self._stream.tell()
        self.total_bytes = self._stream.seek(0, io.SEEK_END) - self._start
        self._stream.seek(self._start)
        magic = self._stream.read(4)
        if not magic:
            raise ChannelError(Trouble.EMPTY, detail="the file holds no byte", retry=False)
        if magic in _ZIP:
            raise ChannelError(Trouble.WRONG_TYPE, detail="a zip archive or a spreadsheet: export as CSV", retry=False)
        self.gzip = magic.startswith(_GZIP)
        self.bytes_read = 0
        self.broken = ""
        """Why the stream ended early, where it did: everything before the break has been given."""

    def close(self) -> None:
        if self._own:
            self._stream.close()

    def head(self, size: int = BLOCK) -> bytes:
        """The first `size` bytes, decompressed, not decoded."""
        parts, length = [], 0
        for block in self._unpacked():
            parts.append(block)
            length += len(block)
            if length >= size:
                break
        return b"".join(parts)[:size]

    def blocks(self, encoding: str, offset: int = 0, *, old_newlines: bool = False) -> Iterator[bytes]:
        """The file in UTF-8 from `offset` on. Raises `ChannelError(COMPRESSED_BOMB)`. `old_newlines`: lines end with a
        carriage return alone, as some spreadsheets still write them."""
        blocks = self._utf8(encoding, offset)
        return (block.replace(b"\r", b"\n") for block in blocks) if old_newlines else blocks

    def _utf8(self, encoding: str, offset: int) -> Iterator[bytes]:
        self.broken = ""
        if encoding in ("utf-8", "ascii", "utf-8-sig"):
            bom = len(codecs.BOM_UTF8) if encoding == "utf-8-sig" else 0
            yield from _skip(self._unpacked(skip=0 if self.gzip else offset + bom), offset + bom if self.gzip else 0)
        else:
            yield from _skip(self._transcoded(encoding), offset)

    def _transcoded(self, encoding: str) -> Iterator[bytes]:
        decode = codecs.getincrementaldecoder(encoding)("replace").decode
        for block in self._unpacked():
            yield decode(block).encode("utf-8", "replace")
        yield decode(b"", True).encode("utf-8", "replace")

    def _unpacked(self, skip: int = 0) -> Iterator[bytes]:
        self._stream.seek(self._start + skip)
        self.bytes_read = min(skip, self.total_bytes)
        return self._gunzipped() if self.gzip else self._raw()

    def _raw(self) -> Iterator[bytes]:
        while block := self._stream.read(BLOCK):
            self.bytes_read += len(block)
            yield block

    def _gunzipped(self) -> Iterator[bytes]:
        """Every member of the gzip file; a break in it ends the stream and is told by `broken`."""
        made = 0
        unpack = zlib.decompressobj(wbits=31)
        fresh = True  # no byte of the present member seen yet
        for block in self._slices():
            while block:
                if fresh and not block.strip(b"\0"):
                    return  # zeros after the last member are padding (tapes, tar)
                fresh = False
                try:
                    # max_length bounds memory: a few bytes may unpack to a thousand times as many.
                    out = unpack.decompress(block, BLOCK)
                except zlib.error as error:
                    self.broken = f"the compressed file is damaged: {error}"
                    return
                made += len(out)
                self._check(made)
                if out:
                    yield out
                if unpack.eof:
                    block = unpack.unused_data
                    unpack, fresh = zlib.decompressobj(wbits=31), True
                else:
                    block = unpack.unconsumed_tail
        if not fresh:
            self.broken = "the compressed file is cut off"

    def _slices(self) -> Iterator[bytes]:
        """Small pieces, since what a damaged piece would have given before the damage is lost with it."""
        for block in self._raw():
            for begin in range(0, len(block), _SLICE):
                yield block[begin : begin + _SLICE]

    def _check(self, made: int) -> None:
        if made > self._limits.total:
            raise ChannelError(Trouble.COMPRESSED_BOMB, detail=f"more than {self._limits.total} bytes", retry=False)
        if made > _GRACE and made > self.bytes_read * self._limits.ratio:
            detail = f"{self.bytes_read} bytes became more than {made}"
            raise ChannelError(Trouble.COMPRESSED_BOMB, detail=detail, retry=False)


def _seekable(file: str | Path | BinaryIO) -> tuple[BinaryIO, bool]:
    """The file as a stream that can start over, and whether it is ours to close."""
    if isinstance(file, str | Path):
        try:
            return Path(file).open("rb"), True
        except FileNotFoundError as error:
            raise ChannelError(Trouble.NOT_FOUND, detail=str(error), retry=False) from error
        except OSError as error:
            raise ChannelError(Trouble.FORBIDDEN, detail=str(error), retry=False) from error
    if file.seekable():
        return file, False
    # A pipe is read into a temporary file first: guessing the columns, and resuming, both need the start again.
    spool: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=1 << 24)  # noqa: SIM115
    while block := file.read(BLOCK):
        spool.write(block)
    spool.seek(0)
    return cast(BinaryIO, spool), True


def _skip(blocks: Iterator[bytes], offset: int) -> Iterator[bytes]:
    for block in blocks:
        if offset >= len(block):
            offset -= len(block)
            continue
        yield block[offset:] if offset else block
        offset = 0
