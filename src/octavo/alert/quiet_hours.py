"""When a person does not want to be told, except of what is severe enough."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from octavo.alert import turns
from octavo.alert.models import QuietHours, Summary
from octavo.kit import clock
from octavo.people import audit
from octavo.people.models import User

_EVERY_DAY = frozenset(range(7))


def until(person: User, *, severity: int, at: datetime) -> datetime | None:
    """When the quiet hours end in which a person does not want to be told of this; None where they want to be told now."""
    hours = QuietHours.objects.filter(person=person).first()
    return _ends(hours, person, at) if hours and severity < hours.least else None


def keep(person: User, *, begins: time, ends: time, least: int) -> None:
    """Set one's quiet hours. What they hold back already comes at their new end, at once where they are over by that.
    Raises `ValueError` for hours that begin when they end."""
    if begins == ends:
        raise ValueError("hours without a length")
    with transaction.atomic():
        hours, _new = QuietHours.objects.update_or_create(
            person=person, defaults={"begins": begins, "ends": ends, "least": least}
        )
        said = {"begins": f"{begins:%H:%M}", "ends": f"{ends:%H:%M}", "least": least}
        audit.log(person, "set quiet hours", kind="person", object_id=person.pk, **said)
        now = clock.now()
        _release(person, _ends(hours, person, now) or now)


def end(person: User) -> None:
    """No quiet hours any more; what they held back comes now."""
    with transaction.atomic():
        if QuietHours.objects.filter(person=person).delete()[0]:
            audit.log(person, "ended quiet hours", kind="person", object_id=person.pk)
            _release(person, clock.now())


def _ends(hours: QuietHours, person: User, at: datetime) -> datetime | None:
    zone = ZoneInfo(person.time_zone or settings.TIME_ZONE)
    each_day = turns.Shift(person.pk, _EVERY_DAY, hours.begins, hours.ends)
    found = turns.between([each_day], [], zone=zone, since=at, until=at + timedelta(days=1))
    return next((turn.ends for turn in turns.at(found, at)), None)


def _release(person: User, at: datetime) -> None:
    waiting = Summary.objects.filter(person=person, why=Summary.Why.QUIET, state=Summary.State.WAITING, attempts=0)
    waiting.update(next_at=at)
