"""The page of the watch: who has it now, the week to come, the pattern, hand-overs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from octavo.alert import access, rota, schedule, undo
from octavo.alert.forms import HandoverForm, PassForm, ShiftForm, ZoneForm
from octavo.alert.models import Handover, Shift
from octavo.alert.turns import Turn
from octavo.conversations import access as conversations
from octavo.conversations.models import Brand
from octavo.kit import clock
from octavo.people import person as people
from octavo.people.asking import person
from octavo.people.models import User

DAYS = 7
WRONG = {
    "days": ("days", gettext_lazy("Choose at least one day.")),
    "most": (None, gettext_lazy("The rota has as many lines as it can hold.")),
    "person": ("person", gettext_lazy("This colleague does not see the brand.")),
    "away": ("away", gettext_lazy("Nobody stands in for themselves.")),
    "ends": ("ends", gettext_lazy("It has to end after it begins, in the future, and within a year.")),
}


@dataclass(frozen=True, slots=True)
class Held:
    """A stretch of a day in which `who` has the watch; everybody, where that is None."""

    begins: datetime
    ends: datetime
    who: User | None = None
    instead_of: User | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the week to come, from midnight to midnight."""

    begins: datetime
    held: Sequence[Held]


@require_safe
def watch_page(request: HttpRequest, slug: str = "") -> HttpResponse:
    """The watch of a brand; the first one's where none is named."""
    user = person(request)
    brands = list(conversations.brands_for(user))
    brand = conversations.brand_for(user, slug) if slug else (brands[0] if brands else None)
    if brand is None:
        return render(request, "alert/watch.html", {"brand": None})
    return _page(request, brand, brands)


@require_POST
def shift_add(request: HttpRequest, slug: str) -> HttpResponse:
    user = people.administrator(request)
    brand = conversations.brand_for(user, slug)
    form = ShiftForm(request.POST, people=_people(brand))
    if form.is_valid():
        given = form.cleaned_data
        try:
            schedule.add_shift(
                user, brand, given["person"], days=given["days"], begins=given["begins"], ends=given["ends"]
            )
        except schedule.BadTurn as error:
            form.add_error(*WRONG[str(error)])
        else:
            messages.success(request, _("Saved."))
            return redirect("alert-watch-of", slug=slug)
    return _page(request, brand, list(conversations.brands_for(user)), shift_form=form, status=422)


@require_POST
def shift_remove(request: HttpRequest, number: int) -> HttpResponse:
    user = people.administrator(request)
    shift = access.shift_for(user, number)
    slug = shift.rota.brand.slug
    undo.offer_line(request, user, _("Removed."), schedule.remove_shift(user, shift))
    return redirect("alert-watch-of", slug=slug)


@require_POST
def handover_add(request: HttpRequest, slug: str) -> HttpResponse:
    """Everybody may hand over: whoever falls ill at night should not have to look for an administrator."""
    user = person(request)
    brand = conversations.brand_for(user, slug)
    with timezone.override(rota.zone_of(brand)):
        form = HandoverForm(request.POST, people=_people(brand))
        valid = form.is_valid()
    if valid:
        given = form.cleaned_data
        begins = given["begins"] or clock.now()
        try:
            schedule.hand_over(user, brand, given["person"], away=given["away"], begins=begins, ends=given["ends"])
        except schedule.BadTurn as error:
            form.add_error(*WRONG[str(error)])
        else:
            messages.success(request, _("Handed over."))
            return redirect("alert-watch-of", slug=slug)
    return _page(request, brand, list(conversations.brands_for(user)), handover_form=form, status=422)


@require_POST
def handover_remove(request: HttpRequest, number: int) -> HttpResponse:
    user = person(request)
    handover = access.handover_for(user, number)
    slug = handover.rota.brand.slug
    undo.offer_line(request, user, _("Removed."), schedule.take_back(user, handover))
    return redirect("alert-watch-of", slug=slug)


