"""Watching messages as they are recorded or read again: they are counted, and those that are grave ring at once.

Runs in the transaction that records them. Event time decides: a message older than its rule looks back rings no more,
so that a month of backlog makes no noise; it is counted as one that would have rung.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F

from octavo.alert import alike, counts, grave, ring, rules
from octavo.alert.grave import Candidate
from octavo.alert.models import MOST, Alert, AlertMention, Rule, RuleKind
from octavo.alert.ring import Member
from octavo.conversations.models import BrandName
from octavo.kit import clock
from octavo.vocabulary import HARMS

LOOK_BACK = timedelta(hours=72)
"""How far before the message that rings its story is looked for, and how long after it was closed it is still known."""
MOST_EARLY = 200
BACKGROUND = 300
"""Messages that say which words are common with a brand."""
DOUBTED = 2
"""Severity of an alert that a later reading sees no reason for."""
FLOOD = 5
"""So many open alerts about grave messages of a brand are a flood; what comes then joins the latest of them."""

_MESSAGES = f"""
SELECT tsvector_to_array(search), id, brand_id, conversation_id, published_at, author_id,
    CASE WHEN 'register' = ANY(corrected) THEN 1000 ELSE registers[{grave.CRISIS + 1}] END, register, urgency,
    greatest(reach, coalesce((SELECT followers FROM conversations_author AS a WHERE a.id = author_id), 0)), harm
FROM conversations_mention AS m
WHERE {{which}} AND relevant AND NOT own AND deleted_at IS NULL
ORDER BY published_at, id
"""  # noqa: S608 no value of anybody's

_BACKGROUND = """
WITH background AS (
    SELECT m.search FROM (
        SELECT head FROM conversations_conversation WHERE brand_id = %s AND last_at < %s ORDER BY last_at DESC LIMIT %s
    ) AS c JOIN conversations_mention AS m ON m.id = c.head),
words AS (
    SELECT DISTINCT b.search, left(w, %s) AS word FROM background AS b, unnest(tsvector_to_array(b.search)) AS w
    WHERE length(w) >= %s)
