"""Which alerts a list shows, and the proof that somebody watches when there are none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count as N
from django.db.models import F, Max, Min, Q, QuerySet
from django.http import QueryDict

from octavo.alert import access, counts, honesty, words
from octavo.alert.models import Alert, Count, Delivery, Rule, RuleKind, Severity, Watch
from octavo.conversations import access as conversations
from octavo.kit import clock
from octavo.people.models import User

PAGE = 30
TABS = ("standing", "closed", "all")
DELAYS = MappingProxyType(
    {"alert": F("opened_at") - F("first_signal_at"), "person": F("acknowledged_at") - F("opened_at")}
)
"""From the first signal to the alert, and from the alert to a person."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list shows; what is empty or unknown in a query string is ignored. `week` is the day a week begins. `delay`
    names one of `DELAYS`: the alerts that have it, the longest first."""

    tab: str = "standing"
    brand: str = ""
    rule: str = ""
    outcome: str = ""
    week: date | None = None
    delay: str = ""
    after: int = 0

    @classmethod
    def parse(cls, query: QueryDict) -> Filter:
        def one(name: str, allowed: Sequence[str], default: str = "") -> str:
            value = query.get(name, "")
            return value if value in allowed else default

        after = query.get("after", "")
        outcome = one("outcome", [*Alert.Outcome.values, "none"])
        week = _day(query.get("week", ""))
        return cls(
            tab=one("tab", TABS, "all" if outcome or week else "standing"),
            brand=query.get("brand", "").replace("\x00", "")[:140],
            rule=one("rule", RuleKind.values),
            outcome=outcome,
            week=week,
            delay=one("delay", list(DELAYS)),
            after=int(after) if after.isdecimal() and len(after) < 19 else 0,
        )

    def query(self, **changes: Any) -> str:
        """The query string of this filter with changes, without what is at its default."""
        values = {
            "tab": "" if self.tab == "standing" else self.tab,
            "brand": self.brand,
            "rule": self.rule,
            "outcome": self.outcome,
            "week": self.week.isoformat() if self.week else "",
            "delay": self.delay,
            **changes,
        }
        return urlencode({name: value for name, value in values.items() if value})


@dataclass(frozen=True, slots=True)
class Standing:
    """The first number: alerts nobody has acknowledged, since when the oldest of them rings, and when the last one rang."""

    open: int
    oldest: datetime | None
    newest: datetime | None
    worst: int


@dataclass(frozen=True, slots=True)
class Unusual:
    """The most unusual count of the last hour: how many messages in five minutes, and how many are usual."""

    brand: str
    key: str
    n: int
    usual: float

    @property
    def times(self) -> float | None:
        return round(self.n / self.usual, 1) if self.usual >= 0.05 else None


@dataclass(frozen=True, slots=True)
class Watching:
    """Proof that somebody watches. `late` is set where nobody has looked for longer than a few minutes."""

    brands: int
    counts: int
    sources: int
    rules: int
    checked_at: datetime | None
    late: bool
    unusual: Unusual | None


def alerts(user: User, chosen: Filter) -> QuerySet[Alert]:
    """The alerts a filter shows, in its order."""
    found = access.alerts_for(user)
    if chosen.tab == "standing":
        found = found.exclude(state=Alert.State.CLOSED)
    elif chosen.tab == "closed":
        found = found.filter(state=Alert.State.CLOSED)
    if chosen.brand:
        found = found.filter(brand__slug=chosen.brand)
    if chosen.rule:
        found = found.filter(rule__kind=chosen.rule)
    if chosen.outcome:
        found = found.filter(outcome="" if chosen.outcome == "none" else chosen.outcome)
    if chosen.delay:
        found = found.annotate(delay=DELAYS[chosen.delay]).filter(delay__isnull=False)
    if chosen.week:
        since, until = honesty.bounds(chosen.week)
        found = found.filter(opened_at__gte=since, opened_at__lt=until)
    return found.order_by(*_order(chosen))


def page(user: User, chosen: Filter) -> tuple[list[Alert], str]:
    """A page of the list, and the query string of the next, empty on the last."""
    found = alerts(user, chosen)
    last = found.filter(pk=chosen.after).first() if chosen.after else None
    if last is not None:
        found = found.filter(_behind(last, _order(chosen)))
    rows = list(found[: PAGE + 1])
    more = chosen.query(after=rows[PAGE - 1].pk) if len(rows) > PAGE else ""
    return rows[:PAGE], more


def tabs(user: User, chosen: Filter) -> list[tuple[str, str, int]]:
    """(name, query string, how many) of each tab under the other conditions."""
    found = []
    for tab in TABS:
        there = replace(chosen, tab=tab, after=0)
        found.append((tab, there.query(tab=tab), alerts(user, there).count()))
    return found


def standing(user: User) -> Standing:
    found = access.alerts_for(user).filter(state=Alert.State.OPEN)
    said = found.aggregate(n=N("pk"), oldest=Min("rang_at"), newest=Max("rang_at"), worst=Max("severity"))
    return Standing(said["n"], said["oldest"], said["newest"], said["worst"] or 0)


def failed(user: User) -> int:
    """Deliveries of the last week that were given up."""
    since = clock.now() - timedelta(days=7)
    gone = Q(state=Delivery.State.FAILED) | Q(summary__state=Delivery.State.FAILED)
    return access.deliveries_for(user).filter(gone, created_at__gte=since).count()


def watching(user: User) -> Watching:
    brands = conversations.brands_for(user)
    found = list(Watch.objects.filter(brand__in=brands).select_related("brand"))
    best = max(
        ((watch, each) for watch in found for each in watch.unusual), key=lambda pair: pair[1]["score"], default=None
    )
    since = clock.now() - counts.REMEMBERED
    sources = (
        Count.objects.filter(brand__in=brands, key__startswith=counts.SOURCE, at__gte=since)
        .values("brand", "key")
        .distinct()
        .count()
    )
    checked = min((watch.checked_at for watch in found if watch.checked_at), default=None)
    return Watching(
        brands=len(found),
        counts=sum(len(watch.keys) for watch in found),
        sources=sources,
        rules=Rule.objects.filter(brand__in=brands, on=True).count(),
        checked_at=checked,
        late=checked is None or clock.now() - checked > timedelta(minutes=5),
        unusual=Unusual(
            brand=best[0].brand.name, key=words.key_name(best[1]["key"]), n=best[1]["n"], usual=best[1]["usual"]
        )
        if best
        else None,
    )


def level(worst: int) -> str:
    """The state the whole house is in, for the strip: calm, watch or crisis."""
    return "crisis" if worst >= Severity.SEVERAL else "watch" if worst else "calm"


def _order(chosen: Filter) -> tuple[str, ...]:
    if chosen.delay:
        return ("-delay", "-pk")
    return ("-severity", "-rang_at", "-pk") if chosen.tab == "standing" else ("-opened_at", "-pk")


def _behind(last: Alert, order: Sequence[str]) -> Q:
    """What comes after a row in a descending order."""
    names = [name[1:] for name in order]
    found = Q()
    for place, name in enumerate(names):
        same = {earlier: getattr(last, earlier) for earlier in names[:place]}
        found |= Q(**same, **{f"{name}__lt": getattr(last, name)})
    return found


def _day(text: str) -> date | None:
    try:
        return honesty.monday(date.fromisoformat(text))
    except (ValueError, OverflowError):
        return None
