"""Gathering messages into stories: the only way a story comes into being, grows, merges, splits or is over.

`take` is called with messages just read and what they mean, in the transaction that keeps their readings; `forget` where
messages were edited or deleted, in the transaction that recorded it. What is known of a brand's stories is read anew from
the database each time, so that nothing depends on a process; of all its stories only those near in time are looked at, at
most `STORIES` and `SEEDS`, so that a month of backlog meets the stories of its own days. Safe to repeat: a message that
belongs to a story stays there. A lock a brand, asked for after the mentions' rows and before the lock of the alerts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.models import Q
from numpy.typing import NDArray

from octavo.conversations.models import Story, StoryEvent, StoryMention, StoryUsual
from octavo.kit import clock
from octavo.understand import meaning
from octavo.understand.stories import gather, keys, split, title
from octavo.understand.stories.gather import Known, Message, Usual

STORIES, SEEDS = 192, 320
"""So many stories and seeds near in time a batch is compared with."""
WINDOW = timedelta(days=3)
"""A batch that spans more is taken in parts."""
REACH = timedelta(seconds=gather.REACH)
SILENT = timedelta(days=7)
"""After so long without a message a story is over, and a seed is forgotten."""
WALKED = timedelta(days=1)
"""A story of the past is not over while a backlog is being read: so long after it was last touched."""
KEPT = timedelta(days=400)
"""A story that has been over for so long is forgotten; its messages stay."""
MOST_SEEDS = 20_000
"""Seeds of a brand that are kept at most, the latest published."""
TITLED_FROM = 60
"""Messages a title is chosen from: the first half and the last half of so many."""
LOOKED_AT = (12, 24, 48, 96, 192)
"""Sizes at which a story is looked at for being two; a larger one is not: it would have to be read again whole."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Read:
    """A mention as it stands, with what it means."""

    number: int
    at: datetime
    author: int | None
    negative: bool
    reach: int
    keys: keys.Keys
    row: int


_MENTIONS = """
SELECT m.id, m.brand_id, m.published_at, m.author_id, m.sentiment = 'negative',
    greatest(m.reach, coalesce(a.followers, 0)), m.text, m.relevant AND NOT m.own AND m.deleted_at IS NULL
FROM conversations_mention AS m LEFT JOIN conversations_author AS a ON a.id = m.author_id
WHERE m.id = ANY(%s) ORDER BY m.published_at, m.id
"""


def take(mentions: Sequence[int], means: Floats) -> list[int]:
    """Find the stories of these messages, given what they mean (float32[n, d], beside them); the stories that changed.

    Messages that are not about the brand, its own, and those of which nothing is known (d is 0) belong to no story.
    """
    if not mentions or not means.shape[1]:
        return []
    row_of = {number: row for row, number in enumerate(mentions)}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_MENTIONS, [list(mentions)])
        found = cursor.fetchall()
        _lock({row[1] for row in found})
        had = _belonging(mentions)
        changed = _forget([row[0] for row in found if row[0] in had and not row[7]])
        changed |= _follow([row for row in found if row[0] in had and row[7]])
        moves = meaning.load().only_moves(means)
        for brand in sorted({row[1] for row in found}):
            fresh = [
                _Read(
                    number, at, author, negative, reach, _keys(text, moving=bool(moves[row_of[number]])), row_of[number]
                )
                for number, of, at, author, negative, reach, text, counts in found
                if of == brand and counts and number not in had
            ]
            for part in _windows(fresh):
                changed |= _take(brand, part, means)
        _refresh(changed)
    return sorted(changed)


def forget(mentions: Sequence[int]) -> None:
    """Take these messages out of their stories: they were deleted, or say something else now."""
    if not mentions or not StoryMention.objects.filter(mention__in=mentions).exists():
        return
    with transaction.atomic():
        brands = StoryMention.objects.filter(mention__in=mentions).values_list("brand", flat=True).distinct()
        _lock(set(brands))
        _refresh(_forget(mentions))


