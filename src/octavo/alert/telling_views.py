"""How one is told oneself: from which severity, when not."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from octavo.alert import deliver, quiet_hours
from octavo.alert.forms import MailForm, QuietForm
from octavo.alert.models import MailWish, QuietHours, Summary
from octavo.people.asking import person
from octavo.people.models import User


@require_safe
def told_page(request: HttpRequest) -> HttpResponse:
    return _page(request, person(request))


@require_POST
def mail_wish(request: HttpRequest) -> HttpResponse:
    user = person(request)
    form = MailForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    MailWish.objects.update_or_create(person=user, defaults={"least": form.cleaned_data["least"]})
    messages.success(request, _("Saved."))
    return redirect("alert-told")


@require_POST
def quiet_set(request: HttpRequest) -> HttpResponse:
    user = person(request)
    form = QuietForm(request.POST)
    if not form.is_valid():
        return _page(request, user, quiet_form=form, status=422)
    given = form.cleaned_data
    quiet_hours.keep(user, begins=given["begins"], ends=given["ends"], least=given["least"])
    messages.success(request, _("Saved."))
    return redirect("alert-told")


@require_POST
def quiet_end(request: HttpRequest) -> HttpResponse:
    quiet_hours.end(person(request))
    messages.success(request, _("No quiet hours any more."))
    return redirect("alert-told")


def _page(request: HttpRequest, user: User, *, quiet_form: QuietForm | None = None, status: int = 200) -> HttpResponse:
    wish = MailWish.objects.filter(person=user).first()
    quiet = QuietHours.objects.filter(person=user).first()
    held = Summary.objects.filter(person=user, why=Summary.Why.QUIET, state=Summary.State.WAITING)
    usual = {"begins": quiet.begins, "ends": quiet.ends, "least": quiet.least} if quiet else None
    context: dict[str, Any] = {
        "mail": bool(settings.OCTAVO_OPTIONS.mail_host),
        "mail_form": MailForm(initial={"least": wish.least if wish else deliver.MAIL_FROM}),
        "quiet": quiet,
        "quiet_form": quiet_form or QuietForm(initial=usual),
        "zone": user.time_zone or settings.TIME_ZONE,
        "held": sum(summary.deliveries.count() for summary in held),
        "held_until": held.order_by("next_at").values_list("next_at", flat=True).first(),
    }
    return render(request, "alert/told.html", context, status=status)
