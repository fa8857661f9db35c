"""What stories there are, for whoever lies above: which are new or growing at a moment, with their figures.

Everything is counted from the messages published up to that moment, so that a rule can be tried on the past. (Which
messages belong together is known as of now: stories may have merged since.) How they come about: `gather`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from octavo.conversations.models import Story, StoryMention

KEY = "story:"
"""Beginning of what names a story elsewhere, such as the key of an alert."""
LATELY = timedelta(hours=6)
"""Over so long a story is said to grow."""
LEAST = 3
"""Messages that a story had lately, below which it is not worth a word."""
TWICE = 2.0
"""A story grows when it had so many times the messages of the stretch before."""

_RISING = """
SELECT s.id, s.title, min(m.published_at), max(m.published_at),
    count(*), count(DISTINCT coalesce(m.author, -m.mention)), count(DISTINCT m.text_key),
    count(*) FILTER (WHERE m.negative), greatest(sum(m.reach), 0)::bigint,
    count(*) FILTER (WHERE m.published_at > %(since)s),
    count(DISTINCT coalesce(m.author, -m.mention)) FILTER (WHERE m.published_at > %(since)s),
    count(DISTINCT m.text_key) FILTER (WHERE m.published_at > %(since)s),
    count(*) FILTER (WHERE m.published_at > %(since)s AND m.negative),
    count(*) FILTER (WHERE m.published_at > %(before)s AND m.published_at <= %(since)s),
    (array_agg(m.mention ORDER BY m.published_at, m.mention))[1]
FROM conversations_story AS s JOIN conversations_storymention AS m ON m.story_id = s.id
WHERE s.brand_id = %(brand)s AND s.state IN ('living', 'over') AND s.last_at > %(since)s AND s.first_at <= %(at)s
    AND m.published_at <= %(at)s
GROUP BY s.id
HAVING count(*) FILTER (WHERE m.published_at > %(since)s) >= %(least)s
ORDER BY count(*) FILTER (WHERE m.published_at > %(since)s) DESC, s.id
"""


@dataclass(frozen=True, slots=True)
class Rising:
    """A story that is new or growing at a moment, by the messages published until then.

    `texts` counts messages that are no near-duplicates of each other, `authors` distinct ones; `reach` is the sum of what
    its messages reach. The figures named `lately` are those of the last stretch alone, `before` the messages of the
    stretch before it. `first_mention` is the number of its first message.
    """

    number: int
    title: str
    first_at: datetime
    last_at: datetime
    messages: int
    authors: int
    texts: int
    negative: int
    reach: int
    lately: int
    lately_authors: int
    lately_texts: int
    lately_negative: int
    before: int
    first_mention: int

    @property
    def key(self) -> str:
        """What names it elsewhere, and stays while it lives; of a merged story see `current`."""
        return f"{KEY}{self.number}"

    @property
    def negative_share(self) -> float:
        return self.negative / self.messages

    @property
    def lately_negative_share(self) -> float:
        return self.lately_negative / self.lately

    @property
    def is_new(self) -> bool:
        """Whether all of it is of the last stretch."""
        return self.messages == self.lately

    @property
    def growth(self) -> float:
        """How many times the messages of the stretch before the last one had (that one counted as one at least)."""
        return self.lately / max(self.before, 1)


def rising(brand: int, at: datetime, *, lately: timedelta = LATELY, least: int = LEAST) -> list[Rising]:
    """The brand's stories that are new or growing at `at`, those with most messages lately first.

    New: its first message was published within `lately` before `at`. Growing: it has at least `TWICE` the messages of the
    stretch before. Either way with at least `least` messages lately.
    """
    since = at - lately
    with connection.cursor() as cursor:
        cursor.execute(
            _RISING, {"brand": brand, "at": at, "since": since, "before": since - lately, "least": max(least, 1)}
        )
        found = [Rising(*row) for row in cursor.fetchall()]
    return [story for story in found if story.is_new or story.growth >= TWICE]


def mentions(story: int, *, until: datetime | None = None, most: int = 1000) -> list[tuple[int, datetime]]:
    """Numbers and moments of a story's messages, the oldest first; at most `most`."""
    found = StoryMention.objects.filter(story=story).order_by("published_at", "mention")
    if until is not None:
        found = found.filter(published_at__lte=until)
    return list(found.values_list("mention", "published_at")[:most])


def of_mentions(numbers: Sequence[int]) -> dict[int, int]:
    """The story each of these messages belongs to: {mention: story}. One that belongs to none is left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.mention, m.story_id FROM conversations_storymention AS m JOIN conversations_story AS s "
            "ON s.id = m.story_id WHERE m.mention = ANY(%s) AND s.state <> 'seed'",
            [list(numbers)],
        )
        return dict(cursor.fetchall())


def current(number: int) -> int | None:
    """The story that this one is part of by now: itself, or the one it merged into. None where it is gone."""
    while True:
        row = Story.objects.filter(pk=number).values_list("merged_into").first()
        if row is None:
            return None
        if row[0] is None:
            return number
        number = row[0]
