"""Bursts: more messages than usual about a brand, or about one side of it, in bins of five minutes by event time.

The detector (`octavo.detect`) decides what is unusual. Here its state is kept with the brand, in the same transaction as
the alert it raised. It learns from all that is remembered, and rings only for what is fresh.

Each key is followed twice: its messages, and its voices (as many as there are both people and texts). A rush of retweets
fills the first and hardly the second, so that it hides no crowd; messages that ring without voices are a flood by few
authors or of one text, are said to be one, and are less severe.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction

from octavo.alert import counts, ring, rules
from octavo.alert.counts import Flood, Heard
from octavo.alert.models import MOST, Alert, AlertMention, Rule, RuleKind, Watch
from octavo.alert.ring import Member
from octavo.detect import SHIPPED, Configuration, Detector, NotAState, Signal, describe, once_in
from octavo.kit import clock
from octavo.vocabulary import REGISTERS, Register

SETTLE = timedelta(seconds=20)
"""So long after its end a bin is taken in: what was published in it has mostly arrived."""
AWAY = timedelta(minutes=15)
"""A brand nobody has watched for so long, and of which nothing is known since, was not silent: it was not heard."""
TOGETHER = timedelta(hours=6)
"""What bursts within this time of each other, on several sides of a brand, is one alert."""
HOUR = timedelta(hours=1)
SHOWN = 40
"""Messages of a burst that are kept with its alert."""
STANDARD = (counts.ALL, counts.NEGATIVE, *(f"{counts.REGISTER}{register}" for register in REGISTERS))
"""Keys every brand has from the beginning, so that their first message is not the first thing known of them."""
VOICES = "voices:"
"""Beginning of the name under which the detector follows the voices of a key."""
CROWD, UNUSUAL = 6, 2.0
"""So many voices an hour, with a score that comes every eighth hour, are a crowd however many messages drown them."""
FAR_REACHING = 2.5
"""Mean weight of messages from which a burst reaches far: three thousand people each (`counts.FAR`)."""

_BAD = {counts.NEGATIVE, f"{counts.REGISTER}{Register.COMPLAINT}", f"{counts.REGISTER}{Register.PROBLEM}"}
_CRISIS = f"{counts.REGISTER}{Register.CRISIS}"
_PLEASANT = {f"{counts.REGISTER}{name}" for name in (Register.COMPLIMENT, Register.CAMPAIGN_ECHO, Register.IDEA)}


@dataclass(frozen=True, slots=True)
class Look:
    """What one key did in the bin at `at`: what was heard, how unusual its messages and its voices are, and who rings."""

    at: datetime
    key: str
    heard: Heard
    score: float
    voices_score: float
    rings: bool
    voices_ring: bool

    @property
    def highest(self) -> float:
        return max(self.score, self.voices_score)


@dataclass(slots=True)
class Followed:
    """A brand's detector and the names of its keys, in the order of their numbers."""

    detector: Detector
    keys: list[str]

    def live(self, bins: Iterable[tuple[datetime, Mapping[str, Heard]]], *, until: datetime) -> Iterator[Look]:
        """Take in bins in order, and the silence between and after them; gives what each key heard did. All keys are named
        each time: the detector is ten times quicker with all than with some."""
        for at, heard in bins:
            known = {key: each for key, each in heard.items() if not key.startswith((counts.SOURCE, counts.AGAINST))}
            self.know(at, list(known))
            for quiet in self._between(at):
                self.detector.step(np.zeros(len(self.keys)), quiet)
            step = self.detector.step(np.array([_count(key, known) for key in self.keys]), at)
            of = {
                key: (float(score), bool(rings))
                for key, score, rings in zip(self.keys, step.scores, step.alerts, strict=True)
                if not np.isnan(score)
            }
            for key in known:
                if key in of:
                    (score, rings), (voices, voices_ring) = of[key], of[VOICES + key]
                    yield Look(at, key, known[key], score, voices, rings, voices_ring)
        for quiet in self._between(until) if self.keys else ():
            self.detector.step(np.zeros(len(self.keys)), quiet)

    def _between(self, at: datetime) -> Iterator[datetime]:
        """The bins after the last one taken in, before `at`."""
        number = int(self.detector.state.last.max())
        while (quiet := self.detector.moment_of(number + 1)) < at:
            yield quiet
            number += 1

    def know(self, at: datetime, keys: Sequence[str]) -> None:
        """Keys not known yet begin here, with the brand's own profile of the day."""
        if not self.keys:
            self.keys = [name for key in STANDARD for name in (key, VOICES + key)]
            self.detector.add(len(self.keys))
            before = at - counts.BIN
            self.detector.step(np.zeros(len(self.keys)), before)
        new = [name for key in keys if key not in self.keys for name in (key, VOICES + key)]
        if new:
            self.detector.add(len(new), like=[0])
            self.keys += new

    def signal(self, key: str, at: datetime, count: float, score: float) -> Signal:
        return describe(self.detector, self.keys.index(key), name=key, at=at, count=count, score=score)

    def signal_of(self, look: Look) -> Signal:
        """Of a key's voices where they ring or are the more unusual, else of its messages."""
        if look.voices_ring or (look.voices_score > look.score and not look.rings):
            return self.signal(VOICES + look.key, look.at, look.heard.voices, look.voices_score)
        return self.signal(look.key, look.at, look.heard.n, look.score)


