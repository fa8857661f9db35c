"""The watch of a brand: who has it now and who is next. Without a rota, or where its pattern leaves a gap, everybody has the
watch: an alert is never left to nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from django.conf import settings

from octavo.alert import turns
from octavo.alert.models import Alert, Handover, Rota, Shift
from octavo.alert.turns import Turn
from octavo.conversations.models import Brand
from octavo.kit import clock
from octavo.people.models import User

PASS_AFTER: Mapping[int, int] = MappingProxyType({5: 5, 4: 10, 3: 30, 2: 0, 1: 0})
"""Minutes, by severity, after which an alert that nobody acknowledges is passed on, where a brand says nothing else. 0: never."""
LAST_STEP = 2
"""An alert is passed on twice: to the next on the rota, then to the administrators."""
AHEAD = timedelta(days=8)
"""How far a page and the next turn look ahead: a week's pattern, whole."""


@dataclass(frozen=True, slots=True)
class OnWatch:
    """Who has a brand's watch at a moment. `now` is empty where everybody has it; `until` is when the first of them is
    relieved; `then` begins next. `any` says whether there is a rota at all."""

    brand: Brand
    any: bool
    now: Sequence[User] = ()
    until: datetime | None = None
    then: User | None = None
    then_at: datetime | None = None


def of(brands: Iterable[Brand], at: datetime) -> list[OnWatch]:
    """Who has the watch of each of these brands."""
    named = list(brands)
    ahead = _turns([brand.pk for brand in named], at, at + AHEAD)
    people = User.objects.in_bulk({turn.person for found in ahead.values() for turn in found})
    return [_on_watch(brand, ahead.get(brand.pk), people, at) for brand in named]


def watchers(brand: Brand, at: datetime) -> list[int]:
    """The numbers of those who have the watch; nobody's where everybody has it."""
    found = _turns([brand.pk], at, at).get(brand.pk, [])
    return list(dict.fromkeys(turn.person for turn in turns.at(found, at)))


def ahead(brand: Brand, at: datetime) -> list[Turn]:
    """The turns that hold at a moment or begin in the eight days after it."""
    return _turns([brand.pk], at, at + AHEAD).get(brand.pk, [])


def zone_of(brand: Brand) -> str:
    found = Rota.objects.filter(brand=brand).values_list("zone", flat=True).first()
    return found or settings.TIME_ZONE


def pass_after(brand: int) -> dict[int, int]:
    """Minutes by severity after which an alert is passed on; 0 where it is not."""
    said = Rota.objects.filter(brand=brand).values_list("pass_after", flat=True).first() or {}
    return {severity: int(said.get(str(severity), minutes)) for severity, minutes in PASS_AFTER.items()}


def begin(alert: Alert) -> None:
    """A new ringing: those who have the watch are asked first, and have their time. Sets fields, saves nothing."""
    alert.asked, alert.passed = watchers(alert.brand, clock.now()), 0
    resume(alert)


def resume(alert: Alert) -> None:
    """Give those who were asked last their time, from now on; none where somebody has acknowledged it, or nobody is left to
    be asked. Sets a field, saves nothing."""
    minutes = (
        0
        if alert.state != Alert.State.OPEN or alert.passed >= LAST_STEP
        else pass_after(alert.brand_id)[alert.severity]
    )
    alert.pass_at = clock.now() + timedelta(minutes=minutes) if minutes and not alert.brand.is_demo else None


def _turns(brands: Sequence[int], since: datetime, until: datetime) -> dict[int, list[Turn]]:
    """The turns of those brands that have a rota. Who left has no turn: what was theirs is a gap."""
    rotas = {rota.pk: rota for rota in Rota.objects.filter(brand__in=brands)}
    shifts: dict[int, list[turns.Shift]] = {}
    for shift in Shift.objects.filter(rota__in=rotas):
        said = turns.Shift(shift.person_id, frozenset(shift.days), shift.begins, shift.ends)
        shifts.setdefault(shift.rota_id, []).append(said)
    handovers: dict[int, list[turns.Handover]] = {}
    for each in Handover.objects.filter(rota__in=rotas, ends__gt=since, begins__lte=until).order_by("pk"):
        told = turns.Handover(each.person_id, each.away_id, each.begins, each.ends)
        handovers.setdefault(each.rota_id, []).append(told)
    named = {turn.person for each in shifts.values() for turn in each}
    named |= {turn.person for each in handovers.values() for turn in each}
    here = set(User.objects.filter(pk__in=named, is_active=True).values_list("pk", flat=True))
    found = {}
    for number, rota in rotas.items():
        if number in shifts or number in handovers:
            planned = turns.between(
                shifts.get(number, ()),
                handovers.get(number, ()),
                zone=ZoneInfo(rota.zone),
                since=since,
                until=max(until, since + timedelta(microseconds=1)),
            )
            found[rota.brand_id] = [turn for turn in planned if turn.person in here]
    return found


def _on_watch(brand: Brand, found: Sequence[Turn] | None, people: Mapping[int, User], at: datetime) -> OnWatch:
    if found is None:
        return OnWatch(brand, any=False)
    now = turns.at(found, at)
    then = next(iter(turns.after(found, at)), None)
    return OnWatch(
        brand,
        any=True,
        now=list(dict.fromkeys(people[turn.person] for turn in now)),
        until=min((turn.ends for turn in now), default=None),
        then=people[then.person] if then else None,
        then_at=then.begins if then else None,
    )
