"""The messages of alerts, and what they have in common: who carries it, where, in which languages, how it sounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from octavo.alert.models import Alert, AlertMention
from octavo.conversations import access
from octavo.conversations.models import Mention, SentimentChoice
from octavo.conversations.story_shape import VOICES, Voice
from octavo.people.models import User

IN_LIST = 3
ON_PAGE = 60


@dataclass(frozen=True, slots=True)
class Said:
    """A message of an alert; `part` is how it came to belong to it."""

    mention: Mention
    part: str

    @property
    def who(self) -> str:
        author = self.mention.author
        return (author.name or author.handle) if author else ""

    @property
    def followers(self) -> int:
        author = self.mention.author
        return max((author.followers or 0) if author else 0, self.mention.reach)


@dataclass(frozen=True, slots=True)
class Shape:
    """What the messages of an alert have in common. `negative` is a share from 0 to 1; `channels` and `languages` are
    (name, messages), the most frequent first; `voices` the first authors, in the order in which they spoke."""

    n: int
    authors: int
    negative: float
    channels: Sequence[tuple[str, int]]
    languages: Sequence[tuple[str, int]]
    voices: Sequence[Voice]


def of(user: User, alerts: Iterable[Alert], *, most: int) -> dict[int, list[Said]]:
    """The messages of each alert this person may see: the one that rang first, then the latest."""
    links: dict[int, list[AlertMention]] = {alert.pk: [] for alert in alerts}
    for link in AlertMention.objects.filter(alert__in=links).order_by("published_at", "mention"):
        links[link.alert_id].append(link)
    chosen = {alert: _chosen(members, most) for alert, members in links.items()}
    wanted = [link for members in chosen.values() for link in members]
    found = _mentions(user, wanted)
    return {
        alert: [Said(found[link.mention], link.part) for link in members if link.mention in found]
        for alert, members in chosen.items()
    }


def shape(messages: Sequence[Said]) -> Shape:
    public = [said for said in messages if said.mention.deleted_at is None]
    by: dict[int, list[Said]] = {}
    for said in sorted(public, key=lambda said: said.mention.published_at):
        by.setdefault(said.mention.author_id or -said.mention.pk, []).append(said)
    voices = [
        Voice(
            name=own[0].who,
            channel=own[0].mention.channel,
            first_at=own[0].mention.published_at,
            n=len(own),
            reach=max(said.followers for said in own),
            conversation=own[0].mention.conversation_id,
            mention=own[0].mention.pk,
        )
        for own in by.values()
    ]
    bad = sum(said.mention.sentiment == SentimentChoice.NEGATIVE for said in public)
    return Shape(
        n=len(public),
        authors=len(by),
        negative=bad / len(public) if public else 0.0,
        channels=Counter(said.mention.channel for said in public).most_common(),
        languages=Counter(said.mention.language for said in public).most_common(),
        voices=voices[:VOICES],
    )


def _chosen(members: Sequence[AlertMention], most: int) -> list[AlertMention]:
    rang = [link for link in members if link.part == AlertMention.Part.RANG]
    others = [link for link in reversed(members) if link.part != AlertMention.Part.RANG]
    return [*rang, *others][:most]


def _mentions(user: User, links: Sequence[AlertMention]) -> dict[int, Mention]:
    if not links:
        return {}
    moments = [link.published_at for link in links]
    found = access.mentions_for(user).filter(
        pk__in=[link.mention for link in links],
        published_at__gte=min(moments),  # leaves the other months' partitions alone
        published_at__lte=max(moments),
    )
    return {mention.pk: mention for mention in found.select_related("author").defer("search")}
