"""What the tallies say of a filter: how many conversations in each tab, beside each facet's values, at each urgency.

The tally is a few thousand rows that add up, whatever the number of conversations, and PostgreSQL adds them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db import connection

from octavo.conversations import access
from octavo.conversations.models import Brand
from octavo.people.models import User

if TYPE_CHECKING:
    from octavo.dispatch.inbox import Filter

_COLUMNS = {
    "brand": "brand_id",
    "register": "register",
    "language": "language",
    "sentiment": "sentiment",
    "urgency": "urgency",
    "channel": "channel",
}
_TAB = """CASE WHEN status = 'snoozed' THEN 'snoozed' WHEN status = 'resolved' THEN 'done'
    WHEN assignee IS NULL THEN 'unassigned' WHEN assignee = %(me)s THEN 'mine' ELSE 'others' END"""
_IN_TAB = {
    "all": "status IN ('open', 'pending')",
    "mine": "status IN ('open', 'pending') AND assignee = %(me)s",
    "unassigned": "status IN ('open', 'pending') AND assignee IS NULL",
    "snoozed": "status = 'snoozed'",
    "done": "status = 'resolved'",
}
_CELLS = f"""WITH cells AS (
    SELECT {", ".join(_COLUMNS.values())}, status, assignee, sum(n) AS n
    FROM conversations_conversationtally WHERE brand_id = ANY(%(brands)s) {{about}}
    GROUP BY {", ".join(_COLUMNS.values())}, status, assignee
)
"""  # noqa: S608 (names of our own)


def counts(
    user: User, chosen: Filter, *, brands: Mapping[int, Brand] | None = None
) -> tuple[Mapping[str, int], Mapping[str, Mapping[str, int]]]:
    """Numbers for each tab, and for each facet's values under all other conditions. `brands` are the person's, if known."""
    brands, parameters, conditions = _asked(user, chosen, brands)
    selects = [f"SELECT 'tab', {_TAB}, sum(n) FROM cells WHERE {_all(conditions)} GROUP BY 2"]  # noqa: S608 names of our own
    # Facets that narrow nothing are counted under the same conditions: together, in one go over the cells.
    free = {name: column for name, column in _COLUMNS.items() if name not in conditions}
    if free:
        kinds = " ".join(f"WHEN GROUPING({column}) = 0 THEN '{name}'" for name, column in free.items())
        values = " ".join(f"WHEN GROUPING({column}) = 0 THEN {column}::text" for column in free.values())
        sets = ", ".join(f"({column})" for column in free.values())
        selects.append(
            f"SELECT CASE {kinds} END, CASE {values} END, sum(n) FROM cells "  # noqa: S608 names of our own
            f"WHERE {_IN_TAB[chosen.tab]} AND {_all(conditions)} GROUP BY GROUPING SETS ({sets})"
        )
    for name in conditions:
        others = {other: condition for other, condition in conditions.items() if other != name}
        selects.append(
            f"SELECT '{name}', {_COLUMNS[name]}::text, sum(n) FROM cells "  # noqa: S608 names of our own
            f"WHERE {_IN_TAB[chosen.tab]} AND {_all(others)} GROUP BY 2"
        )
    tabs: Counter[str] = Counter()
    facets: dict[str, Counter[str]] = {name: Counter() for name in _COLUMNS}
    for kind, value, n in _rows(chosen, " UNION ALL ".join(selects), parameters):
        if kind == "tab":
            tabs.update(dict.fromkeys((value,) if value in ("snoozed", "done") else (value, "all"), n))
        elif n:
            facets[kind][brands[int(value)].slug if kind == "brand" else value] += n
    return tabs, facets


def by_urgency(user: User, chosen: Filter, *, brands: Mapping[int, Brand] | None = None) -> Mapping[int, int]:
    """How many conversations the filter shows at each urgency; those at which there are any."""
    _, parameters, conditions = _asked(user, chosen, brands)
    select = f"SELECT urgency, sum(n) FROM cells WHERE {_IN_TAB[chosen.tab]} AND {_all(conditions)} GROUP BY 1"  # noqa: S608 names of our own
    return {urgency: n for urgency, n in _rows(chosen, select, parameters) if n > 0}


def _asked(
    user: User, chosen: Filter, brands: Mapping[int, Brand] | None
) -> tuple[Mapping[int, Brand], dict[str, Any], dict[str, str]]:
    brands = access.brands_for(user).in_bulk() if brands is None else brands
    parameters: dict[str, Any] = {"me": user.pk, "brands": list(brands), "relevant": chosen.about == "yes"}
    conditions = {}
    for name, column in _COLUMNS.items():
        values = getattr(chosen, name)
        if values:
            conditions[name] = f"{column} = ANY(%({name})s)"
            if name == "brand":
                values = [number for number, brand in brands.items() if brand.slug in values]
            parameters[name] = [int(value) for value in values] if name == "urgency" else list(values)
    return brands, parameters, conditions


def _all(conditions: Mapping[str, str]) -> str:
    return " AND ".join(conditions.values()) or "true"


def _rows(chosen: Filter, select: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    about = "" if chosen.about == "any" else "AND relevant = %(relevant)s"
    with connection.cursor() as cursor:
        cursor.execute(_CELLS.format(about=about) + select, parameters)
        return [(*row[:-1], int(row[-1])) for row in cursor.fetchall()]
