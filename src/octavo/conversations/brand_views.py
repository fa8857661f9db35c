"""Pages of brands: what they are called, which campaigns run, and how a message is read for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.db import transaction
from django.db.models import F, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from procrastinate.contrib.django import app as jobs
from procrastinate.exceptions import AlreadyEnqueued

from octavo.conversations import access, erase, learning_views, profile, topic_views
from octavo.conversations.brand_forms import BrandForm, CampaignForm, DeleteForm, TryForm
from octavo.conversations.models import (
    UNFINISHED,
    Brand,
    BrandName,
    Campaign,
    ConversationTally,
    RegisterChoice,
    SentimentChoice,
    UrgencyChoice,
)
from octavo.conversations.words import language_name
from octavo.people import audit, person
from octavo.people.models import User
from octavo.understand import Tier, explain, relevance
from octavo.vocabulary import REGISTERS, Alias, BrandProfile, Post, Reading

READ_AGAIN = "octavo.read_again_brand"
"""The job that reads a brand's recent messages again; run by whoever works off the queue."""
READ_AGAIN_DAYS = 30

_REASONS = {
    relevance.ADDRESSED: gettext_lazy("It addresses you, by a handle or by the hashtag of a campaign."),
    relevance.NAMED: gettext_lazy("It says your name."),
    relevance.PRODUCT: gettext_lazy("It names a product, or an ambiguous name beside a word that settles it."),
    relevance.UNDER_A_NAMING: gettext_lazy("It stands under a post that is about you."),
    relevance.WITHOUT_CONTEXT: gettext_lazy("It has an ambiguous name, but none of the words that would settle it."),
    relevance.UNNAMED: gettext_lazy("It has none of your names, handles or products."),
}


