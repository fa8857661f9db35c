"""Messages counted in bins of five minutes, by when they were published, for what bursts are seen in.

A batch adds rows in the transaction in which it was recorded, so that nothing is counted twice and nobody waits for a
lock; rows of one bin add up and are joined later (`compact`). Messages of the brand itself, and those about something
else, do not count. An edit or a second reading changes no count: what was unusual stays what it was when it was seen.

Beside messages a row holds how far they reach, and sketches (`sketch`) of who wrote them and of what they say, so that one
author or one text a thousand times is told from a thousand people. What echoes a declared campaign counts for the campaign,
and for what is negative or grave in it; not for the brand as a whole, a channel, a language or a topic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from django.db import connection, transaction

from octavo.alert import sketch
from octavo.alert.models import Count
from octavo.kit import clock

BIN = timedelta(minutes=5)
REMEMBERED = timedelta(days=100)
"""Counts are kept for so long: what bursts are learnt from and rules are simulated on."""

ALL, NEGATIVE = "all", "negative"
REGISTER, CHANNEL, LANGUAGE, SOURCE = "register:", "channel:", "language:", "source:"
CAMPAIGN, AGAINST, TOPIC = "campaign:", "against:", "topic:"
"""Beginnings of keys; `all` and `negative` are whole. `against` is what of a campaign's echo turns against it."""

FAR = 100
"""People reached from which a message weighs more than one: ten times as many, one more."""

_SAID = f"""
    SELECT m.brand_id, date_bin('5 minutes', m.published_at, '2000-01-01 00:00+00') AS at, m.sentiment, m.register, m.channel,
        m.language, m.origin, nullif(m.campaign, '') AS campaign, {{topic}} AS topic,
        1 + log(greatest(m.reach, coalesce(a.followers, 0), {FAR}) / {FAR}.0::float8) AS weight,
        octavo_sketch(hashint8extended(coalesce(m.author_id, -m.id), 0)) AS author,
        octavo_sketch(octavo_fingerprint(m.search, coalesce(m.author_id, -m.id))) AS text
    FROM conversations_mention AS m {{beside}} LEFT JOIN conversations_author AS a ON a.id = m.author_id
    WHERE m.id = ANY(%s) AND m.published_at >= %s AND m.relevant AND NOT m.own AND m.deleted_at IS NULL"""  # noqa: S608 no value of anybody's

# Each message is looked up by its number, whatever size the planner thinks the table has: while much comes in it knows
# nothing, or what was true a million messages ago. Materialised, or else the sketches would be made anew for each key.
_ADD = f"""
SET LOCAL enable_seqscan TO off;
WITH said AS MATERIALIZED ({_SAID.format(topic="NULL", beside="")})
INSERT INTO alert_count (brand_id, key, at, n, weight, authors, texts)
SELECT brand_id, k.key, at, count(*), sum(weight), bit_or(author), bit_or(text)
FROM said CROSS JOIN LATERAL (VALUES
    (CASE WHEN campaign IS NULL THEN 'all' END), (CASE WHEN sentiment = 'negative' THEN 'negative' END),
    (CASE WHEN register <> 'none' THEN 'register:' || register END),
    (CASE WHEN campaign IS NULL THEN 'channel:' || channel END),
    (CASE WHEN campaign IS NULL THEN 'language:' || language END), ('source:' || origin), ('campaign:' || campaign),
    (CASE WHEN sentiment IN ('negative', 'mixed') OR register IN ('complaint', 'problem', 'crisis')
        THEN 'against:' || campaign END)) AS k (key)
WHERE k.key IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 3, 2;
SET LOCAL enable_seqscan TO DEFAULT
"""  # noqa: S608 no value of anybody's

_OF_TOPICS = (
    "JOIN conversations_mentiontopic AS g ON g.mention = m.id "
    "JOIN conversations_topic AS t ON t.id = g.topic_id AND t.deleted_at IS NULL AND (%s OR t.examples <> '{}')"
)
_ADD_TOPICS = f"""
SET LOCAL enable_seqscan TO off;
INSERT INTO alert_count (brand_id, key, at, n, weight, authors, texts)
SELECT brand_id, 'topic:' || topic, at, count(*), sum(weight), bit_or(author), bit_or(text)
FROM ({_SAID.format(topic="t.name", beside=_OF_TOPICS)}) AS said WHERE campaign IS NULL GROUP BY 1, 2, 3 ORDER BY 1, 3, 2;
SET LOCAL enable_seqscan TO DEFAULT
"""  # noqa: S608 no value of anybody's

_SUMS = (
    "sum(n), sum(coalesce(weight, n)), coalesce(sum(n) FILTER (WHERE authors IS NULL), 0), "
    "bit_or(authors)::text, bit_or(texts)::text"
)


