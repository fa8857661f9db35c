"""Posts and readings as the text that PostgreSQL's COPY takes: one line a row, tab between fields.

Building lines by hand is what lets a small server record more than ten thousand messages a second: an adapter a value
costs several times as much.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from itertools import islice, pairwise
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from octavo.understand import Readings
from octavo.vocabulary import NO_REGISTER, REGISTERS, Parent, Post, Sentiment

LINES_AT_ONCE = 1000
EXCERPT = 280
"""Characters of the head's text that a row of the inbox shows."""

NULL = r"\N"
_SENTIMENTS = tuple(str(sentiment) for sentiment in Sentiment)
_NAMES = (*(str(register) for register in REGISTERS), NO_REGISTER)  # index -1 is `none`
_UNSAFE = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
HEAVIEST = 2**15 - 1
"""The largest weight, in thousandths, that a mark holds."""
MOST = 2**63 - 1
"""The largest number a column holds."""

# What only the recorder knows comes first; what post and reading say (`Prepared`) comes after it.
MENTION_COLUMNS = (
    "id, conversation_id, author_id, brand_id, published_at, edited_at, received_at, origin, "
    "channel, external_id, subject, text, url, parent, reach, own, language, relevant, relevance, register, assigned, runner_up, "
    "registers, sentiment, sentiment_score, urgency, campaign, evidence, harm, abstained, model"
)
CONVERSATION_COLUMNS = (
    "id, brand_id, status, first_at, last_at, waiting_since, mentions_count, head, author_id, author_name, subject, "
    "channel, language, register, register_score, sentiment, urgency, relevant, excerpt, marks"
)


def escape(value: str) -> str:
    """A string as COPY's text format wants it."""
    if "\\" in value or "\n" in value or "\t" in value or "\r" in value:
        return value.translate(_UNSAFE)
    return value


def storable(value: str) -> str:
    """What PostgreSQL can hold: NUL and lone surrogates become U+FFFD, one for one, so that offsets stay right."""
    if "\x00" in value:
        value = value.replace("\x00", "\ufffd")
    try:
        value.encode()
    except UnicodeEncodeError:
        value = "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in value)
    return value


def count(value: int | None) -> int | None:
    """A number somebody else counted, as a column holds it."""
    return None if value is None else min(max(value, 0), MOST)


def marks(evidence: Sequence[int], limit: int = EXCERPT) -> list[int]:
    """The spans of flat evidence (four numbers each) that lie inside the excerpt, ready for small integers."""
    kept: list[int] = []
    for at in range(0, len(evidence), 4):
        start, end, register, weight = evidence[at : at + 4]
        if end <= limit:
            kept += (start, end, register, min(weight, HEAVIEST))
    return kept


@dataclass(slots=True)
class Columns:
    """Readings as plain lists, converted once a batch.

    `scores` are those of the primary register; the texts are array literals without their braces; `odd` are the rows
    whose evidence does not go into marks as it is.
    """

    language: list[str]
    relevant: list[bool]
    relevance: list[int]
    primary: list[int]
    assigned: list[int]
    runner_up: list[int]
    registers: list[list[int]]
    sentiment: list[int]
    sentiment_score: list[int]
    urgency: list[int]
    campaign: list[str]
    evidence: list[list[int]]
    harm: list[int]
    abstained: list[bool]
    model: str
    scores: list[int]
    registers_text: list[str]
    evidence_text: list[str]
    odd: set[int]

    @classmethod
    def of(cls, readings: Readings) -> Columns:
        registers = _thousandths(readings.registers)
        primary = readings.primary.tolist()
        evidence = _flat_evidence(readings)
        return cls(
            language=list(readings.language),
            relevant=readings.relevant.tolist(),
            relevance=_thousandths(readings.relevance),
            primary=primary,
            assigned=readings.assigned.tolist(),
            runner_up=readings.runner_up.tolist(),
            registers=registers,
            sentiment=readings.sentiment.tolist(),
            sentiment_score=_thousandths(readings.sentiment_score),
            urgency=readings.urgency.tolist(),
            campaign=list(readings.campaign),
            evidence=evidence,
            harm=readings.harm.tolist(),
            abstained=readings.abstained.tolist(),
            model=readings.model,
            scores=_scores(readings.primary, np.asarray(registers, np.int16).reshape(-1, len(REGISTERS))),
            registers_text=_insides(registers),
            evidence_text=_insides(evidence),
            odd=_odd(readings),
        )

    def register(self, row: int) -> str:
        return _NAMES[self.primary[row]]

    def sentiment_name(self, row: int) -> str:
        return _SENTIMENTS[self.sentiment[row]]


