"""The only door to brands, conversations and mentions for a person: what is not theirs does not exist.

Every signed-in colleague sees every brand; administrators may change brands and sources. When teams come, they come here.
"""

from __future__ import annotations

from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404

from octavo.conversations.models import Brand, Conversation, Mention, Story
from octavo.people.models import User

M = TypeVar("M", bound=Model)


def brands_for(user: User) -> QuerySet[Brand]:
    return Brand.objects.all() if user.is_active else Brand.objects.none()


def sees_every_brand(user: User) -> bool:
    """Whether sums over everything are theirs to see."""
    return user.is_active


def conversations_for(user: User) -> QuerySet[Conversation]:
    return Conversation.objects.all() if user.is_active else Conversation.objects.none()


def mentions_for(user: User) -> QuerySet[Mention]:
    return Mention.objects.all() if user.is_active else Mention.objects.none()


def stories_for(user: User) -> QuerySet[Story]:
    """Seeds, which nobody is shown, are among them: `story_for` finds none."""
    return Story.objects.all() if user.is_active else Story.objects.none()


def brand_for(user: User, slug: str) -> Brand:
    """Raises `Http404`."""
    return _one(brands_for(user), slug=slug)


def get_for(user: User, number: int) -> Conversation:
    """A conversation by its number. Raises `Http404`."""
    return _one(conversations_for(user).select_related("brand", "assignee", "author"), pk=number)


def mention_for(user: User, number: int) -> Mention:
    """A mention by its number. Raises `Http404`."""
    return _one(mentions_for(user).select_related("brand", "author"), pk=number)


def story_for(user: User, number: int) -> Story:
    """A story by its number. Raises `Http404`."""
    return _one(stories_for(user).exclude(state=Story.State.SEED).select_related("brand"), pk=number)


def must_administer(user: User) -> None:
    """Raises `PermissionDenied` where the person is no administrator."""
    if not user.is_admin:
        raise PermissionDenied


def _one(queryset: QuerySet[M], **lookup: Any) -> M:
    found = queryset.filter(**lookup).first()
    if found is None:
        raise Http404
    return found
