"""The inbox: which conversations a filter shows, in which order, how many, page by page.

A `Filter` is a URL: it is parsed from a query string, empty parameters are ignored, and it can be written back. Counts come
from the tallies wherever these can tell, so that they are exact at any size.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import BigIntegerField, BooleanField, F, Func, Q, QuerySet, Value, prefetch_related_objects
from django.db.models.fields.tuple_lookups import TupleLessThan
from django.http import QueryDict
from django.utils import timezone

from octavo.conversations import access, search, stories, topics
from octavo.conversations.models import (
    GRADES,
    UNFINISHED,
    Brand,
    Conversation,
    Mention,
    RegisterChoice,
    SentimentChoice,
    UrgencyChoice,
)  # fmt: skip
from octavo.dispatch import tallied
from octavo.kit import clock
from octavo.people.models import User
from octavo.vocabulary import LANGUAGES

PAGE = 50
MOST_COUNTED = 1_000
"""Beyond this many, a count that the tallies cannot give is shown as "more than"."""

FEW = 4_000
"""Up to so many conversations are fetched whole and sorted, where more are found by walking an index."""

FEW_HITS = 9_000
"""Up to so many messages that match a search are gathered; where there are more, the order
is walked until a page is full."""
MOST_ABOUT = 20_000
"""Up to so many messages that speak of a topic, conversations are counted beside each topic."""

Position = tuple[Any, ...]
"""Where a page begins: the keys of the last row before it."""

TABS = ("all", "mine", "unassigned", "snoozed", "done")
SORTS = ("urgent", "newest")
PERIODS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
TALLIED = ("brand", "register", "language", "sentiment", "urgency", "channel")
FACETS = (*TALLIED, "topic")


def usual_order(tab: str, words: str) -> str:
    """The order nobody has to ask for: what waits comes by its urgency; what is done, and what one looks for by words, by
    its age."""
    return "newest" if words or tab in ("snoozed", "done") else "urgent"


@dataclass(frozen=True, slots=True)
class Filter:
    """What the inbox shows. Empty tuples and strings mean "any"; `about` is `yes` (the brand), `no` or `any`; `story` is
    the number of a story, whose messages the conversations hold."""

    tab: str = "all"
    brand: tuple[str, ...] = ()
    register: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    sentiment: tuple[str, ...] = ()
    urgency: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    topic: tuple[str, ...] = ()
    period: str = ""
    since: date | None = None
    until: date | None = None
    about: str = "yes"
    story: str = ""
    q: str = ""
    sort: str = "urgent"
    after: str = ""

    @classmethod
    def parse(cls, query: QueryDict) -> Filter:
        """Read a query string. What is empty or unknown is ignored, so that no link leads into an error."""

        def several(name: str, allowed: Iterable[str] | None = None) -> tuple[str, ...]:
            values = dict.fromkeys(value[:140] for value in query.getlist(name) if value and "\x00" not in value)
            return tuple(value for value in values if allowed is None or value in allowed)

        def one(name: str, allowed: Iterable[str], default: str) -> str:
            value = query.get(name, "")
            return value if value in allowed else default

        tab = one("tab", TABS, "all")
        words = " ".join(query.get("q", "").replace("\x00", "").split())[:200]
        return cls(
            tab=tab,
            brand=several("brand"),
            register=several("register", RegisterChoice.values),
            language=several("language", (*LANGUAGES, "und")),
            sentiment=several("sentiment", SentimentChoice.values),
            urgency=several("urgency", ("0", "1", "2", "3")),
            channel=several("channel"),
            topic=several("topic"),
            period=one("period", PERIODS, ""),
            since=_day(query.get("since", "")),
            until=_day(query.get("until", "")),
            about=one("about", ("yes", "no", "any"), "yes"),
            story=_number(query.get("story", "")),
            q=words,
            sort=one("sort", SORTS, usual_order(tab, words)),
            after=query.get("after", "")[:80],
        )

    def query(self) -> str:
        """The query string of this filter without what is at its default and without the page."""
        return "&".join(filter(None, self.parts().values()))

    def parts(self) -> dict[str, str]:
        """The query string by field, empty where a field is at its default."""
        plain = Filter(tab=self.tab, sort=usual_order(self.tab, self.q))
        found = {"tab": "" if self.tab == "all" else f"tab={self.tab}"}
        for name in (*FACETS, "period", "since", "until", "about", "story", "q", "sort"):
            value = getattr(self, name)
            if value == getattr(plain, name):
                found[name] = ""
            else:
                found[name] = urlencode([(name, item) for item in (value if isinstance(value, tuple) else (value,))])
        return found

    def here(self) -> str:
        """The query string of this very page of the filter, so that one can come back to it."""
        page = urlencode({"after": self.after}) if self.after else ""
        return "&".join(part for part in (self.query(), page) if part)

    def toggled(self, name: str, value: str) -> Filter:
        """The filter with one value of a facet switched on or off, from the first page."""
        values: tuple[str, ...] = getattr(self, name)
        changed = tuple(v for v in values if v != value) if value in values else (*values, value)
        changes: dict[str, Any] = {name: changed, "after": ""}
        return replace(self, **changes)

    def toggles(self, name: str, values: Iterable[str]) -> Iterator[str]:
        """`toggled` for each of many values, as query strings; a page holds a hundred of them, most of each the same."""
        chosen: tuple[str, ...] = getattr(self, name)
        parts = self.parts()
        for value in values:
            changed = [v for v in chosen if v != value] if value in chosen else [*chosen, value]
            parts[name] = urlencode([(name, item) for item in changed])
            yield "&".join(filter(None, parts.values()))

    def without(self, *names: str) -> Filter:
        """The filter with these fields at their defaults, from the first page, in its usual order if it was in that."""
        plain = Filter()
        left = replace(self, **{name: getattr(plain, name) for name in names}, after="")
        return replace(left, sort=usual_order(left.tab, left.q)) if self.in_usual_order else left

    @property
    def in_usual_order(self) -> bool:
        return self.sort == usual_order(self.tab, self.q)

    @property
    def narrowed(self) -> bool:
        """Whether anything beside tab and order is set."""
        return replace(self, tab="all", sort="urgent", after="") != Filter()

    @property
    def countable(self) -> bool:
        """Whether the tallies can count this filter exactly."""
        return not (self.q or self.story or self.topic or self.period or self.since or self.until)


@dataclass(frozen=True, slots=True)
class Total:
    """A number of conversations; `exact` is false where there are more than it says."""

    n: int
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the inbox. `next` is the `after` of the following page, empty on the last."""

    rows: list[Conversation]
    next: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers beside the list: the total, one for each tab, and for each facet's values under all other conditions.

    `hits` are what the words of the filter found, for the page that follows.
    """

    total: Total
    tabs: Mapping[str, int] = field(default_factory=dict)
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    hits: search.Found | None = None

    def by_urgency(self, chosen: Filter) -> dict[int, int]:
        """How many of the filter's conversations there are at each urgency; those at which there are any."""
        found = self.facets["urgency"].items()
        return {int(value): n for value, n in found if n > 0 and (not chosen.urgency or value in chosen.urgency)}