def _count(name: str, heard: Mapping[str, Heard]) -> float:
    if name.startswith(VOICES):
        return heard.get(name.removeprefix(VOICES), counts.NOTHING).voices
    return heard.get(name, counts.NOTHING).n


def step(brand: int) -> list[Alert]:
    """Take in the bins that have ended since the last look; the alerts that rang or grew. Safe to repeat."""
    now = clock.now()
    until = counts.bin_of(now - SETTLE)
    rule = rules.of([brand])[brand, RuleKind.BURST]
    with transaction.atomic():
        Watch.objects.bulk_create([Watch(brand_id=brand)], ignore_conflicts=True)
        watch = Watch.objects.select_for_update().get(brand=brand)
        if watch.until == until and watch.checked_at is not None and watch.checked_at > rule.changed_at:
            Watch.objects.filter(pk=watch.pk).update(checked_at=now)
            return []
        followed = _restored(watch, rule, until)
        since = watch.until or counts.bin_of(now - counts.REMEMBERED)
        bins = counts.bins(brand, since=since, until=until)
        if not bins and watch.checked_at is not None and now - watch.checked_at > AWAY and followed.keys:
            followed.detector.gap(until)
        rang: dict[int, Alert] = {}
        unusual: dict[str, Look] = {}
        fresh = now - timedelta(hours=rules.setting(rule, "hours"))
        for look in followed.live(bins, until=until):
            if look.at >= until - HOUR and (look.key not in unusual or look.highest > unusual[look.key].highest):
                unusual[look.key] = look
            if rule.on and look.at >= fresh and (look.rings or look.voices_ring or _most_severe(rule, look)):
                alert = _ring(rule, look, followed.signal_of(look))
                rang |= {alert.pk: alert} if alert else {}
        for alert in _under_way(rule) if bins else ():
            if alert.reason["key"] in unusual and _follow(rule, alert, followed, unusual[alert.reason["key"]], until):
                rang[alert.pk] = alert
        _keep(watch, followed, until, unusual)
    return list(rang.values())


def learn_anew(brands: Iterable[int]) -> None:
    """What is remembered of these brands has changed further back than the last look: the next one learns it from the
    beginning. What it rings for does not change."""
    Watch.objects.filter(brand__in=list(brands)).update(state=None)


def learnt(brand: int, configuration: Configuration, *, since: datetime, until: datetime) -> Followed:
    """A detector that has lived through what is remembered of a brand."""
    followed = Followed(Detector(configuration=configuration), [])
    deque(followed.live(counts.bins(brand, since=since, until=until), until=until), maxlen=0)
    return followed


def configuration(rule: Rule) -> Configuration:
    """The shipped detector with the rule's threshold."""
    return replace(SHIPPED, threshold=rules.threshold(rule) / 100)


def restored(watch: Watch, rule: Rule) -> Followed | None:
    """The brand's detector as it was last kept; None where there is none, or one of another version or threshold."""
    if watch.state is None:
        return None
    try:
        detector = Detector.restore(io.BytesIO(bytes(watch.state)), configuration=configuration(rule))
    except NotAState:
        return None
    whole = len(detector) == len(watch.keys) and VOICES + counts.ALL in watch.keys
    return Followed(detector, list(watch.keys)) if whole else None


def _restored(watch: Watch, rule: Rule, until: datetime) -> Followed:
    if watch.until is not None and watch.until > until + timedelta(hours=1):
        watch.until, watch.state = until, None  # our clock was set back
    found = restored(watch, rule)
    if found is not None:
        return found
    since = counts.bin_of(clock.now() - counts.REMEMBERED)
    return learnt(watch.brand_id, configuration(rule), since=since, until=watch.until or since)