def fade() -> None:
    """Once in a while: stories that have fallen silent are over, seeds of which nothing came and stories long over are
    forgotten. Nobody waits for it."""
    now = clock.now()
    silent = Story.objects.filter(last_at__lt=now - SILENT, touched_at__lt=now - WALKED)
    with transaction.atomic():
        over = list(
            silent.filter(state=Story.State.LIVING).select_for_update(skip_locked=True).values_list("pk", flat=True)
        )
        Story.objects.filter(pk__in=over).update(state=Story.State.OVER, centre=None)
        _note((number, "over", {}) for number in over)
        gone = Q(state=Story.State.SEED, last_at__lt=now - SILENT, touched_at__lt=now - WALKED)
        gone |= Q(state=Story.State.OVER, last_at__lt=now - KEPT, touched_at__lt=now - KEPT)
        _delete(list(Story.objects.filter(gone).select_for_update(skip_locked=True).values_list("pk", flat=True)))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT s.id FROM conversations_brand AS b CROSS JOIN LATERAL (SELECT id FROM conversations_story "
                "WHERE brand_id = b.id AND state = 'seed' ORDER BY last_at DESC, id DESC OFFSET %s) AS s",
                [MOST_SEEDS],
            )
            _delete([number for (number,) in cursor.fetchall()])


def _delete(numbers: Sequence[int]) -> None:
    """Forget stories with what had merged into them; set by set, because they can be many."""
    for statement in (
        "DELETE FROM conversations_storymention WHERE story_id = ANY(%s)",
        "DELETE FROM conversations_story WHERE merged_into_id = ANY(%s)",
        "DELETE FROM conversations_story WHERE id = ANY(%s)",
    ):
        with connection.cursor() as cursor:
            cursor.execute(statement, [list(numbers)])


def _keys(text: str, *, moving: bool) -> keys.Keys:
    found = keys.of(text)
    return keys.Keys(found.text, found.link, found.tells and not moving)


def _lock(brands: Iterable[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(  # in order, so that two cannot wait for each other
            "SELECT pg_advisory_xact_lock(hashtext('octavo stories'), brand) FROM unnest(%s::integer[]) AS brand",
            [sorted(brands)],
        )


def _belonging(mentions: Sequence[int]) -> set[int]:
    return set(StoryMention.objects.filter(mention__in=mentions).values_list("mention", flat=True))


def _forget(mentions: Sequence[int]) -> set[int]:
    """Take messages out; the stories they were in, whose titles are chosen anew where they were in these words."""
    if not mentions:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM conversations_storymention WHERE mention = ANY(%s) RETURNING story_id", [list(mentions)]
        )
        stories = {story for (story,) in cursor.fetchall()}
    # What has merged into them may be called by these words too.
    named = Story.objects.filter(Q(pk__in=stories) | Q(merged_into__in=stories), title_from__in=mentions)
    named.update(title="", title_from=None, titled_at=0)
    return stories


def _follow(rows: Sequence[Sequence[Any]]) -> set[int]:
    """Messages read again: what their stories count of them."""
    if not rows:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE conversations_storymention AS s SET negative = g.negative, reach = g.reach "
            "FROM unnest(%s::bigint[], %s::boolean[], %s::bigint[]) AS g (mention, negative, reach) "
            "WHERE s.mention = g.mention AND (s.negative, s.reach) IS DISTINCT FROM (g.negative, g.reach) RETURNING s.story_id",
            [[row[0] for row in rows], [row[4] for row in rows], [row[5] for row in rows]],
        )
        return {story for (story,) in cursor.fetchall()}


def _windows(messages: Sequence[_Read]) -> list[list[_Read]]:
    """The messages, which come in order of time, in parts that span no more than a window."""
    parts: list[list[_Read]] = []
    for message in messages:
        if not parts or message.at - parts[-1][0].at > WINDOW:
            parts.append([])
        parts[-1].append(message)
    return parts