SELECT word, count(*), (SELECT count(*) FROM background) FROM words GROUP BY word
"""


def recorded(
    mentions: Sequence[int], *, newest: datetime | None = None, signs: Sequence[int] | None = None
) -> list[Alert]:
    """New messages: counted, and grave ones ring. The alerts that rang or grew.

    In the transaction that records them. `newest` is when the latest of them was published, where the caller knows it:
    a file of old messages then costs nothing here. `signs` are those read as a crisis sign, where the caller knows them:
    the database need not look for them.
    """
    now = clock.now()
    if not mentions or (newest is not None and newest < now - counts.REMEMBERED):
        return []
    counts.add(mentions, now=now)
    return _watch(mentions if signs is None else signs, new=True)


def read(mentions: Sequence[int], *, first_seen: Sequence[int] = ()) -> list[Alert]:
    """Messages just read, or read again: grave ones ring, once each. The alerts that rang or grew.

    `first_seen` are those of them that only the fast tier had read: what they are about counts from now on.
    """
    if first_seen:
        counts.add_topics(first_seen, now=clock.now())
    _doubt(mentions)
    return _watch(mentions, new=False)


def _watch(mentions: Sequence[int], *, new: bool) -> list[Alert]:
    found = candidates("id = ANY(%s)", [list(mentions)]) if mentions else []
    if not found:
        return []
    of = rules.of(message.brand for message in found)
    rang: list[Alert] = []
    for brand in sorted({message.brand for message in found}):
        rule = of[brand, RuleKind.GRAVE]
        if rule.on:
            rang += _ring_for(rule, [m for m in found if m.brand == brand], new=new)
    return rang


def candidates(which: str, values: Sequence[Any]) -> list[Candidate]:
    """Messages with a crisis sign among those a condition names, oldest first."""
    return _messages(f"{which} AND register = 'crisis'", values)


def grave_by(rule: Rule, messages: Iterable[Candidate]) -> list[Candidate]:
    """Those of them that ring alone by this rule."""
    bar, without_lessons = bar_of(rule), bar_of(rule, learnt=False)
    return [
        message
        for message in messages
        if grave.is_grave(message, bar)
        or (grave.is_grave(message, without_lessons) and grave.severity([message]) == MOST)
    ]


def bar_of(rule: Rule, *, learnt: bool = True) -> grave.Bar:
    """The thresholds of a rule, with or without what false alarms have taught."""

    def raised(threshold: int) -> int:
        return rules.raised(rule, threshold) if learnt else threshold

    own = {harm: rules.setting(rule, f"{rules.HARM}{harm}") for harm in HARMS}
    return grave.Bar(
        threshold=raised(rule.threshold),
        urgent=raised(min(rules.setting(rule, "urgent"), rule.threshold)),
        unnamed=rules.setting(rule, "unnamed"),
        harms={harm: raised(threshold) for harm, threshold in own.items() if threshold},
    )


def _ring_for(rule: Rule, signs: Sequence[Candidate], *, new: bool) -> list[Alert]:
    messages = grave_by(rule, signs)
    if rule.lessons:
        messages = [*messages, *_held_back(rule, signs, set(messages))]
    since = clock.now() - timedelta(hours=rules.setting(rule, "hours"))
    fresh = [message for message in messages if message.published_at >= since]
    if new and len(fresh) < len(messages):
        Rule.objects.filter(pk=rule.pk).update(too_old=F("too_old") + len(messages) - len(fresh))
    if not fresh:
        return []
    ring.hold([rule.brand_id])
    known = AlertMention.objects.filter(mention__in=[message.mention for message in fresh], alert__rule=rule)
    told = set(known.values_list("mention", flat=True))
    untold = [message for message in fresh if message.mention not in told]
    return Stories(rule).take(untold) if untold else []


def _held_back(rule: Rule, signs: Sequence[Candidate], rings: set[Candidate]) -> list[Candidate]:
    """Those that only what false alarms taught keeps from ringing, though with what was said before they are most severe."""
    bar = bar_of(rule, learnt=False)
    held = [message for message in signs if message not in rings and grave.is_grave(message, bar)]
    if not held:
        return []
    known = Stories(rule)
    return [
        message
        for message in held
        if grave.severity([m for m in known.early(message) if grave.is_grave(m, bar)] + [message]) == MOST
    ]


def _doubt(mentions: Sequence[int]) -> None:
    """A later, better reading turns down an alert that nobody has seen yet: to what it finds, or, where it finds nothing grave
    in any of its messages, to something to look at today. It stays: the first reading may have been the better one."""
    open_ones = Alert.objects.filter(
        rule__kind=RuleKind.GRAVE, state=Alert.State.OPEN, severity__gt=DOUBTED, members__mention__in=mentions
    )
    for number, brand in set(open_ones.values_list("pk", "brand")):
        ring.hold([brand])
        alert = Alert.objects.select_for_update().select_related("rule").get(pk=number)
        members = list(alert.members.values_list("mention", flat=True))
        if alert.state != Alert.State.OPEN or alert.events.filter(action="escalated").exists():
            continue
        signs = candidates("id = ANY(%s)", [members])
        if not grave_by(alert.rule, signs):
            ring.turn_down(alert, severity=DOUBTED, reason={**alert.reason, "doubted": True})
        elif (loud := grave.severity(signs)) < alert.severity:
            first = next((sign for sign in signs if sign.mention == alert.reason["mention"]), signs[0])
            reason = {**alert.reason, "crisis": first.crisis, "urgency": first.urgency, "lowered": True}
            ring.turn_down(alert, severity=loud, reason={**reason, "harms": _harms(first.mention, signs)})


class Stories:
    """What has rung for a brand lately, and the words it is recognised by."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.background = background(rule.brand_id)
        known = Alert.objects.filter(rule=rule, rang_at__gte=clock.now() - LOOK_BACK * 2) | Alert.objects.filter(
            rule=rule
        ).exclude(state=Alert.State.CLOSED)
        self.alerts = {alert.pk: alert for alert in known.order_by("-rang_at")[:50]}
        self.members: dict[int, dict[int, Candidate]] = {number: {} for number in self.alerts}
        links = list(AlertMention.objects.filter(alert__in=self.alerts).values_list("alert", "mention"))
        # Those a later reading no longer calls grave still belong to their story.
        messages = {message.mention: message for message in _messages("id = ANY(%s)", [[m for _, m in links]])}
        for alert, mention in links:
            if mention in messages:
                self.members[alert][mention] = messages[mention]

    def take(self, messages: Sequence[Candidate]) -> list[Alert]:
        """Ring about these messages, oldest first, or let them join what they belong to: once for each story, however much
        of it came at the same time."""
        new: list[list[Candidate]] = []
        joined: dict[int, list[Candidate]] = {}
        for message in messages:
            if (home := self._home(message)) is not None:
                self.members[home.pk][message.mention] = message
                joined.setdefault(home.pk, []).append(message)
            elif story := next((story for story in new if self._belongs(message, story)), None):
                story.append(message)
            elif len(new) + self._standing() >= FLOOD and new:
                new[-1].append(message)
            else:
                new.append([message])
        return [self._open(story) for story in new] + [self._grow(alert, more) for alert, more in joined.items()]

    def _open(self, story: Sequence[Candidate]) -> Alert:
        first, *later = story
        early = self.early(first)
        together = [*early, *story]
        bar = bar_of(self.rule, learnt=False)
        grave_early = [each for each in early if grave.is_grave(each, bar)]  # held back, or too old to ring
        part = AlertMention.Part
        members = [Member(each.mention, each.published_at, part.EARLY) for each in early]
        members += [Member(first.mention, first.published_at, part.RANG)]
        members += [Member(each.mention, each.published_at, part.LATER) for each in later]
        return ring.open_alert(
            self.rule,
            f"message:{first.mention}",
            severity=grave.severity([*grave_early, *story]),
            reason=_reason(first, together),
            first_signal_at=first.published_at,
            members=members,
            chart="register:crisis",
        )

    def _grow(self, number: int, more: Sequence[Candidate]) -> Alert:
        alert = self.alerts[number]
        together = list(self.members[number].values())
        ring.grow(
            alert,
            severity=grave.severity(together),
            reason={**alert.reason, **_figures(alert.reason["mention"], together)},
            members=[Member(each.mention, each.published_at) for each in more],
        )
        return alert

    def _standing(self) -> int:
        return sum(alert.state != Alert.State.CLOSED for alert in self.alerts.values())

    def _belongs(self, message: Candidate, others: Iterable[Candidate]) -> bool:
        words = self._words(message)
        return any(
            other.conversation == message.conversation or alike.alike(words, self._words(other), self.background)
            for other in others
        )

    def _home(self, message: Candidate) -> Alert | None:
        """The alert a message belongs to: an open one before a closed one, the latest first."""
        belongs = [alert for alert in self.alerts.values() if self._belongs(message, self.members[alert.pk].values())]
        belongs.sort(key=lambda alert: alert.state == Alert.State.CLOSED)
        if belongs:
            return belongs[0]
        unclosed = [alert for alert in self.alerts.values() if alert.state != Alert.State.CLOSED]
        return max(unclosed, key=lambda alert: alert.rang_at) if len(unclosed) >= FLOOD else None

    def early(self, message: Candidate) -> list[Candidate]:
        """Crisis signs of the days before that are about the same thing and did not ring, or were too old to."""
        before = candidates(
            "conversation_id IN (SELECT id FROM conversations_conversation WHERE brand_id = %s AND last_at >= %s) "
            "AND published_at >= %s AND published_at < %s AND id <> %s",
            [
                message.brand,
                message.published_at - LOOK_BACK,
                message.published_at - LOOK_BACK,
                message.published_at,
                message.mention,
            ],
        )[-MOST_EARLY:]
        return [other for other in before if self._belongs(message, [other])]

    def _words(self, message: Candidate) -> frozenset[str]:
        return alike.telling(message.lexemes, self.background)


