"""A brand's own topics on its pages: made, tried on what came in, renamed, deleted and brought back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from octavo.conversations import access, topics
from octavo.conversations import undo as offers
from octavo.conversations.brand_forms import TopicForm
from octavo.conversations.models import Brand, Mention, Topic
from octavo.people import person
from octavo.understand import EncoderUnavailable, Tier, subject
from octavo.understand import topics as understood
from octavo.vocabulary import BrandProfile, Post, TopicProfile

TRIED_ON = 200
"""The latest messages of the public that a topic is tried on."""

_SALT = "octavo.topic.undo"


@dataclass(frozen=True, slots=True)
class Line:
    """A topic as the brand's page lists it; `messages` is how many speak of it."""

    topic: Topic
    messages: int


@dataclass(frozen=True, slots=True)
class Match:
    """A message a topic would get; `by_words` where a word of the topic stands in it, else it is like the examples. `known`
    says that it has the topic already."""

    mention: Mention
    by_words: bool
    known: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """What a topic would match of the brand's latest `looked_at` messages; `lost` are those that have it now and would not
    any more. `by_words_only` where the encoder is not to be had."""

    looked_at: int
    matches: Sequence[Match]
    lost: Sequence[Mention]
    by_words_only: bool


def listed(brand: Brand) -> list[Line]:
    sizes = topics.sizes(brand.pk)
    return [Line(topic, sizes.get(topic.pk, 0)) for topic in brand.topics.filter(deleted_at=None)]


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, slug: str, number: int | None = None) -> HttpResponse:
    """Define a topic, or change it; with `try` say only what it would match."""
    user = person.administrator(request)
    brand = access.brand_for(user, slug)
    topic = get_object_or_404(brand.topics.filter(deleted_at=None), pk=number) if number is not None else None
    form = TopicForm(request.POST or None, instance=topic, brand=brand)
    trial = None
    if request.method == "POST" and form.is_valid():
        if "try" in request.POST:
            trial = try_out(brand, form.instance)
        else:
            changed = bool(form.changed_data)
            saved = topics.save(user, form.save(commit=False)) if changed else form.instance
            messages.success(request, _("Saved."))
            renamed_only = set(form.changed_data) <= {"name"} and topic is not None
            return _back(saved.brand, changed=changed and not renamed_only)
    context = {
        "form": form,
        "brand": brand,
        "topic": brand.topics.get(pk=number) if number is not None else None,
        "trial": trial,
        "tried_on": TRIED_ON,
        "fast": Tier(settings.OCTAVO_OPTIONS.worker_tier) is Tier.FAST,
    }
    return render(request, "brand/topic.html", context, status=422 if form.errors else 200)


def try_out(brand: Brand, topic: Topic) -> Trial:
    """What the topic, as it stands there unsaved, would match."""
    latest = Mention.objects.filter(brand=brand, own=False, deleted_at=None).select_related("author").defer("search")
    mentions = list(latest.order_by("-published_at", "-pk")[:TRIED_ON])
    posts = [Post(mention.channel, str(mention.pk), mention.text, subject=mention.subject) for mention in mentions]
    profile = TopicProfile(topic.name, tuple(topic.words), tuple(topic.examples))
    by_words = understood.find(posts, BrandProfile(topics=(profile,)))
    found, by_words_only = by_words, False
    if topic.examples:
        try:
            vectors = subject.vectors([post.text for post in posts])
            found = understood.find(posts, BrandProfile(topics=(profile,)), vectors)
        except EncoderUnavailable:
            by_words_only = True
    have = topics.of([mention.pk for mention in mentions]) if topic.pk is not None else {}
    known = {number for number, named in have.items() if topic.pk in {each.pk for each in named}}
    rows = list(zip(mentions, by_words, found, strict=True))
    return Trial(
        looked_at=len(mentions),
        matches=[Match(mention, bool(named), mention.pk in known) for mention, named, alike in rows if alike],
        lost=[mention for mention, _named, alike in rows if mention.pk in known and not alike],
        by_words_only=by_words_only,
    )


@require_POST
def delete(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    user = person.administrator(request)
    brand = access.brand_for(user, slug)
    topic = get_object_or_404(brand.topics.filter(deleted_at=None), pk=number)
    topics.delete(user, topic)
    words = _("The topic “%(name)s” is deleted.") % {"name": topic.name}
    token = signing.dumps([user.pk, topic.pk], salt=_SALT)
    offers.keep(request, words, token, address=reverse("topic-undo", args=[brand.slug]))
    return _back(brand, changed=False)


@require_POST
def undo(request: HttpRequest, slug: str) -> HttpResponse:
    """Bring back what `delete` took."""
    user = person.administrator(request)
    brand = access.brand_for(user, slug)
    try:
        owner, number = signing.loads(request.POST.get("before", ""), salt=_SALT, max_age=offers.GRACE)
    except signing.BadSignature:
        owner, number = None, 0
    if owner == user.pk and topics.bring_back(user, brand.pk, number) is not None:
        messages.success(request, _("Undone."))
    else:
        messages.error(request, _("Too late to undo that."))
    return _back(brand, changed=False)


def _back(brand: Brand, *, changed: bool) -> HttpResponse:
    return redirect(f"{reverse('brand', args=[brand.slug])}{'?changed' if changed else ''}#topics")