def _take(brand: int, messages: Sequence[_Read], means: Floats) -> set[int]:
    """Find the stories of one brand's messages, none of which belongs to one; the stories that changed."""
    state, _ = StoryUsual.objects.get_or_create(brand_id=brand)
    copies, links = _sharing(brand, messages)
    known = _near(brand, messages, also={*copies.values(), *links.values()})
    gathered = gather.gather(
        [Message(m.number, m.at.timestamp(), m.keys.text, m.keys.link, m.keys.tells) for m in messages],
        means[[message.row for message in messages]],
        known,
        usual=Usual(np.frombuffer(state.mean, np.float32), state.seen) if state.mean else Usual(),
        copies=copies,
        links=links,
    )
    state.mean, state.seen = gathered.usual.mean.tobytes(), gathered.usual.seen
    state.save()
    numbers = _write(brand, gathered.stories)
    _merge([(number, numbers.get(into, into)) for number, into in gathered.merged if number > 0])
    homes = [None if home is None else numbers.get(home, home) for home in gathered.homes]
    StoryMention.objects.bulk_create(
        StoryMention(
            story_id=home, brand_id=brand, mention=message.number, published_at=message.at, author=message.author,
            negative=message.negative, reach=message.reach, text_key=message.keys.text, link_key=message.keys.link,
        )
        for message, home in zip(messages, homes, strict=True)
        if home is not None
    )  # fmt: skip
    return {home for home in homes if home is not None} | {
        story.number for story in gathered.stories if story.number > 0
    }


def _sharing(brand: int, messages: Sequence[_Read]) -> tuple[dict[int, int], dict[int, int]]:
    """Which stories hold a copy of these messages, or their link: {key: story}, the latest of several."""
    since, until = messages[0].at - REACH, messages[-1].at + REACH
    found: list[dict[int, int]] = []
    wanted = {message.keys.text for message in messages if message.keys.tells}
    shared = {message.keys.link for message in messages if message.keys.link is not None}
    with connection.cursor() as cursor:
        for column, values in (("text_key", wanted), ("link_key", shared)):
            cursor.execute(
                f"SELECT m.{column}, max(m.story_id) FROM conversations_storymention AS m "  # noqa: S608 names of our own
                "JOIN conversations_story AS s ON s.id = m.story_id "
                f"WHERE m.brand_id = %s AND m.{column} = ANY(%s) AND m.published_at BETWEEN %s AND %s "
                f"AND s.centre IS NOT NULL GROUP BY m.{column}",
                [brand, sorted(values), since, until],
            )
            found.append(dict(cursor.fetchall()))
    return found[0], found[1]


_NEAR = """
(SELECT {columns} FROM conversations_story WHERE brand_id = %(brand)s AND state = '{state}' AND centre IS NOT NULL
    AND last_at <= %(until)s AND last_at >= %(since)s ORDER BY last_at DESC, id DESC LIMIT %(most)s)
UNION ALL
(SELECT {columns} FROM conversations_story WHERE brand_id = %(brand)s AND state = '{state}' AND centre IS NOT NULL
    AND last_at > %(until)s AND first_at <= %(later)s AND last_at <= %(latest)s ORDER BY last_at, id LIMIT %(most)s)
"""
_COLUMNS = "id, first_at, last_at, messages, weight, centre"


