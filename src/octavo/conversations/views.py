"""What people decide on a conversation's page: one small form each, then back to where they were."""

from __future__ import annotations

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_POST

from octavo.conversations import access, decide, snooze, undo
from octavo.conversations.models import Conversation, Correction, RegisterChoice
from octavo.kit import clock
from octavo.people.asking import back_to, person
from octavo.people.models import User


@require_POST
def status(request: HttpRequest, number: int) -> HttpResponse:
    """`status` is open, pending or resolved, or `snooze` names when it comes back."""
    user = person(request)
    conversation = access.get_for(user, number)
    choice = request.POST.get("snooze", "")
    try:
        if choice:
            until = snooze.until(choice, timezone.localtime(clock.now()))
            before = decide.set_status(user, [conversation.pk], Conversation.Status.SNOOZED, until=until)
            words = pgettext("just now", "Snoozed")
        else:
            wanted = Conversation.Status(request.POST.get("status", ""))
            before = decide.set_status(user, [conversation.pk], wanted)
            words = {
                "resolved": pgettext("just now", "Done"),
                "pending": _("Waiting for an answer"),
                "open": pgettext("just now", "Open again"),
            }[wanted]
    except (KeyError, ValueError):
        return HttpResponseBadRequest()
    here = reverse("conversation", args=[number])
    undo.offer(request, words, before, place=back_to(request, here, name="here"))
    return redirect(back_to(request, here))


@require_POST
def assign(request: HttpRequest, number: int) -> HttpResponse:
    """`to` is the number of a colleague, `me`, or empty for nobody."""
    user = person(request)
    conversation = access.get_for(user, number)
    to = request.POST.get("to", "")
    colleague = user if to == "me" else None
    if to and not colleague:
        colleague = User.objects.filter(is_active=True, pk=int(to)).first() if to.isdecimal() and len(to) < 10 else None
        if colleague is None:
            return HttpResponseBadRequest()
    before = decide.assign(user, [conversation.pk], colleague)
    undo.offer(request, _("With %(name)s") % {"name": colleague} if colleague else _("With nobody"), before)
    return redirect(back_to(request, reverse("conversation", args=[number])))


@require_POST
def note(request: HttpRequest, number: int) -> HttpResponse:
    conversation = access.get_for(person(request), number)
    text = request.POST.get("text", "").replace("\x00", "").strip()
    if not text:
        messages.error(request, _("The note is empty."))
    elif len(text) > 5000:
        messages.error(request, _("A note has at most 5,000 characters."))
    else:
        decide.add_note(person(request), conversation, text)
        messages.success(request, _("Note kept. Only colleagues see it."))
    return redirect(back_to(request, reverse("conversation", args=[number])))


@require_POST
def correct(request: HttpRequest, number: int) -> HttpResponse:
    """One of `register`, `sentiment`, `urgency`, `relevant` with its right value."""
    user = person(request)
    mention = access.mention_for(user, number)
    corrections = []
    try:
        for field in ("register", "sentiment", "urgency", "relevant"):
            if field in request.POST:
                correction = decide.correct(user, mention, field, _value(field, request.POST[field]))
                corrections += [correction] if correction else []
    except (KeyError, ValueError):
        return HttpResponseBadRequest()
    if corrections:
        undo.offer(request, _said(corrections[0]), corrections=corrections)
    return redirect(back_to(request, reverse("conversation", args=[mention.conversation_id])))


def _said(correction: Correction) -> str:
    if correction.field == "register":
        return _("Corrected: %(register)s") % {"register": RegisterChoice(correction.now).label}
    if correction.field == "relevant":
        return _("About us: kept, to learn from") if correction.now else _("Not about us: kept, to learn from")
    return _("Corrected")


def _value(field: str, given: str) -> str | int | bool:
    if field == "urgency":
        return int(given)
    if field == "relevant":
        return {"yes": True, "no": False}[given]
    return given


@require_POST
def withdraw(request: HttpRequest, number: int) -> HttpResponse:
    """Take a correction back; one may take back a colleague's too, the trail says who."""
    user = person(request)
    correction = Correction.objects.filter(pk=number, brand__in=access.brands_for(user)).first()
    if correction is None:
        return redirect("inbox")
    mention = access.mention_for(user, correction.mention)
    decide.withdraw(user, correction)
    messages.success(request, _("Correction withdrawn."))
    return redirect(back_to(request, reverse("conversation", args=[mention.conversation_id])))


@require_POST
def undo_decision(request: HttpRequest) -> HttpResponse:
    try:
        n = undo.put_back(person(request), request.POST.get("before", ""))
    except signing.BadSignature:
        messages.error(request, _("Too late to undo that."))
    else:
        messages.success(request, ngettext("Undone.", "%(n)d undone.", n) % {"n": n})
    return redirect(back_to(request, reverse("inbox")))
