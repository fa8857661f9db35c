"""What happens to a batch of posts, in order, on one page.

    collect      a source's turn: the channel gives posts, they are received, the cursor moves, in one transaction
    receive      the fast tier reads, the recorder keeps: the message can be seen and found from here on
    handle       the sentence encoder reads again when there is time, and its reading takes the place of the first

Every step is safe to repeat; a crash between two of them repeats one and loses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from octavo.conversations import profile
from octavo.conversations import record as recorder
from octavo.conversations.models import Brand, Mention
from octavo.listen import collect as collecting
from octavo.listen.models import Source
from octavo.understand import Tier, model_version, read
from octavo.vocabulary import Author, Parent, ParentKind, Post

HANDLE_AT_ONCE = 512
"""Mentions one job reads again."""


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a batch: `outcomes` for each post, and the mentions that wait for their second reading."""

    outcomes: Sequence[str]
    new: Sequence[int]
    waiting: Sequence[int]


def receive(posts: Sequence[Post], *, brand: Brand, origin: int | None = None, dedicated: bool = False) -> Received:
    """Read `posts` of one brand with the fast tier and keep them, in one transaction (the caller's, if it has one)."""
    readings = read(posts, brand=profile.of(brand, dedicated=dedicated), tier=Tier.FAST)
    recorded = recorder.record(posts, readings, brand=brand.pk, origin=origin)
    return Received(outcomes=recorded.outcomes, new=recorded.new, waiting=[*recorded.new, *recorded.edited])


def collect(source: Source) -> Received:
    """One turn of a source. Raises `channels.ChannelError` after the source's health has been written."""
    turn = collecting.fetch(source)
    with transaction.atomic():
        received = receive(turn.posts, brand=source.brand, origin=source.pk, dedicated=source.dedicated)
        collecting.delivered(source, turn, new=len(received.new))
    return received


def handle(mentions: Sequence[int], *, tier: Tier = Tier.DEFAULT) -> int:
    """Read these mentions again with a better tier and keep what it says; the number of readings replaced."""
    waiting = (
        Mention.objects.filter(pk__in=mentions, deleted_at__isnull=True)
        .exclude(model=model_version(tier))
        .select_related("author")
        .order_by("brand_id", "pk")
    )
    dedicated = set(Source.objects.filter(dedicated=True).values_list("pk", flat=True))
    groups: dict[tuple[int, bool], list[Mention]] = {}
    for mention in waiting:
        groups.setdefault((mention.brand_id, mention.origin in dedicated), []).append(mention)
    replaced = 0
    for (brand, is_dedicated), members in groups.items():
        known = profile.of(Brand.objects.get(pk=brand), dedicated=is_dedicated)
        for start in range(0, len(members), HANDLE_AT_ONCE):
            batch = members[start : start + HANDLE_AT_ONCE]
            readings = read([_post(mention) for mention in batch], brand=known, tier=tier)
            replaced += recorder.keep(readings, [mention.pk for mention in batch])
    return replaced


def _post(mention: Mention) -> Post:
    parent = mention.parent
    return Post(
        channel=mention.channel,
        external_id=mention.external_id,
        text=mention.text,
        created_at=mention.published_at,
        author=Author(handle=mention.author.handle, name=mention.author.name) if mention.author else None,
        subject=mention.subject,
        parent=Parent(text=parent["text"], kind=ParentKind(parent["kind"]), own=parent["own"]) if parent else None,
        own=mention.own,
    )