def _flat_evidence(readings: Readings) -> list[list[int]]:
    """Evidence of each row as one flat list: start, end, register index, weight in thousandths."""
    table = np.column_stack(
        (
            readings.evidence_start,
            readings.evidence_end,
            readings.evidence_register,
            np.clip(readings.evidence_weight * 1000, 0, 2**31 - 1).astype(np.int32),
        )
    )
    flat = table.ravel().tolist()
    bounds = (np.asarray(readings.evidence_rows) * 4).tolist()
    return [flat[start:end] for start, end in pairwise(bounds)]


def _odd(readings: Readings) -> set[int]:
    """Rows with evidence beyond the excerpt, or heavier than a mark can say."""
    beyond = (readings.evidence_end > EXCERPT) | (readings.evidence_weight * 1000 > HEAVIEST)
    return set((np.searchsorted(readings.evidence_rows, np.flatnonzero(beyond), side="right") - 1).tolist())


def _scores(primary: NDArray[np.int8], registers: NDArray[np.int16]) -> list[int]:
    """`primary_score` of many rows at once."""
    own = registers[np.arange(len(primary)), primary]
    scores: list[int] = np.minimum(np.where(primary < 0, 1000 - registers.max(1, initial=0), own), CERTAIN - 1).tolist()
    return scores


def _insides(lists: list[list[int]]) -> list[str]:
    """Each list as an array literal without its braces. One `repr` of them all costs a third of a join for each."""
    return repr(lists)[2:-2].split("], [") if lists else []


def _thousandths(values: NDArray[np.float32]) -> Any:
    """The same shape as nested lists of int."""
    return (values * 1000).round().astype(np.int16).tolist()


@dataclass(frozen=True, eq=False)
class Prepared:
    """Posts with their readings, as rows in so far as they can be written without a database: made where posts are read,
    which may be another process than the one that records.

    `mentions[i]` is the end of the line of post i, `heads[i]` that of a conversation it is the head of. They may hold what
    PostgreSQL cannot store; `copy` mends that.
    """

    posts: Sequence[Post]
    readings: Readings
    mentions: list[str]
    heads: list[str]

    def __len__(self) -> int:
        return len(self.posts)

    @cached_property
    def columns(self) -> Columns:
        """The readings value by value, for what is no new row."""
        return Columns.of(self.readings)