def rows(user: User, chosen: Filter, *, brands: Mapping[int, Brand] | None = None) -> QuerySet[Conversation]:
    """The conversations a filter shows, unordered. `brands` are the person's by number, where they are known already."""
    found = access.conversations_for(user).filter(_tab(user, chosen.tab))
    if chosen.about != "any":
        found = found.filter(relevant=chosen.about == "yes")
    if chosen.brand:
        brands = access.brands_for(user).filter(slug__in=chosen.brand).in_bulk() if brands is None else brands
        found = found.filter(brand__in=[number for number, brand in brands.items() if brand.slug in chosen.brand])
    for name in ("register", "language", "sentiment", "urgency", "channel"):
        values = getattr(chosen, name)
        if values:
            found = found.filter(**{f"{name}__in": values})
    if chosen.urgency:  # the same once more, in the words of the index
        levels = [int(value) * GRADES for value in chosen.urgency]
        found = found.filter(pressing__gte=min(levels), pressing__lt=max(levels) + GRADES)
    if chosen.topic:
        found = topics.conversations(found, chosen.topic, list(access.brands_for(user).values_list("pk", flat=True)))
    since, until = _bounds(chosen)
    if since:
        found = found.filter(last_at__gte=since)
    if until:
        found = found.filter(last_at__lt=until)
    if chosen.story:
        found = found.filter(pk__in=stories.conversations(int(chosen.story)))
    if chosen.q:
        found = search.matching(found, chosen.q)
    return found


