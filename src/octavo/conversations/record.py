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

from octavo.conversations import heads, partitions, rows, threads, topics
from octavo.kit import clock
from octavo.understand import Readings
from octavo.vocabulary import Author, Post

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""A message said to be older is given the moment it arrived; so is one from more than a day ahead."""


LATEST = timedelta(days=1)
"""How far ahead of our clock another's may be."""


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
    moments = [_believable(post.created_at, received) for post in posts]
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
            touched |= _change(prepared, wave, keys, received, result, brands=brands)
        heads.refresh(touched, written=written, received=received)
        result.known = result.outcomes.count("known")
        arrived = Counter(of for of, outcome in zip(brands, result.outcomes, strict=True) if outcome == "new")
        changed = {of for of, outcome in zip(brands, result.outcomes, strict=True) if outcome != "known"}
        _announce({of: arrived[of] for of in changed})
    return result


def make_room(posts: Sequence[Post]) -> None:
    """Make the partitions these posts will fall into: before a transaction that records several times."""
    if not partitions.known({(at.year, at.month) for post in posts if (at := post.created_at)}):
        received = clock.now()
        partitions.ensure(_believable(post.created_at, received) for post in posts)


def keep(
    readings: Readings,
    mentions: Sequence[int],
    *,
    anew: bool = False,
    edited: Sequence[datetime | None] | None = None,
) -> set[int]:
    """Replace the readings of `mentions` (ids, same order) where they come from another model, or with `anew` all of them;
    the ids of those replaced. What a person corrected stays. A mention that is gone is passed over, and so is one whose text is
    no longer what was read: `edited` is when each had been edited last when it was read."""
    columns = rows.Columns.of(readings)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, edited_at, published_at, conversation_id, language, corrected, brand_id FROM conversations_mention "
            "WHERE id = ANY(%s) AND (%s OR model <> %s) AND deleted_at IS NULL ORDER BY id FOR UPDATE",
            [list(mentions), anew, columns.model],
        )
        as_read = None if edited is None else dict(zip(mentions, edited, strict=True))
        found = {mention: rest for mention, at, *rest in cursor.fetchall() if as_read is None or as_read[mention] == at}
        changes = []
        for row, mention in enumerate(mentions):
            if mention in found:
                published, _, language, corrected, _ = found[mention]
                changes.append((mention, published, language != columns.language[row], row, set(corrected)))
        _keep_rows(cursor, columns, changes)
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
                rows.assigned_array(columns.assigned[row], columns.primary[row])
                if "register" not in corrected
                else None,
                rows.register_name(columns.runner_up[row]),
                "{" + ",".join(map(str, columns.registers[row])) + "}",
                columns.sentiment_name(row) if "sentiment" not in corrected else None,
                columns.sentiment_score[row],
                columns.urgency[row] if "urgency" not in corrected else None,
                columns.campaign[row][:120],
                "{" + ",".join(map(str, columns.evidence[row])) + "}",
                columns.harm[row],
                columns.abstained[row] and "register" not in corrected,
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
            evidence = r.evidence::integer[], harm = r.harm, abstained = r.abstained, model = %s
        FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::boolean[], %s::smallint[], %s::text[], %s::text[],
                    %s::text[], %s::text[], %s::text[], %s::smallint[], %s::smallint[], %s::text[], %s::text[],
                    %s::integer[], %s::boolean[])
            AS r (id, published_at, language, relevant, relevance, register, assigned, runner_up, registers, sentiment,
                  sentiment_score, urgency, campaign, evidence, harm, abstained)
        WHERE m.id = r.id AND m.published_at = r.published_at AND (r.language IS {null} NULL)
    """
    cursor.execute(sql.format(language="", null=""), [columns.model, *lists])
    if any(change[2] is not None for change in changes):
        cursor.execute(sql.format(language="language = r.language,", null="NOT"), [columns.model, *lists])


def _believable(created: datetime | None, received: datetime) -> datetime:
    if created is None:
        return received
    if created.tzinfo is not UTC:  # a channel gives aware times; one that forgets means UTC
        created = created.replace(tzinfo=UTC) if created.tzinfo is None else _in_utc(created, received)
    return created if EARLIEST <= created <= received + LATEST else received


def _in_utc(at: datetime, otherwise: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:  # the first or the last day there is
        return otherwise


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
    authors, names = _authors([posts[row] for row in new])
    homes = _conversations(new, keys, labels, ids)
    published = [moments[row].isoformat() for row in new]
    with connection.cursor() as cursor:
        heads.create(
            cursor, prepared, new, ids=ids, conversations=homes, authors=authors, names=names, published=published,
            brands=brands, fresh=set(homes).intersection(ids),
        )  # fmt: skip
        lines = rows.mention_lines(
            prepared, new, ids=ids, conversations=homes, authors=authors, published=published,
            received=received.isoformat(), edited=[_edited(posts[row], received) for row in new],
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
            [_keys_array(keys), rows.numbers(numbers)],
        )
        if cursor.rowcount == len(keys):  # nearly always: a file brings what is new
            return dict(zip(keys, numbers, strict=True))
        cursor.execute(
            "SELECT encode(uuid_send(k.key), 'hex'), k.mention FROM conversations_postkey k "
            "JOIN unnest(%s::text::uuid[], %s::text::bigint[]) AS g (key, mention) ON (k.key, k.mention) = (g.key, g.mention)",
            [_keys_array(keys), rows.numbers(numbers)],
        )
        return dict(cursor.fetchall())


def _keys_array(keys: Iterable[str]) -> str:
    return "{" + ",".join(keys) + "}"


def _change(
    prepared: rows.Prepared,
    changed: list[int],
    keys: Sequence[str],
    received: datetime,
    result: Recorded,
    *,
    brands: Sequence[int],
) -> set[int]:
    """Posts already known: a new version of the text, a deletion, or nothing. The conversations that changed."""
    if not changed:
        return set()
    posts = prepared.posts
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT encode(uuid_send(k.key), 'hex'), m.id, m.published_at, m.text, m.subject, m.edited_at, "
            "m.conversation_id, m.corrected "
            "FROM conversations_postkey k JOIN conversations_mention m ON m.id = k.mention "
            "WHERE k.key = ANY(%s::text::uuid[]) AND m.deleted_at IS NULL ORDER BY m.id FOR UPDATE OF m",
            [_keys_array(keys[row] for row in changed)],
        )
        known = {key: _Known(*rest) for key, *rest in cursor.fetchall()}
        gone: list[_Known] = []
        edits: list[tuple[int, _Known]] = []
        for row in changed:
            mention = known.get(keys[row])
            if mention is None:
                continue
            if posts[row].deleted:
                result.outcomes[row] = "deleted"
                gone.append(mention)
            elif _says_something_else(posts[row], mention, received):
                edits.append((row, mention))
        edits = _without_old_versions(cursor, posts, edits)
        for row, _ in edits:
            result.outcomes[row] = "edited"
        _forget(cursor, gone, received)
        _edit(cursor, prepared, edits, received)
    named = [(row, known.id, known.conversation, brands[row]) for row, known in edits]
    topics.keep(topics.recorded(prepared.readings.topics, named), anew=True)
    topics.forget([mention.id for mention in gone])
    result.deleted += [mention.id for mention in gone]
    result.edited += [mention.id for _, mention in edits]
    return {mention.conversation for mention in gone} | {mention.conversation for _, mention in edits}


@dataclass(frozen=True, slots=True)
class _Known:
    """What is kept of a post that came before."""

    id: int
    published_at: datetime
    text: str
    subject: str
    edited_at: datetime | None
    conversation: int
    corrected: Sequence[str]


def _says_something_else(post: Post, known: _Known, received: datetime) -> bool:
    """Whether the words differ and nothing says that ours are the later ones."""
    if rows.storable(post.text) == known.text and rows.storable(post.subject[:300]) == known.subject:
        return False
    edited = _edited(post, received)
    return edited is None or known.edited_at is None or edited > known.edited_at


def _edited(post: Post, received: datetime) -> datetime | None:
    """When the channel says a post was edited; the moment we got it where that cannot be."""
    return None if post.edited_at is None else _believable(post.edited_at, received)


def _without_old_versions(
    cursor: Any, posts: Sequence[Post], edits: list[tuple[int, _Known]]
) -> list[tuple[int, _Known]]:
    """Leaves out the posts without a time of edit whose words we had before: a file read again takes no edit back."""
    unsure = [(row, known) for row, known in edits if posts[row].edited_at is None]
    if not unsure:
        return edits
    cursor.execute(
        "SELECT DISTINCT v.mention FROM conversations_mentionversion v "
        "JOIN unnest(%s::bigint[], %s::text[], %s::text[]) AS g (mention, subject, text) "
        "ON v.mention = g.mention AND v.subject = g.subject AND v.text = g.text",
        [
            [known.id for _, known in unsure],
            [rows.storable(posts[row].subject[:300]) for row, _ in unsure],
            [rows.storable(posts[row].text) for row, _ in unsure],
        ],
    )
    old = {mention for (mention,) in cursor.fetchall()}
    return [(row, known) for row, known in edits if posts[row].edited_at is not None or known.id not in old]


def _edit(cursor: Any, prepared: rows.Prepared, edits: list[tuple[int, _Known]], received: datetime) -> None:
    """Put new words and their reading in the place of the old, which become a version."""
    if not edits:
        return
    posts, columns = prepared.posts, prepared.columns
    cursor.execute(
        "INSERT INTO conversations_mentionversion (mention, subject, text, replaced_at) "
        "SELECT mention, subject, text, %s FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS g (mention, subject, text)",
        [
            received,
            [known.id for _, known in edits],
            [known.subject for _, known in edits],
            [known.text for _, known in edits],
        ],
    )
    cursor.execute(
        "UPDATE conversations_mention AS m SET text = g.text, subject = g.subject, language = g.language, "
        "edited_at = g.edited_at "
        "FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::timestamptz[]) "
        "AS g (id, published_at, text, subject, language, edited_at) WHERE m.id = g.id AND m.published_at = g.published_at",
        [
            [known.id for _, known in edits],
            [known.published_at for _, known in edits],
            [rows.storable(posts[row].text) for row, _ in edits],
            [rows.storable(posts[row].subject[:300]) for row, _ in edits],
            [columns.language[row] for row, _ in edits],
            [_edited(posts[row], received) or received for row, _ in edits],
        ],
    )
    _keep_rows(
        cursor, columns, [(known.id, known.published_at, False, row, set(known.corrected)) for row, known in edits]
    )


def _forget(cursor: Any, gone: Sequence[_Known], received: datetime) -> None:
    """Empty mentions their channel deleted: text, versions, evidence. The numbers stay, so that they do not come back."""
    if not gone:
        return
    numbers = [mention.id for mention in gone]
    cursor.execute("DELETE FROM conversations_mentionversion WHERE mention = ANY(%s)", [numbers])
    cursor.execute(
        "UPDATE conversations_mention SET text = '', subject = '', url = '', parent = NULL, evidence = '{}', deleted_at = %s "
        "WHERE id = ANY(%s) AND published_at = ANY(%s)",
        [received, numbers, [mention.published_at for mention in gone]],
    )


def _authors(posts: Sequence[Post]) -> tuple[list[int | None], dict[int, str]]:
    """Ids of the authors of `posts`, made where they are new, renamed where the channel gives another name; and what
    each is called."""
    asked = [(post.channel, post.author.handle) if post.author else None for post in posts]
    given: dict[tuple[str, str], Author] = {}
    for key, post in zip(asked, posts, strict=True):
        if key and post.author and (post.author.name or key not in given):
            given[key] = post.author
    stored = {key: (rows.storable(key[0][:40]), rows.storable(key[1][:200])) for key in given}
    wanted = {stored[key]: author for key, author in given.items()}
    if not wanted:
        return [None] * len(posts), {}
    found: dict[tuple[str, str], int] = {}
    names: dict[int, str] = {}
    everyone = sorted(wanted)
    with connection.cursor() as cursor:
        renamed = []
        # Held, so that nobody removes them before they are written down; those made below nobody else can see.
        for channel, handle, number, name in _known_authors(cursor, everyone, hold="FOR KEY SHARE OF a"):
            found[channel, handle] = number
            new_name = rows.storable(wanted[channel, handle].name[:200])
            if new_name and new_name != name:
                renamed.append((number, new_name))
            names[number] = new_name or name or handle
        if renamed:
            renamed.sort()
            cursor.execute(
                "UPDATE conversations_author AS a SET name = g.name "
                "FROM unnest(%s::bigint[], %s::text[]) AS g (id, name) WHERE a.id = g.id",
                [[number for number, _ in renamed], [name for _, name in renamed]],
            )
        missing = [identity for identity in everyone if identity not in found]
        if missing:
            _make_authors(cursor, missing, wanted)
            for channel, handle, number, name in _known_authors(cursor, missing):
                found[channel, handle] = number
                names[number] = name or handle
    return [found[stored[key]] if key else None for key in asked], names


def _known_authors(
    cursor: Any, identities: Sequence[tuple[str, str]], *, hold: str = ""
) -> list[tuple[str, str, int, str]]:
    cursor.execute(
        "SELECT a.channel, a.handle, a.id, a.name FROM conversations_author a "  # noqa: S608 names of our own
        "JOIN unnest(%s::text[], %s::text[]) AS g (channel, handle) ON a.channel = g.channel AND a.handle = g.handle "
        f"ORDER BY a.id {hold}",
        [rows.texts(channel for channel, _ in identities), rows.texts(handle for _, handle in identities)],
    )
    return list(cursor.fetchall())


def _make_authors(cursor: Any, identities: Sequence[tuple[str, str]], wanted: Mapping[tuple[str, str], Author]) -> None:
    authors = [wanted[identity] for identity in identities]
    cursor.execute(
        "INSERT INTO conversations_author (channel, handle, name, url, followers) "
        "SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[]) ON CONFLICT DO NOTHING",
        [
            rows.texts(channel for channel, _ in identities),
            rows.texts(handle for _, handle in identities),
            rows.texts(rows.storable(author.name[:200]) for author in authors),
            rows.texts(rows.storable(author.url[:500]) for author in authors),
            [rows.count(author.followers) for author in authors],
        ],
    )


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


def _remember_labels(cursor: Any, homes: Mapping[str, int]) -> None:
    if homes:
        labels = sorted(homes)
        cursor.execute(
            "INSERT INTO conversations_threadkey (key, conversation_id) "
            "SELECT * FROM unnest(%s::text::uuid[], %s::bigint[]) ON CONFLICT DO NOTHING",
            [_keys_array(labels), [homes[label] for label in labels]],
        )


def _announce(brands: Mapping[int, int]) -> None:
    """Tell the open pages, once this transaction is through, of these brands and how many new messages each has."""
    if brands:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_notify('octavo_changed', told) FROM unnest(%s::text[]) AS told",
                [[f'{{"brand":{brand},"new":{new}}}' for brand, new in sorted(brands.items())]],
            )
