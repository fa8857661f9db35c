"""One-time links: the first administrator, colleagues who are invited, and a forgotten password.

A link is an address with a random token in it, shown once to the one who makes it and kept as a digest only. It works
once, for a limited time; making another one for the same purpose ends the earlier ones.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from hashlib import sha256

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from octavo.kit import clock
from octavo.people import audit
from octavo.people.models import SetupLink, User

FIRST_LASTS = PASSWORD_LASTS = timedelta(hours=24)
INVITATION_LASTS = timedelta(days=7)
"""A colleague may be away for a weekend; the other two are used at once."""


class AlreadySetUp(Exception):
    """There is an administrator already: colleagues are invited by one, on the page "People"."""


class AddressTaken(ValueError):
    """A colleague with this e-mail address exists, maybe deactivated. Trying again does not help."""


class LinkGone(Exception):
    """The link is unknown, used, replaced by a newer one or too old; which of these is nobody's business."""


def has_administrator() -> bool:
    return User.objects.filter(is_admin=True, is_active=True).exists()


def make_link(base_url: str) -> str:
    """The address at which the first administrator is made. Raises `AlreadySetUp`."""
    if has_administrator():
        raise AlreadySetUp
    return _make(base_url, SetupLink(kind=SetupLink.Kind.FIRST, expires_at=clock.now() + FIRST_LASTS))


def invite(inviter: User, email: str, *, is_admin: bool, base_url: str) -> str:
    """The address at which a colleague chooses name and password. Raises `AddressTaken`."""
    email = User.objects.normalize_email(email).lower()
    if User.objects.filter(email=email).exists():
        raise AddressTaken(email)
    link = SetupLink(
        kind=SetupLink.Kind.INVITATION,
        email=email,
        is_admin=is_admin,
        made_by=inviter,
        expires_at=clock.now() + INVITATION_LASTS,
    )
    with transaction.atomic():
        address = _make(base_url, link)
        audit.log(inviter, "invited", kind="invitation", object_id=link.pk, email=email, is_admin=is_admin)
    return address


def offer_password(admin: User, user: User, *, base_url: str) -> str:
    """The address at which `user` chooses a new password."""
    link = SetupLink(kind=SetupLink.Kind.PASSWORD, user=user, made_by=admin, expires_at=clock.now() + PASSWORD_LASTS)
    with transaction.atomic():
        address = _make(base_url, link)
        audit.log(admin, "offered password", kind="person", object_id=user.pk)
    return address


def invitations() -> QuerySet[SetupLink]:
    """Invitations nobody has accepted yet."""
    return SetupLink.objects.filter(
        kind=SetupLink.Kind.INVITATION, used_at__isnull=True, expires_at__gt=clock.now()
    ).order_by("-created_at")


def withdraw_invitation(admin: User, number: int) -> None:
    """Make an invitation's link useless; nothing happens where it already is."""
    with transaction.atomic():
        gone, _ = invitations().filter(pk=number).delete()
        if gone:
            audit.log(admin, "withdrew invitation", kind="invitation", object_id=number)


def find(token: str) -> SetupLink:
    """The link this token opens. Raises `LinkGone`."""
    return _usable(SetupLink.objects.select_related("user", "made_by"), token)


def accept(token: str, *, password: str, name: str = "", email: str = "", language: str = "") -> User:
    """Use a link up: make the person it stands for, or give them their new password. Raises `LinkGone`, `AddressTaken`.

    `email` counts only for the first administrator; an invitation names its own.
    """
    with transaction.atomic():
        link = _usable(SetupLink.objects.select_for_update(), token)
        link.used_at = clock.now()
        link.save(update_fields=["used_at"])
        if link.kind == SetupLink.Kind.PASSWORD:
            assert link.user is not None  # the database holds it so
            user = User.objects.select_for_update().get(pk=link.user.pk)
            user.set_password(password)
            user.save(update_fields=["password"])
            audit.log(user, "set password", kind="person", object_id=user.pk)
            return user
        is_first = link.kind == SetupLink.Kind.FIRST
        email = User.objects.normalize_email(email if is_first else link.email).lower()
        if User.objects.filter(email=email).exists():
            raise AddressTaken(email)
        user = User.objects.create_user(
            email, password, name=name, language=language, is_admin=is_first or link.is_admin
        )
        audit.log(user, "joined", kind="person", object_id=user.pk, is_admin=user.is_admin)
    return user


def _make(base_url: str, link: SetupLink) -> str:
    token = secrets.token_urlsafe(32)
    link.digest = _digest(token)
    with transaction.atomic():
        SetupLink.objects.filter(kind=link.kind, email=link.email, user=link.user, used_at__isnull=True).delete()
        link.save()
    return base_url.rstrip("/") + reverse("welcome", args=[token])


def _usable(links: QuerySet[SetupLink], token: str) -> SetupLink:
    digest = _digest(token)
    link = links.filter(digest=digest, used_at__isnull=True, expires_at__gt=clock.now()).first()
    if link is None or not hmac.compare_digest(bytes(link.digest), digest):
        raise LinkGone
    if link.kind == SetupLink.Kind.FIRST and has_administrator():
        raise LinkGone
    if link.user is not None and not link.user.is_active:
        raise LinkGone
    return link


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "replace")).digest()
