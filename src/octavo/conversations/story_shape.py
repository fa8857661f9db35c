"""One story for its page: who began it, who carries it, where and in which languages, how it sounds over time, how fast it
spreads, and its messages page by page. Everything is counted from its messages as they are read now."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F
from django.db.models.fields.tuple_lookups import TupleLessThan

from octavo.conversations.models import Mention, RegisterChoice, Story, StoryMention
from octavo.detect import Spread, spread
from octavo.kit import clock

PAGE = 30
VOICES = 10
BARS = 48
WIDTH, HEIGHT = 720, 120
STEPS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 30, 60, 180, 360, 720, 1440, 2880, 10080, 43200))
LONGEST = timedelta(days=366)
"""Shown of a story that lasts longer, up to its last message."""


@dataclass(frozen=True, slots=True)
class Voice:
    """An author in a story: when first, how often, how far."""

    name: str
    channel: str
    first_at: datetime
    n: int
    reach: int
    conversation: int
    mention: int


@dataclass(frozen=True, slots=True)
class Bar:
    """Messages from `at` on for one step, `negative` of them; heights in units of the drawing."""

    at: datetime
    n: int
    negative: int
    x: float
    y: float
    height: float
    negative_y: float
    negative_height: float


@dataclass(frozen=True, slots=True)
class Line:
    """One register over time: its messages, and an SVG polyline of them."""

    register: str
    n: int
    points: str
    counts: Sequence[int]


@dataclass(frozen=True, slots=True)
class Chart:
    bars: Sequence[Bar]
    bar_width: float
    step: timedelta
    top: int
    ticks: Sequence[datetime]
    registers: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Shape:
    """`first` are the first authors in the order in which they spoke, `carriers` those who reach most people; `channels`,
    `languages` and `sentiments` are (name, messages), the most frequent first."""

    first: Sequence[Voice]
    carriers: Sequence[Voice]
    channels: Sequence[tuple[str, int]]
    languages: Sequence[tuple[str, int]]
    sentiments: Sequence[tuple[str, int]]
    chart: Chart
    spread: Spread | None


_MEMBERS = """
FROM conversations_storymention AS g
JOIN conversations_mention AS m ON m.id = g.mention AND m.published_at = g.published_at
WHERE g.story_id = %(story)s AND g.published_at BETWEEN %(since)s AND %(until)s AND m.deleted_at IS NULL
"""
_VOICES = f"""
SELECT coalesce(nullif(a.name, ''), a.handle, ''), v.channel, v.first_at, v.n, v.reach, v.conversation, v.mention FROM (
    SELECT m.author_id, min(m.channel) AS channel, min(m.published_at) AS first_at, count(*) AS n, max(g.reach) AS reach,
        (array_agg(m.conversation_id ORDER BY m.published_at, m.id))[1] AS conversation,
        (array_agg(m.id ORDER BY m.published_at, m.id))[1] AS mention
    {_MEMBERS} GROUP BY m.author_id, CASE WHEN m.author_id IS NULL THEN m.id END) AS v
LEFT JOIN conversations_author AS a ON a.id = v.author_id
WHERE {{which}} ORDER BY {{order}} LIMIT {VOICES}
"""  # noqa: S608 (our own words)


def of(story: Story) -> Shape:
    where = {"story": story.pk, "since": story.first_at, "until": story.last_at}
    with connection.cursor() as cursor:
        first = _rows(cursor, _VOICES.format(which="true", order="v.first_at, v.mention"), where)
        carriers = _rows(
            cursor, _VOICES.format(which="v.reach > 0", order="v.reach DESC, v.first_at, v.mention"), where
        )
        counted = {
            column: _rows(cursor, f"SELECT m.{column}, count(*) {_MEMBERS} GROUP BY 1 ORDER BY 2 DESC, 1", where)
            for column in ("channel", "language", "sentiment")
        }
    return Shape(
        first=[Voice(*row) for row in first],
        carriers=[Voice(*row) for row in carriers],
        channels=counted["channel"],
        languages=counted["language"],
        sentiments=counted["sentiment"],
        chart=_chart(story),
        spread=_spread(story),
    )


def page(story: Story, after: str) -> tuple[list[Mention], str]:
    """Its messages, the latest first, and the `after` of the next page (empty on the last)."""
    members = StoryMention.objects.filter(story=story)
    if position := _position(after):
        members = members.filter(TupleLessThan((F("published_at"), F("mention")), position))
    links = list(members.order_by("-published_at", "-mention").values_list("mention", "published_at")[: PAGE + 1])
    shown = links[:PAGE]
    if not shown:
        return [], ""
    found = Mention.objects.select_related("author").filter(
        pk__in=[number for number, _ in shown], published_at__gte=shown[-1][1], published_at__lte=shown[0][1]
    )
    by_number = {mention.pk: mention for mention in found}
    number, at = shown[-1]
    more = f"{at.astimezone(UTC).replace(tzinfo=None).isoformat()}Z~{number}" if len(links) > PAGE else ""
    return [by_number[number] for number, _ in shown if number in by_number], more


def first(story: Story) -> Mention | None:
    """The story's first message."""
    link = StoryMention.objects.filter(story=story).order_by("published_at", "mention").first()
    if link is None:
        return None
    found = Mention.objects.select_related("author").filter(pk=link.mention, published_at=link.published_at)
    return found.first()


