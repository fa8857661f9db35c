"""Strings from outside, made fit to be stored, shown and compared."""

from __future__ import annotations

import re
import unicodedata

REPLACEMENT = "\ufffd"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def storable(text: str) -> str:
    """`text` with each character no database takes (NUL, lone surrogates) shown as U+FFFD, so that offsets stay."""
    if text.isascii():
        return text.replace("\0", REPLACEMENT) if "\0" in text else text
    try:
        text.encode()  # far cheaper than a regular expression over text that is nearly always sound
    except UnicodeEncodeError:
        return _UNSTORABLE.sub(REPLACEMENT, text)
    return text.replace("\0", REPLACEMENT) if "\0" in text else text


def excerpt(text: str | bytes, limit: int = 200) -> str:
    """At most `limit` characters of something that may be anything, on one line, storable."""
    if isinstance(text, bytes):
        text = text[: limit * 4].decode("utf-8", "replace")
    line = " ".join(storable(text[: limit * 4]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def fold(name: str) -> str:
    """A name as a key: `Author.screenName`, `author screen-name` and `AUTHOR_SCREEN_NAME` alike give
    `author_screen_name`; accents are dropped (`Créé le` gives `cree_le`)."""
    plain = unicodedata.normalize("NFKD", _CAMEL.sub("_", name))
    ascii_only = "".join(character for character in plain if not unicodedata.combining(character))
    return _NOT_WORD.sub("_", ascii_only.casefold()).strip("_")
