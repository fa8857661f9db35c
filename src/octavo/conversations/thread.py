"""A conversation as its page shows it: messages in order, each with its reading, corrections and earlier texts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import QuerySet

from octavo.conversations import access, threads, topics, words
from octavo.conversations.models import (
    Conversation,
    Correction,
    Mention,
    MentionVersion,
    RegisterChoice,
    SentimentChoice,
    Topic,
    UrgencyChoice,
)
from octavo.people.models import User
from octavo.understand.readings import harms
from octavo.vocabulary import NO_REGISTER, REGISTERS, Harm

LATEST = 30
"""Messages shown at first; the whole thread is one click away."""
MOST = 2000
HISTORY = timedelta(days=365)
OTHERS = 6


@dataclass(frozen=True, slots=True)
class Score:
    """A register with its probability in thousandths."""

    register: str
    words: str
    score: int
    assigned: bool


@dataclass(frozen=True, slots=True)
class Message:
    """One message with its reading. `scores` are all eight, most probable first; `guess` is the primary's probability in
    thousandths, None where a person chose it; `also` are further registers it carries; `corrections` are those that stand.
    `subject` is empty where it only repeats the conversation's."""

    mention: Mention
    register: str
    words: str
    guess: int | None
    runner_up: Score | None
    also: Sequence[Score]
    scores: Sequence[Score]
    subject: str
    sentiment_words: str
    urgency_words: str
    harms: Sequence[str]
    corrections: Sequence[Correction]
    versions: Sequence[MentionVersion]
    is_head: bool
    topics: Sequence[Topic]


@dataclass(frozen=True, slots=True)
class Thread:
    """`hidden` is how many earlier messages are left out; `head` the number of the message that needs a person most."""

    messages: Sequence[Message]
    hidden: int


@dataclass(frozen=True, slots=True)
class History:
    """What else an author wrote in the year around: the latest messages, how many in each register."""

    mentions: Sequence[Mention]
    registers: Sequence[tuple[str, str, int]]
    total: int


def harms_of(mentions: Sequence[int]) -> dict[int, tuple[Harm, ...]]:
    """The kinds of harm that each of these messages names."""
    found = Mention.objects.filter(pk__in=mentions).exclude(harm=0) if mentions else Mention.objects.none()
    return {mention: harms(bits) for mention, bits in found.values_list("pk", "harm")}


def of(user: User, conversation: Conversation, *, whole: bool = False) -> Thread:
    """The messages of a conversation, oldest first: the latest thirty, or all of them."""
    found = _within(access.mentions_for(user), conversation).filter(conversation=conversation)
    most = MOST if whole else LATEST
    mentions = list(found.select_related("author").defer("search").order_by("-published_at", "-pk")[:most])[::-1]
    numbers = [mention.pk for mention in mentions]
    corrections: defaultdict[int, list[Correction]] = defaultdict(list)
    if any(mention.corrected for mention in mentions):
        standing = (
            Correction.objects.filter(mention__in=numbers, withdrawn_at=None)
            .select_related("corrected_by")
            .order_by("pk")
        )
        latest = {(correction.mention, correction.field): correction for correction in standing}
        for correction in latest.values():
            corrections[correction.mention].append(correction)
    versions: defaultdict[int, list[MentionVersion]] = defaultdict(list)
    edited = [mention.pk for mention in mentions if mention.edited_at]
    if edited:
        for version in MentionVersion.objects.filter(mention__in=edited).order_by("-pk"):
            versions[version.mention].append(version)
    named = topics.of(numbers)
    messages = [
        _message(
            m,
            corrections[m.pk],
            versions[m.pk],
            named.get(m.pk, ()),
            is_head=m.pk == conversation.head,
            subject=conversation.subject,
        )
        for m in mentions
    ]
    return Thread(messages, hidden=max(conversation.mentions_count - len(messages), 0))


def history(user: User, conversation: Conversation) -> History | None:
    """What the author of the head wrote besides, within a year: that keeps the question to a few months of the table."""
    if conversation.author_id is None:
        return None
    around = (conversation.last_at - HISTORY, conversation.last_at + HISTORY)
    found = access.mentions_for(user).filter(
        author=conversation.author_id, own=False, deleted_at=None, published_at__range=around
    ).exclude(conversation=conversation)  # fmt: skip
    latest = list(
        found.only("id", "published_at", "conversation_id", "register", "text", "urgency").order_by("-published_at")[
            :500
        ]
    )
    counted = Counter(mention.register for mention in latest)
    labels = dict(RegisterChoice.choices)
    return History(
        mentions=latest[:OTHERS],
        registers=[(name, str(labels[name]), n) for name, n in counted.most_common()],
        total=len(latest),
    )


def _within(found: QuerySet[Mention], conversation: Conversation) -> QuerySet[Mention]:
    """Only the months the conversation lived in: the table is partitioned by them."""
    return found.filter(published_at__gte=conversation.first_at, published_at__lte=conversation.last_at)


def _message(
    mention: Mention,
    corrections: Sequence[Correction],
    versions: Sequence[MentionVersion],
    named: Sequence[Topic],
    *,
    is_head: bool,
    subject: str,
) -> Message:
    labels = dict(RegisterChoice.choices)
    scores = sorted(
        (
            Score(str(register), str(labels[register]), score, str(register) in mention.assigned)
            for register, score in zip(REGISTERS, mention.registers, strict=True)
        ),
        key=lambda score: -score.score,
    )
    by_name = {score.register: score for score in scores}
    sure = "register" in mention.corrected
    if sure:
        guess = None
    elif mention.register == NO_REGISTER:
        guess = 1000 - scores[0].score
    else:
        guess = by_name[mention.register].score
    runner_up = by_name.get(mention.runner_up)
    return Message(
        mention=mention,
        register=mention.register,
        words=str(labels[mention.register]),
        guess=guess,
        runner_up=runner_up if runner_up and runner_up.register not in mention.assigned and not sure else None,
        also=[by_name[name] for name in mention.assigned if name != mention.register],
        scores=scores,
        subject=mention.subject if threads.bare_subject(mention.subject) != threads.bare_subject(subject) else "",
        sentiment_words=str(SentimentChoice(mention.sentiment).label),
        urgency_words=str(UrgencyChoice(mention.urgency).label),
        harms=[words.harm_name(harm) for harm in harms(mention.harm)],
        corrections=corrections,
        versions=versions,
        is_head=is_head,
        topics=named,
    )
