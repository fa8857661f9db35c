"""What a rule would have done: the past lived through again, before it is switched on or its threshold moved."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.urls import reverse

from octavo.alert import alike, burst, counts, grave, hijack, rising, rules, watch, words
from octavo.alert.counts import Heard
from octavo.alert.grave import Candidate
from octavo.alert.models import Rule, RuleKind
from octavo.conversations.models import Brand, Mention, Topic
from octavo.detect import Detector
from octavo.kit import clock

DAYS = 90
CAN = (RuleKind.GRAVE, RuleKind.BURST, RuleKind.HIJACK, RuleKind.STORY)
"""Kinds that can be simulated. Who waited when, and which source was silent, is not kept."""


@dataclass(frozen=True, slots=True)
class Rang:
    """It would have rung at `at`, about `n` messages; `href` leads to them."""

    at: datetime
    severity: int
    what: str
    n: int
    href: str


def rule(which: Rule, *, threshold: int, settings: Mapping[str, int]) -> list[Rang]:
    """When a rule with this threshold and these settings would have rung in the last 90 days, oldest first. Raises
    `ValueError` for a kind that cannot be simulated."""
    which = Rule(
        brand_id=which.brand_id,
        kind=which.kind,
        threshold=threshold,
        settings={**which.settings, **settings},
        lessons=which.lessons,
    )
    since = clock.now() - timedelta(days=DAYS)
    if which.kind == RuleKind.GRAVE:
        return _grave(which, since)
    if which.kind == RuleKind.BURST:
        return _burst(which, since)
    if which.kind == RuleKind.HIJACK:
        return _hijack(which, since)
    if which.kind == RuleKind.STORY:
        return _story(which, since)
    raise ValueError(f"{which.kind} cannot be simulated")


def _grave(which: Rule, since: datetime) -> list[Rang]:
    found = watch.candidates(
        "conversation_id IN (SELECT id FROM conversations_conversation WHERE brand_id = %s AND last_at >= %s) "
        "AND published_at >= %s",
        [which.brand_id, since, since],
    )
    background = watch.background(which.brand_id)
    stories: list[list[Candidate]] = []
    for message in watch.grave_by(which, found):
        said = alike.telling(message.lexemes, background)
        for story in reversed(stories):
            if message.published_at - story[-1].published_at <= watch.LOOK_BACK and any(
                other.conversation == message.conversation
                or alike.alike(said, alike.telling(other.lexemes, background), background)
                for other in story
            ):
                story.append(message)
                break
        else:
            stories.append([message])
    page = reverse("conversation", args=[0])
    return [
        Rang(
            at=story[0].published_at,
            severity=grave.severity(story),
            what="",
            n=len(story),
            href=page.replace("0", str(story[0].conversation)) + f"#m{story[0].mention}",
        )
        for story in stories
    ]


def _burst(which: Rule, since: datetime) -> list[Rang]:
    followed = burst.Followed(Detector(configuration=burst.configuration(which)), [])
    slug = Brand.objects.values_list("slug", flat=True).get(pk=which.brand_id)
    least = rules.setting(which, "messages")
    rang: list[Rang] = []
    begin, now = counts.bin_of(clock.now() - counts.REMEMBERED), clock.now()
    bins = counts.bins(which.brand_id, since=begin, until=now)
    last: deque[tuple[datetime, Mapping[str, Heard]]] = deque()
    coming = iter(bins)
    for look in followed.live(bins, until=begin):
        while not last or last[-1][0] < look.at:
            last.append(next(coming))
        if not (look.rings or look.voices_ring) or look.at < since:
            continue
        while last[0][0] <= look.at - burst.HOUR:
            last.popleft()
        hour = sum((each.get(look.key, counts.NOTHING) for _, each in last), counts.NOTHING)
        enough = (hour.voices if look.voices_ring else hour.n) >= least
        if enough and not (rang and look.at - rang[-1].at <= burst.TOGETHER):
            score = look.voices_score if look.voices_ring else look.score
            rang.append(
                Rang(
                    at=look.at,
                    severity=burst.severity(look.key, score, hour=hour, flood=burst.flood_of(look, hour)),
                    what=words.key_name(look.key),
                    n=hour.n,
                    href=_inbox(slug, look.key, look.at),
                )
            )
    return rang


def _hijack(which: Rule, since: datetime) -> list[Rang]:
    slug = Brand.objects.values_list("slug", flat=True).get(pk=which.brand_id)
    found = [
        Rang(
            at=at,
            severity=loud,
            what=words.key_name(counts.AGAINST + campaign),
            n=turn.against.n,
            href=_inbox(slug, counts.NEGATIVE, at),
        )
        for at, campaign, turn, loud in hijack.turns(which, since=since, until=clock.now())
    ]
    return sorted(found, key=lambda rang: rang.at)


def _story(which: Rule, since: datetime) -> list[Rang]:
    found = list(rising.moments(which, since=since, until=clock.now()))
    firsts = [story.first_mention for _, story, _ in found]
    homes = dict(Mention.objects.filter(pk__in=firsts).values_list("pk", "conversation"))
    page = reverse("conversation", args=[0])
    return [
        Rang(
            at=at,
            severity=loud,
            what="",
            n=story.lately,
            href=page.replace("0", str(homes[story.first_mention])) + f"#m{story.first_mention}",
        )
        for at, story, loud in found
        if story.first_mention in homes
    ]


def _inbox(slug: str, key: str, at: datetime) -> str:
    kind, _colon, value = key.partition(":")
    pairs = [("brand", slug), ("since", at.date().isoformat()), ("until", at.date().isoformat())]
    if kind in ("register", "channel", "language"):
        pairs.append((kind, value))
    if key.startswith(counts.TOPIC):
        named = Topic.objects.filter(brand__slug=slug, name=value, deleted_at=None)
        pairs += [("topic", topic) for topic in named.values_list("slug", flat=True)]
    if key == counts.NEGATIVE:
        pairs.append(("sentiment", "negative"))
    return f"{reverse('inbox')}?{urlencode(pairs)}"