def _chart(story: Story) -> Chart:
    until = story.last_at
    since = max(story.first_at, until - LONGEST)
    step = next((step for step in STEPS if (until - since) / step < BARS), STEPS[-1])
    begin = _floor(since, step)
    places = math.floor((until - begin) / step) + 1
    sums, negative = [0] * places, [0] * places
    registers: dict[str, list[int]] = {}
    with connection.cursor() as cursor:
        rows = _rows(
            cursor,
            "SELECT floor(extract(epoch FROM g.published_at - %(begin)s) / %(step)s)::int, m.register, "  # noqa: S608 names of our own
            f"m.sentiment = 'negative', count(*) {_MEMBERS} GROUP BY 1, 2, 3",
            {"story": story.pk, "since": since, "until": until, "begin": begin, "step": step.total_seconds()},
        )
    for place, register, is_negative, n in rows:
        sums[place] += n
        negative[place] += n if is_negative else 0
        registers.setdefault(register, [0] * places)[place] += n
    top, width = _round_up(max([*sums, 1])), WIDTH / places
    bars = []
    for place, (n, bad) in enumerate(zip(sums, negative, strict=True)):
        high, low = n / top * HEIGHT, bad / top * HEIGHT
        bars.append(
            Bar(
                begin + place * step, n, bad, round(place * width, 1), round(HEIGHT - high, 1), round(high, 1),
                round(HEIGHT - low, 1), round(low, 1),
            )
        )  # fmt: skip
    order = [name for name in RegisterChoice.values if name in registers]
    return Chart(
        bars=bars,
        bar_width=round(width * 0.8, 1),
        step=step,
        top=top,
        ticks=[begin + place * (places * step) / 4 for place in range(5)],
        registers=[
            Line(name, sum(registers[name]), _points(registers[name]), registers[name])
            for name in sorted(order, key=lambda name: -sum(registers[name]))
        ],
    )


def _points(counts: Sequence[int]) -> str:
    """A polyline 120 by 20."""
    top, width = max([*counts, 1]), 120 / max(len(counts) - 1, 1)
    return " ".join(f"{place * width:.1f},{20 - n / top * 18:.1f}" for place, n in enumerate(counts))


def _spread(story: Story) -> Spread | None:
    """How fast it spreads now, in bins that fit its age; nothing is said of a story that has been silent for a day."""
    until = clock.now()
    if until - story.last_at > timedelta(days=1):
        return None
    age = until - story.first_at
    step = next((step for step in STEPS if age / step < 100), STEPS[-1])
    places = max(math.floor(age / step), 1)
    begin = until - places * step
    counts = [0.0] * places
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT floor(extract(epoch FROM published_at - %s) / %s)::int, count(*) FROM conversations_storymention "
            "WHERE story_id = %s AND published_at >= %s AND published_at < %s GROUP BY 1",
            [begin, step.total_seconds(), story.pk, begin, until],
        )
        for place, n in cursor.fetchall():
            counts[min(place, places - 1)] += n
    return spread(counts, step)


def _rows(cursor: Any, sql: str, values: dict[str, Any]) -> list[Any]:
    cursor.execute(sql, values)
    return list(cursor.fetchall())


def _position(after: str) -> tuple[datetime, int] | None:
    moment, _, number = after.partition("~")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return None
    if at.tzinfo is None or not number.isdecimal() or len(number) > 18:
        return None
    return at, int(number)


def _floor(at: datetime, step: timedelta) -> datetime:
    return at - timedelta(seconds=at.timestamp() % step.total_seconds())


def _round_up(n: int) -> int:
    """The next number that reads well: 1, 2, 5, 10, 20, 50 ..."""
    size = 1
    while True:
        for step in (1, 2, 5):
            if n <= step * size:
                return step * size
        size *= 10
