"""Keeping posts: the only way a mention comes into being or changes its text.

`record` is idempotent on (brand, channel, external id), takes posts in batches with their readings, joins them into
conversations and leaves one transaction behind, or none. `keep` replaces readings by better ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from octavo.conversations import heads, partitions, rows, threads
from octavo.kit import clock
from octavo.understand import Readings
from octavo.vocabulary import Author, Post

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""A message said to be older is given the moment it arrived; so is one from more than a day ahead."""


@dataclass(slots=True)
class Recorded:
    """What became of a batch. `new` and `edited` are mention ids; `outcomes` says it for each post, in order."""

    new: list[int] = field(default_factory=list)
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
    order, same length).

    A post already known is left alone, or becomes a new version of its text, or is forgotten where the channel says it was
    deleted. Outcomes are `new`, `known`, `edited`, `deleted`. Safe to repeat; runs in one transaction, joining the
    caller's.
    """
    received = received_at or clock.now()
    brands = [brand] * len(posts) if isinstance(brand, int) else brand
    moments = [_believable(post.created_at, received) for post in posts]
    partitions.ensure(moments)
    keys = [threads.post_label(of, post.channel, post.external_id) for of, post in zip(brands, posts, strict=True)]
    result = Recorded(outcomes=["known"] * len(posts))
    columns = rows.Columns.of(readings)
    with transaction.atomic():
        for wave in _without_repeats(keys):
            _record_wave(posts, columns, wave, keys, moments, received, brands=brands, origin=origin, result=result)
        result.known = result.outcomes.count("known")
        new = Counter(of for of, outcome in zip(brands, result.outcomes, strict=True) if outcome == "new")
        for of in {of for of, outcome in zip(brands, result.outcomes, strict=True) if outcome != "known"}:
            _announce(of, new[of])
    return result


def make_room(posts: Sequence[Post]) -> None:
    """Make the partitions these posts will fall into: before a transaction that records several times."""
    received = clock.now()
    partitions.ensure(_believable(post.created_at, received) for post in posts)


def keep(readings: Readings, mentions: Sequence[int]) -> int:
    """Replace the readings of `mentions` (ids, same order) where they come from another model; the number replaced.

    What a person corrected stays. A mention that is gone is passed over.
    """
    columns = rows.Columns.of(readings)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, published_at, conversation_id, language, corrected, brand_id FROM conversations_mention "
            "WHERE id = ANY(%s) AND model <> %s AND deleted_at IS NULL ORDER BY id FOR UPDATE",
            [list(mentions), columns.model],
        )
        found = {row[0]: row[1:] for row in cursor.fetchall()}
        whole, partial = [], []
        conversations: dict[int, None] = {}
        for row, mention in enumerate(mentions):
            if mention not in found:
                continue
            published, conversation, language, corrected, brand = found[mention]
            conversations[conversation] = None
            values = (mention, published, language != columns.language[row], row)
            (partial if corrected else whole).append((*values, set(corrected)))
        _keep_rows(cursor, columns, whole + partial)
        heads.refresh(conversations)
        for brand in {value[4] for value in found.values()}:
            _announce(brand, 0)
    return len(found)


def _keep_rows(cursor: Any, columns: rows.Columns, items: list[tuple[int, datetime, bool, int, set[str]]]) -> None:
    changes = []
    for mention, published, relabel, row, corrected in items:
        changes.append(
            (
                mention,
                published,
                columns.language[row] if relabel else None,
                columns.relevant[row] if "relevant" not in corrected else None,
                columns.relevance[row],
                columns.register(row) if "register" not in corrected else None,
                rows.assigned_array(columns.assigned[row]) if "register" not in corrected else None,
                rows.register_name(columns.runner_up[row]),
                "{" + ",".join(map(str, columns.registers[row])) + "}",
                columns.sentiment_name(row) if "sentiment" not in corrected else None,
                columns.sentiment_score[row],
                columns.urgency[row] if "urgency" not in corrected else None,
                columns.campaign[row][:120],
                "{" + ",".join(map(str, columns.evidence[row])) + "}",
            )
        )
    if not changes:
        return
    lists = [list(column) for column in zip(*changes, strict=True)]
    # Language alone decides the search column: leaving it untouched spares the full-text index.
    sql = """
        UPDATE conversations_mention AS m SET {language}
            relevant = coalesce(r.relevant, m.relevant), relevance = r.relevance,
            register = coalesce(r.register, m.register),
            assigned = coalesce(r.assigned::varchar[], m.assigned), runner_up = r.runner_up,
            registers = r.registers::smallint[], sentiment = coalesce(r.sentiment, m.sentiment),
            sentiment_score = r.sentiment_score, urgency = coalesce(r.urgency, m.urgency), campaign = r.campaign,
            evidence = r.evidence::integer[], model = %s
        FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::boolean[], %s::smallint[], %s::text[], %s::text[],
                    %s::text[], %s::text[], %s::text[], %s::smallint[], %s::smallint[], %s::text[], %s::text[])
            AS r (id, published_at, language, relevant, relevance, register, assigned, runner_up, registers, sentiment,
                  sentiment_score, urgency, campaign, evidence)
        WHERE m.id = r.id AND m.published_at = r.published_at AND (r.language IS {null} NULL)
    """
    cursor.execute(sql.format(language="", null=""), [columns.model, *lists])
    if any(change[2] is not None for change in changes):
        cursor.execute(
            sql.format(language="language = r.language,", null="NOT"), [columns.model, *lists]
        )


def _believable(created: datetime | None, received: datetime) -> datetime:
    if created is None or created < EARLIEST or created > received + timedelta(days=1):
        return received
    return created if created.tzinfo is UTC else created.astimezone(UTC)


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


def _record_wave(
    posts: Sequence[Post],
    columns: rows.Columns,
    wave: list[int],
    keys: Sequence[str],
    moments: Sequence[datetime],
    received: datetime,
    *,
    brands: Sequence[int],
    origin: int | None,
    result: Recorded,
) -> None:
    labels = {row: threads.thread_labels(brands[row], posts[row]) for row in wave}
    # Batches that join threads work alone on a brand, the others side by side.
    _lock({brands[row] for row in wave}, alone=any(labels.values()))
    present = [row for row in wave if not posts[row].deleted]
    claimed = _claim([keys[row] for row in present])
    for row in wave:
        if keys[row] not in claimed:
            continue
        result.outcomes[row] = "new"
    new = [row for row in present if keys[row] in claimed]
    changed = [row for row in wave if keys[row] not in claimed]
    if changed:
        _change(posts, columns, changed, keys, result)
    if not new:
        return
    ids = [claimed[keys[row]] for row in new]
    authors = _authors([posts[row] for row in new])
    home = _conversations(new, keys, labels, ids)
    fresh = set(home).intersection(ids)
    published = [moments[row].isoformat() for row in new]
    with connection.cursor() as cursor:
        heads.create(
            cursor, posts, columns, new, ids=ids, conversations=home, authors=authors, published=published,
            brands=brands, fresh=fresh,
        )  # fmt: skip
        lines = rows.mention_lines(
            posts, columns, new, ids=ids, conversations=home, authors=authors, published=published,
            received=received.isoformat(), brands=brands, origin=origin,
        )  # fmt: skip
        with cursor.copy(f"COPY conversations_mention ({rows.MENTION_COLUMNS}) FROM STDIN") as copy:
            copy.write("".join(lines).encode())
        _remember_labels(cursor, labels, dict(zip(new, home, strict=True)))
    heads.refresh(set(home) - fresh)
    result.new += ids


def _lock(brands: set[int], *, alone: bool) -> None:
    function = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    with connection.cursor() as cursor:
        cursor.execute(  # in order, so that two batches cannot wait for each other
            f"SELECT {function}(hashtext('octavo threads'), brand) FROM unnest(%s::integer[]) AS brand",  # noqa: S608
            [sorted(brands)],
        )


def _claim(keys: Sequence[str]) -> dict[str, int]:
    """Number the keys nobody has yet: {key: mention id}. Sorted, so that two batches cannot wait for each other."""
    if not keys:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO conversations_postkey (key, mention) "
            "SELECT key, nextval('conversations_mention_number') FROM unnest(%s::text::uuid[]) AS key "
            "ON CONFLICT DO NOTHING RETURNING encode(uuid_send(key), 'hex'), mention",
            [_keys_array(sorted(keys))],
        )
        return dict(cursor.fetchall())


def _keys_array(keys: Iterable[str]) -> str:
    return "{" + ",".join(keys) + "}"


def _change(
    posts: Sequence[Post], columns: rows.Columns, changed: list[int], keys: Sequence[str], result: Recorded
) -> None:
    """Posts already known: a new version of the text, a deletion, or nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT encode(uuid_send(k.key), 'hex'), m.id, m.published_at, m.text, m.subject, m.edited_at, m.deleted_at, m.conversation_id "
            "FROM conversations_postkey k JOIN conversations_mention m ON m.id = k.mention "
            "WHERE k.key = ANY(%s::text::uuid[]) ORDER BY m.id FOR UPDATE OF m",
            [_keys_array(keys[row] for row in changed)],
        )
        known = {row[0]: row[1:] for row in cursor.fetchall()}
        touched: dict[int, None] = {}
        for row in changed:
            if keys[row] not in known:
                continue
            mention, published, text, subject, edited_at, deleted_at, conversation = known[keys[row]]
            post = posts[row]
            if deleted_at is not None:
                continue
            if post.deleted:
                forget(cursor, mention, published)
                result.outcomes[row] = "deleted"
                result.deleted.append(mention)
            elif _is_newer(post, text, subject, edited_at):
                cursor.execute(
                    "INSERT INTO conversations_mentionversion (mention, subject, text, replaced_at) VALUES (%s, %s, %s, %s)",
                    [mention, subject, text, clock.now()],
                )
                cursor.execute(
                    "UPDATE conversations_mention SET text = %s, subject = %s, language = %s, edited_at = %s, model = '' "
                    "WHERE id = %s AND published_at = %s",
                    [
                        rows.storable(post.text), rows.storable(post.subject[:300]), columns.language[row],
                        post.edited_at or clock.now(), mention, published,
                    ],
                )  # fmt: skip
                _keep_rows(cursor, columns, [(mention, published, False, row, _corrected(cursor, mention))])
                result.outcomes[row] = "edited"
                result.edited.append(mention)
            else:
                continue
            touched[conversation] = None
        heads.refresh(touched)


