"""Home and inbox: pages, bulk decisions, saved views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from octavo.conversations import access, decide, snooze, topics, undo
from octavo.conversations.models import Conversation, Correction, Mention, RegisterChoice
from octavo.dispatch import doors, inbox, panel, views_saved
from octavo.dispatch import home as home_page
from octavo.dispatch.lines import lines
from octavo.kit import clock
from octavo.people import colleagues
from octavo.people.asking import back_to, person
from octavo.people.models import User


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    user = person(request)
    known = access.brands_for(user).in_bulk()
    brands = {each.slug: each.name for each in known.values()}
    brand = request.GET.get("brand", "")
    brand = brand if brand in brands else ""
    seen = inbox.newest_mention()
    look = home_page.look(user, brand=brand, brands=known)
    chosen = inbox.Filter(brand=(brand,) if brand else ())
    name_brand = len(brands) > 1 and not brand
    context = {
        "look": look,
        "doors": doors.drawn(look, brand=brand),
        "first": lines(look.first, query=chosen.query(), name_brand=name_brand),
        "mine": lines(look.mine, query=replace(chosen, tab="mine").query(), name_brand=name_brand),
        "brands": brands,
        "brand": brand,
        "brand_name": brands.get(brand, ""),
        "empty": not look.first and not Conversation.objects.exists(),
        "seen": seen,
    }
    return render(request, "home.html", context)


@require_safe
def inbox_page(request: HttpRequest) -> HttpResponse:
    user = person(request)
    chosen = inbox.Filter.parse(request.GET)
    known = access.brands_for(user).in_bulk()
    brands = {brand.slug: brand.name for brand in known.values()}
    seen = inbox.newest_mention()  # before the rows: a message that comes between is announced, not missed
    counts = inbox.count(user, chosen, brands=known)
    listed = inbox.page(user, chosen, counts=counts, brands=known)
    query = chosen.query()
    mine = access.brands_for(user).filter(slug__in=chosen.brand) if chosen.brand else access.brands_for(user)
    named = topics.names(list(mine.values_list("pk", flat=True)))
    context = {
        "filter": chosen,
        "pairs": [pair for pair in QueryDict(query).lists() if pair[0] != "q"],
        "query": query,
        "lines": lines(listed.rows, query=chosen.here(), name_brand=len(brands) > 1 and len(chosen.brand) != 1),
        "next": f"?{query}{'&' if query else ''}after={listed.next}" if listed.next else "",
        "total": counts.total,
        "urgency": {"now": counts.facets["urgency"].get("3", 0), "today": counts.facets["urgency"].get("2", 0)}
        if counts.facets
        else None,
        "tabs": panel.tabs(chosen, counts),
        "groups": panel.groups(chosen, counts, brands, named, inbox.about(user, chosen) if named else {}),
        "chips": panel.chips(chosen, brands, named),
        "sorts": [(name, panel.href(replace(chosen, sort=name, after=""))) for name in inbox.SORTS],
        "plain": panel.href(inbox.Filter(tab=chosen.tab)),
        "colleagues": colleagues.beside(user),
        "snoozes": snooze.CHOICES,
        "registers": RegisterChoice.choices,
        "view": views_saved.of(user).filter(query=query).first() if query else None,
        "seen": seen,
        "most": decide.MOST_AT_ONCE,
    }
    if not listed.rows and not chosen.after:
        context["of"] = inbox.count(user, inbox.Filter(tab=chosen.tab), brands=known).total.n
        context["anything"] = Conversation.objects.exists()
    return render(request, "inbox.html", context)


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """One decision about all the selected conversations, or about everything a filter shows (at most 500)."""
    user = person(request)
    numbers = _selected(request, user)
    verb, _colon, value = request.POST.get("do", "").partition(":")
    if verb not in _DECISIONS:
        return HttpResponseBadRequest()
    if not numbers:
        messages.info(request, _("Nothing is selected."))
        return redirect(back_to(request, reverse("inbox")))
    try:
        _DECISIONS[verb](request, user, numbers, value)
    except (KeyError, ValueError, User.DoesNotExist):
        return HttpResponseBadRequest()
    return redirect(back_to(request, reverse("inbox")))


def _selected(request: HttpRequest, user: User) -> list[int]:
    if request.POST.get("whole"):
        chosen = inbox.Filter.parse(QueryDict(request.POST.get("query", "")))
        return [row.pk for row in inbox.page(user, chosen, size=decide.MOST_AT_ONCE).rows]
    given = [int(number) for number in request.POST.getlist("chosen") if number.isdecimal() and len(number) < 19]
    return list(access.conversations_for(user).filter(pk__in=given[: decide.MOST_AT_ONCE]).values_list("pk", flat=True))


def _done(request: HttpRequest, user: User, numbers: Sequence[int], value: str) -> None:
    before = decide.set_status(user, numbers, Conversation.Status.RESOLVED)
    words = ngettext("%(n)d conversation done", "%(n)d conversations done", len(before)) % {"n": len(before)}
    undo.offer(request, words, before)


def _open(request: HttpRequest, user: User, numbers: Sequence[int], value: str) -> None:
    before = decide.set_status(user, numbers, Conversation.Status.OPEN)
    words = ngettext("%(n)d conversation open again", "%(n)d conversations open again", len(before)) % {
        "n": len(before)
    }
    undo.offer(request, words, before)


def _snooze(request: HttpRequest, user: User, numbers: Sequence[int], value: str) -> None:
    until = snooze.until(value, timezone.localtime(clock.now()))
    before = decide.set_status(user, numbers, Conversation.Status.SNOOZED, until=until)
    words = ngettext("%(n)d conversation snoozed", "%(n)d conversations snoozed", len(before)) % {"n": len(before)}
    undo.offer(request, words, before)


def _assign(request: HttpRequest, user: User, numbers: Sequence[int], value: str) -> None:
    if value == "none":
        before = decide.assign(user, numbers, None)
        words = ngettext("%(n)d conversation with nobody", "%(n)d conversations with nobody", len(before))
        undo.offer(request, words % {"n": len(before)}, before)
        return
    colleague = user if value == "me" else User.objects.get(pk=int(value), is_active=True)
    before = decide.assign(user, numbers, colleague)
    words = ngettext("%(n)d conversation with %(name)s", "%(n)d conversations with %(name)s", len(before))
    undo.offer(request, words % {"n": len(before), "name": colleague}, before)


def _register(request: HttpRequest, user: User, numbers: Sequence[int], value: str) -> None:
    heads = access.conversations_for(user).filter(pk__in=numbers).values_list("head", flat=True)
    corrections: list[Correction] = []
    for mention in Mention.objects.filter(pk__in=list(heads)).select_related("brand"):
        correction = decide.correct(user, mention, "register", value)
        corrections += [correction] if correction else []
    words = ngettext("%(n)d message corrected", "%(n)d messages corrected", len(corrections)) % {"n": len(corrections)}
    undo.offer(request, words, corrections=corrections)


def _relevant(request: HttpRequest, user: User, numbers: Sequence[int], value: str) -> None:
    about = {"yes": True, "no": False}[value]
    heads = access.conversations_for(user).filter(pk__in=numbers).values_list("head", flat=True)
    corrections: list[Correction] = []
    for mention in Mention.objects.filter(pk__in=list(heads)).select_related("brand"):
        correction = decide.correct(user, mention, "relevant", about)
        corrections += [correction] if correction else []
    if about:
        words = ngettext("%(n)d message is about us", "%(n)d messages are about us", len(corrections))
    else:
        words = ngettext("%(n)d message is not about us", "%(n)d messages are not about us", len(corrections))
    undo.offer(request, words % {"n": len(corrections)}, corrections=corrections)


_DECISIONS: dict[str, Callable[[HttpRequest, User, Sequence[int], str], None]] = {
    "done": _done,
    "open": _open,
    "snooze": _snooze,
    "assign": _assign,
    "register": _register,
    "relevant": _relevant,
}


@require_POST
def save_view(request: HttpRequest) -> HttpResponse:
    try:
        view = views_saved.save(
            person(request),
            request.POST.get("name", ""),
            request.POST.get("query", ""),
            shared="shared" in request.POST,
        )
    except ValueError:
        messages.error(request, _("A view needs a name."))
        return redirect(back_to(request, reverse("inbox")))
    messages.success(request, _("View “%(name)s” saved.") % {"name": view.name})
    return redirect(f"{reverse('inbox')}?{view.query}")


@require_POST
def delete_view(request: HttpRequest, number: int) -> HttpResponse:
    name = views_saved.delete(person(request), number)
    messages.success(request, _("View “%(name)s” deleted.") % {"name": name})
    return redirect(back_to(request, reverse("inbox")))
