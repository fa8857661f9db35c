"""The state of a conversation that follows from its messages: head, counts, who waits since when.

The head is the message that needs a person most: among the public's messages since the conversation was last resolved,
the most urgent, and of those the latest. Written fast for new conversations (`create`), and by asking the messages
again for all others (`refresh`), so that the two can be compared in a test.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection

from octavo.conversations import rows
from octavo.vocabulary import Post


def create(
    cursor: Any,
    posts: Sequence[Post],
    columns: rows.Columns,
    new: Sequence[int],
    *,
    ids: Sequence[int],
    conversations: Sequence[int],
    authors: Sequence[int | None],
    published: Sequence[str],
    brands: Sequence[int],
    fresh: set[int],
) -> None:
    """Write the conversations in `fresh` from the posts that begin them. `published` are ISO times in UTC, which sort as text."""
    members: dict[int, list[int]] = {}
    for at, number in enumerate(conversations):
        if number in fresh:
            members.setdefault(number, []).append(at)
    if not members:
        return
    lines = []
    for number, places in members.items():
        head, first, last, waiting = _state(places, posts, columns, new, published)
        row = new[head]
        post = posts[row]
        author = authors[head]
        name = (post.author.name or post.author.handle)[:200] if post.author else ""
        spans = columns.evidence[row]
        lines.append(
            f"{number}\t{brands[row]}\t{rows.escape(rows.storable(post.channel[:40]))}\t"
            f"{rows.escape(rows.storable(post.subject[:300])) if post.subject else ''}\topen\t{first}\t{last}\t{waiting}\t"
            f"{len(places)}\t{ids[head]}\t{rows.NULL if author is None else author}\t{rows.escape(rows.storable(name))}\t"
            f"{columns.language[row]}\t{columns.register(row)}\t{columns.score(row)}\t{columns.sentiment_name(row)}\t"
            f"{columns.urgency[row]}\t{'t' if columns.relevant[row] else 'f'}\t"
            f"{rows.escape(rows.storable(post.text[: rows.EXCERPT]))}\t"
            f"{{{','.join(map(str, rows.marks(spans))) if spans else ''}}}\n"
        )
    with cursor.copy(f"COPY conversations_conversation ({rows.CONVERSATION_COLUMNS}) FROM STDIN") as copy:
        copy.write("".join(lines).encode())


def _state(
    places: list[int], posts: Sequence[Post], columns: rows.Columns, new: Sequence[int], published: Sequence[str]
) -> tuple[int, str, str, str]:
    """Place of the head; first, last and waiting-since as COPY text."""
    if len(places) == 1:
        at = places[0]
        return at, published[at], published[at], rows.NULL if posts[new[at]].own else published[at]
    times = [published[at] for at in places]
    inbound = [at for at in places if not posts[new[at]].own]
    answered = max((published[at] for at in places if posts[new[at]].own), default="")
    waiting = min((published[at] for at in inbound if published[at] > answered), default=rows.NULL)
    head = max(inbound or places, key=lambda at: (columns.urgency[new[at]], published[at], at))
    return head, min(times), max(times), waiting


def refresh(conversations: Iterable[int]) -> None:
    """Work out again what follows from the messages of these conversations.

    A conversation that was resolved, and to which somebody wrote since, opens again; so does a snoozed one.
    """
    numbers = sorted(set(conversations))
    if not numbers:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM conversations_conversation WHERE id = ANY(%s) ORDER BY id FOR UPDATE", [numbers])
        cursor.execute(
            """
            WITH state AS (
                SELECT c.id, c.resolved_at,
                       max(m.published_at) FILTER (WHERE m.own) AS answered_at,
                       min(m.published_at) AS first_at, max(m.published_at) AS last_at, count(*) AS n
                FROM conversations_conversation c JOIN conversations_mention m ON m.conversation_id = c.id
                WHERE c.id = ANY(%s) GROUP BY c.id
            ), waiting AS (
                SELECT s.id, min(m.published_at) AS since, max(m.received_at) AS received
                FROM state s JOIN conversations_mention m ON m.conversation_id = s.id
                WHERE NOT m.own AND m.deleted_at IS NULL
                  AND (s.answered_at IS NULL OR m.published_at > s.answered_at)
                  AND (s.resolved_at IS NULL OR m.received_at > s.resolved_at)
                GROUP BY s.id
            )
            SELECT DISTINCT ON (s.id) s.id, s.first_at, s.last_at, w.since, s.n, m.id, m.author_id,
                   coalesce(nullif(a.name, ''), a.handle, ''), m.subject, m.language, m.register, m.registers, m.sentiment,
                   m.urgency, m.relevant, left(m.text, %s), m.evidence
            FROM state s
            JOIN conversations_mention m ON m.conversation_id = s.id
            LEFT JOIN conversations_author a ON a.id = m.author_id
            LEFT JOIN waiting w ON w.id = s.id
            ORDER BY s.id, m.own, (m.deleted_at IS NOT NULL),
                     (s.resolved_at IS NOT NULL AND m.received_at <= s.resolved_at),
                     m.urgency DESC, m.published_at DESC, m.id DESC
            """,
            [numbers, rows.EXCERPT],
        )
        changes = []
        for (number, first, last, since, count, head, author, name, subject, language, register, registers, sentiment,
             urgency, relevant, excerpt, evidence) in cursor.fetchall():  # fmt: skip
            spans = "{" + ",".join(map(str, rows.marks(evidence))) + "}"
            score = rows.primary_score(register, registers)
            changes.append(
                (number, first, last, since, count, head, author, name[:200], subject, language, register, score, sentiment,
                 urgency, relevant, excerpt, spans)
            )  # fmt: skip
        if not changes:
            return
        cursor.execute(
            """
            UPDATE conversations_conversation AS c SET
                first_at = r.first_at, last_at = r.last_at, waiting_since = r.since, mentions_count = r.n, head = r.head,
                author_id = r.author, author_name = r.name, subject = coalesce(nullif(c.subject, ''), r.subject),
                language = r.language, register = r.register, register_score = r.score, sentiment = r.sentiment,
                urgency = r.urgency, relevant = r.relevant, excerpt = r.excerpt, marks = r.marks::smallint[],
                status = CASE WHEN c.status = 'resolved' AND r.since IS NOT NULL THEN 'open' ELSE c.status END
            FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::bigint[], %s::bigint[],
                        %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::smallint[], %s::text[],
                        %s::smallint[], %s::boolean[], %s::text[], %s::text[])
                AS r (id, first_at, last_at, since, n, head, author, name, subject, language, register, score, sentiment,
                      urgency, relevant, excerpt, marks)
            WHERE c.id = r.id
            """,
            [list(column) for column in zip(*changes, strict=True)],
        )


def merge(homes: Mapping[int, int]) -> None:
    """Move the messages, notes and labels of each key's conversation to its value's, and drop what is left empty.

    Messages that turn out to belong together (an answer came before what it answers) become one conversation.
    """
    with connection.cursor() as cursor:
        for old, home in homes.items():
            for table in ("mention", "note", "threadkey"):
                cursor.execute(
                    f"UPDATE conversations_{table} SET conversation_id = %s WHERE conversation_id = %s",  # noqa: S608
                    [home, old],
                )
            cursor.execute("DELETE FROM conversations_conversation WHERE id = %s", [old])
