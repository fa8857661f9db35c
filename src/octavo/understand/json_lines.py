"""Messages as JSON lines in, readings as JSON lines out, at the pace at which they come."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Protocol

import orjson

from octavo.understand.pipeline import read
from octavo.understand.relevance import PRESUMED
from octavo.understand.tier import Tier
from octavo.vocabulary import Alias, BrandProfile, CampaignProfile, Parent, ParentKind, Post, Reading, TopicProfile

LONGEST_LINE = 16 * 2**20
"""Bytes; a longer line is set aside without being kept in memory."""

LINES_AT_ONCE = 512
_CHUNK = 256 * 1024
_KINDS = frozenset(ParentKind)


class Source(Protocol):
    """A binary stream whose `read1` gives what there is without waiting for more."""

    def read1(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one line: a reading, or the reason why not."""

    line: bytes
    error: bool = False


def answers(source: Source, *, tier: Tier, brand: BrandProfile | None = None) -> Iterator[list[Answer]]:
    """One answer a line, in order, in batches: as many lines as have arrived, so that a slow stream is answered at
    once.

    `brand` is the profile of the messages that name this brand or none. Blank lines get no answer. Raises what `read`
    raises.
    """
    number = 0
    for lines in _batches(source):
        entries: list[_Entry | Answer] = []
        for line in lines:
            number += 1
            if line is None or line.strip():
                entries.append(_parse(line, number))
        yield _answer(entries, tier, brand)


def profile(document: object) -> BrandProfile:
    """A brand profile from its JSON form: the fields of `BrandProfile`; an alias may be a bare string. Raises
    ValueError.
    """
    if not isinstance(document, dict):
        raise ValueError("a brand profile is an object")
    unknown = set(document) - {"name", "aliases", "handles", "products", "campaigns", "languages", "topics"}
    if unknown:
        raise ValueError(f"unknown in a brand profile: {', '.join(sorted(unknown))}")
    return BrandProfile(
        name=_string(document, "name"),
        aliases=tuple(_alias(each) for each in _list(document, "aliases")),
        handles=_strings(document, "handles"),
        products=_strings(document, "products"),
        campaigns=tuple(_campaign(each) for each in _list(document, "campaigns")),
        languages=_strings(document, "languages"),
        topics=tuple(_topic(each) for each in _list(document, "topics")),
    )


def reading(post_id: object, said: Reading, *, presumed: bool = False) -> dict[str, Any]:
    """The JSON form of a reading. `presumed`: the message was said to be about the brand by whoever sent it."""
    return {
        "id": post_id,
        "language": said.language,
        "relevant": said.relevant or presumed,
        "relevance": round(max(said.relevance, PRESUMED) if presumed else said.relevance, 4),
        "primary": said.primary,
        "assigned": [str(register) for register in said.assigned],
        "registers": {str(register): round(chance, 4) for register, chance in said.registers.items()},
        "runner_up": str(said.runner_up),
        "sentiment": {"label": str(said.sentiment.label), "score": round(said.sentiment.score, 4)},
        "urgency": said.urgency,
        "gravity": {"score": round(said.gravity.score, 4), "kinds": [str(kind) for kind in said.gravity.kinds]},
        "campaign": said.campaign,
        "topics": list(said.topics),
        "evidence": [
            {"start": each.start, "end": each.end, "weight": round(each.weight, 4), "register": str(each.register)}
            for each in said.evidence
        ],
        "abstained": said.abstained,
        "model": said.model,
    }


@dataclass(frozen=True, slots=True)
class _Entry:
    id: object
    post: Post


def _batches(source: Source) -> Iterator[list[bytes | None]]:
    """Whole lines as they arrive; None stands for one that is too long."""
    pending = b""
    skipping = False
    while chunk := source.read1(_CHUNK):
        *lines, pending = (pending + chunk).split(b"\n")
        whole: list[bytes | None] = list(lines)
        if skipping and whole:
            whole[0], skipping = None, False
        for start in range(0, len(whole), LINES_AT_ONCE):
            yield whole[start : start + LINES_AT_ONCE]
        if skipping or len(pending) > LONGEST_LINE:
            pending, skipping = b"", True
    if skipping:
        yield [None]
    elif pending:
        yield [pending]


