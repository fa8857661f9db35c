"""The home page: eight doors, what needs a person first, and what the reader has taken on.

A door compares the last 24 hours with the usual: the median of the same 24 hours on the days before (28 of them, at least
three with data). Where the newest message is older than three days (an imported past), the page stands at that moment and
says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median

from django.db import connection
from django.db.models import F

from octavo.conversations import access
from octavo.conversations.models import Brand, Conversation
from octavo.dispatch import inbox
from octavo.kit import clock
from octavo.people.models import User
from octavo.vocabulary import REGISTERS, Register

USUAL_DAYS = 28
FEWEST_DAYS = 3
TREND_DAYS = 14
STALE = timedelta(days=3)
FIRST = 8
"""Conversations listed as needing a person first."""
MINE = 6
"""Of the reader's own conversations, those listed."""


@dataclass(frozen=True, slots=True)
class Door:
    """One register. `usual` is None where there is too little past; `trend` holds counts of the last days, oldest first."""

    register: Register
    now: int
    usual: float | None
    trend: Sequence[int]
    open: int
    oldest: datetime | None

    @property
    def ratio(self) -> float | None:
        """How many times the usual; None where there is no usual to compare with."""
        return None if not self.usual else self.now / self.usual


@dataclass(frozen=True, slots=True)
class Home:
    """`at` is the moment the page stands at; `stale` says that it is not the present. `mine` are the reader's conversations
    that have waited longest, of `mine_total` open ones."""

    at: datetime
    stale: bool
    doors: Sequence[Door]
    first: Sequence[Conversation]
    mine: Sequence[Conversation]
    mine_total: int
    urgent: int
    messages: int
    usual_messages: float | None


def look(user: User, *, brand: str = "", brands: Mapping[int, Brand] | None = None) -> Home:
    """The home page for one brand (its slug) or for all; `brands` are the person's by number, where they are known already."""
    brands = access.brands_for(user).in_bulk() if brands is None else brands
    if brand or not access.sees_every_brand(user):
        wanted = [number for number, each in brands.items() if brand in ("", each.slug)]
        tally = _Tally("conversations_mentiontally WHERE brand_id = ANY(%(brands)s)", wanted)
    else:
        wanted = list(brands)
        tally = _Tally("conversations_hourtally WHERE true", wanted)
    now = clock.now()
    newest = tally.newest()
    stale = newest is not None and newest < now - STALE
    at = newest + timedelta(hours=1) if stale and newest is not None else now
    days = tally.days(at)
    chosen = inbox.Filter(brand=(brand,) if brand else ())
    counts = inbox.count(user, chosen, brands=brands)
    oldest = _oldest(wanted, whole=len(wanted) == len(brands))
    doors = []
    for register in REGISTERS:
        series = days.get(register, [0] * (USUAL_DAYS + 1))
        doors.append(
            Door(
                register=register,
                now=series[-1],
                usual=_usual(series[:-1], days["all"][:-1]),
                trend=series[-TREND_DAYS:],
                open=counts.facets["register"].get(register, 0),
                oldest=oldest.get(register),
            )
        )
    mine = counts.tabs.get("mine", 0)
    return Home(
        at=at,
        stale=stale,
        doors=doors,
        first=inbox.page(user, chosen, size=FIRST, counts=counts, brands=brands).rows,
        mine=_mine(user, chosen, brands) if mine else [],
        mine_total=mine,
        urgent=counts.facets["urgency"].get("3", 0) + counts.facets["urgency"].get("2", 0),
        messages=days["all"][-1],
        usual_messages=_usual(days["all"][:-1], days["all"][:-1]),
    )


@dataclass(frozen=True, slots=True)
class _Tally:
    """Messages by hour and register; `where` is the table with what belongs to these brands."""

    where: str
    brands: Sequence[int]

    def newest(self) -> datetime | None:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT max(hour) FROM {self.where}", {"brands": list(self.brands)})  # noqa: S608 names of our own
            newest: datetime | None = cursor.fetchone()[0]
            return newest

    def days(self, at: datetime) -> dict[str, list[int]]:
        """Messages in each of the last 29 spans of 24 hours that end at `at`, by register and for `all`, oldest first."""
        spans = USUAL_DAYS + 1
        series: dict[str, list[int]] = {"all": [0] * spans}
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT register, floor(extract(epoch FROM %(at)s - hour - interval '30 minutes') / 86400)::int AS ago, "  # noqa: S608 names of our own
                f"sum(n) FROM {self.where} AND hour > %(since)s AND hour <= %(at)s GROUP BY 1, 2",
                {"at": at, "brands": list(self.brands), "since": at - timedelta(days=spans)},
            )
            for register, ago, n in cursor.fetchall():
                if ago < spans:
                    place = spans - 1 - max(ago, 0)
                    series.setdefault(register, [0] * spans)[place] += int(n)
                    series["all"][place] += int(n)
        return series


def _usual(series: Sequence[int], all_registers: Sequence[int]) -> float | None:
    """Median over the days since the first message; None with fewer than three of them."""
    first = next((place for place, n in enumerate(all_registers) if n), len(all_registers))
    lived = series[first:]
    return float(median(lived)) if len(lived) >= FEWEST_DAYS else None


def _oldest(brands: Sequence[int], *, whole: bool) -> dict[str, datetime]:
    """When the longest-waiting message of each register was published; `whole` says that no brand is left out."""
    theirs = "" if whole else "AND brand_id = ANY(%(brands)s)"
    with connection.cursor() as cursor:  # one step into an index each, where a GROUP BY would read them all
        cursor.execute(
            "SELECT r.register, longest.waiting_since FROM unnest(%(registers)s::text[]) AS r (register), LATERAL ("  # noqa: S608 names of our own
            "SELECT waiting_since FROM conversations_conversation AS c WHERE c.register = r.register "
            f"AND waiting_since IS NOT NULL AND relevant AND status IN ('open', 'pending') {theirs} "
            "ORDER BY waiting_since LIMIT 1) AS longest",
            {"registers": [str(register) for register in REGISTERS], "brands": list(brands)},
        )
        return dict(cursor.fetchall())


def _mine(user: User, chosen: inbox.Filter, brands: Mapping[int, Brand]) -> list[Conversation]:
    """The reader's open conversations: those that have waited longest first, then what waits for nobody, newest first."""
    found = inbox.rows(user, replace(chosen, tab="mine"), brands=brands)
    order = (F("waiting_since").asc(nulls_last=True), "-last_at", "-id")
    listed = list(found.order_by(*order)[:MINE])
    for row in listed:
        if row.brand_id in brands:
            row.brand = brands[row.brand_id]
    return listed
