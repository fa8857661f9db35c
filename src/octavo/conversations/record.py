"""Keeping posts: the only way a mention comes into being or changes its text.

`record` is idempotent on (brand, channel, external id), takes posts in batches with their readings, joins them into
conversations and leaves one transaction behind, or none. `keep` replaces readings by better ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from octavo.conversations import authors, heads, partitions, reread, rows, threads, topics
from octavo.conversations.change import change, edited_at
from octavo.conversations.moments import believable
from octavo.kit import clock
from octavo.understand import Readings
from octavo.vocabulary import Post


@dataclass(slots=True)
class Recorded:
    """What became of a batch. `new`, `edited` and `deleted` are mention ids; `outcomes` says it for each post, in order.
    `rows` are the places in the batch of those in `new`."""

    new: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    edited: list[int] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    known: int = 0
    outcomes: list[str] = field(default_factory=list)


def record(
    posts: Sequence[Post],
    readings: Readings,
    *,
    brand: int | Sequence[int],
    origin: int | None = None,
    received_at: datetime | None = None,
) -> Recorded:
    """Keep `posts` of one brand (or of several: `brand` then holds each post's) with the `readings` beside them (same
    order, same length). As `record_prepared`."""
    return record_prepared(rows.prepare(posts, readings), brand=brand, origin=origin, received_at=received_at)


def record_prepared(
    prepared: rows.Prepared,
    *,
    brand: int | Sequence[int],
    origin: int | None = None,
    received_at: datetime | None = None,
) -> Recorded:
    """Keep posts that were read, and prepared for the database.

    A post already known is left alone, or becomes a new version of its text, or is forgotten where the channel says it was
    deleted; one that was deleted before it came never comes. Outcomes are `new`, `known`, `edited`, `deleted`. Safe to
    repeat; runs in one transaction, joining the caller's. Raises `ValueError` where not every post has a brand.
    """
    received = received_at or clock.now()
    posts = prepared.posts
    brands = [brand] * len(posts) if isinstance(brand, int) else brand
    if len(posts) != len(brands):
        raise ValueError("each post has one brand")
    result = Recorded(outcomes=["known"] * len(posts))
    if not posts:
        return result
    moments = [believable(post.created_at, received) for post in posts]
    partitions.ensure(moments)
    keys = [threads.post_label(of, post.channel, post.external_id) for of, post in zip(brands, posts, strict=True)]
    labels = [threads.thread_labels(of, post) for of, post in zip(brands, posts, strict=True)]
    first, *repeats = _without_repeats(keys)
    with transaction.atomic():
        # Batches that join threads work alone on a brand, the others side by side.
        _lock(set(brands), alone=any(labels))
        claimed = _claim([keys[row] for row in first])
        new = []
        for row in first:
            if keys[row] in claimed:
                result.outcomes[row] = "deleted" if posts[row].deleted else "new"
                if not posts[row].deleted:
                    new.append(row)
        homes = _add(prepared, new, keys, labels, moments, received, claimed=claimed, brands=brands, origin=origin)
        result.rows, result.new = new, [claimed[keys[row]] for row in new]
        said = prepared.readings.topics
        named = [(row, claimed[keys[row]], home, brands[row]) for row, home in zip(new, homes, strict=True)]
        topics.keep(topics.recorded(said, named))
        touched = set(homes).difference(result.new)
        written = {home for row, home in zip(new, homes, strict=True) if not posts[row].own}
        for wave in ([row for row in first if keys[row] not in claimed], *repeats):
            changed = change(prepared, wave, keys, received, brands=brands)
            for outcome, of_rows in (("edited", changed.edited), ("deleted", changed.deleted)):
                for row in of_rows:
                    result.outcomes[row] = outcome
            result.edited += changed.edited.values()
            result.deleted += changed.deleted.values()
            touched |= changed.touched
        heads.refresh(touched, written=written, received=received)
        result.known = result.outcomes.count("known")
        arrived = Counter(of for of, outcome in zip(brands, result.outcomes, strict=True) if outcome == "new")
        stirred = {of for of, outcome in zip(brands, result.outcomes, strict=True) if outcome != "known"}
        _announce({of: arrived[of] for of in stirred})
    return result


def make_room(posts: Sequence[Post]) -> None:
    """Make the partitions these posts will fall into: before a transaction that records several times."""
    if not partitions.known({(at.year, at.month) for post in posts if (at := post.created_at)}):
        received = clock.now()
        partitions.ensure(believable(post.created_at, received) for post in posts)


def keep(
    readings: Readings,
    mentions: Sequence[int],
    *,
    anew: bool = False,
    better: Sequence[str] = (),
    edited: Sequence[datetime | None] | None = None,
) -> set[int]:
    """Replace the readings of `mentions` (ids, same order) where they come from another model that is not of one of the
    `better` tiers, or with `anew` all of them; the ids of those replaced. What a person corrected stays. A mention that is gone
    is passed over, and so is one whose text is no longer what was read: `edited` is when each had been edited last when it was
    read.
    """
    columns = rows.Columns.of(readings)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, edited_at, published_at, conversation_id, language, corrected, brand_id FROM conversations_mention "
            "WHERE id = ANY(%s) AND (%s OR model <> %s AND split_part(model, '-', 1) <> ALL(%s)) AND deleted_at IS NULL "
            "ORDER BY id FOR UPDATE",
            [list(mentions), anew, columns.model, list(better)],
        )
        as_read = None if edited is None else dict(zip(mentions, edited, strict=True))
        found = {mention: rest for mention, at, *rest in cursor.fetchall() if as_read is None or as_read[mention] == at}
        changes = []
        for row, mention in enumerate(mentions):
            if mention in found:
                published, _, language, corrected, _ = found[mention]
                changes.append((mention, published, language != columns.language[row], row, set(corrected)))
        reread.write(cursor, columns, changes)
        topics.keep(
            topics.recorded(
                readings.topics,
                [(row, mention, found[mention][1], found[mention][-1]) for mention, *_, row, _ in changes],
            ),
            anew=True,
        )
        heads.refresh(conversation for _, conversation, *_ in found.values())
        _announce(dict.fromkeys((brand for *_, brand in found.values()), 0))
    return set(found)


def _without_repeats(keys: Sequence[str]) -> list[list[int]]:
    """Rows in waves in which no key stands twice: a post repeated in one batch is an edit of the first."""
    if len(set(keys)) == len(keys):
        return [list(range(len(keys)))]
    waves: list[list[int]] = []
    seen: dict[str, int] = {}
    for row, key in enumerate(keys):
        nth = seen.get(key, 0)
        seen[key] = nth + 1
        if nth == len(waves):
            waves.append([])
        waves[nth].append(row)
    return waves


def _add(
    prepared: rows.Prepared,
    new: list[int],
    keys: Sequence[str],
    labels: Sequence[list[str]],
    moments: Sequence[datetime],
    received: datetime,
    *,
    claimed: Mapping[str, int],
    brands: Sequence[int],
    origin: int | None,
) -> list[int]:
    """Write the mentions of the rows in `new`; the conversation of each, new ones written, old ones not yet refreshed."""
    if not new:
        return []
    posts = prepared.posts
    ids = [claimed[keys[row]] for row in new]
    writers, names = authors.of([posts[row] for row in new])
    homes = _conversations(new, keys, labels, ids)
    published = [moments[row].isoformat() for row in new]
    with connection.cursor() as cursor:
        heads.create(
            cursor, prepared, new, ids=ids, conversations=homes, authors=writers, names=names, published=published,
            brands=brands, fresh=set(homes).intersection(ids),
        )  # fmt: skip
        lines = rows.mention_lines(
            prepared, new, ids=ids, conversations=homes, authors=writers, published=published,
            received=received.isoformat(), edited=[edited_at(posts[row], received) for row in new],
            brands=brands, origin=origin,
        )  # fmt: skip
        rows.copy(cursor, "conversations_mention", rows.MENTION_COLUMNS, lines)
        _remember_labels(cursor, {label: home for row, home in zip(new, homes, strict=True) for label in labels[row]})
    return homes


def _lock(brands: set[int], *, alone: bool) -> None:
    function = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    with connection.cursor() as cursor:
        cursor.execute(  # in order, so that two batches cannot wait for each other
            f"SELECT {function}(hashtext('octavo threads'), brand) FROM unnest(%s::integer[]) AS brand",  # noqa: S608 names of our own
            [sorted(brands)],
        )


def _claim(keys: Sequence[str]) -> dict[str, int]:
    """Number the keys nobody has yet, in their order: {key: mention id}.

    Inserted in the order of the keys themselves, so that two batches cannot wait for each other.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(nextval('conversations_mention_number')) FROM generate_series(1, %s)", [len(keys)]
        )
        numbers = cursor.fetchone()[0]
        cursor.execute(
            "INSERT INTO conversations_postkey (key, mention) "
            "SELECT * FROM unnest(%s::text::uuid[], %s::text::bigint[]) AS g (key, mention) ORDER BY key "
            "ON CONFLICT DO NOTHING",
            [threads.keys_array(keys), rows.numbers(numbers)],
        )
        if cursor.rowcount == len(keys):  # nearly always: a file brings what is new
            return dict(zip(keys, numbers, strict=True))
        cursor.execute(
            "SELECT encode(uuid_send(k.key), 'hex'), k.mention FROM conversations_postkey k "
            "JOIN unnest(%s::text::uuid[], %s::text::bigint[]) AS g (key, mention) ON (k.key, k.mention) = (g.key, g.mention)",
            [threads.keys_array(keys), rows.numbers(numbers)],
        )
        return dict(cursor.fetchall())


