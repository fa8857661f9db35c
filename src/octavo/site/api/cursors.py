"""Where the next page begins, as an opaque word: the key of the last row, so that new rows shift nothing."""

from __future__ import annotations

import base64
import binascii

from octavo.site.api.problems import Problem, invalid

_LONGEST = 200


def pack(kind: str, key: str) -> str:
    """A cursor of one kind of list (`m` messages, `c` conversations, `s` sources)."""
    return base64.urlsafe_b64encode(f"{kind}:{key}".encode()).decode().rstrip("=")


def unpack(kind: str, cursor: str) -> str:
    """The key in a cursor. Raises `Problem` for one that is not of this kind of list."""
    try:
        padded = cursor[:_LONGEST] + "=" * (-len(cursor[:_LONGEST]) % 4)
        found, _colon, key = base64.b64decode(padded, altchars=b"-_", validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise bad() from None
    if found != kind or not key:
        raise bad()
    return key


def number(kind: str, cursor: str) -> int:
    """The key in a cursor whose key is a row's number. Raises `Problem`."""
    key = unpack(kind, cursor)
    if not (key.isascii() and key.isdigit() and len(key) <= 18):
        raise bad()
    return int(key)


def bad() -> Problem:
    return invalid("This cursor did not come from this list.", parameter="cursor")
