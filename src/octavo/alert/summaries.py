"""Several deliveries to the same person or hook in one: into which of them a delivery goes, and what it says.

Whoever asks holds the recipient (`hold`): two workers see one after the other what has gone out to them and what is gathered.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from octavo.alert import quiet_hours, words
from octavo.alert.models import Alert, Delivery, Sending, Summary
from octavo.alert.payloads import Notice
from octavo.kit import clock

MOST, SPAN = 5, timedelta(minutes=10)
"""So many go to the same person or hook one by one within such a time; what comes beyond them goes together."""
GATHERED = timedelta(minutes=2)
"""As long as a summary waits for more: short enough for the worst of it, long enough for a flood to be a few letters."""


def hold(sending: Sending) -> None:
    """Wait until nobody else sends to this person or hook, and keep others from it until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('octavo telling'), %s)", [sending.recipient])


def gather(delivery: Delivery) -> bool:
    """Put a delivery that is not for now, or one too many, into a summary; whether it was."""
    now = clock.now()
    if delivery.person is not None and not delivery.wakes:
        ends = quiet_hours.until(delivery.person, severity=delivery.alert.severity, at=now)
        if ends is not None:
            _join(delivery, Summary.Why.QUIET, ends)
            return True
    if _flooded(delivery, now):
        _join(delivery, Summary.Why.FLOOD, now + GATHERED)
        return True
    return False


def alerts(summary: Summary) -> Sequence[Alert]:
    """The alerts a summary tells of, the most severe first, each once and as it stands now."""
    found = {
        each.alert_id: each.alert
        for each in summary.deliveries.select_related("alert__brand", "alert__rule", "alert__owner")
    }
    return sorted(found.values(), key=lambda alert: (-alert.severity, alert.rang_at, alert.pk))


def title(told: Sequence[Alert]) -> str:
    """One line that says how many alerts there are, and how severe the worst of them is."""
    said = {"n": len(told), "worst": max(alert.severity for alert in told)}
    return ngettext("%(n)d alert, severity %(worst)d of 5", "%(n)d alerts, the worst %(worst)d of 5", len(told)) % said


def why(summary: Summary) -> str:
    """Why these come together."""
    match summary.why:
        case Summary.Why.QUIET:
            return _("Your quiet hours held these back.")
        case Summary.Why.FLOOD:
            return _("So many alerts rang that the latest come together.")
    return ""


def body(notice: Notice) -> str:
    """The letter: each alert with its reason, how it stands and the way to it."""
    lines = [notice.lead, ""]
    for alert in notice.alerts:
        stands = _("Rang %(ago)s. %(state)s.") % {"ago": words.ago(alert.rang_at), "state": words.state(alert)}
        lines += [words.title(alert), words.reason(alert), stands, words.link(alert), ""]
    return "\n".join(lines)


def _flooded(delivery: Delivery, now: datetime) -> bool:
    """Whether as many have gone out as may go out one by one, or others wait already to go out together."""
    same = _to(delivery)
    open_ = Summary.objects.filter(**same, why=Summary.Why.FLOOD, state=Summary.State.WAITING, attempts=0)
    alone = Delivery.objects.filter(**same, state=Delivery.State.SENT, summary=None, sent_at__gt=now - SPAN)
    return open_.exists() or alone.count() >= MOST


def _join(delivery: Delivery, reason: Summary.Why, at: datetime) -> None:
    still_open = {"why": reason, "state": Summary.State.WAITING, "attempts": 0}
    summary, _new = Summary.objects.get_or_create(**_to(delivery), **still_open, defaults={"next_at": at})
    delivery.summary, delivery.state, delivery.next_at = summary, Delivery.State.SUMMED, None
    delivery.save(update_fields=["summary", "state", "next_at"])


def _to(delivery: Delivery) -> dict[str, Any]:
    """To whom it goes, and how."""
    return {name: getattr(delivery, name) for name in ("channel", "person_id", "hook_id", "device_id")}