FEW = 0.4
"""People, or texts, for each message below which these are no crowd."""


class Flood(StrEnum):
    """What many messages are that are no crowd: few people write it all, or it is one text again and again."""

    AUTHOR = "author"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Heard:
    """What was counted of one key in some time. `weight` is `n` weighted by how far each message reaches.

    `authors` and `texts` are sketches of who spoke and of what was said, alike texts being one; `plain` messages were
    counted before there were sketches, and pass for as many people saying as many things.
    """

    n: int
    weight: float
    plain: int = 0
    authors: int = 0
    texts: int = 0

    @property
    def people(self) -> float:
        return min(self.plain + sketch.count(self.authors), self.n)

    @property
    def sayings(self) -> float:
        return min(self.plain + sketch.count(self.texts), self.n)

    @property
    def voices(self) -> float:
        """Messages that stand for themselves: as many as there are people, and as many as there are texts."""
        return min(self.people, self.sayings)

    @property
    def flood(self) -> Flood | None:
        if self.voices >= FEW * self.n:
            return None
        return Flood.AUTHOR if self.people < FEW * self.n else Flood.TEXT

    def __add__(self, other: Heard) -> Heard:
        return Heard(
            self.n + other.n,
            self.weight + other.weight,
            self.plain + other.plain,
            self.authors | other.authors,
            self.texts | other.texts,
        )


NOTHING = Heard(0, 0.0)


def add(mentions: Sequence[int], *, now: datetime) -> None:
    """Count new mentions, in the caller's transaction: only those it has just recorded, and once."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [list(mentions), now - REMEMBERED])
        cursor.execute(_ADD_TOPICS, [True, list(mentions), now - REMEMBERED])


def add_topics(mentions: Sequence[int], *, now: datetime) -> None:
    """Count messages for the topics that are known by examples, which a first reading does not see: in the transaction of
    their second reading, and once."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD_TOPICS, [False, list(mentions), now - REMEMBERED])


def bin_of(moment: datetime) -> datetime:
    """The beginning of the five minutes a moment lies in."""
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % int(BIN.total_seconds()), UTC)


def series(brand: int, key: str, *, since: datetime, until: datetime) -> Mapping[datetime, int]:
    """Counts of one key by the beginning of their five minutes; those without a message are left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT at, sum(n) FROM alert_count WHERE brand_id = %s AND key = %s AND at >= %s AND at < %s GROUP BY at",
            [brand, key, since, until],
        )
        return {at: int(n) for at, n in cursor.fetchall()}


def bins(
    brand: int, *, since: datetime, until: datetime, beginning: Sequence[str] = ("",)
) -> list[tuple[datetime, dict[str, Heard]]]:
    """Every bin with a message, in order, with what was heard of its keys, or of those that begin with one of these."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT at, key, {_SUMS} FROM alert_count WHERE brand_id = %s AND at >= %s AND at < %s "  # noqa: S608 names of our own
            "AND key LIKE ANY(%s) GROUP BY at, key ORDER BY at, key",
            [brand, since, until, [f"{each}%" for each in beginning]],
        )
        found: dict[datetime, dict[str, Heard]] = {}
        for at, key, *sums in cursor.fetchall():
            found.setdefault(at, {})[key] = _heard(*sums)
    return list(found.items())


def total(brand: int, key: str, *, since: datetime, until: datetime) -> Heard:
    """What was heard of a key in some time: nobody is counted twice in it."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_SUMS} FROM alert_count WHERE brand_id = %s AND key = %s AND at >= %s AND at < %s",  # noqa: S608 names of our own
            [brand, key, since, until],
        )
        return _heard(*cursor.fetchone())


def _heard(n: int | None, weight: float, plain: int, authors: str | None, texts: str | None) -> Heard:
    return Heard(int(n), float(weight), int(plain), sketch.parse(authors), sketch.parse(texts)) if n else NOTHING


def compact() -> None:
    """Join the rows of each bin and forget what is older than is remembered. Nobody waits for it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('alert_count'))")
        if not cursor.fetchone()[0]:
            return
        Count.objects.filter(at__lt=clock.now() - REMEMBERED).delete()
        cursor.execute(
            "WITH several AS (SELECT brand_id, key, at FROM alert_count GROUP BY 1, 2, 3, authors IS NULL HAVING count(*) > 1), "
            "gone AS (DELETE FROM alert_count AS c USING several AS s "
            "WHERE (c.brand_id, c.key, c.at) = (s.brand_id, s.key, s.at) RETURNING c.*) "
            "INSERT INTO alert_count (brand_id, key, at, n, weight, authors, texts) "
            "SELECT brand_id, key, at, sum(n), sum(weight), bit_or(authors), bit_or(texts) FROM gone "
            "GROUP BY brand_id, key, at, authors IS NULL"
        )
