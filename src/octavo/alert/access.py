"""The only door to alerts, rules and hooks for a person: they are seen by whoever sees their brand."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import Http404

from octavo.alert.models import Alert, Delivery, Device, Handover, Hook, Rule, Shift
from octavo.conversations import access
from octavo.conversations.models import Brand
from octavo.people.models import User

M = TypeVar("M", bound=Model)


def alerts_for(user: User) -> QuerySet[Alert]:
    return Alert.objects.filter(brand__in=access.brands_for(user)).select_related("brand", "rule", "owner")


def rules_for(user: User) -> QuerySet[Rule]:
    return Rule.objects.filter(brand__in=access.brands_for(user)).select_related("brand")


def hooks_for(user: User) -> QuerySet[Hook]:
    return Hook.objects.filter(brand__in=access.brands_for(user)).select_related("brand")


def deliveries_for(user: User) -> QuerySet[Delivery]:
    return Delivery.objects.filter(alert__brand__in=access.brands_for(user))


def alert_for(user: User, number: int) -> Alert:
    """An alert by its number. Raises `Http404`."""
    return _one(alerts_for(user), number)


def rule_for(user: User, number: int) -> Rule:
    """A rule by its number. Raises `Http404`."""
    return _one(rules_for(user), number)


def hook_for(user: User, number: int) -> Hook:
    """A hook by its number. Raises `Http404`."""
    return _one(hooks_for(user), number)


def shift_for(user: User, number: int) -> Shift:
    """A line of a rota by its number. Raises `Http404`."""
    found = Shift.objects.filter(rota__brand__in=access.brands_for(user)).select_related("rota__brand", "person")
    return _one(found, number)


def handover_for(user: User, number: int) -> Handover:
    """A hand-over by its number. Raises `Http404`."""
    return _one(Handover.objects.filter(rota__brand__in=access.brands_for(user)).select_related("rota__brand"), number)


def device_for(user: User, number: int) -> Device:
    """One's own device by its number. Raises `Http404`."""
    return _one(Device.objects.filter(person=user), number)


def colleagues_of(brand: Brand) -> list[User]:
    """Everybody who sees a brand, and so may have its alerts."""
    return [
        user for user in User.objects.filter(is_active=True) if access.brands_for(user).filter(pk=brand.pk).exists()
    ]


def _one(queryset: QuerySet[M], number: int) -> M:
    found = queryset.filter(pk=number).first()
    if found is None:
        raise Http404
    return found
