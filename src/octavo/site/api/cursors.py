"""Where the next page begins: the key of the last row, so that rows which arrive meanwhile shift nothing.

A cursor is for callers to give back, not to read; its first letter names the kind of list it belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from octavo.site.api.problems import Problem, invalid

OF_MESSAGES = r"^(m[0-9]{1,18})?$"
OF_SOURCES = r"^(s[0-9]{1,18})?$"
OF_CONVERSATIONS = r"^(c((?:[0-9]|1[0-5])~)?[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z~[0-9]{1,18})?$"

R = TypeVar("R", bound=Model)

_PLACE = re.compile(r"c(?:([0-9]|1[0-5])~)?([^~]+)~([0-9]+)")


def of_number(letter: str, number: int) -> str:
    return f"{letter}{number}"


def number(cursor: str) -> int:
    """The number in a cursor that has its kind's form."""
    return int(cursor[1:])


def page(
    letter: str, found: QuerySet[R], *, cursor: str, limit: int, items: Callable[[Sequence[R]], list[dict[str, Any]]]
) -> dict[str, Any]:
    """A page of a list that goes by number, the highest first, and the cursor of the next."""
    found = found.order_by("-pk")
    if cursor:
        found = found.filter(pk__lt=number(cursor))
    rows = list(found[: limit + 1])
    more = len(rows) > limit
    rows = rows[:limit]
    return {"items": items(rows), "next": of_number(letter, rows[-1].pk) if more else None}


def of_place(after: str) -> str:
    """The cursor for the inbox's own `after`. Without a plus sign, which addresses turn into a space."""
    return "c" + after.replace("+00:00", "Z")


def place(cursor: str, *, urgent: bool) -> str:
    """The inbox's own `after` in a cursor. Raises `Problem` where it belongs to the other order."""
    parts = _PLACE.fullmatch(cursor)
    if parts is None or (parts[1] is not None) != urgent:
        raise _of_elsewhere()
    try:
        datetime.fromisoformat(parts[2])
    except ValueError:
        raise _of_elsewhere() from None
    return cursor[1:]


def _of_elsewhere() -> Problem:
    return invalid("This cursor does not belong to this list in this order.", parameter="cursor")