def _keep(watch: Watch, followed: Followed, until: datetime, unusual: Mapping[str, Look]) -> None:
    file = io.BytesIO()
    followed.detector.save(file)
    watch.state, watch.keys = file.getvalue(), followed.keys
    watch.until = max(watch.until or until, until)
    watch.checked_at = clock.now()
    best = sorted(unusual.values(), key=lambda look: -look.score)[:3]
    watch.unusual = [
        {
            "key": look.key,
            "score": round(look.score, 2),
            "n": look.heard.n,
            "usual": round(followed.signal(look.key, look.at, look.heard.n, look.score).expected, 2),
        }
        for look in best
    ]
    watch.save()


def _ring(rule: Rule, look: Look, signal: Signal) -> Alert | None:
    key = look.key
    hour = counts.total(rule.brand_id, key, since=look.at - 11 * counts.BIN, until=look.at + counts.BIN)
    if (hour.voices if look.voices_ring else hour.n) < rules.setting(rule, "messages"):
        return None
    ring.hold([rule.brand_id])
    since = min(signal.since, look.at) - counts.BIN
    members, voices = messages(rule.brand_id, key, since=since, until=look.at + counts.BIN)
    flood = flood_of(look, hour)
    figures = _figures(key, signal, hour, flood) | voices
    loud = severity(key, signal.score, hour=hour, flood=flood)
    recent = (
        Alert.objects.filter(rule=rule, rang_at__gte=clock.now() - TOGETHER)
        | Alert.objects.filter(rule=rule, key=key).exclude(state=Alert.State.CLOSED)
    ).order_by("-rang_at")
    joined = sorted(recent, key=lambda alert: alert.state == Alert.State.CLOSED)[:1]
    if joined:
        alert = joined[0]
        if alert.reason.get("flood") and not flood:
            loud = min(max(loud, alert.severity + 1), MOST)  # what was a flood has become a crowd: it rings again
        reason = _together(alert.reason, figures, stronger=loud > alert.severity)
        ring.grow(alert, severity=loud, reason=reason, members=members, chart=key)
        return alert
    return ring.open_alert(
        rule,
        key,
        severity=loud,
        reason={"kind": str(RuleKind.BURST), **figures},
        first_signal_at=signal.since,
        members=members,
        chart=key,
    )


def _most_severe(rule: Rule, look: Look) -> bool:
    """Whether it rings by the threshold that people set, though false alarms have raised it since: it is most severe."""
    if not rule.lessons or look.key not in _BAD | {_CRISIS} or look.highest * 100 < rule.threshold:
        return False
    hour = counts.total(rule.brand_id, look.key, since=look.at - 11 * counts.BIN, until=look.at + counts.BIN)
    return severity(look.key, look.highest, hour=hour, flood=flood_of(look, hour)) == MOST


def _under_way(rule: Rule) -> list[Alert]:
    """Standing alerts that rang so lately that what they rang for may still grow."""
    since = clock.now() - TOGETHER
    return list(Alert.objects.filter(rule=rule, rang_at__gte=since).exclude(state=Alert.State.CLOSED))


def _follow(rule: Rule, alert: Alert, followed: Followed, latest: Look, until: datetime) -> bool:
    """Keep an alert up to date while its burst grows; whether it rang again."""
    key = alert.reason["key"]
    hour = counts.total(rule.brand_id, key, since=until - HOUR, until=until)
    if hour.n <= alert.reason["hour"]:
        return False
    signal = replace(followed.signal_of(latest), score=max(latest.highest, alert.reason["score"]))
    signal = replace(signal, once_in=once_in(signal.score))
    members, voices = messages(rule.brand_id, key, since=alert.first_signal_at - counts.BIN, until=until)
    flood = flood_of(latest, hour)
    figures = _figures(key, signal, hour, flood) | voices
    loud = severity(key, signal.score, hour=hour, flood=flood)
    return ring.grow(
        alert, severity=loud, reason=_together(alert.reason, figures, stronger=loud > alert.severity), members=members
    )


def flood_of(look: Look, hour: Heard) -> Flood | None:
    """What kind of flood the hour before the end of a bin is; None where its voices are unusual too, or are many."""
    crowd = look.voices_ring or (look.voices_score >= UNUSUAL and hour.voices >= CROWD)
    return None if crowd else hour.flood


