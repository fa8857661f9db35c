"""The home page: eight doors, and what needs a person first.

A door compares the last 24 hours with the usual: the median of the same 24 hours on the days before (28 of them, at least
three with data). Where the newest message is older than three days (an imported past), the page stands at that moment and
says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.db import connection
from django.db.models import Max, Min, Q

from octavo.conversations import access
from octavo.conversations.models import UNFINISHED, Conversation, MentionTally
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
    """`at` is the moment the page stands at; `stale` says that it is not the present."""

    at: datetime
    stale: bool
    doors: Sequence[Door]
    first: Sequence[Conversation]
    urgent: int
    messages: int
    usual_messages: float | None


def look(user: User, *, brand: str = "") -> Home:
    """The home page for one brand (its slug) or for all."""
    brands = access.brands_for(user)
    if brand:
        brands = brands.filter(slug=brand)
    numbers = list(brands.values_list("pk", flat=True))
    now = clock.now()
    tally = MentionTally.objects.filter(brand__in=numbers)
    newest = tally.aggregate(newest=Max("hour"))["newest"]
    stale = newest is not None and newest < now - STALE
    at = newest + timedelta(hours=1) if stale and newest is not None else now
    days = _days(numbers, at)
    chosen = inbox.Filter(brand=(brand,) if brand else ())
    counts = inbox.count(user, chosen)
    oldest = _oldest(user, numbers)
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
    return Home(
        at=at,
        stale=stale,
        doors=doors,
        first=inbox.page(user, chosen, size=FIRST, counts=counts).rows,
        urgent=counts.facets["urgency"].get("3", 0) + counts.facets["urgency"].get("2", 0),
        messages=days["all"][-1],
        usual_messages=_usual(days["all"][:-1], days["all"][:-1]),
    )


def _days(brands: Sequence[int], at: datetime) -> dict[str, list[int]]:
    """Messages in each of the last 29 spans of 24 hours that end at `at`, by register and for `all`, oldest first."""
    spans = USUAL_DAYS + 1
    series: dict[str, list[int]] = {"all": [0] * spans}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT register, floor(extract(epoch FROM %s - hour - interval '30 minutes') / 86400)::int AS ago, sum(n) "
            "FROM conversations_mentiontally WHERE brand_id = ANY(%s) AND hour > %s AND hour <= %s GROUP BY 1, 2",
            [at, list(brands), at - timedelta(days=spans), at],
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


def _oldest(user: User, brands: Sequence[int]) -> dict[str, datetime]:
    """When the longest-waiting message of each register was published."""
    waiting = access.conversations_for(user).filter(
        Q(waiting_since__isnull=False), brand__in=brands, status__in=UNFINISHED, relevant=True
    )
    found = {}
    for register in REGISTERS:  # one step into an index each, where a GROUP BY would read them all
        since = waiting.filter(register=register).aggregate(since=Min("waiting_since"))["since"]
        if since:
            found[str(register)] = since
    return found
