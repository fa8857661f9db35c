"""How one is told oneself: from which severity, where, when not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from octavo.alert import access, deliver, push, quiet_hours
from octavo.alert.forms import LeastForm, MailForm, QuietForm, SoundForm
from octavo.alert.models import Device, MailWish, QuietHours, Summary
from octavo.alert.undelivered import Undelivered
from octavo.kit import webpush
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
def sound_wish(request: HttpRequest) -> HttpResponse:
    user = person(request)
    user.alert_sound = "alert_sound" in request.POST
    user.save(update_fields=["alert_sound"])
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


@require_POST
def device_add(request: HttpRequest) -> HttpResponse:
    """What the page's script was given by the browser. Answers 204, or 422 for what is no subscription."""
    try:
        push.register(
            person(request),
            endpoint=request.POST.get("endpoint", ""),
            key=request.POST.get("p256dh", ""),
            auth=request.POST.get("auth", ""),
            name=_browser(request.headers.get("User-Agent", "")),
        )
    except push.BadDevice:
        return HttpResponse(status=422)
    messages.success(request, _("You are told here from now on."))
    return HttpResponse(status=204)


@require_POST
def device_act(request: HttpRequest, number: int, action: str) -> HttpResponse:
    user = person(request)
    device = access.device_for(user, number)
    match action:
        case "remove":
            push.remove(user, device)
            messages.success(request, _("Removed."))
        case "test":
            try:
                push.try_out(device, title="Octavo", body=_("A test: this is how an alert reaches you here."))
            except Undelivered as error:
                messages.error(request, _("It did not arrive: %(why)s.") % {"why": error})
            else:
                messages.success(request, _("Sent: it should be there in a moment."))
        case "least":
            form = LeastForm(request.POST)
            if not form.is_valid():
                return HttpResponseBadRequest()
            device.least = form.cleaned_data["least"]
            device.save(update_fields=["least"])
            messages.success(request, _("Saved."))
        case _:
            raise Http404
    return redirect(reverse("alert-told") + "#devices")


@login_not_required
@require_safe
@cache_control(no_cache=True)
def push_worker(request: HttpRequest) -> HttpResponse:
    """The script a browser keeps to show what is pushed. Its address never changes, and decides what it may see."""
    path = finders.find("octavo/push-worker.js")
    assert isinstance(path, str)
    return HttpResponse(Path(path).read_bytes(), content_type="text/javascript")


def _browser(agent: str) -> str:
    """A browser as its owner would call it: "Firefox, Android"."""
    names = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
    systems = (
        ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    )  # fmt: skip
    found = [next((said for mark, said in marks if mark in agent), "") for marks in (names, systems)]
    return ", ".join(filter(None, found)) or _("A browser")


def _page(request: HttpRequest, user: User, *, quiet_form: QuietForm | None = None, status: int = 200) -> HttpResponse:
    wish = MailWish.objects.filter(person=user).first()
    quiet = QuietHours.objects.filter(person=user).first()
    held = Summary.objects.filter(person=user, why=Summary.Why.QUIET, state=Summary.State.WAITING)
    usual = {"begins": quiet.begins, "ends": quiet.ends, "least": quiet.least} if quiet else None
    context: dict[str, Any] = {
        "mail": bool(settings.OCTAVO_OPTIONS.mail_host),
        "sound_form": SoundForm(initial={"alert_sound": user.alert_sound}),
        "mail_form": MailForm(initial={"least": wish.least if wish else deliver.MAIL_FROM}),
        "devices": [
            (device, LeastForm(initial={"least": device.least}, auto_id=f"id_{device.pk}_%s"))
            for device in Device.objects.filter(person=user)
        ],
        "push_key": webpush.encode(push.public_key()),
        "quiet": quiet,
        "quiet_form": quiet_form or QuietForm(initial=usual),
        "zone": user.time_zone or settings.TIME_ZONE,
        "held": sum(summary.deliveries.count() for summary in held),
        "held_until": held.order_by("next_at").values_list("next_at", flat=True).first(),
    }
    return render(request, "alert/told.html", context, status=status)
