"""One conversation as a line of a list: everything a list shows, worked out once, so that drawing it is cheap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from octavo.conversations import stories, thread, words
from octavo.conversations.marked import marked, strongest
from octavo.conversations.models import Conversation, RegisterChoice, SentimentChoice, Story, UrgencyChoice
from octavo.conversations.rows import CERTAIN
from octavo.kit import clock
from octavo.vocabulary import Harm, Register

LONG_WAIT = timedelta(hours=24)
FORGOTTEN = timedelta(days=60)
"""Who wrote longer ago waits for nothing any more: the past of an import."""
MOST_HARMS = 2
"""Kinds of harm that fit a chip."""
LONGEST = 32
IN_SIGHT = 90
"""Characters of evidence that fit a chip; where in the text it is seen anyway, marked."""


@dataclass(frozen=True, slots=True)
class Line:
    """`guess` is the register's probability in words, empty where a person chose it; `why` one reason to look here, `kind`
    its colour (a chip's class); `alike` how many other messages say the same, in words."""

    id: int
    href: str
    urgency: int
    urgency_words: str
    register: str
    register_words: str
    guess: str
    author: str
    brand: str
    channel: str
    language: str
    language_words: str
    sentiment: str
    sentiment_words: str
    subject: str
    text: SafeString
    why: str
    kind: str
    alike: str
    count: int
    assignee: str
    snoozed_until: datetime | None
    iso: str
    exact: str
    brief: str


def lines(rows: Sequence[Conversation], *, query: str = "", name_brand: bool = False) -> list[Line]:
    """Lines of `rows`; `query` is carried to the conversation's page, so that one can go on from there."""
    now = clock.now()
    registers = {choice.value: str(choice.label) for choice in RegisterChoice}
    sentiments = {choice.value: str(choice.label) for choice in SentimentChoice}
    urgencies = {choice.value: str(choice.label) for choice in UrgencyChoice}
    channels = {name: words.channel_name(name) for name in {row.channel for row in rows}}
    languages = {code: words.language_name(code) for code in {row.language for row in rows}}
    percent, unknown = _("%(n)d %%"), _("Unknown")
    tail = f"?{query}" if query else ""
    base = reverse("conversation", args=[0])
    told = stories.named([row.head for row in rows])
    harmed = thread.harms_of([row.head for row in rows if row.register == Register.CRISIS])
    found = []
    for row in rows:
        kind, why = _why(row, now, harmed.get(row.head, ()))
        found.append(
            Line(
                id=row.pk,
                href=base.replace("0", str(row.pk), 1) + tail,
                urgency=row.urgency,
                urgency_words=urgencies[row.urgency],
                register=row.register,
                register_words=registers[row.register],
                guess="" if row.register_score == CERTAIN else percent % {"n": round(row.register_score / 10)},
                author=row.author_name or unknown,
                brand=row.brand.name if name_brand else "",
                channel=channels[row.channel],
                language=row.language.upper() if row.language != "und" else "",
                language_words=languages[row.language],
                sentiment=row.sentiment,
                sentiment_words=sentiments[row.sentiment],
                subject=row.subject,
                text=marked(row.excerpt, row.marks, titles=False),
                why=why,
                kind=kind,
                alike=_alike(told.get(row.head)),
                count=row.mentions_count,
                assignee=str(row.assignee) if row.assignee else "",
                snoozed_until=row.snoozed_until,
                iso=row.last_at.isoformat(),
                exact=words.exact(row.last_at),
                brief=words.brief(row.last_at, now),
            )
        )
    return found


def _alike(story: Story | None) -> str:
    if story is None or story.messages < 2:
        return ""
    return ngettext("+%(n)d alike", "+%(n)d alike", story.messages - 1) % {"n": story.messages - 1}


def _why(row: Conversation, now: datetime, harmed: Sequence[Harm]) -> tuple[str, str]:
    """The strongest reason why this conversation stands where it does: class of the chip, words."""
    evidence = strongest(row.excerpt, row.marks, row.register)
    if row.register == Register.CRISIS:
        if harmed:
            return "bad", ", ".join(words.harm_name(harm) for harm in harmed[:MOST_HARMS])
        return "bad", f"“{evidence}”" if 0 < len(evidence) <= LONGEST else _("Crisis sign")
    waits = now - row.waiting_since if row.waiting_since else None
    if waits and row.mentions_count >= 3:
        return "", ngettext("%(n)d message", "%(n)d messages", row.mentions_count) % {"n": row.mentions_count}
    if waits and LONG_WAIT <= waits < FORGOTTEN and row.urgency:
        return "", _("Waiting %(span)s") % {"span": words.span(waits)}
    if row.urgency == UrgencyChoice.NOW:
        return "bad", _("Now")
    return ("", f"“{evidence}”") if 0 < len(evidence) <= LONGEST and row.excerpt.find(evidence) > IN_SIGHT else ("", "")
