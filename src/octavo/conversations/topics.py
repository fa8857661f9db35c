"""The brand's own topics: which messages speak of them, how a topic comes, changes and goes.

A message's topics are part of its reading, and are written and renewed with it (`keep`); few messages have any, so they lie
in a table of their own and cost the others nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.text import slugify

from octavo.conversations.models import Brand, Conversation, Mention, MentionTopic, Topic
from octavo.kit import clock
from octavo.people import audit
from octavo.people.models import User

REMEMBERED = timedelta(days=1)
"""How long a deleted topic can come back."""


@dataclass(frozen=True, slots=True)
class Named:
    """A message as `keep` needs it: which topics of which brand it speaks of, by name."""

    mention: int
    conversation: int
    brand: int
    topics: Sequence[str]


def keep(messages: Iterable[Named], *, anew: bool = False) -> None:
    """Write down which topics messages speak of, with `anew` in place of what was known. In the caller's transaction.

    A name that is no topic of the brand any more is passed over.
    """
    given = list(messages)
    with connection.cursor() as cursor:
        if anew and given:
            forget([message.mention for message in given])
        named = [message for message in given if message.topics]
        if not named:
            return
        numbers = {
            (brand, name): number
            for number, brand, name in Topic.objects.filter(
                brand__in={message.brand for message in named}, deleted_at=None
            ).values_list("pk", "brand", "name")
        }
        rows = sorted(
            (numbers[message.brand, name], message.mention, message.conversation)
            for message in named
            for name in message.topics
            if (message.brand, name) in numbers
        )
        cursor.execute(
            "INSERT INTO conversations_mentiontopic (topic_id, mention, conversation_id) "
            "SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) ON CONFLICT DO NOTHING",
            [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], []],
        )


def forget(mentions: Collection[int]) -> None:
    """These messages speak of nothing any more: they were deleted, or are read again."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM conversations_mentiontopic WHERE mention = ANY(%s)", [list(mentions)])


def of(mentions: Collection[int]) -> dict[int, list[Topic]]:
    """The topics of each of these messages that has any, by name."""
    found: defaultdict[int, list[Topic]] = defaultdict(list)
    rows = MentionTopic.objects.filter(mention__in=mentions, topic__deleted_at=None).select_related("topic")
    for row in rows.order_by("topic__name"):
        found[row.mention].append(row.topic)
    return dict(found)


def conversations(
    found: QuerySet[Conversation], slugs: Sequence[str], brands: Collection[int]
) -> QuerySet[Conversation]:
    """Those in which a message speaks of one of these topics."""
    rows = MentionTopic.objects.filter(topic__in=_numbers(slugs, brands), conversation=OuterRef("pk"))
    return found.filter(Exists(rows))


def mentions(found: QuerySet[Mention], slugs: Sequence[str], brands: Collection[int]) -> QuerySet[Mention]:
    """Those that speak of one of these topics."""
    rows = MentionTopic.objects.filter(topic__in=_numbers(slugs, brands), mention=OuterRef("pk"))
    return found.filter(Exists(rows))


def counts(found: QuerySet[Conversation], brands: Collection[int], *, most: int) -> dict[str, int] | None:
    """How many of these conversations speak of each topic, by slug; None where there are more than `most` messages to
    look through."""
    numbers = list(Topic.objects.filter(brand__in=brands, deleted_at=None).values_list("pk", flat=True))
    if not numbers:
        return {}
    rows = MentionTopic.objects.filter(topic__in=numbers)
    if len(rows.values_list("pk")[: most + 1]) > most:
        return None
    slugs = dict(Topic.objects.filter(pk__in=numbers).values_list("pk", "slug"))
    members = (
        rows.filter(conversation__in=found.order_by().values("pk")).values_list("topic", "conversation").distinct()
    )
    counted: defaultdict[str, set[int]] = defaultdict(set)
    for topic, conversation in members:
        counted[slugs[topic]].add(conversation)
    return {slug: len(there) for slug, there in counted.items()}


def names(brands: Collection[int]) -> dict[str, str]:
    """What the topics of these brands are called, by slug."""
    return dict(Topic.objects.filter(brand__in=brands, deleted_at=None).values_list("slug", "name").order_by("name"))


def sizes(brand: int) -> dict[int, int]:
    """How many messages speak of each of a brand's topics, by its number."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.topic_id, count(*) FROM conversations_mentiontopic t "
            "JOIN conversations_topic o ON o.id = t.topic_id WHERE o.brand_id = %s GROUP BY 1",
            [brand],
        )
        return dict(cursor.fetchall())


def save(user: User, topic: Topic) -> Topic:
    """Keep a new topic, or a changed one."""
    is_new = topic.pk is None
    with transaction.atomic():
        if is_new:
            # Two who make one of the same name at once wait for each other.
            Brand.objects.select_for_update().get(pk=topic.brand_id)
            topic.slug = _free_slug(topic.brand_id, topic.name)
        topic.save()
        audit.log(user, "created" if is_new else "changed", kind="topic", object_id=topic.pk, name=topic.name)
        _announce(topic.brand_id)
    return topic


def delete(user: User, topic: Topic) -> None:
    """Take a topic away; `bring_back` undoes it for a day."""
    with transaction.atomic():
        clear(topic.brand_id)
        Topic.objects.filter(pk=topic.pk, deleted_at=None).update(deleted_at=clock.now())
        audit.log(user, "deleted", kind="topic", object_id=topic.pk, name=topic.name)
        _announce(topic.brand_id)


def bring_back(user: User, brand: int, number: int) -> Topic | None:
    """Undo `delete`; None where it is too late, or another topic has taken the name."""
    with transaction.atomic():
        Brand.objects.select_for_update().get(pk=brand)
        topic = Topic.objects.filter(pk=number, brand=brand).exclude(deleted_at=None).first()
        if topic is None or Topic.objects.filter(brand=brand, name__iexact=topic.name, deleted_at=None).exists():
            return None
        topic.deleted_at = None
        topic.save(update_fields=["deleted_at"])
        audit.log(user, "brought back", kind="topic", object_id=topic.pk, name=topic.name)
        _announce(brand)
    return topic


def clear(brand: int) -> None:
    """Forget what was deleted longer ago than anybody undoes."""
    Topic.objects.filter(brand=brand, deleted_at__lt=clock.now() - REMEMBERED).delete()


def _numbers(slugs: Sequence[str], brands: Collection[int]) -> list[int]:
    found = Topic.objects.filter(slug__in=slugs, brand__in=brands, deleted_at=None)
    return list(found.values_list("pk", flat=True))


def _free_slug(brand: int, name: str) -> str:
    plain = slugify(name, allow_unicode=False)[:80] or "topic"
    taken = set(Topic.objects.filter(brand=brand).values_list("slug", flat=True))
    slug, n = plain, 1
    while slug in taken:
        n += 1
        slug = f"{plain}-{n}"
    return slug


def _announce(brand: int) -> None:
    """Tell the open pages, once this transaction is through."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('octavo_changed', %s)", [f'{{"brand":{brand},"new":0}}'])


def recorded(readings: Sequence[Sequence[str]], rows: Iterable[tuple[int, int, int, int]]) -> list[Named]:
    """`keep`'s messages from the topics of each reading and (row of the reading, mention, conversation, brand)."""
    return [Named(mention, conversation, brand, readings[row]) for row, mention, conversation, brand in rows]