def prepare(posts: Sequence[Post], readings: Readings) -> Prepared:
    """Raises `ValueError` where there is not one reading for each post."""
    if len(posts) != len(readings):
        raise ValueError("each post has one reading")
    columns = Columns.of(readings)
    mentions: list[str] = []
    heads: list[str] = []
    for row, (post, language, relevant, primary, sentiment, urgency, evidence) in enumerate(
        zip(
            posts, columns.language, columns.relevant, columns.primary, columns.sentiment, columns.urgency,
            columns.evidence_text, strict=True,
        )
    ):  # fmt: skip
        channel, text, verdict = escape(post.channel[:40]), escape(post.text), "t" if relevant else "f"
        register, tone = _NAMES[primary], _SENTIMENTS[sentiment]
        mentions.append(
            f"{channel}\t{escape(post.external_id[:500])}\t"
            f"{escape(post.subject[:300]) if post.subject else ''}\t{text}\t{escape(post.url[:2000]) if post.url else ''}\t"
            f"{NULL if post.parent is None else escape(_parent(post.parent))}\t{count(post.reach) if post.reach else 0}\t"
            f"{'t' if post.own else 'f'}\t{language}\t{verdict}\t{columns.relevance[row]}\t{register}\t"
            f"{assigned_array(columns.assigned[row], primary)}\t{_NAMES[columns.runner_up[row]]}\t"
            f"{{{columns.registers_text[row]}}}\t{tone}\t{columns.sentiment_score[row]}\t{urgency}\t"
            f"{escape(columns.campaign[row][:120]) if columns.campaign[row] else ''}\t{{{evidence}}}\t"
            f"{columns.harm[row]}\t{'t' if columns.abstained[row] else 'f'}\t{columns.model}\n"
        )
        spans = ",".join(map(str, marks(columns.evidence[row]))) if row in columns.odd else evidence
        excerpt = text if len(text) <= EXCERPT else escape(post.text[:EXCERPT])
        heads.append(
            f"{channel}\t{language}\t{register}\t{columns.scores[row]}\t{tone}\t{urgency}\t{verdict}\t{excerpt}\t"
            f"{{{spans}}}\n"
        )
    return Prepared(posts, readings, mentions, heads)


def mention_lines(
    prepared: Prepared,
    which: Sequence[int],
    *,
    ids: Sequence[int],
    conversations: Sequence[int],
    authors: Sequence[int | None],
    published: Sequence[str],
    received: str,
    edited: Sequence[datetime | None],
    brands: Sequence[int],
    origin: int | None,
) -> Iterator[str]:
    """One line for each post of `which`; `brands` runs beside the posts, the other sequences beside `which`."""
    source = f"{received}\t{NULL if origin is None else origin}"
    for at, row in enumerate(which):
        author, changed = authors[at], edited[at]
        yield (
            f"{ids[at]}\t{conversations[at]}\t{NULL if author is None else author}\t{brands[row]}\t{published[at]}\t"
            f"{NULL if changed is None else changed.isoformat()}\t{source}\t{prepared.mentions[row]}"
        )


def texts(values: Iterable[str]) -> str:
    """An array of text as a literal; an adapter a value costs several times as much. NUL and surrogates are the caller's."""
    quoted = [
        value.replace("\\", "\\\\").replace('"', '\\"') if '"' in value or "\\" in value else value for value in values
    ]
    return '{"' + '","'.join(quoted) + '"}' if quoted else "{}"


def numbers(values: Iterable[int]) -> str:
    """An array of whole numbers as a literal."""
    return "{" + ",".join(map(str, values)) + "}"


def copy(cursor: Any, table: str, columns: str, lines: Iterable[str]) -> None:
    """Send lines into a table. A few hundred at a time, so that the server works on some while the next are made."""
    with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as sent:
        pending = iter(lines)
        while part := "".join(islice(pending, LINES_AT_ONCE)):
            sent.write(storable(part).encode())


def _parent(parent: Parent) -> str:
    return orjson.dumps({"own": parent.own, "kind": str(parent.kind), "text": storable(parent.text[:2000])}).decode()


def register_name(index: int) -> str:
    return _NAMES[index]


@cache
def assigned_array(mask: int, primary: int) -> str:
    """A bit mask of registers as an array literal, the primary one first."""
    carried = sorted((bit for bit in range(len(REGISTERS)) if mask >> bit & 1), key=lambda bit: bit != primary)
    return "{" + ",".join(_NAMES[bit] for bit in carried) + "}"


CERTAIN = 1000
"""The score of a register that a person chose; a model never gets beyond 999."""


def primary_score(register: str, registers: Sequence[int], *, corrected: bool = False) -> int:
    """Probability in thousandths of the primary register; of there being none, where there is none; `CERTAIN` where a
    person said it."""
    if corrected:
        return CERTAIN
    score = 1000 - max(registers) if register == NO_REGISTER else registers[_NAMES.index(register)]
    return min(score, CERTAIN - 1)
