"""What people decide about an alert: acknowledge, take, snooze, escalate, close, open again, and taking it back.

Each decision locks the alert, saves, writes a line in its history and one in the audit trail, tells the open pages, and
returns what it was before, which undoes it. Two people at once come one after the other, and both see what stands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from octavo.alert import deliver, lessons, ring, rota
from octavo.alert.models import MOST, Alert
from octavo.kit import clock
from octavo.people import audit
from octavo.people.models import User

LONGEST_WHY = 500


class TooLate(Exception):
    """What was to be decided is decided: the alert is closed, or somebody else has it. `alert` is as it stands."""

    def __init__(self, alert: Alert) -> None:
        super().__init__(f"alert {alert.pk} is {alert.state}")
        self.alert = alert


@dataclass(frozen=True, slots=True)
class Before:
    """What an alert was before a decision. Times as ISO text, so that it fits into a form."""

    id: int
    state: str
    severity: int
    owner: int | None
    acknowledged_at: str | None
    snoozed_until: str | None
    closed_at: str | None
    outcome: str
    why: str

    @classmethod
    def of(cls, alert: Alert) -> Before:
        return cls(
            id=alert.pk,
            state=alert.state,
            severity=alert.severity,
            owner=alert.owner_id,
            acknowledged_at=_text(alert.acknowledged_at),
            snoozed_until=_text(alert.snoozed_until),
            closed_at=_text(alert.closed_at),
            outcome=alert.outcome,
            why=alert.why,
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def acknowledge(user: User, number: int) -> Before:
    """Say that it was seen. Raises `TooLate` where it is closed, or was acknowledged before."""

    def change(alert: Alert) -> None:
        if alert.state not in (Alert.State.OPEN, Alert.State.SNOOZED):
            raise TooLate(alert)
        alert.state, alert.snoozed_until = Alert.State.ACKNOWLEDGED, None
        alert.acknowledged_at = alert.acknowledged_at or clock.now()

    return _decide(user, number, "acknowledged", change)


def take(user: User, number: int) -> Before:
    """Have it. Raises `TooLate` where it is closed, or a colleague has it."""

    def change(alert: Alert) -> None:
        held = alert.state == Alert.State.TAKEN
        if alert.state == Alert.State.CLOSED or held:
            raise TooLate(alert)
        alert.state, alert.owner_id, alert.snoozed_until = Alert.State.TAKEN, user.pk, None
        alert.acknowledged_at = alert.acknowledged_at or clock.now()

    return _decide(user, number, "took", change)


def snooze(user: User, number: int, *, until: datetime) -> Before:
    """Let it rest until a moment, unless it becomes more severe before. Raises `TooLate` where it is closed."""

    def change(alert: Alert) -> None:
        if alert.state == Alert.State.CLOSED:
            raise TooLate(alert)
        alert.state, alert.snoozed_until = Alert.State.SNOOZED, until
        alert.acknowledged_at = alert.acknowledged_at or clock.now()

    return _decide(user, number, "snoozed", change, until=until.isoformat())


def escalate(user: User, number: int) -> Before:
    """One severity more: those who want to be told from there on are told. Raises `TooLate` where it is closed or
    at its highest."""
    with transaction.atomic():
        before = _decide(user, number, "escalated", _louder)
        alert = Alert.objects.select_related("brand", "rule").get(pk=number)
        deliver.address(alert)
    return before


def _louder(alert: Alert) -> None:
    if alert.state == Alert.State.CLOSED or alert.severity >= MOST:
        raise TooLate(alert)
    alert.severity += 1
    alert.rings += 1
    alert.rang_at = clock.now()
    rota.begin(alert)


def close(user: User, number: int, outcome: Alert.Outcome, *, why: str = "") -> Before:
    """Close it with a verdict. Raises `ValueError` for one a person cannot give, or a false alarm without a reason;
    `TooLate` where it is closed."""
    outcome = Alert.Outcome(outcome)
    why = " ".join(why.replace("\x00", "").split())[:LONGEST_WHY]
    if outcome == Alert.Outcome.OVER or (outcome == Alert.Outcome.FALSE and not why):
        raise ValueError("a verdict a person gives; a false alarm says why")

    def change(alert: Alert) -> None:
        if alert.state == Alert.State.CLOSED:
            raise TooLate(alert)
        alert.state, alert.outcome, alert.why = Alert.State.CLOSED, outcome, why
        alert.closed_at, alert.snoozed_until = clock.now(), None
        alert.acknowledged_at = alert.acknowledged_at or clock.now()

    return _decide(user, number, "closed", change, outcome=str(outcome), why=why)


def reopen(user: User, number: int) -> Before:
    """Open a closed one again. Raises `TooLate` where it is open, or another about the same thing is."""

    def change(alert: Alert) -> None:
        if alert.state != Alert.State.CLOSED:
            raise TooLate(alert)
        alert.state, alert.closed_at, alert.outcome, alert.why = Alert.State.OPEN, None, "", ""

    return _decide(user, number, "reopened", change)


def undo(user: User, before: Before) -> None:
    """Put an alert back to what it was. Raises `TooLate` where that cannot be any more."""

    def change(alert: Alert) -> None:
        alert.state, alert.owner_id = before.state, before.owner
        # What was told stays told; a severity that has risen since is not taken back.
        if alert.severity == before.severity + 1:
            alert.severity = before.severity
        alert.acknowledged_at = _moment(before.acknowledged_at)
        alert.snoozed_until, alert.closed_at = _moment(before.snoozed_until), _moment(before.closed_at)
        alert.outcome, alert.why = before.outcome, before.why

    _decide(user, before.id, "undone", change)


def wake_snoozed() -> int:
    """Open those whose time has come; the number of them."""
    with transaction.atomic():
        due = Alert.objects.select_for_update(skip_locked=True).filter(
            state=Alert.State.SNOOZED, snoozed_until__lte=clock.now()
        )
        woken = list(due[:1000])
        for alert in woken:
            alert.state, alert.snoozed_until = Alert.State.OPEN, None
            rota.resume(alert)
            alert.save(update_fields=["state", "snoozed_until", "pass_at"])
            ring.note(alert, "woke")
        for brand in {alert.brand_id for alert in woken}:
            ring.announce(brand)
    return len(woken)


_FIELDS = (
    "state", "severity", "rings", "rang_at", "owner", "acknowledged_at", "snoozed_until", "closed_at", "outcome", "why",
    *ring.PASSING,
)  # fmt: skip


def _decide(user: User, number: int, action: str, change: Callable[[Alert], None], **detail: Any) -> Before:
    try:
        with transaction.atomic():
            alert = Alert.objects.select_for_update().get(pk=number)
            before = Before.of(alert)
            change(alert)
            if action == "escalated":
                detail["severity"] = alert.severity
            rota.resume(alert)
            alert.save(update_fields=_FIELDS)
            ring.note(alert, action, user=user.pk, **detail)
            audit.log(user, action, kind="alert", object_id=alert.pk, **detail)
            ring.announce(alert.brand_id)
            if Alert.Outcome.FALSE in (before.outcome, alert.outcome):
                lessons.learn(alert.brand_id)
    except IntegrityError as error:
        raise TooLate(Alert.objects.get(pk=number)) from error
    return before


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
