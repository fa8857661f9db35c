"""Messages in and out, and texts read without being kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Status

from octavo import flow
from octavo.channels.item import ItemReader, read_items
from octavo.conversations import access, profile, search, threads, topics
from octavo.conversations import record as recorder
from octavo.conversations.models import Brand, Mention, PostKey, Topic
from octavo.listen.collect import of_brand
from octavo.people.tokens import Scope
from octavo.site.api import cursors
from octavo.site.api.problems import Kind, Problem
from octavo.site.api.schemas import (
    MessageFilter,
    MessageOut,
    MessagePage,
    MessagesIn,
    MessagesResult,
    ReadingsOut,
    TextsIn,
)
from octavo.site.api.tokens import Bearer, owner
from octavo.understand import EncoderUnavailable, Tier, read
from octavo.understand.readings import CRISIS, harms
from octavo.vocabulary import REGISTERS, Parent, Post, Reading, Reject

CHANNEL = "api"
"""Channel of a message that names none."""

router = Router(tags=["Messages"])


@router.post(
    "/messages",
    auth=Bearer(Scope.MESSAGES_WRITE),
    response={200: MessagesResult, 202: MessagesResult},
    by_alias=True,
    summary="Send messages in",
    operation_id="send_messages",
)
def send(request: HttpRequest, batch: MessagesIn) -> Status[dict[str, Any]]:
    """Keep up to 1,000 messages of one brand. They can be seen at once, with the reading of the quick model; a better
    one follows when there is time. Safe to repeat: what is known already is not kept twice.

    202 where something was kept or changed, 200 where everything was known or rejected.
    """
    brand = access.brand_for(owner(request), batch.brand)
    items = read_items(batch.messages, ItemReader(channel=CHANNEL))
    taken = [of_brand(brand, number, item) for number, item in enumerate(items, start=1)]
    posts = [item for item in taken if isinstance(item, Post)]
    recorder.make_room(posts)
    received = flow.receive(posts, brand=brand) if posts else None
    results = _results(brand, taken, list(received.outcomes) if received else [])
    counts = dict.fromkeys(("new", "known", "edited", "deleted", "rejected"), 0)
    for result in results:
        counts[result["outcome"]] += 1
    changed = counts["new"] + counts["edited"] + counts["deleted"]
    return Status(202 if changed else 200, {"results": results, **counts})


@router.get(
    "/messages",
    auth=Bearer(Scope.MESSAGES_READ, query=MessageFilter),
    response=MessagePage,
    by_alias=True,
    summary="List messages",
    operation_id="list_messages",
)
def list_messages(request: HttpRequest, chosen: Query[MessageFilter]) -> dict[str, Any]:
    """Messages with their readings, the last to arrive first. Follow `next` to the end: messages that arrive meanwhile
    neither shift a page nor appear twice."""
    user = owner(request)
    found = access.mentions_for(user)
    if chosen.about != "any":
        found = found.filter(relevant=chosen.about == "yes")
    if chosen.brand:
        brands = access.brands_for(user).filter(slug__in=chosen.brand)
        found = found.filter(brand__in=list(brands.values_list("pk", flat=True)))
    for name, values in (
        ("register", chosen.register_),
        ("language", chosen.language),
        ("sentiment", chosen.sentiment),
        ("urgency", chosen.urgency),
        ("channel", chosen.channel),
    ):
        if values:
            found = found.filter(**{f"{name}__in": values})
    if chosen.topic:
        found = topics.mentions(found, chosen.topic, list(access.brands_for(user).values_list("pk", flat=True)))
    for condition, value in (
        ("published_at__gte", chosen.since),
        ("published_at__lt", chosen.until),
        ("own", None if chosen.own is None else chosen.own == "true"),
        ("conversation", chosen.conversation),
    ):
        if value is not None:
            found = found.filter(**{condition: value})
    if chosen.q.strip():
        found = search.mentions(found, chosen.q)
    found = found.prefetch_related("brand", "author")
    return cursors.page("m", found, cursor=chosen.cursor, limit=chosen.limit, items=_items)


def _items(rows: Sequence[Mention]) -> list[dict[str, Any]]:
    named = topics.of([row.pk for row in rows])
    return [message(row, named.get(row.pk, ())) for row in rows]


@router.get(
    "/messages/{int:number}",
    auth=Bearer(Scope.MESSAGES_READ),
    response=MessageOut,
    by_alias=True,
    summary="One message",
    operation_id="get_message",
)
def get_message(request: HttpRequest, number: int) -> dict[str, Any]:
    """A message by its number."""
    row = access.mention_for(owner(request), number)
    return message(row, topics.of([row.pk]).get(row.pk, ()))


@router.post(
    "/readings",
    auth=Bearer(Scope.READINGS_CREATE),
    response=ReadingsOut,
    by_alias=True,
    summary="Read texts without keeping them",
    operation_id="create_readings",
    tags=["Readings"],
)
def create_readings(request: HttpRequest, asked: TextsIn) -> dict[str, Any]:
    """What up to 200 texts say. Nothing is stored."""
    known = profile.of(access.brand_for(owner(request), asked.brand)) if asked.brand else None
    posts = [
        Post(
            channel=CHANNEL,
            external_id=text.id,
            text=text.text,
            language=text.lang,
            parent=Parent(text.parent.text, text.parent.kind, text.parent.own) if text.parent else None,
        )
        for text in asked.texts
    ]
    try:
        readings = read(posts, brand=known, tier=Tier(asked.tier))
    except EncoderUnavailable:
        raise Problem(Kind.UNAVAILABLE, "The better model is not prepared here; ask for the tier fast.") from None
    return {
        "readings": [
            {**reading_of(reading), "id": post.external_id} for post, reading in zip(posts, readings, strict=True)
        ]
    }


def message(row: Mention, named: Sequence[Topic]) -> dict[str, Any]:
    """A mention, with the topics it speaks of, as `MessageOut`."""
    author = row.author
    return {
        "id": row.pk,
        "brand": row.brand.slug,
        "channel": row.channel,
        "external_id": row.external_id,
        "conversation": row.conversation_id,
        "author": author
        and {"handle": author.handle, "name": author.name, "url": author.url, "followers": author.followers},
        "published_at": row.published_at,
        "received_at": row.received_at,
        "edited_at": row.edited_at,
        "deleted_at": row.deleted_at,
        "subject": row.subject,
        "text": row.text,
        "url": row.url,
        "parent": row.parent,
        "reach": row.reach,
        "own": row.own,
        "reading": {**_kept_reading(row), "topics": [topic.name for topic in named]},
    }


def reading_of(reading: Reading) -> dict[str, Any]:
    """A fresh reading as `ReadingOut`."""
    return {
        "language": reading.language,
        "relevant": reading.relevant,
        "relevance": round(float(reading.relevance), 3),
        "primary": str(reading.primary),
        "assigned": list(reading.assigned),
        "registers": {str(name): round(float(value), 3) for name, value in reading.registers.items()},
        "runner_up": str(reading.runner_up),
        "sentiment": {"label": reading.sentiment.label, "score": round(float(reading.sentiment.score), 3)},
        "urgency": reading.urgency,
        "gravity": {"score": round(float(reading.gravity.score), 3), "kinds": list(reading.gravity.kinds)},
        "campaign": reading.campaign,
        "topics": list(reading.topics),
        "abstained": reading.abstained,
        "evidence": [
            {"start": span.start, "end": span.end, "weight": round(float(span.weight), 3), "register": span.register}
            for span in reading.evidence
        ],
        "model": reading.model,
    }


def _kept_reading(row: Mention) -> dict[str, Any]:
    flat = row.evidence
    return {
        "language": row.language,
        "relevant": row.relevant,
        "relevance": row.relevance / 1000,
        "primary": row.register,
        "assigned": row.assigned,
        "registers": {str(name): value / 1000 for name, value in zip(REGISTERS, row.registers, strict=True)},
        "runner_up": row.runner_up,
        "sentiment": {"label": row.sentiment, "score": row.sentiment_score / 1000},
        "urgency": row.urgency,
        "gravity": {"score": row.registers[CRISIS] / 1000, "kinds": list(harms(row.harm))},
        "campaign": row.campaign,
        "abstained": row.abstained,
        "evidence": [
            {"start": flat[at], "end": flat[at + 1], "register": REGISTERS[flat[at + 2]], "weight": flat[at + 3] / 1000}
            for at in range(0, len(flat), 4)
        ],
        "model": row.model,
        "corrected": row.corrected,
    }


def _results(brand: Brand, taken: Sequence[Post | Reject], outcomes: list[str]) -> list[dict[str, Any]]:
    posts = [item for item in taken if isinstance(item, Post)]
    numbers = _numbers(brand, posts)
    kept = iter(zip(posts, outcomes, numbers, strict=True))
    results: list[dict[str, Any]] = []
    for index, item in enumerate(taken):
        if isinstance(item, Reject):
            results.append({"index": index, "outcome": "rejected", "id": None, "message": None, "reason": item.reason})
        else:
            post, outcome, number = next(kept)
            results.append(
                {"index": index, "outcome": outcome, "id": post.external_id, "message": number, "reason": ""}
            )
    return results


def _numbers(brand: Brand, posts: Sequence[Post]) -> list[int | None]:
    """The number of each post's mention; None for one that was deleted before it ever came."""
    labels = [str(threads.post_label(brand.pk, post.channel, post.external_id)).replace("-", "") for post in posts]
    found = {
        key.hex: number for key, number in PostKey.objects.filter(key__in=set(labels)).values_list("key", "mention")
    }
    return [found.get(label) for label in labels]
