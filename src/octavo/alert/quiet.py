"""Sources that have gone silent, or are suddenly flooded. What is known of a source comes as a `Pulse`: this room does
not know how they are listened to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from octavo.alert import counts, ring, rules
from octavo.alert.models import Alert, Rule, RuleKind
from octavo.kit import clock

YOUNG = timedelta(days=3)
"""A source younger than this has no usual yet."""
USUAL_DAYS = 14


@dataclass(frozen=True, slots=True)
class Pulse:
    """What is known of an active source. `failing_since` is None while it delivers; `last_post_at` is when its latest
    message arrived."""

    number: int
    brand: int
    name: str
    created_at: datetime
    last_post_at: datetime | None
    failing_since: datetime | None


def look(brand: int, pulses: Sequence[Pulse]) -> list[Alert]:
    """Ring for sources of a brand that are not as usual, and let be those that are again. Safe to repeat."""
    rule = rules.of([brand])[brand, RuleKind.SOURCE]
    rang = []
    with transaction.atomic():
        ring.hold([brand])
        found = {f"source:{pulse.number}": reason for pulse in pulses if (reason := _reason(rule, pulse))}
        for alert in Alert.objects.filter(rule=rule).exclude(state=Alert.State.CLOSED):
            if alert.key not in found:
                ring.over(alert)
        for key, reason in found.items() if rule.on else ():
            if ring.standing(rule, key) is None:
                since = datetime.fromisoformat(reason["since"])
                loud = 3 if reason["what"] == "flooded" else 2
                rang.append(ring.open_alert(rule, key, severity=loud, reason=reason, first_signal_at=since, chart=key))
    return rang


def _reason(rule: Rule, pulse: Pulse) -> dict[str, Any] | None:
    now = clock.now()
    said: dict[str, Any] = {"kind": str(RuleKind.SOURCE), "source": pulse.number, "name": pulse.name}
    if pulse.failing_since and now - pulse.failing_since >= timedelta(hours=rules.setting(rule, "failing")):
        return {**said, "what": "failing", "since": pulse.failing_since.isoformat()}
    if pulse.failing_since or now - pulse.created_at < YOUNG:
        return None
    since = max(now - timedelta(days=USUAL_DAYS), pulse.created_at)
    series = counts.series(pulse.brand, f"source:{pulse.number}", since=since, until=now)
    an_hour_ago = counts.bin_of(now) - timedelta(hours=1)
    hour = sum(n for at, n in series.items() if at >= an_hour_ago)
    before = sum(n for at, n in series.items() if at < an_hour_ago)
    usual = before / max((an_hour_ago - since) / timedelta(hours=1), 1.0)
    if hour >= rules.setting(rule, "messages") and hour >= rules.setting(rule, "times") * max(usual, 1.0):
        return {**said, "what": "flooded", "since": an_hour_ago.isoformat(), "hour": hour, "usual": round(usual, 1)}
    heard = max(pulse.last_post_at or pulse.created_at, pulse.created_at)
    silent = (now - heard) / timedelta(hours=1)
    lived = max((heard - since) / timedelta(hours=1), 1.0)  # the silence itself must not make it look usual
    expected = silent * before / lived if heard > since else 0.0
    if silent >= rules.threshold(rule) and expected >= rules.setting(rule, "expected"):
        return {
            **said, "what": "silent", "since": heard.isoformat(), "hours": round(silent), "expected": round(expected),
        }  # fmt: skip
    return None