@require_POST
def line_back(request: HttpRequest) -> HttpResponse:
    """Put back what was just removed. The token is the person's own: only who might remove it has one."""
    try:
        brand = undo.put_line_back(person(request), request.POST.get("before", ""))
    except (signing.BadSignature, schedule.TooLate):
        messages.error(request, _("Too late to undo that."))
        return redirect("alert-watch")
    messages.success(request, _("Undone."))
    return redirect("alert-watch-of", slug=brand.slug)


@require_POST
def watch_zone(request: HttpRequest, slug: str) -> HttpResponse:
    user = people.administrator(request)
    brand = conversations.brand_for(user, slug)
    form = ZoneForm(request.POST)
    if not form.is_valid():
        return _page(request, brand, list(conversations.brands_for(user)), zone_form=form, status=422)
    schedule.set_zone(user, brand, form.cleaned_data["zone"])
    messages.success(request, _("Saved."))
    return redirect("alert-watch-of", slug=slug)


@require_POST
def passing_set(request: HttpRequest, slug: str) -> HttpResponse:
    user = people.administrator(request)
    brand = conversations.brand_for(user, slug)
    form = PassForm(request.POST)
    if not form.is_valid():
        return _page(request, brand, list(conversations.brands_for(user)), pass_form=form, status=422)
    schedule.set_passing(user, brand, form.minutes())
    messages.success(request, _("Saved."))
    return redirect("alert-watch-of", slug=slug)


def _page(
    request: HttpRequest,
    brand: Brand,
    brands: Sequence[Brand],
    *,
    shift_form: ShiftForm | None = None,
    handover_form: HandoverForm | None = None,
    zone_form: ZoneForm | None = None,
    pass_form: PassForm | None = None,
    status: int = 200,
) -> HttpResponse:
    zone, now = rota.zone_of(brand), clock.now()
    ahead = rota.ahead(brand, now)
    members, after = _people(brand), rota.pass_after(brand.pk)
    [on_watch] = rota.of([brand], now)
    context: dict[str, Any] = {
        "brand": brand,
        "brands": brands,
        "on_watch": on_watch,
        "zone": zone,
        "week": list(_week(ahead, now, ZoneInfo(zone))) if on_watch.any else (),
        "shifts": Shift.objects.filter(rota__brand=brand).select_related("person"),
        "handovers": Handover.objects.filter(rota__brand=brand, ends__gt=now).select_related("person", "away"),
        "shift_form": shift_form or ShiftForm(people=members),
        "handover_form": handover_form or HandoverForm(people=members),
        "passing": [(level, n) for level, n in after.items() if n],
        "pass_form": pass_form or PassForm(initial={f"after_{level}": n for level, n in after.items()}),
        "zone_form": zone_form or ZoneForm(initial={"zone": zone}),
    }
    with timezone.override(zone):  # the whole page: nobody should have to convert hours to read a rota
        return render(request, "alert/watch.html", context, status=status)


def _week(ahead: Sequence[Turn], now: datetime, zone: ZoneInfo) -> Iterator[Day]:
    people = User.objects.in_bulk({number for turn in ahead for number in (turn.person, turn.instead_of) if number})
    today = now.astimezone(zone).date()
    for number in range(DAYS):
        begins, ends = (_midnight(today + timedelta(days=number + more), zone) for more in (0, 1))
        held: list[Held] = []
        covered = max(begins, now)
        for turn in ahead:
            since, until = max(turn.begins, begins, now), min(turn.ends, ends)
            if since >= until:
                continue
            if since > covered:
                held.append(Held(covered, since))
            held.append(Held(since, until, people[turn.person], people.get(turn.instead_of or 0)))
            covered = max(covered, until)
        if covered < ends:
            held.append(Held(covered, ends))
        yield Day(begins, held)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _people(brand: Brand) -> Any:
    return User.objects.filter(pk__in=[one.pk for one in access.colleagues_of(brand)]).order_by("name", "email")