def _corrected(cursor: Any, mention: int) -> set[str]:
    cursor.execute("SELECT corrected FROM conversations_mention WHERE id = %s", [mention])
    return set(cursor.fetchone()[0])


def _is_newer(post: Post, text: str, subject: str, edited_at: datetime | None) -> bool:
    if rows.storable(post.text) == text and rows.storable(post.subject[:300]) == subject:
        return False
    return post.edited_at is None or edited_at is None or post.edited_at > edited_at


def forget(cursor: Any, mention: int, published: datetime) -> None:
    """Empty a mention that its channel deleted: text, versions, evidence. The number stays, so that it does not come back."""
    cursor.execute("DELETE FROM conversations_mentionversion WHERE mention = %s", [mention])
    cursor.execute(
        "UPDATE conversations_mention SET text = '', subject = '', url = '', parent = NULL, evidence = '{}', deleted_at = %s "
        "WHERE id = %s AND published_at = %s",
        [clock.now(), mention, published],
    )


def _authors(posts: Sequence[Post]) -> list[int | None]:
    """Ids of the authors of `posts`, made where they are new, renamed where the channel gives another name."""
    asked = [(post.channel, post.author.handle) if post.author else None for post in posts]
    given = {key: post.author for key, post in zip(asked, posts, strict=True) if key and post.author}
    stored = {key: (rows.storable(key[0][:40]), rows.storable(key[1][:200])) for key in given}
    wanted = {stored[key]: author for key, author in given.items()}
    if not wanted:
        return [None] * len(posts)
    found: dict[tuple[str, str], int] = {}
    everyone = sorted(wanted)
    with connection.cursor() as cursor:
        renamed = []
        for channel, handle, number, name in _known_authors(cursor, everyone):
            found[channel, handle] = number
            new_name = rows.storable(wanted[channel, handle].name[:200])
            if new_name and new_name != name:
                renamed.append((number, new_name))
        if renamed:
            cursor.executemany("UPDATE conversations_author SET name = %s WHERE id = %s", [r[::-1] for r in sorted(renamed)])
        missing = [identity for identity in everyone if identity not in found]
        if missing:
            _make_authors(cursor, missing, wanted)
            found.update({(channel, handle): number for channel, handle, number, _ in _known_authors(cursor, missing)})
    return [found[stored[key]] if key else None for key in asked]