def _parse(line: bytes | None, number: int) -> _Entry | Answer:
    if line is None:
        return _error(f"longer than {LONGEST_LINE} bytes", number)
    try:
        return _entry(_load(line))
    except RecursionError:
        return _error("nested too deeply", number)
    except ValueError as cause:
        return _error(str(cause), number)


def _load(line: bytes) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        # Python's own reader also takes halves of surrogate pairs, which real exports contain.
        return json.loads(line)


def _entry(document: object) -> _Entry:
    if not isinstance(document, dict):
        raise ValueError("not an object")
    if not isinstance(document.get("text"), str):
        raise ValueError("text is missing" if document.get("text") is None else "text is not a string")
    return _Entry(
        document.get("id"),
        Post(
            channel=_string(document, "channel"),
            external_id="",
            text=document["text"],
            created_at=_time(document.get("created_at")),
            language=_string(document, "lang"),
            brand=_string(document, "brand").strip(),
            parent=_parent(document.get("parent")),
        ),
    )


def _parent(document: object) -> Parent | None:
    if document is None:
        return None
    if not isinstance(document, dict):
        raise ValueError("parent is not an object")
    kind = document.get("kind")
    known = ParentKind(kind) if isinstance(kind, str) and kind in _KINDS else ParentKind.POST
    return Parent(_string(document, "text"), known, document.get("own") is True)


def _answer(entries: Sequence[_Entry | Answer], tier: Tier, brand: BrandProfile | None) -> list[Answer]:
    """Read together what is about the same brand, and put the answers back in order."""
    given: list[Answer | None] = [each if isinstance(each, Answer) else None for each in entries]
    rows: dict[str, list[int]] = {}
    for row, each in enumerate(entries):
        if isinstance(each, _Entry):
            rows.setdefault(each.post.brand, []).append(row)
    for name, members in rows.items():
        known = brand is not None and name.casefold() in ("", brand.name.casefold())
        presumed = bool(name) and not known
        about = brand if known else _bare(name) if presumed else None
        batch = [each for each in (entries[row] for row in members) if isinstance(each, _Entry)]
        readings = read([each.post for each in batch], brand=about, tier=tier)
        for row, each, said in zip(members, batch, readings, strict=True):
            given[row] = Answer(_dump(reading(each.id, said, presumed=presumed)))
    return [each for each in given if each is not None]


def _bare(name: str) -> BrandProfile:
    """What a name alone tells: itself, and itself as a handle."""
    return BrandProfile(name=name, handles=(name,))


def _error(reason: str, number: int) -> Answer:
    return Answer(_dump({"error": reason, "line": number}), error=True)


def _dump(document: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(document)
    except (TypeError, orjson.JSONEncodeError):
        return json.dumps(document, separators=(",", ":")).encode()


def _time(value: object) -> datetime | None:
    """The time a message was written, or None: it matters only to campaigns with dates, and is no reason to refuse."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _alias(document: object) -> Alias:
    if isinstance(document, str):
        return Alias(document)
    if isinstance(document, dict):
        return Alias(_string(document, "text"), _strings(document, "context"))
    raise ValueError("an alias is a string or an object with text and context")


def _campaign(document: object) -> CampaignProfile:
    if not isinstance(document, dict):
        raise ValueError("a campaign is an object")
    starts, ends = (_string(document, end) for end in ("starts_on", "ends_on"))
    return CampaignProfile(
        name=_string(document, "name"),
        hashtags=_strings(document, "hashtags"),
        slogans=_strings(document, "slogans"),
        links=_strings(document, "links"),
        starts_on=date.fromisoformat(starts) if starts else None,
        ends_on=date.fromisoformat(ends) if ends else None,
    )


def _topic(document: object) -> TopicProfile:
    if not isinstance(document, dict):
        raise ValueError("a topic is an object with name, words and examples")
    return TopicProfile(_string(document, "name"), _strings(document, "words"), _strings(document, "examples"))


def _string(document: dict[str, Any], field: str) -> str:
    value = document.get(field)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{field} is not a string")
    return value or ""


def _list(document: dict[str, Any], field: str) -> list[object]:
    value = document.get(field)
    if value is not None and not isinstance(value, list):
        raise ValueError(f"{field} is not a list")
    return value or []


def _strings(document: dict[str, Any], field: str) -> tuple[str, ...]:
    values = _list(document, field)
    if not all(isinstance(value, str) for value in values):
        raise ValueError(f"{field} is not a list of strings")
    return tuple(str(value) for value in values)