def _near(brand: int, messages: Sequence[_Read], *, also: set[int]) -> list[Known]:
    """What is known of the stories near in time, by number."""
    since, until = messages[0].at - REACH, messages[-1].at
    rows: dict[int, Sequence[Any]] = {}
    with connection.cursor() as cursor:
        for state, most in ((Story.State.LIVING, STORIES // 2), (Story.State.SEED, SEEDS // 2)):
            cursor.execute(
                _NEAR.format(columns=_COLUMNS, state=state.value),
                {"brand": brand, "since": since, "until": until, "later": until + REACH, "latest": until + 4 * REACH, "most": most},
            )  # fmt: skip
            rows |= {row[0]: row for row in cursor.fetchall()}
        cursor.execute(
            f"SELECT {_COLUMNS} FROM conversations_story WHERE id = ANY(%s) AND centre IS NOT NULL",  # noqa: S608 names of our own
            [sorted(also)],
        )
        rows |= {row[0]: row for row in cursor.fetchall()}
    return [
        Known(
            number,
            first.timestamp(),
            last.timestamp(),
            count,
            weight,
            np.frombuffer(centre, np.float16).astype(np.float32),
        )
        for number, first, last, count, weight, centre in (rows[number] for number in sorted(rows))
    ]


def _write(brand: int, stories: Sequence[Known]) -> dict[int, int]:
    """Write what the stories have become; the numbers that new ones were given. Figures are worked out afterwards."""
    now = clock.now()
    new = [story for story in stories if story.number < 0]
    made = Story.objects.bulk_create(
        Story(
            brand_id=brand, first_at=_moment(story.first), last_at=_moment(story.last), weight=story.weight,
            centre=_packed(story.centre), touched_at=now,
        )
        for story in new
    )  # fmt: skip
    old = [story for story in stories if story.number > 0]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE conversations_story AS s SET centre = g.centre, weight = g.weight, touched_at = %s "
            "FROM unnest(%s::bigint[], %s::bytea[], %s::float8[]) AS g (id, centre, weight) WHERE s.id = g.id",
            [now, [s.number for s in old], [_packed(s.centre) for s in old], [s.weight for s in old]],
        )
    return {story.number: row.pk for story, row in zip(new, made, strict=True)}


def _merge(pairs: Sequence[tuple[int, int]]) -> None:
    """Let stories become part of others: their messages move. A seed leaves nothing behind, a story its history."""
    states = dict(Story.objects.filter(pk__in={gone for gone, _ in pairs}).values_list("pk", "state"))
    seeds = []
    for gone, into in pairs:
        moved = StoryMention.objects.filter(story=gone).update(story=into)
        if states[gone] == Story.State.SEED:
            seeds.append(gone)
            continue
        Story.objects.filter(merged_into=gone).update(merged_into=into)
        Story.objects.filter(pk=gone).update(state=Story.State.MERGED, merged_into=into, centre=None)
        _note(
            [
                (gone, "merged", {"story": into, "messages": moved}),
                (into, "took in", {"story": gone, "messages": moved}),
            ]
        )
    _delete(seeds)


_FIGURES = """
WITH figures AS (
    SELECT s.id, count(m.mention) AS n, count(DISTINCT coalesce(m.author, -m.mention)) AS authors,
        count(DISTINCT m.text_key) AS texts, count(*) FILTER (WHERE m.negative) AS negative,
        coalesce(sum(m.reach), 0)::bigint AS reach, min(m.published_at) AS first_at, max(m.published_at) AS last_at,
        s.state AS was
    FROM conversations_story AS s LEFT JOIN conversations_storymention AS m ON m.story_id = s.id
    WHERE s.id = ANY(%s) AND s.state <> 'merged' GROUP BY s.id)
UPDATE conversations_story AS s SET messages = f.n, authors = f.authors, texts = f.texts, negative = f.negative,
    reach = f.reach, first_at = coalesce(f.first_at, s.first_at), last_at = coalesce(f.last_at, s.last_at),
    state = CASE WHEN f.n < 2 THEN 'seed' WHEN s.state = 'seed' THEN 'living' ELSE s.state END
FROM figures AS f WHERE s.id = f.id RETURNING s.id, s.messages, f.was, s.state, s.titled_at,
    CASE WHEN s.centre IS NULL THEN NULL ELSE s.looked_at END
"""


def _refresh(stories: Iterable[int]) -> None:
    """Work out again what follows from the messages of these stories: figures, state, title; and whether one is two."""
    numbers = sorted(set(stories))
    if not numbers:
        return
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES, [numbers])
        found = cursor.fetchall()
    _delete([number for number, n, *_ in found if n == 0])
    _note((number, "began", {}) for number, _, was, state, *_ in found if was == "seed" and state == "living")
    for number, n, _, state, titled_at, _ in found:
        if state != "seed" and (titled_at == 0 or n >= 2 * titled_at):
            _title(number, n)
    for number, n, _, state, _, looked_at in found:
        if state == "living" and looked_at is not None:
            _split(number, n, looked_at)


