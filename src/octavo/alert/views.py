"""Pages of alerts: the list, one alert and what is decided about it, the rules of a brand, how good they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from octavo.alert import (
    access,
    chart,
    decide,
    deliver,
    evidence,
    honesty,
    hooks,
    lessons,
    listed,
    rules,
    simulate,
    undo,
    words,
)
from octavo.alert.forms import HookForm, RuleForm
from octavo.alert.models import Alert, Delivery, Hook, Rule, Severity
from octavo.conversations import access as conversations
from octavo.conversations import snooze
from octavo.conversations.models import Brand
from octavo.kit import clock
from octavo.people import person as people
from octavo.people.asking import back_to, person
from octavo.people.models import User

_SECRET = "octavo.hook.secret"  # noqa: S105 the session's key of a secret, shown once


@dataclass(frozen=True, slots=True)
class Row:
    """One alert as a list shows it."""

    alert: Alert
    heading: str
    reason: str
    severity: str
    said: list[evidence.Said]


# The list


@require_safe
def alerts_page(request: HttpRequest) -> HttpResponse:
    user = person(request)
    chosen = listed.Filter.parse(request.GET)
    found, more = listed.page(user, chosen)
    messages_of = evidence.of(user, found, most=evidence.IN_LIST)
    brands = dict(conversations.brands_for(user).values_list("slug", "name"))
    context = {
        "rows": [
            Row(alert, words.heading(alert), words.reason(alert), words.severity(alert.severity), messages_of[alert.pk])
            for alert in found
        ],
        "next": more,
        "filter": chosen,
        "tabs": listed.tabs(user, chosen),
        "standing": listed.standing(user),
        "watching": listed.watching(user),
        "failed": listed.failed(user),
        "brands": brands,
        "outcome": Alert.Outcome(chosen.outcome).label if chosen.outcome in Alert.Outcome.values else "",
        "plain": listed.Filter(tab=chosen.tab).query(),
        "narrowed": bool(chosen.brand or chosen.rule or chosen.outcome or chosen.week or chosen.delay),
    }
    return render(request, "alert/alerts.html", context)


# One alert


@require_safe
def alert_page(request: HttpRequest, number: int) -> HttpResponse:
    user = person(request)
    alert = access.alert_for(user, number)
    said = evidence.of(user, [alert], most=evidence.ON_PAGE)[alert.pk]
    history = words.history(alert.events.order_by("-at", "-pk")[:200])
    named = {line.user_id for line in history if line.user_id}
    named |= {number for line in history for number in line.detail.get("to", ())}
    names = {u.pk: str(u) for u in User.objects.filter(pk__in=named)}
    passed = next((line for line in history if line.action == "passed" and line.at >= alert.rang_at), None)
    context = {
        "alert": alert,
        "heading": words.heading(alert),
        "reason": words.reason(alert),
        "next_step": words.next_step(alert) if alert.state != Alert.State.CLOSED else "",
        "severity": words.severity(alert.severity),
        "said": said,
        "passed": words.passed(passed, names) if passed and alert.state == Alert.State.OPEN else "",
        "members": alert.members.count(),
        "shape": evidence.shape(said),
        "chart": chart.of(alert),
        "chart_key": words.key_name(alert.chart),
        "history": [
            (
                line.at,
                names.get(line.user_id or 0, _("Somebody")) if line.user_id else "Octavo",
                words.event(line, names),
            )
            for line in history
        ],
        "deliveries": alert.deliveries.select_related("person", "hook", "device", "summary").order_by("-ring", "pk")[
            :50
        ],
        "mail": bool(settings.OCTAVO_OPTIONS.mail_host),
        "snoozes": snooze.CHOICES,
        "closings": words.CLOSINGS,
        "highest": alert.severity >= Severity.EVERYBODY,
        "threshold": words.threshold(alert.rule),
        "here": reverse("alert", args=[alert.pk]),
    }
    return render(request, "alert/alert.html", context)


@require_POST
def alert_act(request: HttpRequest, number: int, action: str) -> HttpResponse:
    """One decision; where somebody else was quicker, the page says how it stands."""
    user = person(request)
    access.alert_for(user, number)
    if action not in _ACTIONS:
        raise Http404
    here = back_to(request, reverse("alert", args=[number]))
    try:
        said, before = _ACTIONS[action](request, user, number)
    except decide.TooLate as late:
        messages.info(request, _too_late(late.alert))
    except (KeyError, ValueError):
        if action == "close" and request.POST.get("outcome") == Alert.Outcome.FALSE:
            messages.error(request, _("Say in a few words why it was a false alarm: others learn from it."))
            return redirect(reverse("alert", args=[number]) + "#close")
        return HttpResponseBadRequest()
    else:
        undo.offer(request, user, said, before)
    return redirect(here)


def _acknowledge(request: HttpRequest, user: User, number: int) -> tuple[str, decide.Before]:
    return _("Acknowledged"), decide.acknowledge(user, number)


def _take(request: HttpRequest, user: User, number: int) -> tuple[str, decide.Before]:
    return _("You have it"), decide.take(user, number)


def _snooze(request: HttpRequest, user: User, number: int) -> tuple[str, decide.Before]:
    until = snooze.until(request.POST.get("until", ""), timezone.localtime(clock.now()))
    return pgettext("alert", "Snoozed"), decide.snooze(user, number, until=until)


def _escalate(request: HttpRequest, user: User, number: int) -> tuple[str, decide.Before]:
    return _("Escalated"), decide.escalate(user, number)


def _close(request: HttpRequest, user: User, number: int) -> tuple[str, decide.Before]:
    outcome = Alert.Outcome(request.POST.get("outcome", ""))
    return _("Closed"), decide.close(user, number, outcome, why=request.POST.get("why", ""))


def _reopen(request: HttpRequest, user: User, number: int) -> tuple[str, decide.Before]:
    return pgettext("alert", "Open again"), decide.reopen(user, number)


_ACTIONS: dict[str, Callable[[HttpRequest, User, int], tuple[str, decide.Before]]] = {
    "acknowledge": _acknowledge,
    "take": _take,
    "snooze": _snooze,
    "escalate": _escalate,
    "close": _close,
    "reopen": _reopen,
}


def _too_late(alert: Alert) -> str:
    if alert.state == Alert.State.CLOSED:
        return _("It is closed already.")
    if alert.state == Alert.State.TAKEN:
        return _("%(name)s has it already.") % {"name": alert.owner}
    if alert.state == Alert.State.ACKNOWLEDGED:
        return _("It was acknowledged already.")
    return _("That cannot be done now: it stands as you see it here.")


@require_POST
def undo_decision(request: HttpRequest) -> HttpResponse:
    try:
        undo.put_back(person(request), request.POST.get("before", ""))
    except signing.BadSignature:
        messages.error(request, _("Too late to undo that."))
    except decide.TooLate as late:
        messages.error(request, _too_late(late.alert))
    else:
        messages.success(request, _("Undone."))
    return redirect(back_to(request, reverse("alerts")))


@require_POST
def delivery_again(request: HttpRequest, number: int) -> HttpResponse:
    """Try once more to deliver what was given up."""
    delivery = access.deliveries_for(person(request)).select_related("summary").filter(pk=number).first()
    if delivery is None or delivery.goes.state != Delivery.State.FAILED:
        raise Http404
    deliver.try_again(delivery)
    messages.success(request, _("It is tried again within half a minute."))
    return redirect("alert", number=delivery.alert_id)


# Rules, hooks


@require_safe
def rules_page(request: HttpRequest, slug: str = "") -> HttpResponse:
    """The rules of a brand; `simulate` is the number of one, `threshold` what it is tried with."""
    user = person(request)
    brands = list(conversations.brands_for(user))
    brand = conversations.brand_for(user, slug) if slug else (brands[0] if brands else None)
    if brand is None:
        return render(request, "alert/rules.html", {"brand": None})
    found = rules.of([brand.pk])
    simulated = _simulated(request, [rule for rule in found.values() if rule.brand_id == brand.pk])
    context = _rules_context(request, user, brand, brands, simulated=simulated)
    return render(request, "alert/rules.html", context)


@dataclass(frozen=True, slots=True)
class Simulated:
    """What a rule would have done with the threshold of its form."""

    rule: int
    form: RuleForm
    rang: list[simulate.Rang] | None


def _simulated(request: HttpRequest, found: list[Rule]) -> Simulated | None:
    asked = request.GET.get("simulate", "")
    rule = next((rule for rule in found if str(rule.pk) == asked and rule.kind in simulate.CAN), None)
    if rule is None:
        return None
    form = RuleForm(request.GET if "threshold" in request.GET else None, rule=rule)
    if form.is_bound and not form.is_valid():
        return Simulated(rule.pk, form, None)
    threshold, settings_ = (form.threshold(), form.settings()) if form.is_bound else (rule.threshold, {})
    return Simulated(rule.pk, form, simulate.rule(rule, threshold=threshold, settings=settings_))


def _rules_context(
    request: HttpRequest,
    user: User,
    brand: Brand,
    brands: list[Brand],
    *,
    simulated: Simulated | None = None,
    wrong: RuleForm | None = None,
    hook_form: HookForm | None = None,
) -> dict[str, Any]:
    lines = []
    for rule in access.rules_for(user).filter(brand=brand).order_by("pk"):
        mine = simulated if simulated and simulated.rule == rule.pk else None
        form = wrong if wrong and wrong.rule.pk == rule.pk else mine.form if mine else RuleForm(rule=rule)
        lines.append(
            {
                "rule": rule,
                "form": form,
                "words": words.threshold(rule),
                "unraised": words.threshold_of(rule, rule.threshold),
                "lessons": lessons.of(rule)[: lessons.MOST_LESSONS] if rule.lessons else [],
                "can_simulate": rule.kind in simulate.CAN,
                "simulated": mine.rang if mine else None,
                "open": access.alerts_for(user).filter(rule=rule).exclude(state=Alert.State.CLOSED).count(),
            }
        )
    return {
        "brand": brand,
        "brands": brands,
        "lines": lines,
        "days": simulate.DAYS,
        "hooks": access.hooks_for(user).filter(brand=brand),
        "hook_form": hook_form or HookForm(),
        "secret": request.session.pop(_SECRET, ""),
    }


@require_POST
def rule_change(request: HttpRequest, number: int) -> HttpResponse:
    user = people.administrator(request)
    rule = access.rule_for(user, number)
    form = RuleForm(request.POST, rule=rule)
    if not form.is_valid():
        brands = list(conversations.brands_for(user))
        return render(
            request, "alert/rules.html", _rules_context(request, user, rule.brand, brands, wrong=form), status=422
        )
    before = words.threshold(rule) if rule.on else _("off")
    rules.change(user, rule, on=form.cleaned_data["on"], threshold=form.threshold(), settings=form.settings())
    rule.refresh_from_db()
    after = words.threshold(rule) if rule.on else _("off")
    messages.success(
        request,
        _("Saved: %(before)s, now %(after)s.") % {"before": before, "after": after} if before != after else _("Saved."),
    )
    return redirect("alert-rules-of", slug=rule.brand.slug)


@require_POST
def rule_try(request: HttpRequest, number: int) -> HttpResponse:
    """Try what the form says on the past: an address that can be sent to a colleague."""
    rule = access.rule_for(person(request), number)
    if rule.kind not in simulate.CAN:
        raise Http404
    form = RuleForm(rule=rule)
    named = ("on", "threshold", *form.named, *form.harms)
    given = {name: request.POST[name] for name in named if request.POST.get(name)}
    query = urlencode({"simulate": rule.pk, **given})
    return redirect(f"{reverse('alert-rules-of', args=[rule.brand.slug])}?{query}#rule-{rule.kind}")


@require_POST
def rule_unlearn(request: HttpRequest, number: int) -> HttpResponse:
    """Let what was closed as false until now raise a rule no more."""
    user = people.administrator(request)
    rule = access.rule_for(user, number)
    lessons.take_back(user, rule)
    rule.refresh_from_db()
    messages.success(request, _("Taken back. It rings again at: %(words)s.") % {"words": words.threshold(rule)})
    return redirect(reverse("alert-rules-of", args=[rule.brand.slug]) + f"#rule-{rule.kind}")


@require_POST
def hook_add(request: HttpRequest, slug: str) -> HttpResponse:
    user = people.administrator(request)
    brand = conversations.brand_for(user, slug)
    form = HookForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            hook, secret = hooks.create(
                user, brand, name=given["name"], kind=Hook.Kind(given["kind"]), url=given["url"], least=given["least"]
            )
        except hooks.BadHook as error:
            wrong = {"name": _("There is a hook of that name."), "url": _("This is not an address that can be called.")}
            form.add_error(str(error), wrong[str(error)])
        else:
            if hook.kind == Hook.Kind.PLAIN:
                request.session[_SECRET] = secret
            messages.success(request, _("It is called when an alert rings."))
            return redirect(reverse("alert-rules-of", args=[slug]) + "#hooks")
    brands = list(conversations.brands_for(user))
    context = _rules_context(request, user, brand, brands, hook_form=form)
    return render(request, "alert/rules.html", context, status=422)


@require_POST
def hook_act(request: HttpRequest, number: int, action: str) -> HttpResponse:
    user = people.administrator(request)
    hook = access.hook_for(user, number)
    match action:
        case "remove":
            hooks.remove(user, hook)
            messages.success(request, _("Removed."))
        case "on" | "off":
            hooks.switch(user, hook, on=action == "on")
            messages.success(request, _("Saved."))
        case _:
            raise Http404
    return redirect(reverse("alert-rules-of", args=[hook.brand.slug]) + "#hooks")


# How good they are


@require_http_methods(["GET", "HEAD"])
def honesty_page(request: HttpRequest) -> HttpResponse:
    user = person(request)
    brands = {brand.slug: brand for brand in conversations.brands_for(user)}
    brand = brands.get(request.GET.get("brand", ""))
    weeks, all_missed = honesty.weeks(user, brand=brand.pk if brand else None)
    week = listed.Filter.parse(request.GET).week
    missed = [each for each in all_missed if week is None or honesty.week_of(each.said_at) == week]
    judged = sum(week.judged for week in weeks)
    context = {
        "weeks": weeks,
        "missed": missed[: honesty.MOST_MISSED],
        "missed_n": len(missed),
        "week": week,
        "judged": judged,
        "useful": sum(week.useful for week in weeks),
        "false": sum(week.false for week in weeks),
        "rang": sum(week.rang for week in weeks),
        "brands": {slug: each.name for slug, each in brands.items()},
        "brand": brand,
    }
    return render(request, "alert/honesty.html", context)