def in_order(
    user: User, chosen: Filter, *, counts: Counts | None = None, brands: Mapping[int, Brand] | None = None
) -> QuerySet[Conversation]:
    """`rows` for whoever wants the first of an order: what matches a search is asked for in the way that is quicker."""
    hits = counts.hits if counts else _hits(chosen)
    if hits is None:
        return rows(user, chosen, brands=brands)
    found = rows(user, replace(chosen, q=""), brands=brands)
    some = found.filter(_among(hits.numbers))
    if hits.whole:
        return some
    # Where hardly any of so many hits pass the rest of the filter, walking would be long.
    many = not counts.total.exact if counts else some.order_by()[:PAGE].count() == PAGE
    return search.along(found, chosen.q) if many else search.matching(found, chosen.q)


def page(
    user: User,
    chosen: Filter,
    *,
    size: int = PAGE,
    counts: Counts | None = None,
    brands: Mapping[int, Brand] | None = None,
) -> Page:
    """One page in the order of the filter, paged by key: stable while messages arrive, as quick at the end as at the start.

    `counts` are those of the same filter, `brands` the person's by number, where the caller has them already.
    """
    brands = access.brands_for(user).in_bulk() if brands is None else brands
    by_urgency = chosen.sort == "urgent"
    position = _position(chosen.after, 3 if by_urgency else 2)
    if chosen.countable:
        found = rows(user, chosen, brands=brands)
        known = counts.by_urgency(chosen) if counts else tallied.by_urgency(user, chosen, brands=brands)
        listed = _by_tally(found, known, position, size + 1, by_urgency=by_urgency)
    else:
        found = in_order(user, chosen, counts=counts, brands=brands)
        listed = list(_after(found, position, by_urgency=by_urgency)[: size + 1])
    # Brand and assignee are few: put in or fetched beside, not joined, so that the order comes straight from the index.
    for row in listed:
        if brand := brands.get(row.brand_id):  # not one that was made this very moment
            row.brand = brand
    prefetch_related_objects(listed, "assignee")
    following = ""
    if len(listed) > size:
        last = listed[size - 1]
        # No plus sign in it: it would be a space to whoever forgets to quote it.
        parts = [last.last_at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z", str(last.pk)]
        following = "~".join([str(last.pressing), *parts] if by_urgency else parts)
    return Page(rows=listed[:size], next=following)


def _by_tally(
    found: QuerySet[Conversation], known: Mapping[int, int], position: Position | None, most: int, *, by_urgency: bool
) -> list[Conversation]:
    """The first `most` after `position`, with what the tally knows of how many there are at each urgency.

    Many are found by walking the index of the order, few by fetching them all and sorting: without being told, the
    database would walk a million rows to find that three match.
    """
    total = sum(known.values())
    if not total:
        return []
    if not by_urgency or total <= FEW:
        return list(_after(_fetched(found, total), position, by_urgency=by_urgency)[:most])
    listed: list[Conversation] = []
    for urgency in sorted(known, reverse=True):
        least = urgency * GRADES
        if position is not None and least > position[0]:
            continue
        # The same as asking for the urgency, in the words of the index.
        level = _fetched(found.filter(pressing__gte=least, pressing__lt=least + GRADES), known[urgency])
        rest = position if position is not None and position[0] < least + GRADES else None
        listed += _after(level, rest, by_urgency=True)[: most - len(listed)]
        if len(listed) >= most:
            break
    return listed


def _fetched(found: QuerySet[Conversation], n: int) -> QuerySet[Conversation]:
    """`found`, of which there are `n`, by their numbers where these are few."""
    if n > FEW:
        return found
    return Conversation.objects.filter(_Among(F("pk"), _Listed(ArraySubquery(found.order_by().values("pk")))))


class _Among(Func):
    """A number that is in an array, which the database works out first: it never walks the order of all rows instead."""

    template = "%(expressions)s"
    arg_joiner = " = ANY "
    output_field = BooleanField()


class _Listed(Func):
    template = "(%(expressions)s)"
    output_field = ArrayField(BigIntegerField())


def _among(numbers: Collection[int]) -> _Among:
    # As a subquery, for the planner would weigh each of thousands of numbers it sees.
    return _Among(F("pk"), _Listed(Value(list(numbers)), template="(ARRAY(SELECT unnest(%(expressions)s::bigint[])))"))


def _hits(chosen: Filter) -> search.Found | None:
    """What the words of the filter find, whatever else it says; None without words."""
    return search.conversations(chosen.q, most=FEW_HITS) if chosen.q else None


def _after(found: QuerySet[Conversation], position: Position | None, *, by_urgency: bool) -> QuerySet[Conversation]:
    keys = ("pressing", "last_at", "id") if by_urgency else ("last_at", "id")
    if position:
        found = found.filter(TupleLessThan(tuple(F(key) for key in keys), position))
    return found.order_by(*(f"-{key}" for key in keys))


def count(user: User, chosen: Filter, *, brands: Mapping[int, Brand] | None = None) -> Counts:
    """Totals of the filter, its tabs and its facets, from the tallies; with a text or a period, the total alone, counted."""
    if chosen.countable:
        tabs, facets = tallied.counts(user, chosen, brands=brands)
        return Counts(Total(tabs[chosen.tab]), tabs, facets)
    hits = _hits(chosen)
    found = rows(user, replace(chosen, q=""), brands=brands)
    counted = _counted(found.filter(_among(hits.numbers)) if hits else found)
    if hits and not hits.whole and counted <= MOST_COUNTED:
        # Of so many hits only few pass the rest of the filter: all have to be looked at.
        counted = _counted(search.matching(found, chosen.q))
    return Counts(Total(min(counted, MOST_COUNTED), exact=counted <= MOST_COUNTED), hits=hits)


def _counted(found: QuerySet[Conversation]) -> int:
    return found.order_by()[: MOST_COUNTED + 1].count()


def about(user: User, chosen: Filter) -> Mapping[str, int] | None:
    """How many conversations speak of each topic, by slug, under all other conditions of the filter; None where there are
    too many messages with topics to look through, or a text is searched for."""
    if chosen.q:
        return None
    brands = access.brands_for(user)
    if chosen.brand:
        brands = brands.filter(slug__in=chosen.brand)
    return topics.counts(
        rows(user, replace(chosen, topic=())), list(brands.values_list("pk", flat=True)), most=MOST_ABOUT
    )


def arrived_since(user: User, chosen: Filter, mention: int, *, most: int = 1000) -> int:
    """How many conversations of this filter got a message numbered above `mention`; at most `most`."""
    fresh = Mention.objects.filter(pk__gt=mention, own=False).order_by("-pk").values_list("conversation", flat=True)
    return rows(user, replace(chosen, after="")).filter(pk__in=set(fresh[: most * 4]))[:most].count()


def newest_mention() -> int:
    """The highest number given to a mention so far: from here on, messages are new to a page."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM conversations_mention_number")
        return int(cursor.fetchone()[0])


def _tab(user: User, tab: str) -> Q:
    return {
        "all": Q(status__in=UNFINISHED),
        "mine": Q(status__in=UNFINISHED, assignee=user),
        "unassigned": Q(status__in=UNFINISHED, assignee__isnull=True),
        "snoozed": Q(status=Conversation.Status.SNOOZED),
        "done": Q(status=Conversation.Status.RESOLVED),
    }[tab]


def _bounds(chosen: Filter) -> tuple[datetime | None, datetime | None]:
    since = clock.now() - PERIODS[chosen.period] if chosen.period else None
    zone = timezone.get_current_timezone()
    if chosen.since:
        since = datetime.combine(chosen.since, time.min, zone)
    until = datetime.combine(chosen.until + timedelta(days=1), time.min, zone) if chosen.until else None
    return since, until


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1990 <= day.year <= 2200 else None


def _number(text: str) -> str:
    return text if text.isascii() and text.isdecimal() and len(text) <= 18 else ""


def _position(after: str, length: int) -> Position | None:
    parts = after.split("~")
    if len(parts) != length:
        return None
    try:
        moment, number = datetime.fromisoformat(parts[-2]), int(parts[-1])
        if moment.tzinfo is None:
            return None
        pressing = int(parts[0]) if length == 3 else 0
    except ValueError:
        return None
    if not 0 <= number < 2**63 or not 0 <= pressing < GRADES * len(UrgencyChoice):
        return None
    return (pressing, moment, number) if length == 3 else (moment, number)
