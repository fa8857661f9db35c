"""Pages of stories: the list, and one of them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from octavo.conversations import access, story_list, story_shape
from octavo.conversations.models import Story, StoryEvent
from octavo.people.asking import person


@require_safe
def stories_page(request: HttpRequest) -> HttpResponse:
    user = person(request)
    chosen = story_list.Filter.parse(request.GET)
    rows, more = story_list.page(user, chosen)
    context = {
        "rows": rows,
        "next": more,
        "filter": chosen,
        "total": story_list.count(user, chosen),
        "periods": [(name, chosen.query(period=name)) for name in story_list.PERIODS],
        "brands": dict(access.brands_for(user).values_list("slug", "name")),
        "plain": story_list.Filter(period=chosen.period).query(),
        "others": {
            name: story_list.count(user, story_list.Filter(period=name, brand=chosen.brand))
            for name in story_list.PERIODS
            if not rows
        },
    }
    return render(request, "story/stories.html", context)


@require_safe
def story_page(request: HttpRequest, number: int) -> HttpResponse:
    """A story that has merged leads to what it is part of now."""
    user = person(request)
    story = access.story_for(user, number)
    if story.merged_into_id:
        return redirect("story", story.merged_into_id)
    after = request.GET.get("after", "")[:60]
    said, more = story_shape.page(story, after)
    context = {
        "story": story,
        "first": story_shape.first(story),
        "shape": story_shape.of(story),
        "negative_share": story.negative / max(story.messages, 1),
        "said": said,
        "next": more,
        "after": after,
        "history": [(event.at, said_of(event)) for event in story.events.order_by("-at", "-pk")[:100]],
        "merged": Story.objects.filter(merged_into=story).order_by("-first_at")[:20],
    }
    return render(request, "story/story.html", context)


def said_of(event: StoryEvent) -> str:
    """A line of a story's history in words."""
    detail = event.detail
    if event.action in ("merged", "took in", "split", "split off"):
        words = {
            "merged": _("became part of story %(story)s, with %(n)s messages"),
            "took in": _("took in story %(story)s, with %(n)s messages"),
            "split": _("%(n)s messages left it and became story %(story)s"),
            "split off": _("left story %(story)s, with %(n)s messages"),
        }[event.action]
        return words % {"story": detail["story"], "n": detail["messages"]}
    return {"began": _("a second message made it a story"), "over": _("silent for a week: it is over")}[event.action]
