"""Passing on: an alert nobody acknowledges in time goes to the next on the rota, then to the administrators.

When it is passed on stands in the alert (`pass_at`), set when it rings and taken away by whatever a person decides. One step
is one transaction: what is written down is told, what is not is done by whoever looks next.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from octavo.alert import access, deliver, ring, rota, turns
from octavo.alert.models import Alert
from octavo.kit import clock
from octavo.people.models import User

MOST_AT_ONCE = 200


def pass_due() -> int:
    """Pass on what is due; the number of steps taken. Safe beside others doing the same, and to repeat."""
    steps = 0
    for _ in range(MOST_AT_ONCE):
        with transaction.atomic():
            alert = (
                Alert.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
                .filter(state=Alert.State.OPEN, pass_at__lte=clock.now())
                .select_related("brand", "rule")
                .order_by("-severity", "pass_at")
                .first()
            )
            if alert is None:
                return steps
            steps += _pass_on(alert)
    return steps


def _pass_on(alert: Alert) -> int:
    colleagues = access.colleagues_of(alert.brand)
    people = _next(alert, colleagues) if not alert.passed else []
    alert.passed = 1 if people else rota.LAST_STEP
    people = people or [one for one in colleagues if one.is_admin and one.pk not in alert.asked]
    alert.asked = [*alert.asked, *(one.pk for one in people)]
    rota.resume(alert)
    alert.save(update_fields=ring.PASSING)
    if not people:
        return 0
    minutes = (clock.now() - alert.rang_at) // timedelta(minutes=1)
    ring.note(alert, "passed", to=[one.pk for one in people], minutes=minutes, step=alert.passed)
    deliver.pass_on(alert, people)
    ring.announce(alert.brand_id)
    return 1


def _next(alert: Alert, colleagues: list[User]) -> list[User]:
    """Whoever has the watch by now, or has it next, of those whose turn it has not been."""
    now = clock.now()
    planned = rota.ahead(alert.brand, now)
    known = {one.pk: one for one in colleagues if one.pk not in alert.asked}
    for turn in (*turns.at(planned, now), *turns.after(planned, now)):
        if turn.person in known:
            return [known[turn.person]]
    return []
