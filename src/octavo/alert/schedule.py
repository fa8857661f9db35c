"""Planning the watch: the weekly pattern, and who stands in for whom. Each change is audited and shown on the open pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta

from django.conf import settings
from django.core import serializers
from django.db import transaction

from octavo.alert import access, ring
from octavo.alert.models import Handover, Rota, Shift
from octavo.conversations import access as conversations
from octavo.conversations.models import Brand
from octavo.kit import clock
from octavo.people import audit
from octavo.people.models import User

LONGEST_HANDOVER = timedelta(days=366)
MOST_SHIFTS = 200


class BadTurn(ValueError):
    """A shift or a hand-over that cannot be; `str` names what is wrong: `days`, `ends`, `person`, `away` or `most`."""


class TooLate(Exception):
    """What was removed cannot come back: what it belonged to is gone, or is planned by others now."""


def add_shift(user: User, brand: Brand, person: User, *, days: Sequence[int], begins: time, ends: time) -> Shift:
    """A line of the weekly pattern, from now on. Raises `BadTurn`."""
    if not days or not set(days) <= set(range(7)):
        raise BadTurn("days")
    _sees(brand, person, "person")
    with transaction.atomic():
        if _rota(brand).shifts.count() >= MOST_SHIFTS:
            raise BadTurn("most")
        shift = Shift.objects.create(rota=_rota(brand), person=person, days=sorted(set(days)), begins=begins, ends=ends)
        audit.log(user, "added shift", kind="alert rota", object_id=brand.pk, person=person.pk, **_said(shift))
        ring.announce(brand.pk)
    return shift


def remove_shift(user: User, shift: Shift) -> str:
    """What `put_back` needs to undo it."""
    with transaction.atomic():
        was, brand = _as_text(shift), shift.rota.brand_id
        audit.log(user, "removed shift", kind="alert rota", object_id=brand, person=shift.person_id, **_said(shift))
        shift.delete()
        ring.announce(brand)
    return was


def hand_over(
    user: User, brand: Brand, person: User, *, away: User | None, begins: datetime, ends: datetime
) -> Handover:
    """Let `person` have the watch for a while instead of `away`, or of whoever has it. Raises `BadTurn`."""
    if not clock.now() < ends or not begins < ends <= begins + LONGEST_HANDOVER:
        raise BadTurn("ends")
    _sees(brand, person, "person")
    if away == person:
        raise BadTurn("away")
    with transaction.atomic():
        handover = Handover.objects.create(
            rota=_rota(brand), person=person, away=away, begins=begins, ends=ends, made_by=user
        )
        detail = {"person": person.pk, "away": away.pk if away else None, "until": ends.isoformat()}
        audit.log(user, "handed over the watch", kind="alert rota", object_id=brand.pk, **detail)
        ring.announce(brand.pk)
    return handover


def take_back(user: User, handover: Handover) -> str:
    """What `put_back` needs to undo it."""
    with transaction.atomic():
        was, brand = _as_text(handover), handover.rota.brand_id
        audit.log(user, "took back a hand-over", kind="alert rota", object_id=brand, person=handover.person_id)
        handover.delete()
        ring.announce(brand)
    return was


def put_back(user: User, was: str) -> Brand:
    """Undo the removal of a shift or a hand-over; the brand whose watch it is. Safe to repeat.

    `was` is what the removal gave, and trusted. Raises `TooLate` where the brand or one of its people is gone, or this
    person may plan its watch no more.
    """
    (kept,) = serializers.deserialize("json", was)
    line = kept.object
    assert isinstance(line, Shift | Handover)
    planned = Rota.objects.select_related("brand").filter(brand__in=conversations.brands_for(user))
    rota = planned.filter(pk=line.rota_id).first()
    people = {line.person_id}
    if isinstance(line, Handover) and line.away_id is not None:
        people.add(line.away_id)
    may = user.is_admin or isinstance(line, Handover)
    if rota is None or not may or User.objects.filter(pk__in=people, is_active=True).count() < len(people):
        raise TooLate
    with transaction.atomic():
        kept.save()
        audit.log(user, "put back a line", kind="alert rota", object_id=rota.brand_id, person=line.person_id)
        ring.announce(rota.brand_id)
    return rota.brand


def set_zone(user: User, brand: Brand, zone: str) -> None:
    """The wall by which the pattern's times are meant."""
    with transaction.atomic():
        rota = _rota(brand)
        if rota.zone != zone:
            audit.log(user, "changed zone", kind="alert rota", object_id=brand.pk, zone=[rota.zone, zone])
            rota.zone = zone
            rota.save(update_fields=["zone"])
            ring.announce(brand.pk)


def set_passing(user: User, brand: Brand, minutes: Mapping[int, int]) -> None:
    """After how many minutes an alert of each severity is passed on (0 never), of what rings from now on."""
    with transaction.atomic():
        rota = _rota(brand)
        after = {str(severity): minutes[severity] for severity in sorted(minutes)}
        if rota.pass_after != after:
            audit.log(user, "changed passing on", kind="alert rota", object_id=brand.pk, minutes=after)
            rota.pass_after = after
            rota.save(update_fields=["pass_after"])


def _rota(brand: Brand) -> Rota:
    return Rota.objects.get_or_create(brand=brand, defaults={"zone": settings.TIME_ZONE})[0]


def _sees(brand: Brand, person: User, what: str) -> None:
    if person not in access.colleagues_of(brand):
        raise BadTurn(what)


def _as_text(line: Shift | Handover) -> str:
    return str(serializers.serialize("json", [line]))


def _said(shift: Shift) -> dict[str, object]:
    return {"days": list(shift.days), "begins": f"{shift.begins:%H:%M}", "ends": f"{shift.ends:%H:%M}"}