def severity(key: str, score: float, *, hour: Heard, flood: Flood | None) -> int:
    """1 to 5. Twice a month is 2, rarer than once a month 3; bad news one more, crisis signs two, good news one less; a
    hundred bad messages in an hour one more, and bad ones that reach far. A flood of one text is one less and 3 at most;
    one by few authors 2 at most: whoever is loud alone makes no crisis."""
    loud = 2 + (score >= 4)
    bad = key in _BAD or key == _CRISIS
    if key == _CRISIS:
        loud += 2
    elif bad:
        loud += 1
    elif key in _PLEASANT:
        loud -= 1
    loud += bad and hour.voices >= 100
    loud += bad and hour.weight >= FAR_REACHING * hour.n
    if flood == Flood.AUTHOR:
        loud = min(loud - 1, 2)
    elif flood == Flood.TEXT:
        loud = min(loud - 1, 3)
    return min(max(loud, 1), 5)


def messages(brand: int, key: str, *, since: datetime, until: datetime) -> tuple[list[Member], dict[str, int]]:
    """The messages of a key in a time: those that reach furthest, and how many there are by how many authors."""
    kind, _colon, value = key.partition(":")
    conditions = {
        "all": "m.campaign = ''",
        "negative": "m.sentiment = 'negative'",
        "register": "m.register = %s",
        "channel": "m.campaign = '' AND m.channel = %s",
        "language": "m.campaign = '' AND m.language = %s",
        "topic": "m.campaign = '' AND EXISTS (SELECT FROM conversations_mentiontopic AS g JOIN conversations_topic AS t "
        "ON t.id = g.topic_id WHERE g.mention = m.id AND t.name = %s AND t.deleted_at IS NULL)",
        "campaign": "m.campaign = %s",
        "against": "m.campaign = %s AND (m.sentiment IN ('negative', 'mixed') "
        "OR m.register IN ('complaint', 'problem', 'crisis'))",
    }
    condition, values = conditions[kind], [value] if value else []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.id, m.published_at, coalesce(m.author_id, -m.id), greatest(m.reach, coalesce(a.followers, 0)) "  # noqa: S608 names of our own
            "FROM conversations_conversation AS c JOIN conversations_mention AS m ON m.conversation_id = c.id "
            "LEFT JOIN conversations_author AS a ON a.id = m.author_id "
            "WHERE c.brand_id = %s AND c.last_at >= %s AND m.published_at >= %s AND m.published_at < %s "
            f"AND m.relevant AND NOT m.own AND m.deleted_at IS NULL AND {condition} ORDER BY 4 DESC, 2 LIMIT 2000",
            [brand, since, since, until, *values],
        )
        rows = cursor.fetchall()
    by: dict[int, int] = {}
    for _, _, author, _ in rows:
        by[author] = by.get(author, 0) + 1
    members = [Member(mention, at, AlertMention.Part.RANG) for mention, at, *_ in rows[:SHOWN]]
    return members, {"messages": len(rows), "authors": len(by), "most_by_one": max(by.values(), default=0)}


def _figures(key: str, signal: Signal, hour: Heard, flood: Flood | None) -> dict[str, Any]:
    return {
        "key": key,
        "by": "voices" if signal.key.startswith(VOICES) else "messages",
        "hour": hour.n,
        "voices": round(hour.voices),
        "people": round(hour.people),
        "sayings": round(hour.sayings),
        "weight": round(hour.weight),
        "flood": str(flood or ""),
        "observed": round(signal.observed),
        "low": round(signal.band.low, 1),
        "high": round(signal.band.high, 1),
        "usual_hour": round(signal.expected * (timedelta(hours=1) / counts.BIN), 1),
        "score": round(signal.score, 2),
        "once_in_days": round(signal.once_in / timedelta(days=1), 1),
        "growth": round(signal.growth, 2),
        "doubling_minutes": round(signal.doubling / timedelta(minutes=1)) if signal.doubling else None,
        "next_hour": round(signal.forecast.messages),
        "next_hour_low": round(signal.forecast.within.low),
        "next_hour_high": round(signal.forecast.within.high),
        "at": signal.at.isoformat(),
    }


def _together(reason: Mapping[str, Any], figures: Mapping[str, Any], *, stronger: bool) -> dict[str, Any]:
    """One reason of two bursts: the stronger leads, the other is named. A flood does not lead where a crowd did."""
    same = reason.get("key") == figures["key"] and (bool(reason.get("flood")) or not figures["flood"])
    lead = {**reason, **figures} if stronger or same else dict(reason)
    also = {**reason.get("also", {}), reason.get("key", ""): reason.get("hour"), figures["key"]: figures["hour"]}
    also.pop(lead["key"], None)
    return {**lead, "also": {key: n for key, n in also.items() if key}}