@require_safe
def brands(request: HttpRequest) -> HttpResponse:
    """All brands, with what is open for each."""
    listed = access.brands_for(person.of(request)).select_related("erasure").prefetch_related("names", "campaigns")
    open_now = dict(
        ConversationTally.objects.filter(status__in=UNFINISHED, relevant=True)
        .values_list("brand")
        .annotate(total=Sum("n"))
        .order_by()
    )
    rows = [
        {"brand": brand, "open": open_now.get(brand.pk, 0), "erasure": getattr(brand, "erasure", None)}
        for brand in listed
    ]
    context = {"rows": rows, "leaving": [row["erasure"] for row in rows if row["erasure"]]}
    return render(request, "brand/brands.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def brand(request: HttpRequest, slug: str) -> HttpResponse:
    """One brand, and a box to try how a message is read for it. What is tried is not kept."""
    chosen = access.brand_for(person.of(request), slug)
    form = TryForm(request.POST or None)
    tried = None
    if request.method == "POST" and form.is_valid():
        tried = _try(chosen, form.cleaned_data["text"])
    context = {
        "brand": chosen,
        "names": _names(chosen),
        "languages": [language_name(code) for code in chosen.languages],
        "campaigns": chosen.campaigns.order_by(F("starts_on").desc(nulls_last=True), "name"),
        "form": form,
        "tried": tried,
        "topics": topic_views.listed(chosen),
        "learned": learning_views.shown(chosen),
        "about_us": learning_views.shown_context(chosen),
        "changed": "changed" in request.GET,
        "read_again_days": READ_AGAIN_DAYS,
    }
    return render(request, "brand/brand.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Make a brand, or change what it is called."""
    user = person.administrator(request)
    chosen = access.brand_for(user, slug) if slug else None
    form = BrandForm(request.POST or None, instance=chosen)
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        audit.log(user, "changed" if chosen else "created", kind="brand", object_id=saved.pk, fields=form.changed_data)
        messages.success(request, _("Saved."))
        return _back(saved, changed=chosen is not None and form.touches_reading)
    return render(request, "brand/edit.html", {"form": form, "brand": chosen}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_campaign(request: HttpRequest, slug: str, number: int | None = None) -> HttpResponse:
    """Declare a campaign, or change it."""
    user = person.administrator(request)
    chosen = access.brand_for(user, slug)
    campaign = get_object_or_404(chosen.campaigns, pk=number) if number is not None else None
    form = CampaignForm(request.POST or None, instance=campaign, brand=chosen)
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        audit.log(user, "changed" if campaign else "created", kind="campaign", object_id=saved.pk, name=saved.name)
        messages.success(request, _("Saved."))
        return _back(chosen, changed=bool(form.changed_data))
    context = {"form": form, "brand": chosen, "campaign": campaign}
    return render(request, "brand/campaign.html", context, status=422 if form.errors else 200)


@require_POST
def delete_campaign(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    user = person.administrator(request)
    chosen = access.brand_for(user, slug)
    campaign: Campaign = get_object_or_404(chosen.campaigns, pk=number)
    audit.log(user, "deleted", kind="campaign", object_id=campaign.pk, name=campaign.name)
    campaign.delete()
    messages.success(request, _("“%(name)s” is no longer declared.") % {"name": campaign.name})
    return _back(chosen, changed=True)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a brand out with everything that came in for it, after its name was typed: a large one in a job."""
    user = person.administrator(request)
    chosen = access.brand_for(user, slug)
    form = DeleteForm(request.POST or None, brand=chosen)
    if request.method == "POST" and form.is_valid():
        if erase.size(chosen) > erase.AT_ONCE:
            _have_erased(user, chosen)
            return redirect("brands")
        gone = erase.brand(user, chosen)
        said = ngettext(
            "%(name)s is gone, with %(n)s conversation.", "%(name)s is gone, with %(n)s conversations.", gone
        ) % {"name": form.brand.name, "n": gone}
        messages.success(request, said)
        return redirect("brands")
    context = {"form": form, "brand": chosen, "conversations": erase.size(chosen)}
    return render(request, "brand/delete.html", context, status=422 if form.errors else 200)


def _have_erased(user: User, chosen: Brand) -> None:
    """Begin, or ask the worker to go on where something stopped it."""
    try:
        with transaction.atomic():
            erase.ask(user, chosen)
            lock = f"{erase.JOB} {chosen.pk}"
            jobs.configure_task(erase.JOB, queueing_lock=lock, lock=lock).defer(brand=chosen.pk)
    except AlreadyEnqueued:
        pass  # it waits for the worker already


@require_POST
def read_again(request: HttpRequest, slug: str) -> HttpResponse:
    """Have the last weeks read again with the names, campaigns and topics as they are now."""
    user = person.administrator(request)
    chosen = access.brand_for(user, slug)
    lock = f"{READ_AGAIN} {chosen.pk}"
    try:
        with transaction.atomic():
            jobs.configure_task(READ_AGAIN, queueing_lock=lock, lock=lock).defer(brand=chosen.pk, days=READ_AGAIN_DAYS)
    except AlreadyEnqueued:
        messages.info(request, _("It is on its way already."))
    else:
        audit.log(user, "asked to read again", kind="brand", object_id=chosen.pk, days=READ_AGAIN_DAYS)
        messages.success(request, _("The messages are being read again; the pages follow as it goes."))
    return redirect("brand", slug=chosen.slug)


@dataclass(frozen=True, slots=True)
class Tried:
    """How one text was read: the reading, why it counts as about the brand or not, which names were found in it."""

    reading: Reading
    reason: str
    found: Sequence[BrandName]
    text: str
    evidence: Sequence[int]
    register: str
    sentiment: str
    urgency: str
    percent: int


def _try(chosen: Brand, text: str) -> Tried:
    reading = explain(text, brand=profile.of(chosen), tier=Tier.FAST)
    nearest = min(_REASONS, key=lambda known: abs(known - reading.relevance))
    score = reading.registers.get(reading.primary, 1 - max(reading.registers.values()))  # type: ignore[call-overload]
    return Tried(
        reading=reading,
        reason=str(_REASONS[nearest]),
        found=[name for name in _all_names(chosen) if _stands_in(name, text)],
        text=text,
        evidence=[
            number
            for span in reading.evidence
            for number in (span.start, span.end, REGISTERS.index(span.register), round(span.weight * 1000))
        ],
        register=str(RegisterChoice(reading.primary).label),
        sentiment=str(SentimentChoice(reading.sentiment.label).label),
        urgency=str(UrgencyChoice(reading.urgency).label),
        percent=round(score * 100),
    )


def _all_names(chosen: Brand) -> list[BrandName]:
    """The names that have a row, and the brand's own where none says in which company it counts."""
    known = list(chosen.names.all())
    has_own = any(name.text.casefold() == chosen.name.casefold() for name in known)
    return known if has_own else [BrandName(kind=BrandName.Kind.NAME, text=chosen.name), *known]


def _stands_in(name: BrandName, text: str) -> bool:
    """Whether this one name, alone, makes the text about the brand."""
    if name.kind == BrandName.Kind.HANDLE:
        only = BrandProfile(handles=(name.text,))
    elif name.kind == BrandName.Kind.PRODUCT and not name.context:
        only = BrandProfile(products=(name.text,))
    else:
        only = BrandProfile(aliases=(Alias(name.text, tuple(name.context)),))
    verdict, _scores = relevance.judge([Post(channel="try", external_id="try", text=text)], only)
    return bool(verdict[0])


def _names(chosen: Brand) -> list[tuple[str, list[BrandName]]]:
    known = list(chosen.names.all())
    return [
        (_("Other names"), [name for name in known if name.kind == BrandName.Kind.NAME]),
        (_("Handles"), [name for name in known if name.kind == BrandName.Kind.HANDLE]),
        (_("Products and services"), [name for name in known if name.kind == BrandName.Kind.PRODUCT]),
    ]


def _back(chosen: Brand, *, changed: bool) -> HttpResponse:
    response = redirect("brand", slug=chosen.slug)
    if changed:
        response["Location"] += "?changed"
    return response
