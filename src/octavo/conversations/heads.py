"""The state of a conversation that follows from its messages: head, counts, who waits since when.

The head is the message that needs a person most: among the public's messages since the conversation was last resolved,
the most urgent, and of those the latest. A deleted message is head only where nothing else is left. Written fast for new
conversations (`create`), and by asking the messages again for all others (`refresh`); a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from octavo.conversations import rows


def create(
    cursor: Any,
    prepared: rows.Prepared,
    new: Sequence[int],
    *,
    ids: Sequence[int],
    conversations: Sequence[int],
    authors: Sequence[int | None],
    names: Mapping[int, str],
    published: Sequence[str],
    brands: Sequence[int],
    fresh: set[int],
) -> None:
    """Write the conversations in `fresh` from the posts that begin them.

    `brands` runs beside the posts, the other sequences beside `new`; `names` is what each author is called. `published`
    are ISO times in UTC, which sort as text.
    """
    members: dict[int, list[int]] = {}
    for at, number in enumerate(conversations):
        if number in fresh:
            members.setdefault(number, []).append(at)
    if not members:
        return

    def line(number: int, places: list[int]) -> str:
        head, first, last, waiting, subject = _state(places, prepared, new, published, ids)
        row = new[head]
        author = authors[head]
        whose = f"{rows.NULL}\t" if author is None else f"{author}\t{rows.escape(names[author])}"
        return (
            f"{number}\t{brands[row]}\topen\t{first}\t{last}\t{waiting}\t{len(places)}\t{ids[head]}\t{whose}\t"
            f"{rows.escape(subject[:300]) if subject else ''}\t{prepared.heads[row]}"
        )

    lines = (line(number, places) for number, places in members.items())
    rows.copy(cursor, "conversations_conversation", rows.CONVERSATION_COLUMNS, lines)


def _state(
    places: list[int], prepared: rows.Prepared, new: Sequence[int], published: Sequence[str], ids: Sequence[int]
) -> tuple[int, str, str, str, str]:
    """Place of the head; first, last and waiting-since as COPY text; the subject."""
    posts, urgency = prepared.posts, prepared.readings.urgency
    if len(places) == 1:
        at = places[0]
        post = posts[new[at]]
        return at, published[at], published[at], rows.NULL if post.own else published[at], post.subject
    times = [published[at] for at in places]
    inbound = [at for at in places if not posts[new[at]].own]
    answered = max((published[at] for at in places if posts[new[at]].own), default="")
    waiting = min((published[at] for at in inbound if published[at] > answered), default=rows.NULL)
    head = max(inbound or places, key=lambda at: (urgency[new[at]], published[at], ids[at]))
    named = (at for at in places if posts[new[at]].subject)
    subject = min(named, key=lambda at: (published[at], ids[at]), default=None)
    return head, min(times), max(times), waiting, "" if subject is None else posts[new[subject]].subject


def refresh(conversations: Iterable[int], *, written: Collection[int] = (), received: datetime | None = None) -> None:
    """Work out again what follows from the messages of these conversations.

    `written` are those to which the public wrote just now, at `received`: a resolved or snoozed one of them that has
    something unanswered opens again.
    """
    numbers = sorted(set(conversations))
    if not numbers:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, resolved_at FROM conversations_conversation WHERE id = ANY(%s) ORDER BY id FOR UPDATE",
            [numbers],
        )
        if received is not None:
            # Resolved while the message was on its way: whoever did it has not seen it.
            early = [number for number, at in cursor.fetchall() if at and at >= received and number in written]
            if early:
                cursor.execute(
                    "UPDATE conversations_conversation SET resolved_at = %s WHERE id = ANY(%s)",
                    [received - timedelta(microseconds=1), early],
                )
        cursor.execute(
            """
            WITH state AS (
                SELECT c.id, c.resolved_at,
                       max(m.published_at) FILTER (WHERE m.own AND m.deleted_at IS NULL) AS answered_at,
                       min(m.published_at) AS first_at, max(m.published_at) AS last_at, count(*) AS n,
                       (array_agg(m.subject ORDER BY m.published_at, m.id) FILTER (WHERE m.subject <> ''))[1] AS subject
                FROM conversations_conversation c JOIN conversations_mention m ON m.conversation_id = c.id
                WHERE c.id = ANY(%s) GROUP BY c.id
            ), waiting AS (
                SELECT s.id, min(m.published_at) AS since
                FROM state s JOIN conversations_mention m ON m.conversation_id = s.id
                WHERE NOT m.own AND m.deleted_at IS NULL
                  AND (s.answered_at IS NULL OR m.published_at > s.answered_at)
                  AND (s.resolved_at IS NULL OR m.received_at > s.resolved_at)
                GROUP BY s.id
            )
            SELECT DISTINCT ON (s.id) s.id, s.first_at, s.last_at, w.since, s.n, m.id, m.author_id,
                   coalesce(nullif(a.name, ''), a.handle, ''), coalesce(s.subject, ''), m.language, m.register, m.registers, m.sentiment,
                   m.urgency, m.relevant, left(m.text, %s), m.evidence, m.corrected
            FROM state s
            JOIN conversations_mention m ON m.conversation_id = s.id
            LEFT JOIN conversations_author a ON a.id = m.author_id
            LEFT JOIN waiting w ON w.id = s.id
            ORDER BY s.id, (m.deleted_at IS NOT NULL), m.own,
                     (s.resolved_at IS NOT NULL AND m.received_at <= s.resolved_at),
                     m.urgency DESC, m.published_at DESC, m.id DESC
            """,
            [numbers, rows.EXCERPT],
        )
        changes = []
        for (number, first, last, since, count, head, author, name, subject, language, register, registers, sentiment,
             urgency, relevant, excerpt, evidence, corrected) in cursor.fetchall():  # fmt: skip
            spans = "{" + ",".join(map(str, rows.marks(evidence))) + "}"
            score = rows.primary_score(register, registers, corrected="register" in corrected)
            changes.append(
                (number, first, last, since, count, head, author, name[:200], subject, language, register, score, sentiment,
                 urgency, relevant, excerpt, spans, number in written)
            )  # fmt: skip
        if not changes:
            return
        cursor.execute(
            """
            UPDATE conversations_conversation AS c SET
                first_at = r.first_at, last_at = r.last_at, waiting_since = r.since, mentions_count = r.n, head = r.head,
                author_id = r.author, author_name = r.name, subject = r.subject,
                language = r.language, register = r.register, register_score = r.score, sentiment = r.sentiment,
                urgency = r.urgency, relevant = r.relevant, excerpt = r.excerpt, marks = r.marks::smallint[],
                status = CASE WHEN r.opens AND r.since IS NOT NULL AND c.status IN ('resolved', 'snoozed')
                              THEN 'open' ELSE c.status END,
                snoozed_until = CASE WHEN r.opens AND r.since IS NOT NULL THEN NULL ELSE c.snoozed_until END
            FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::bigint[], %s::bigint[],
                        %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::smallint[], %s::text[],
                        %s::smallint[], %s::boolean[], %s::text[], %s::text[], %s::boolean[])
                AS r (id, first_at, last_at, since, n, head, author, name, subject, language, register, score, sentiment,
                      urgency, relevant, excerpt, marks, opens)
            WHERE c.id = r.id
            """,
            [list(column) for column in zip(*changes, strict=True)],
        )


def merge(homes: Mapping[int, int]) -> None:
    """Move the messages, notes and labels of each key's conversation to its value's, and drop what is left empty.

    Messages that turn out to belong together (an answer came before what it answers) become one conversation. It is in
    the hands of whoever had the older part, or else the younger, and as unfinished as the least finished of its parts.
    Homes are refreshed by the caller.
    """
    if not homes:
        return
    moves = [list(homes), list(homes.values())]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM conversations_conversation WHERE id = ANY(%s) ORDER BY id FOR UPDATE",
            [sorted({*homes, *moves[1]})],
        )
        for table in ("mention", "note", "threadkey", "mentiontopic"):
            cursor.execute(
                f"UPDATE conversations_{table} AS t SET conversation_id = g.home "  # noqa: S608 names of our own
                "FROM unnest(%s::bigint[], %s::bigint[]) AS g (old, home) WHERE t.conversation_id = g.old",
                moves,
            )
        cursor.execute(
            """
            UPDATE conversations_conversation AS c SET assignee_id = s.assignee, status = s.status,
                snoozed_until = CASE WHEN s.status = 'snoozed' THEN s.snoozed_until END, resolved_at = s.resolved_at
            FROM (
                SELECT g.home, (array_agg(p.assignee_id ORDER BY p.id) FILTER (WHERE p.assignee_id IS NOT NULL))[1] AS assignee,
                    (array_agg(p.status ORDER BY array_position('{open,pending,snoozed,resolved}', p.status::text)))[1] AS status,
                    min(p.snoozed_until) AS snoozed_until,
                    CASE WHEN bool_and(p.resolved_at IS NOT NULL) THEN min(p.resolved_at) END AS resolved_at
                FROM (
                    SELECT * FROM unnest(%s::bigint[], %s::bigint[]) AS m (old, home)
                    UNION SELECT home, home FROM unnest(%s::bigint[]) AS h (home)
                ) AS g JOIN conversations_conversation p ON p.id = g.old GROUP BY g.home
            ) AS s WHERE c.id = s.home
            """,
            [*moves, moves[1]],
        )
        cursor.execute("DELETE FROM conversations_conversation WHERE id = ANY(%s)", [moves[0]])
