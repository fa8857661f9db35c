"""Saved views: filters of the inbox under a name, one's own or everybody's."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, QueryDict

from octavo.dispatch.inbox import Filter
from octavo.dispatch.models import SavedView
from octavo.people import audit
from octavo.people.models import User

MOST_SHOWN = 12


def of(user: User) -> QuerySet[SavedView]:
    """The views a person may open."""
    return SavedView.objects.filter(Q(owner=user) | Q(shared=True))


def save(user: User, name: str, query: str, *, shared: bool) -> SavedView:
    """Keep a filter under a name; the same name of the same person is replaced. Raises `ValueError` without a name."""
    name = " ".join(name.split())[:60]
    if not name:
        raise ValueError("a view needs a name")
    plain = Filter.parse(QueryDict(query)).query()[:1000]  # only what a filter knows is kept
    with transaction.atomic():
        view, _ = SavedView.objects.update_or_create(owner=user, name=name, defaults={"query": plain, "shared": shared})
        audit.log(user, "saved view", kind="view", object_id=view.pk, shared=shared)
    return view


def delete(user: User, number: int) -> str:
    """Forget one's own view, or as administrator a shared one; its name. Raises `Http404`."""
    mine = Q(owner=user) | Q(shared=True) if user.is_admin else Q(owner=user)
    view = SavedView.objects.filter(mine, pk=number).first()
    if view is None:
        raise Http404
    with transaction.atomic():
        audit.log(user, "deleted view", kind="view", object_id=view.pk)
        view.delete()
    return view.name
