"""Ringing: the only way an alert comes into being, grows, rises or is over. The caller holds its brand's lock.

What is written here, the alert, its messages, its history and whom to tell, is written in the caller's transaction,
together with whatever was recorded or detected: there is no moment between seeing and telling in which a crash could
make it none or two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from octavo.alert import deliver, rota
from octavo.alert.models import Alert, AlertEvent, AlertMention, Rule
from octavo.kit import clock

_TURNED_DOWN = {"doubted", "lowered"}
"""What a reason says of an alert that was turned down; no longer, when it rises again."""
PASSING = ("pass_at", "passed", "asked")
"""Fields that `rota.begin` and `rota.resume` set."""


@dataclass(frozen=True, slots=True)
class Member:
    """A message that belongs to an alert."""

    mention: int
    published_at: datetime
    part: str = AlertMention.Part.LATER


def hold(brands: Iterable[int]) -> None:
    """Wait until nobody else rings for these brands, and keep others from it until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(  # in order, so that two cannot wait for each other
            "SELECT pg_advisory_xact_lock(hashtext('octavo alerts'), brand) FROM unnest(%s::integer[]) AS brand",
            [sorted(set(brands))],
        )


def standing(rule: Rule, key: str) -> Alert | None:
    return Alert.objects.filter(rule=rule, key=key).exclude(state=Alert.State.CLOSED).first()


def open_alert(
    rule: Rule,
    key: str,
    *,
    severity: int,
    reason: Mapping[str, Any],
    first_signal_at: datetime,
    members: Sequence[Member] = (),
    chart: str = "all",
) -> Alert:
    """Ring for the first time about `key`, of which nothing stands open."""
    now = clock.now()
    alert = Alert(
        brand=rule.brand,
        rule=rule,
        key=key,
        severity=severity,
        reason=dict(reason),
        chart=chart,
        first_signal_at=min([first_signal_at, *(member.published_at for member in members)]),
        opened_at=now,
        rang_at=now,
    )
    rota.begin(alert)
    alert.save()
    attach(alert, members)
    note(alert, "rang", severity=severity)
    _tell(alert)
    return alert


def grow(
    alert: Alert, *, severity: int, reason: Mapping[str, Any], members: Sequence[Member] = (), chart: str = ""
) -> bool:
    """More of the same: the alert is kept up to date, and rings again where it has become more severe, also after somebody
    acknowledged, took, snoozed or closed it. Whether it rang."""
    new = attach(alert, members)
    rises = severity > alert.severity
    reason = {name: value for name, value in reason.items() if name not in _TURNED_DOWN or not rises}
    changes: dict[str, Any] = {"reason": reason, "severity": max(severity, alert.severity)}
    if new:
        changes["first_signal_at"] = min(alert.first_signal_at, *(member.published_at for member in members))
    if rises:
        again = {Alert.State.CLOSED, Alert.State.SNOOZED, Alert.State.ACKNOWLEDGED}
        changes |= {"rang_at": clock.now(), "rings": alert.rings + 1}
        if chart:
            changes["chart"] = chart
        if alert.state in again:  # whoever took it still has it
            changes |= {"state": Alert.State.OPEN, "snoozed_until": None, "closed_at": None, "outcome": "", "why": ""}
            changes["acknowledged_at"] = None
    elif alert.state == Alert.State.CLOSED:
        changes.pop("reason")
    for name, value in changes.items():
        setattr(alert, name, value)
    if rises:
        rota.begin(alert)
        changes |= dict.fromkeys(PASSING)
    alert.save(update_fields=list(changes))
    if rises:
        note(alert, "rose", severity=severity)
        _tell(alert)
    elif new:
        note(alert, "grew", messages=new)
        announce(alert.brand_id)
    return rises


def turn_down(alert: Alert, *, severity: int, reason: Mapping[str, Any]) -> None:
    """There is less to it than it seemed; nobody is told but the pages. What makes it more severe rings again."""
    alert.severity, alert.reason = severity, dict(reason)
    alert.save(update_fields=["severity", "reason"])
    note(alert, "doubted" if reason.get("doubted") else "lowered", severity=severity)
    announce(alert.brand_id)


def over(alert: Alert, **detail: Any) -> None:
    """What it was about is over; nobody needs to close it."""
    alert.state, alert.outcome = Alert.State.CLOSED, Alert.Outcome.OVER
    alert.closed_at, alert.snoozed_until, alert.pass_at = clock.now(), None, None
    alert.save(update_fields=["state", "outcome", "closed_at", "snoozed_until", "pass_at"])
    note(alert, "over", **detail)
    announce(alert.brand_id)


def attach(alert: Alert, members: Sequence[Member]) -> int:
    """Add messages to an alert; how many it did not have yet."""
    if not members:
        return 0
    had = set(alert.members.filter(mention__in=[m.mention for m in members]).values_list("mention", flat=True))
    new = {member.mention: member for member in members if member.mention not in had}
    AlertMention.objects.bulk_create(
        AlertMention(alert=alert, mention=m.mention, published_at=m.published_at, part=m.part) for m in new.values()
    )
    return len(new)


def note(alert: Alert, action: str, *, user: int | None = None, **detail: Any) -> None:
    AlertEvent.objects.create(alert=alert, at=clock.now(), user_id=user, action=action, detail=detail)


def announce(brand: int) -> None:
    """Tell the open pages, once this transaction is through."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('octavo_changed', %s)", [f'{{"brand":{brand},"new":0}}'])


def _tell(alert: Alert) -> None:
    deliver.address(alert)
    announce(alert.brand_id)