def _known_authors(cursor: Any, identities: Sequence[tuple[str, str]]) -> list[tuple[str, str, int, str]]:
    cursor.execute(
        "SELECT a.channel, a.handle, a.id, a.name FROM conversations_author a "
        "JOIN unnest(%s::text[], %s::text[]) AS g (channel, handle) ON a.channel = g.channel AND a.handle = g.handle",
        [[channel for channel, _ in identities], [handle for _, handle in identities]],
    )
    return list(cursor.fetchall())


def _make_authors(
    cursor: Any, identities: Sequence[tuple[str, str]], wanted: Mapping[tuple[str, str], Author]
) -> None:
    authors = [wanted[identity] for identity in identities]
    cursor.execute(
        "INSERT INTO conversations_author (channel, handle, name, url, followers) "
        "SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[]) ON CONFLICT DO NOTHING",
        [
            [channel for channel, _ in identities],
            [handle for _, handle in identities],
            [rows.storable(author.name[:200]) for author in authors],
            [rows.storable(author.url[:500]) for author in authors],
            [author.followers for author in authors],
        ],
    )


def _conversations(
    new: list[int], keys: Sequence[str], labels: dict[int, list[str]], ids: Sequence[int]
) -> list[int]:
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
            [_keys_array({*own, *others})],
        )
        found = dict(cursor.fetchall())
        if others:
            cursor.execute(
                "SELECT encode(uuid_send(k.key), 'hex'), m.conversation_id FROM conversations_postkey k "
                "JOIN conversations_mention m ON m.id = k.mention WHERE k.key = ANY(%s::text::uuid[])",
                [_keys_array(others)],
            )
            found.update(cursor.fetchall())
    return found


def _remember_labels(cursor: Any, labels: dict[int, list[str]], homes: dict[int, int]) -> None:
    pairs = sorted({(label, homes[row]) for row, mine in labels.items() if row in homes for label in mine})
    if pairs:
        cursor.execute(
            "INSERT INTO conversations_threadkey (key, conversation_id) "
            "SELECT * FROM unnest(%s::text::uuid[], %s::bigint[]) ON CONFLICT DO NOTHING",
            [_keys_array(label for label, _ in pairs), [home for _, home in pairs]],
        )


def _announce(brand: int, new: int) -> None:
    """Tell the open pages, once this transaction is through."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('octavo_changed', %s)", [f'{{"brand":{brand},"new":{new}}}'])
