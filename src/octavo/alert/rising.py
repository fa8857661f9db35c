"""Stories that are new or growing: several people say the same thing in their own words, and many of them are not pleased.

Which messages are one story is known to `conversations.stories`; this rule says when that is worth a bell.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from octavo.alert import counts, ring, rules
from octavo.alert.models import Alert, AlertMention, Rule, RuleKind
from octavo.alert.ring import Member
from octavo.conversations import stories
from octavo.conversations.stories import LATELY, Rising
from octavo.kit import clock

AGAIN = timedelta(hours=48)
"""So long after it rang, a story that was closed rings again only if it has become more severe."""
MANY, FAR = 25, 50_000
"""Voices, and people reached in all, from which a story is louder."""
SHOWN = 40
"""Messages of a story that are kept with its alert."""
_HOUR = timedelta(hours=1)

_MOMENTS = """
SELECT DISTINCT date_bin('1 hour', published_at, '2000-01-01 00:00+00') FROM (
    SELECT published_at, count(*) OVER (
        PARTITION BY story_id ORDER BY published_at RANGE BETWEEN make_interval(hours => %(lately)s) PRECEDING AND CURRENT ROW) AS n
    FROM conversations_storymention WHERE brand_id = %(brand)s AND published_at >= %(since)s AND published_at < %(until)s
) AS counted WHERE n >= %(least)s ORDER BY 1
"""


def look(brand: int) -> list[Alert]:
    """Ring for stories that rise; the alerts that rang. Safe to repeat."""
    rule = rules.of([brand])[brand, RuleKind.STORY]
    found = list(_rising(rule, clock.now())) if rule.on else []
    if not found:
        return []
    rang = []
    with transaction.atomic():
        ring.hold([brand])
        told = _told(rule)
        for story, loud in found:
            rang += _ring(rule, story, loud, told.get(story.number))
    return rang


def moments(rule: Rule, *, since: datetime, until: datetime) -> Iterator[tuple[datetime, Rising, int]]:
    """When a rule would have rung, once a story: (moment, story, severity). Which messages belong together is known as of
    now."""
    with connection.cursor() as cursor:
        cursor.execute(
            _MOMENTS,
            {
                "lately": round(LATELY / _HOUR),
                "brand": rule.brand_id,
                "since": since,
                "until": until,
                "least": rules.threshold(rule),
            },
        )
        hours = [hour for (hour,) in cursor.fetchall()]
    seen: set[int] = set()
    for hour in hours:
        at = min(hour + _HOUR, until)
        for story, loud in _rising(rule, at):
            if story.number not in seen:
                seen.add(story.number)
                yield at, story, loud


def _rising(rule: Rule, at: datetime) -> Iterator[tuple[Rising, int]]:
    threshold = rules.threshold(rule)
    found = [
        story
        for story in stories.rising(rule.brand_id, at, least=threshold)
        if voices(story) >= threshold and story.lately_negative_share * 100 >= rules.setting(rule, "negative")
    ]
    if not found:
        return
    said = counts.total(rule.brand_id, counts.ALL, since=at - LATELY, until=at)
    for story in found:
        if voices(story) * 100 >= rules.setting(rule, "share") * said.voices:
            yield story, severity(story)


def voices(story: Rising) -> int:
    """Those lately that stand for themselves: as many as there are people, and as many as there are texts."""
    return min(story.lately_authors, story.lately_texts)


def severity(story: Rising) -> int:
    """2; one more where three of five are negative, where there are many voices, and where they reach far together."""
    return 2 + (story.lately_negative_share >= 0.6) + (voices(story) >= MANY) + (story.reach >= FAR)


def _told(rule: Rule) -> dict[int, Alert]:
    """The alert of each story that stands or rang lately, also where the story has since become part of another."""
    recent = Alert.objects.filter(rule=rule, rang_at__gte=clock.now() - AGAIN)
    known = recent | Alert.objects.filter(rule=rule).exclude(state=Alert.State.CLOSED)
    told: dict[int, Alert] = {}
    for alert in known.order_by("pk"):
        number = stories.current(int(alert.reason["story"]))
        if number is not None and (number not in told or told[number].state == Alert.State.CLOSED):
            told[number] = alert
    return told


def _ring(rule: Rule, story: Rising, loud: int, told: Alert | None) -> list[Alert]:
    reason = figures(story)
    said = stories.mentions(story.number, most=SHOWN)
    if told is not None:
        members = [Member(mention, at) for mention, at in said]
        return [told] if ring.grow(told, severity=loud, reason=reason, members=members) else []
    part = AlertMention.Part
    members = [Member(mention, at, part.RANG if mention == story.first_mention else part.LATER) for mention, at in said]
    chart = counts.NEGATIVE if story.lately_negative_share >= 0.5 else counts.ALL
    return [
        ring.open_alert(
            rule, story.key, severity=loud, reason=reason, first_signal_at=story.first_at, members=members, chart=chart
        )
    ]


def figures(story: Rising) -> dict[str, Any]:
    """What a reason says of a story: its number and figures, never its title, which is made of what people wrote."""
    return {
        "kind": str(RuleKind.STORY),
        "story": story.number,
        "new": story.is_new,
        "hours": round(LATELY / _HOUR),
        "lately": story.lately,
        "authors": story.lately_authors,
        "voices": voices(story),
        "negative": round(story.lately_negative_share * 100),
        "before": story.before,
        "reach": story.reach,
    }