def _conversations(new: list[int], keys: Sequence[str], labels: Sequence[list[str]], ids: Sequence[int]) -> list[int]:
    """The number of the conversation of each new post: a recorded one, or that of the post that begins a new one."""
    known = _labelled([keys[row] for row in new], {label for row in new for label in labels[row]})
    if not known and not any(labels[row] for row in new):
        return list(ids)
    homes: list[int] = []
    merged: dict[int, int] = {}

    def final(number: int) -> int:
        while number in merged:
            number = merged[number]
        return number

    recorded = set(known.values())
    for at, row in enumerate(new):
        mine = [keys[row], *labels[row]]
        candidates = {final(known[label]) for label in mine if label in known}
        home = min(candidates, default=ids[at])  # of several, the oldest
        merged.update(dict.fromkeys(candidates - {home}, home))
        known.update(dict.fromkeys(mine, home))
        homes.append(home)
    heads.merge({old: final(old) for old in merged if old in recorded})
    return [final(number) for number in homes]


def _labelled(own: Iterable[str], others: set[str]) -> dict[str, int]:
    """Conversations that already carry these labels: {label: conversation id}."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT encode(uuid_send(key), 'hex'), conversation_id FROM conversations_threadkey WHERE key = ANY(%s::text::uuid[])",
            [threads.keys_array({*own, *others})],
        )
        found = dict(cursor.fetchall())
        if others:
            cursor.execute(
                "SELECT encode(uuid_send(k.key), 'hex'), m.conversation_id FROM conversations_postkey k "
                "JOIN conversations_mention m ON m.id = k.mention WHERE k.key = ANY(%s::text::uuid[])",
                [threads.keys_array(others)],
            )
            found.update(cursor.fetchall())
    return found


def _remember_labels(cursor: Any, homes: Mapping[str, int]) -> None:
    if homes:
        labels = sorted(homes)
        cursor.execute(
            "INSERT INTO conversations_threadkey (key, conversation_id) "
            "SELECT * FROM unnest(%s::text::uuid[], %s::bigint[]) ON CONFLICT DO NOTHING",
            [threads.keys_array(labels), [homes[label] for label in labels]],
        )


def _announce(brands: Mapping[int, int]) -> None:
    """Tell the open pages, once this transaction is through, of these brands and how many new messages each has."""
    if brands:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_notify('octavo_changed', told) FROM unnest(%s::text[]) AS told",
                [[f'{{"brand":{brand},"new":{new}}}' for brand, new in sorted(brands.items())]],
            )
