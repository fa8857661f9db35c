"""A reading in the place of another: what people corrected stays."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from octavo.conversations import rows


def write(cursor: Any, columns: rows.Columns, items: list[tuple[int, datetime, bool, int, set[str]]]) -> None:
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
