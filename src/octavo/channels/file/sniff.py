"""What a file is, told from its first bytes: encoding, format, delimiter, header."""

from __future__ import annotations

import codecs
import csv
import re
from dataclasses import dataclass
from enum import StrEnum

import charset_normalizer
import orjson

from octavo.channels.trouble import ChannelError, Trouble
from octavo.kit.text import fold


class Format(StrEnum):
    JSON_LINES = "jsonl"
    JSON_ARRAY = "json"
    DELIMITED = "csv"


@dataclass(frozen=True, slots=True)
class Shape:
    """`delimiter` and `header` matter for delimited files; `start` is where the first item is looked for, in bytes of
    the UTF-8 stream; `depth` is how many brackets stand around an item of a JSON file."""

    format: Format
    encoding: str
    delimiter: str = ","
    header: bool = True
    depth: int = 0


_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WRAPPED = re.compile(r'\s*\{\s*"[^"\\]{1,100}"\s*:\s*\[\s*[{\]]')
_DELIMITERS = ",;\t|"
_SAMPLE = 64 * 1024


def encoding_of(head: bytes, *, whole: bool) -> str:
    """The encoding of a file that begins with `head`; `whole` where that is all of it."""
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    if name := _without_bom(head):
        return name
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, whole)
        return "utf-8"
    except UnicodeDecodeError as error:
        # One wrong line in a UTF-8 file is that line's trouble: nothing but UTF-8 holds this many valid sequences.
        if _mostly_utf8(head) or error.start > len(head) - 4:
            return "utf-8"
    return _legacy(head)


def shape_of(text: str, encoding: str, *, delimiter: str | None, header: bool | None) -> Shape:
    """The format of a file whose first characters are `text`. Raises `ChannelError`: EMPTY, WRONG_TYPE."""
    stripped = text.lstrip("\ufeff \t\r\n\0")
    if not stripped:
        raise ChannelError(Trouble.EMPTY, detail="the file holds no text", retry=False)
    if delimiter is None:
        if stripped[0] == "[":
            return Shape(Format.JSON_ARRAY, encoding, depth=1)
        if stripped[0] == "{":
            if _WRAPPED.match(stripped) and not _first_line_is_item(stripped):
                return Shape(Format.JSON_ARRAY, encoding, depth=2)
            if _has_json_line(stripped):
                return Shape(Format.JSON_LINES, encoding)
            if _has_object_end(stripped):
                return Shape(Format.JSON_ARRAY, encoding, depth=0)
            return Shape(Format.JSON_LINES, encoding)
    _refuse_binary(stripped)
    if delimiter is None and _has_json_line(stripped):
        return Shape(Format.JSON_LINES, encoding)  # the first line is broken, the others are not
    delimiter = delimiter or _delimiter(stripped)
    return Shape(Format.DELIMITED, encoding, delimiter, _has_header(stripped, delimiter) if header is None else header)


def _without_bom(head: bytes) -> str:
    """UTF-16 written without its mark shows as a zero in every other byte of a mostly western text."""
    sample = head[:4000]
    half = len(sample) // 2
    if half < 8:
        return ""
    if sample[1::2].count(0) > 0.6 * half and sample[::2].count(0) < 0.1 * half:
        return "utf-16-le"
    if sample[::2].count(0) > 0.6 * half and sample[1::2].count(0) < 0.1 * half:
        return "utf-16-be"
    return ""


def _mostly_utf8(head: bytes) -> bool:
    text = head.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    right = sum(1 for character in text if character > "\x7f") - wrong
    return right > wrong


def _legacy(head: bytes) -> str:
    """Western files are Windows-1252 (which holds Latin-1's letters); others are guessed."""
    sample = head[:_SAMPLE]
    best = charset_normalizer.from_bytes(sample).best()
    name = codecs.lookup(best.encoding).name if best else "cp1252"
    # On short western text the guesser wavers between a dozen code pages that share the letters; it is trusted only
    # where it names another script.
    letters = [character for character in str(best) if character > "\x7f" and character.isalpha()]
    western = sum(1 for character in letters if character < "\u0250")
    if letters and western < 0.5 * len(letters):
        return name
    as_mac, as_windows = sample.decode("mac-roman"), sample.decode("cp1252", "replace")
    return "mac-roman" if _accented(as_mac) > 2 * _accented(as_windows) else "cp1252"


def _accented(text: str) -> int:
    return len(re.findall("[àâäçéèêëîïôöùûüÀÂÄÇÉÈÊËÎÏÔÖÙÛÜìòßñ]", text))


def _refuse_binary(text: str) -> None:
    sample = text[:4000]
    strange = sum(1 for character in sample if character < " " and character not in "\t\r\n\x0b\x0c\0")
    if sample.startswith("%PDF") or strange > 0.05 * len(sample):
        raise ChannelError(Trouble.WRONG_TYPE, detail="not a text file", retry=False)


def _has_json_line(text: str) -> bool:
    lines = text.split("\n", 50)[:50]
    return any(line.lstrip().startswith("{") and isinstance(_json(line), dict) for line in lines)


def _first_line_is_item(text: str) -> bool:
    """Whether the first line is an object of its own that merely begins with a list."""
    first, _, rest = text.partition("\n")
    return isinstance(item := _json(first), dict) and (bool(rest.strip()) or "text" in item)


def _has_object_end(text: str) -> bool:
    """Whether an object written over several lines closes, or may close further on."""
    return re.match(r'\{\s*\n\s*"', text) is not None


def _json(line: str) -> object:
    try:
        return orjson.loads(line)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return None


def _delimiter(text: str) -> str:
    """The delimiter that splits the most first lines into the same number (above one) of cells."""
    lines = text[:_SAMPLE].splitlines()[:-1] or text.splitlines()
    best, best_score = ",", 0.0
    for candidate in _DELIMITERS:
        widths = [len(row) for row in _records(lines[:200], candidate)]
        if not widths or widths[0] < 2:
            continue
        score = sum(1 for width in widths if width == widths[0]) / len(widths) * min(widths[0], 12) ** 0.5
        if score > best_score:
            best, best_score = candidate, score
    return best


def _has_header(text: str, delimiter: str) -> bool:
    """Whether the first record names columns: short, distinct, not numbers, dates or prose."""
    records = list(_records(text[:_SAMPLE].splitlines()[:50], delimiter))
    if not records:
        return False
    first = [cell.strip() for cell in records[0]]
    names = [fold(cell) for cell in first]
    if len(set(names)) < len(names) - sum(1 for name in names if not name):
        return False
    filled = [cell for cell in first if cell]
    if not filled or any(len(cell) > 80 or cell.endswith((".", "!", "?")) for cell in filled):
        return False
    if any(re.match(r"[@#]|https?://|[-+]?\d", cell) for cell in filled):
        return False
    if len(first) == 1:  # a list of texts: a header is one or two words
        return len(first[0].split()) <= 2
    return sum(len(cell.split()) for cell in filled) / len(filled) <= 4


def _records(lines: list[str], delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader((line + "\n" for line in lines), delimiter=delimiter):
            if row:
                rows.append(row)
    except csv.Error:
        pass
    return rows