def _title(number: int, messages: int) -> None:
    texts = _texts(number, most=TITLED_FROM)
    chosen = title.choose([text for _, text, _ in texts])
    Story.objects.filter(pk=number).update(
        title=chosen.text if chosen else "", title_from=texts[chosen.row][0] if chosen else None, titled_at=messages
    )


def _texts(number: int, *, most: int) -> list[tuple[int, str, int]]:
    """(mention, text, text key) of a story's messages in order of time; of more than `most` the first and the last."""
    members = StoryMention.objects.filter(story=number)
    half = most // 2
    rows = [
        *members.order_by("published_at", "mention").values_list("mention", "published_at", "text_key")[:half],
        *members.order_by("-published_at", "-mention").values_list("mention", "published_at", "text_key")[
            : most - half
        ],
    ]
    wanted = sorted(set(rows), key=lambda row: (row[1], row[0]))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.id, m.text FROM unnest(%s::bigint[], %s::timestamptz[]) AS g (id, at) "
            "JOIN conversations_mention AS m ON m.id = g.id AND m.published_at = g.at WHERE m.deleted_at IS NULL",
            [[row[0] for row in wanted], [row[1] for row in wanted]],
        )
        texts = dict(cursor.fetchall())
    return [(mention, texts[mention], key) for mention, _, key in wanted if mention in texts]


def _split(number: int, messages: int, looked_at: int) -> None:
    """See whether a story has become two, at certain sizes; then its later half is a story of its own."""
    size = max((size for size in LOOKED_AT if size <= messages), default=0)
    if size <= looked_at or messages > 2 * LOOKED_AT[-1]:
        return
    Story.objects.filter(pk=number).update(looked_at=size)
    story = Story.objects.get(pk=number)
    texts = _texts(number, most=2 * LOOKED_AT[-1])
    distinct = {key: text for _, text, key in reversed(texts)}
    ordered = list(dict.fromkeys(key for *_, key in texts))
    usual = StoryUsual.objects.filter(brand=story.brand_id).first()
    centre = (
        Usual(np.frombuffer(usual.mean, np.float32), usual.seen).centre() if usual and usual.mean else Usual().centre()
    )
    vectors = meaning.of_texts([distinct[key] for key in ordered])
    later = split.halves(vectors, centre)
    if later is None:
        return
    leaving = [key for key, leaves in zip(ordered, later, strict=True) if leaves]
    off = Story.objects.create(
        brand_id=story.brand_id, first_at=story.first_at, last_at=story.last_at, looked_at=size,
        centre=_packed(vectors[later].mean(axis=0)), weight=float(later.sum()), touched_at=clock.now(),
    )  # fmt: skip
    moved = StoryMention.objects.filter(story=number, text_key__in=leaving).update(story=off)
    Story.objects.filter(pk=number).update(
        centre=_packed(vectors[~later].mean(axis=0)),
        weight=float((~later).sum()),
        title="",
        title_from=None,
        titled_at=0,
    )
    _refresh([number, off.pk])
    _note(
        [
            (number, "split", {"story": off.pk, "messages": moved}),
            (off.pk, "split off", {"story": number, "messages": moved}),
        ]
    )


def _note(events: Iterable[tuple[int, str, dict[str, Any]]]) -> None:
    now = clock.now()
    StoryEvent.objects.bulk_create(
        StoryEvent(story_id=story, at=now, action=action, detail=detail) for story, action, detail in events
    )


def _packed(centre: Floats) -> bytes:
    return centre.astype(np.float16).tobytes()


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
