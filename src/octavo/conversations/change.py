"""Posts that came before and come again: a new version of the text, a deletion, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from octavo.conversations import reread, rows, threads, topics
from octavo.conversations.moments import believable
from octavo.vocabulary import Post


@dataclass(slots=True)
class Changed:
    """`edited` and `deleted` are mention ids by the row of the post that changed them; `touched` their conversations."""

    edited: dict[int, int] = field(default_factory=dict)
    deleted: dict[int, int] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)


def change(
    prepared: rows.Prepared, again: Sequence[int], keys: Sequence[str], received: datetime, *, brands: Sequence[int]
) -> Changed:
    """Take in the posts in the rows `again`, which are known by their keys. Their conversations are the caller's to refresh."""
    result = Changed()
    if not again:
        return result
    posts = prepared.posts
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT encode(uuid_send(k.key), 'hex'), m.id, m.published_at, m.text, m.subject, m.edited_at, "
            "m.conversation_id, m.corrected "
            "FROM conversations_postkey k JOIN conversations_mention m ON m.id = k.mention "
            "WHERE k.key = ANY(%s::text::uuid[]) AND m.deleted_at IS NULL ORDER BY m.id FOR UPDATE OF m",
            [threads.keys_array(keys[row] for row in again)],
        )
        known = {key: _Known(*rest) for key, *rest in cursor.fetchall()}
        gone: list[_Known] = []
        edits: list[tuple[int, _Known]] = []
        for row in again:
            mention = known.get(keys[row])
            if mention is None:
                continue
            if posts[row].deleted:
                result.deleted[row] = mention.id
                gone.append(mention)
            elif _says_something_else(posts[row], mention, received):
                edits.append((row, mention))
        edits = _without_old_versions(cursor, posts, edits)
        _forget(cursor, gone, received)
        _edit(cursor, prepared, edits, received)
    named = [(row, mention.id, mention.conversation, brands[row]) for row, mention in edits]
    topics.keep(topics.recorded(prepared.readings.topics, named), anew=True)
    topics.forget([mention.id for mention in gone])
    result.edited = {row: mention.id for row, mention in edits}
    result.touched = {mention.conversation for mention in (*gone, *(mention for _, mention in edits))}
    return result


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
    edited = edited_at(post, received)
    return edited is None or known.edited_at is None or edited > known.edited_at


def edited_at(post: Post, received: datetime) -> datetime | None:
    """When the channel says a post was edited; the moment we got it where that cannot be."""
    return None if post.edited_at is None else believable(post.edited_at, received)


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
            [edited_at(posts[row], received) or received for row, _ in edits],
        ],
    )
    reread.write(
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