def background(brand: int) -> alike.Background:
    """Which words tell nothing with a brand: its own name, and what many messages of the days before hold. The names of
    its products tell most."""
    with connection.cursor() as cursor:
        cursor.execute(_BACKGROUND, [brand, clock.now() - LOOK_BACK, BACKGROUND, alike.STEM, alike.SHORTEST])
        rows = cursor.fetchall()
    seen = Counter({word: n for word, n, _ in rows})
    names = list(BrandName.objects.filter(brand=brand).values_list("kind", "text"))
    products = frozenset(text.lower()[: alike.STEM] for kind, text in names if kind == BrandName.Kind.PRODUCT)
    own = frozenset(
        part[: alike.STEM] for kind, text in names if kind != BrandName.Kind.PRODUCT for part in _parts(text)
    )
    return alike.background(seen, rows[0][2] if rows else 0, own=own, products=products)


def _parts(name: str) -> list[str]:
    return "".join(sign if sign.isalpha() else " " for sign in name.lower()).split()


def _messages(which: str, values: Sequence[Any]) -> list[Candidate]:
    with connection.cursor() as cursor:
        cursor.execute(_MESSAGES.format(which=which), values)
        return [Candidate(frozenset(words), *rest) for words, *rest in cursor.fetchall()]


def _reason(message: Candidate, together: Sequence[Candidate]) -> dict[str, Any]:
    return {
        "kind": str(RuleKind.GRAVE),
        "mention": message.mention,
        "crisis": message.crisis,
        "urgency": message.urgency,
        **_figures(message.mention, together),
    }


def _figures(first: int, messages: Sequence[Candidate]) -> dict[str, Any]:
    """Of the messages together; `first` is the one that rang."""
    return {
        "messages": len(messages),
        "authors": len({message.author or -message.mention for message in messages}),
        "reach": max(message.reach for message in messages),
        "harms": _harms(first, messages),
    }


def _harms(first: int, messages: Sequence[Candidate]) -> list[str]:
    """The kinds of harm named, the most often named first: those of the message that rang, and what a quarter of all of them
    name, since a single one may be misread."""
    named = Counter(kind for message in messages for kind in message.harms)
    own = {kind for message in messages if message.mention == first for kind in message.harms}
    return [str(kind) for kind, times in named.most_common() if kind in own or times * 4 >= len(messages)]
