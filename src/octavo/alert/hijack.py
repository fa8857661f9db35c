"""Campaigns that are being hijacked: more and more of a declared campaign's echo turns against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from octavo.alert import burst, counts, echo, ring, rules
from octavo.alert.echo import Turn, Voices
from octavo.alert.models import MOST, Alert, Rule, RuleKind
from octavo.kit import clock

FRESH = timedelta(hours=1)
"""A campaign against which nobody spoke for so long is not looked at."""
AGAIN = timedelta(hours=24)
"""So long after it was closed, a campaign rings again only if it has become more severe."""


def look(brand: int) -> list[Alert]:
    """Ring for campaigns whose echo turns; the alerts that rang. Safe to repeat."""
    rule = rules.of([brand])[brand, RuleKind.HIJACK]
    until = clock.now()
    if not rule.on or not _spoken_against(brand, since=until - FRESH, until=until):
        return []
    rang = []
    share = brands_share(brand, until=until)
    for campaign, heard in _echoes(brand, since=until - echo.PAST, until=until).items():
        turn = echo.History(heard).judge(until, brands_share=share)
        far = turn.against.weight >= burst.FAR_REACHING * turn.against.n
        if rings(rule, turn, loud=(loud := echo.severity(turn, far=far))):
            with transaction.atomic():
                ring.hold([brand])
                rang += _ring(rule, campaign, turn, loud)
    return rang


def rings(rule: Rule, turn: Turn, *, loud: int) -> bool:
    """What false alarms have raised does not hold back what is most severe."""
    threshold = rule.threshold if loud == MOST else rules.threshold(rule)
    return echo.stands_out(
        turn,
        threshold=threshold / 100,
        voices=rules.setting(rule, "voices"),
        share=rules.setting(rule, "share") / 100,
    )


def turns(rule: Rule, *, since: datetime, until: datetime) -> Iterator[tuple[datetime, str, Turn, int]]:
    """When a rule would have rung: (moment, campaign, what turned, severity), once a day and campaign at most."""
    share = brands_share(rule.brand_id, until=until)
    for campaign, heard in _echoes(rule.brand_id, since=since - echo.PAST, until=until).items():
        last, history = None, echo.History(heard)
        for each in heard:
            at = each.at + counts.BIN
            if not each.against.n or at < since or (last and at - last < AGAIN):
                continue
            turn = history.judge(at, brands_share=share)
            loud = echo.severity(turn, far=turn.against.weight >= burst.FAR_REACHING * turn.against.n)
            if rings(rule, turn, loud=loud):
                last = at
                yield at, campaign, turn, loud


def brands_share(brand: int, *, until: datetime) -> float:
    """Which part of what is said of a brand, its campaigns apart, is negative."""
    since = until - echo.PAST
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(n) FILTER (WHERE key = 'negative'), 0), coalesce(sum(n) FILTER (WHERE key = 'all'), 0) "
            "FROM alert_count WHERE brand_id = %s AND at >= %s AND at < %s AND key IN ('all', 'negative')",
            [brand, since, until],
        )
        negative, every = cursor.fetchone()
    return min((float(negative) + 1) / (float(every) + 10), 1.0)


def _spoken_against(brand: int, *, since: datetime, until: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM alert_count WHERE brand_id = %s AND at >= %s AND at < %s AND key LIKE %s)",
            [brand, since, until, f"{counts.AGAINST}%"],
        )
        return bool(cursor.fetchone()[0])


def _echoes(brand: int, *, since: datetime, until: datetime) -> Mapping[str, list[Voices]]:
    """What was heard of each campaign that anybody spoke against, in order."""
    found: dict[str, list[Voices]] = {}
    against = set()
    for at, heard in counts.bins(brand, since=since, until=until, beginning=(counts.CAMPAIGN, counts.AGAINST)):
        for key, each in heard.items():
            campaign = key.removeprefix(counts.CAMPAIGN)
            if campaign != key:
                turned = heard.get(counts.AGAINST + campaign, counts.NOTHING)
                found.setdefault(campaign, []).append(Voices(at, each, turned))
                against |= {campaign} if turned.n else set()
    return {campaign: found[campaign] for campaign in against}


def _ring(rule: Rule, campaign: str, turn: Turn, loud: int) -> list[Alert]:
    key, now = counts.AGAINST + campaign, clock.now()
    members, _voices = burst.messages(rule.brand_id, key, since=now - turn.window, until=now)
    reason = {"kind": str(RuleKind.HIJACK), **figures(campaign, turn)}
    recent = Alert.objects.filter(rule=rule, key=key).order_by("-rang_at").first()
    if recent is not None and (recent.state != Alert.State.CLOSED or now - recent.rang_at < AGAIN):
        return [recent] if ring.grow(recent, severity=loud, reason=reason, members=members) else []
    first = min((member.published_at for member in members), default=now - turn.window)
    return [ring.open_alert(rule, key, severity=loud, reason=reason, first_signal_at=first, members=members, chart=key)]


def figures(campaign: str, turn: Turn) -> dict[str, Any]:
    return {
        "campaign": campaign,
        "hours": round(turn.window / timedelta(hours=1)),
        "voices": turn.voices,
        "against": turn.turned,
        "share": round(turn.share * 100),
        "usual": round(turn.usual * 100),
        "score": round(turn.score, 2),
        "messages": turn.against.n,
    }
