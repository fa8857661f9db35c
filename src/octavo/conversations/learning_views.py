"""What people say about learning, on a brand's page: on or off, forget, bring back, take the corrections along."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from octavo.conversations import access, contexts, learning
from octavo.conversations.models import Brand, BrandContext, BrandLearning, LearnedModel
from octavo.people import audit, person
from octavo.understand import Tier, adapt, context


@dataclass(frozen=True, slots=True)
class Shown:
    """What the brand's page shows of learning. `standing` is one of `off`, `fast`, `none`, `few`, `waiting`, `kept`,
    `no_better`, `moves_others`; `counted` how many corrections are learned from, of `corrections` in all."""

    standing: str
    corrections: int
    counted: int
    missing: int
    latest: LearnedModel | None
    waiting: bool
    percent_before: int
    percent_after: int
    was_reset: bool


def shown(brand: Brand) -> Shown:
    state = BrandLearning.objects.select_related("latest").filter(pk=brand.pk).first() or BrandLearning(brand=brand)
    corrections = learning.count(brand.pk)
    counted = learning.count(brand.pk, since=state.reset_at) if state.reset_at else corrections
    latest = state.latest
    tried = latest if latest is not None and latest.verdict != LearnedModel.Verdict.TOO_FEW else None
    lessons = max(tried.lessons, 1) if tried else 1
    return Shown(
        standing=_standing(state, counted, tried),
        corrections=corrections,
        counted=counted,
        missing=max(adapt.FEWEST - counted, 0),
        latest=tried,
        waiting=state.is_on and state.due_at is not None,
        percent_before=round(100 * tried.right_before / lessons) if tried else 0,
        percent_after=round(100 * tried.right_after / lessons) if tried else 0,
        was_reset=state.reset_at is not None,
    )


def _standing(state: BrandLearning, counted: int, tried: LearnedModel | None) -> str:
    if not state.is_on:
        return "off"
    if Tier(settings.OCTAVO_OPTIONS.worker_tier) is Tier.FAST:
        return "fast"
    if tried is not None and counted >= adapt.FEWEST:
        return "kept" if learning.in_use(state) else "waiting" if tried.weights is not None else tried.verdict
    if counted < adapt.FEWEST:
        return "few" if counted else "none"
    return "waiting"


@dataclass(frozen=True, slots=True)
class ShownContext:
    """What the brand's page shows of learning what is about the brand. `standing` as in `Shown`; `counted` how many people's
    words are learnt from, of `judged` in all."""

    standing: str
    judged: int
    counted: int
    missing: int
    state: BrandContext
    waiting: bool
    percent_before: int
    percent_after: int


def shown_context(brand: Brand) -> ShownContext:
    state = BrandContext.objects.filter(pk=brand.pk).first() or BrandContext(brand=brand)
    judged = contexts.count(brand.pk)
    counted = contexts.count(brand.pk, since=state.reset_at) if state.reset_at else judged
    lessons = max(state.lessons, 1)
    return ShownContext(
        standing=_standing_context(state, counted),
        judged=judged,
        counted=counted,
        missing=max(context.FEWEST - counted, 0),
        state=state,
        waiting=state.is_on and state.due_at is not None,
        percent_before=round(100 * state.right_before / lessons),
        percent_after=round(100 * state.right_after / lessons),
    )


def _standing_context(state: BrandContext, counted: int) -> str:
    if not state.is_on:
        return "off"
    if Tier(settings.OCTAVO_OPTIONS.worker_tier) is Tier.FAST:
        return "fast"
    if counted < context.FEWEST:
        return "few" if counted else "none"
    return state.verdict if state.verdict not in ("", LearnedModel.Verdict.TOO_FEW) else "waiting"


@require_POST
def decide_context(request: HttpRequest, slug: str) -> HttpResponse:
    """`context` is on, off, forget or back."""
    user = person.administrator(request)
    brand = access.brand_for(user, slug)
    wanted = request.POST.get("context")
    if wanted in ("on", "off"):
        contexts.switch(user, brand, on=wanted == "on")
        messages.success(request, _("Saved."))
    elif wanted == "forget":
        contexts.reset(user, brand)
        messages.success(
            request, _("Forgotten. What people said stays with the messages; you can bring it back below.")
        )
    elif wanted == "back":
        if contexts.bring_back(user, brand):
            messages.success(request, _("What was learned here is back."))
    else:
        return HttpResponseBadRequest()
    return redirect(reverse("brand", args=[brand.slug]) + "#about-us")


@require_POST
def switch(request: HttpRequest, slug: str) -> HttpResponse:
    """`learning` is on or off."""
    user = person.administrator(request)
    brand = access.brand_for(user, slug)
    wanted = request.POST.get("learning")
    if wanted not in ("on", "off"):
        return HttpResponseBadRequest()
    learning.switch(user, brand, on=wanted == "on")
    if wanted == "on":
        messages.success(request, _("Octavo learns from corrections here."))
    else:
        messages.success(request, _("Octavo no longer uses what it learned here; messages are read again without it."))
    return _back(brand)


@require_POST
def reset(request: HttpRequest, slug: str) -> HttpResponse:
    user = person.administrator(request)
    brand = access.brand_for(user, slug)
    learning.reset(user, brand)
    messages.success(request, _("Forgotten. The corrections stay with their messages; you can bring it back below."))
    return _back(brand)


@require_POST
def bring_back(request: HttpRequest, slug: str) -> HttpResponse:
    user = person.administrator(request)
    brand = access.brand_for(user, slug)
    if learning.bring_back(user, brand):
        messages.success(request, _("What was learned here is back."))
    return _back(brand)


@require_POST
def export(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """The corrections as JSON Lines. A form and no link: what leaves the house is in the trail."""
    user = person.administrator(request)
    brand = access.brand_for(user, slug)
    audit.log(user, "exported corrections", kind="brand", object_id=brand.pk, corrections=learning.count(brand.pk))
    answer = StreamingHttpResponse(learning.export(brand.pk), content_type="application/jsonl")
    answer["Content-Disposition"] = f'attachment; filename="corrections-{brand.slug}.jsonl"'
    return answer


def _back(brand: Brand) -> HttpResponse:
    return redirect(reverse("brand", args=[brand.slug]) + "#learned")
