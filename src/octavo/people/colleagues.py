"""Who works here: letting colleagues in and out, and who administers. There is always one administrator."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from octavo.people import audit
from octavo.people.models import SetupLink, User


class LastAdministrator(Exception):
    """Somebody has to be able to let others in: the last administrator stays one, and stays active."""


MOST_OFFERED = 50


def beside(user: User) -> QuerySet[User]:
    """Those to whom one can give something, by name."""
    others = User.objects.filter(is_active=True).exclude(pk=user.pk)
    return others.only("name", "email").order_by("name", "email")[:MOST_OFFERED]


def set_active(admin: User, user: User, *, active: bool) -> None:
    """Let a colleague in or out. Raises `LastAdministrator`.

    Out at once: their sessions, their tokens and the invitations they made stop working; what they did stays.
    """
    with transaction.atomic():
        user = _locked(user)
        if user.is_active == active:
            return
        if not active:
            _keep_one_administrator(user)
            SetupLink.objects.filter(made_by=user, used_at__isnull=True).delete()
        user.is_active = active
        user.save(update_fields=["is_active"])
        audit.log(admin, "reactivated" if active else "deactivated", kind="person", object_id=user.pk)


def set_admin(admin: User, user: User, *, is_admin: bool) -> None:
    """Make a colleague an administrator, or no longer. Raises `LastAdministrator`."""
    with transaction.atomic():
        user = _locked(user)
        if user.is_admin == is_admin:
            return
        if not is_admin:
            _keep_one_administrator(user)
        user.is_admin = is_admin
        user.save(update_fields=["is_admin"])
        audit.log(admin, "made administrator" if is_admin else "unmade administrator", kind="person", object_id=user.pk)


def _locked(user: User) -> User:
    # All administrators in one order: two of them who dismiss each other at the same moment must not both succeed.
    locked = {row.pk: row for row in User.objects.select_for_update().filter(is_admin=True).order_by("pk")}
    return locked.get(user.pk) or User.objects.select_for_update().get(pk=user.pk)


def _keep_one_administrator(user: User) -> None:
    others = User.objects.filter(is_admin=True, is_active=True).exclude(pk=user.pk)
    if user.is_admin and user.is_active and not others.exists():
        raise LastAdministrator
