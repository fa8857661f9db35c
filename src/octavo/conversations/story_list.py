"""The list of stories: what is being talked about, most first, with its figures, page by page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db import connection
from django.http import QueryDict

from octavo.conversations import access
from octavo.conversations.models import Story
from octavo.kit import clock
from octavo.people.models import User

PAGE = 25
PERIODS = {"day": timedelta(hours=24), "week": timedelta(days=7), "all": timedelta(days=400)}
BARS = 24
"""Bars of a trend."""
LOOKED_AT = 400
"""Latest messages of a story that its languages and channels are counted in."""
WIDTH, HEIGHT = 96, 20


@dataclass(frozen=True, slots=True)
class Filter:
    """`period` is how long ago a story's last message may be, and what `lately` means; empty strings mean "any"."""

    period: str = "day"
    brand: str = ""
    after: str = ""

    @classmethod
    def parse(cls, query: QueryDict) -> Filter:
        """Read a query string. What is empty or unknown is ignored."""
        period = query.get("period", "")
        return cls(
            period=period if period in PERIODS else "day",
            brand=query.get("brand", "").replace("\x00", "")[:140],
            after=query.get("after", "")[:60],
        )

    def query(self, **changes: str) -> str:
        values = {"period": self.period, "brand": self.brand, **changes}
        return urlencode({k: v for k, v in values.items() if v and (k, v) != ("period", "day")})


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Row:
    """One story of the list. `lately` are its messages within the period, `before` those of the stretch before it."""

    story: Story
    lately: int
    before: int
    trend: Sequence[Bar]
    counts: Sequence[int]
    languages: Sequence[tuple[str, int]]
    channels: Sequence[tuple[str, int]]

    @property
    def negative_share(self) -> float:
        return self.story.negative / max(self.story.messages, 1)

    @property
    def copies(self) -> int:
        """Messages that say what another one said."""
        return self.story.messages - self.story.texts

    @property
    def growth(self) -> float:
        """How many times the messages of the stretch before; 0 where there was none."""
        return self.lately / self.before if self.before else 0.0


_LIST = """
SELECT id, lately, before FROM (
    SELECT s.id, count(*) FILTER (WHERE m.published_at > %(since)s) AS lately,
        count(*) FILTER (WHERE m.published_at <= %(since)s) AS before
    FROM conversations_story AS s JOIN conversations_storymention AS m ON m.story_id = s.id AND m.published_at > %(before)s
    WHERE s.brand_id = ANY(%(brands)s) AND s.state IN ('living', 'over') AND s.last_at > %(since)s
    GROUP BY s.id) AS found
WHERE (lately, id) < (%(n)s, %(id)s) ORDER BY lately DESC, id DESC LIMIT %(most)s
"""


def page(user: User, chosen: Filter) -> tuple[list[Row], str]:
    """One page, most messages lately first, and the query string of the next (empty on the last)."""
    now = clock.now()
    length = PERIODS[chosen.period]
    brands = access.brands_for(user)
    brands = brands.filter(slug=chosen.brand) if chosen.brand else brands
    n, number = _position(chosen.after)
    with connection.cursor() as cursor:
        cursor.execute(
            _LIST,
            {
                "since": now - length, "before": now - 2 * length, "n": n, "id": number, "most": PAGE + 1,
                "brands": list(brands.values_list("pk", flat=True)),
            },
        )  # fmt: skip
        found = cursor.fetchall()
    shown = found[:PAGE]
    numbers = [row[0] for row in shown]
    stories = Story.objects.select_related("brand").in_bulk(numbers)
    trends = _trends(numbers, since=max(now - length, _oldest(stories)), until=now)
    languages, channels = _counted(numbers)
    rows = [
        Row(
            stories[number], lately, before, _bars(trends[number]), trends[number],
            languages[number].most_common(3), channels[number].most_common(3),
        )
        for number, lately, before in shown
        if number in stories
    ]  # fmt: skip
    more = chosen.query(after=f"{shown[-1][1]}~{shown[-1][0]}") if len(found) > PAGE else ""
    return rows, more


def count(user: User, chosen: Filter) -> int:
    """How many stories have had a message within the period."""
    found = access.stories_for(user).filter(last_at__gt=clock.now() - PERIODS[chosen.period])
    found = found.filter(state__in=[Story.State.LIVING, Story.State.OVER])
    return (found.filter(brand__slug=chosen.brand) if chosen.brand else found).count()


def _oldest(stories: Mapping[int, Story]) -> datetime:
    return min((story.first_at for story in stories.values()), default=clock.now()) - timedelta(seconds=1)


def _trends(numbers: Sequence[int], *, since: datetime, until: datetime) -> dict[int, list[int]]:
    """Messages of each story in equal stretches of the period."""
    found = {number: [0] * BARS for number in numbers}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT story_id, least(width_bucket(extract(epoch FROM published_at), %s, %s, %s), %s), count(*) "
            "FROM conversations_storymention WHERE story_id = ANY(%s) AND published_at > %s GROUP BY 1, 2",
            [since.timestamp(), max(until, since + timedelta(minutes=1)).timestamp(), BARS, BARS, list(numbers), since],
        )
        for number, place, n in cursor.fetchall():
            found[number][max(place, 1) - 1] += n
    return found


def _bars(counts: Sequence[int]) -> list[Bar]:
    highest, step = max([*counts, 1]), WIDTH / BARS
    return [
        Bar(
            round(place * step, 1),
            round(HEIGHT * (1 - n / highest), 1),
            round(step * 0.75, 1),
            round(HEIGHT * n / highest, 1),
        )
        for place, n in enumerate(counts)
        if n
    ]


def _counted(numbers: Sequence[int]) -> tuple[dict[int, Counter[str]], dict[int, Counter[str]]]:
    """Languages and channels of each story's latest messages."""
    languages: dict[int, Counter[str]] = {number: Counter() for number in numbers}
    channels: dict[int, Counter[str]] = {number: Counter() for number in numbers}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.id, m.language, m.channel, count(*) FROM unnest(%s::bigint[]) AS s (id) CROSS JOIN LATERAL ("
            "SELECT mention, published_at FROM conversations_storymention WHERE story_id = s.id "
            "ORDER BY published_at DESC, mention DESC LIMIT %s) AS g "
            "JOIN conversations_mention AS m ON m.id = g.mention AND m.published_at = g.published_at GROUP BY 1, 2, 3",
            [list(numbers), LOOKED_AT],
        )
        for number, language, channel, n in cursor.fetchall():
            languages[number][language] += n
            channels[number][channel] += n
    return languages, channels


def _position(after: str) -> tuple[int, int]:
    n, _, number = after.partition("~")
    if n.isdecimal() and number.isdecimal() and len(n) < 18 and len(number) < 18:
        return int(n), int(number)
    return 2**62, 2**62
