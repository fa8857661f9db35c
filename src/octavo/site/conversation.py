"""The page of a conversation: rooms below give the parts, this page puts them side by side."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from octavo.conversations import access, snooze, stories, thread, trail
from octavo.dispatch import inbox, neighbours
from octavo.people import colleagues
from octavo.people.models import User


@require_safe
def page(request: HttpRequest, number: int) -> HttpResponse:
    assert isinstance(request.user, User)
    user = request.user
    conversation = access.get_for(user, number)
    chosen = inbox.Filter.parse(request.GET)
    tail = f"?{chosen.here()}" if chosen.here() else ""
    beside = neighbours.of(user, chosen, conversation)
    shown = thread.of(user, conversation, whole="whole" in request.GET)
    here = reverse("conversation", args=[number]) + tail
    back = f"{reverse('inbox')}{tail}#c{number}"
    following = reverse("conversation", args=[beside.next]) + tail if beside.next else back
    context = {
        "conversation": conversation,
        "thread": shown,
        "notes": conversation.notes.select_related("author"),
        "history": thread.history(user, conversation),
        "story": stories.of_conversations([conversation.pk]).get(conversation.pk),
        "trail": trail.of(conversation.pk, (message.mention.pk for message in shown.messages)),
        "back": back,
        "here": here,
        "following": following,
        "previous": reverse("conversation", args=[beside.previous]) + tail if beside.previous else "",
        "next": following if beside.next else "",
        "whole": f"{here}{'&' if tail else '?'}whole=1",
        "snoozes": snooze.CHOICES,
        "colleagues": colleagues.beside(user),
    }
    return render(request, "conversation.html", context)
