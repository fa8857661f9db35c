"""Tokens that let programs in: 256 random bits, shown once, kept as a digest, narrowed by scopes.

A plain SHA-256 is enough for a digest here: what is random cannot be guessed from it, unlike a password.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from octavo.kit import clock
from octavo.people import audit
from octavo.people.models import ApiToken, User

PREFIX = "octavo_"
"""Begins every token, so that scanners find one that was published by mistake."""

USE_NOTED_EVERY = timedelta(minutes=1)


class Scope(models.TextChoices):
    """What a token may do. Each is one permission; none contains another."""

    MESSAGES_READ = "messages:read", _("Read messages and their readings")
    MESSAGES_WRITE = "messages:write", _("Send messages in")
    READINGS_CREATE = "readings:create", _("Have texts read without keeping them")
    CONVERSATIONS_READ = "conversations:read", _("See conversations")
    CONVERSATIONS_WRITE = "conversations:write", _("Change status and assignee of conversations")
    SOURCES_READ = "sources:read", _("See sources and how they are")
    SOURCES_WRITE = "sources:write", _("Pause and resume sources")


FOR_ADMINISTRATORS = frozenset({Scope.SOURCES_WRITE})
"""Scopes that count only while the token's owner is an administrator."""


def create(user: User, *, name: str, scopes: Iterable[str], expires_at: datetime | None = None) -> tuple[ApiToken, str]:
    """A new token and its text, which cannot be had again. Raises `ValueError` for an unknown scope, or none."""
    chosen = sorted({Scope(scope) for scope in scopes})
    if not chosen:
        raise ValueError("a token needs a scope")
    text = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        token = ApiToken.objects.create(
            user=user,
            name=name,
            digest=_digest(text),
            hint=text[len(PREFIX) :][:4],
            scopes=[str(scope) for scope in chosen],
            expires_at=expires_at,
        )
        audit.log(user, "created token", kind="token", object_id=token.pk, name=name, scopes=token.scopes)
    return token, text


def visible_to(user: User) -> models.QuerySet[ApiToken]:
    """One's own tokens; for an administrator those of everybody, who may have to end them."""
    found = ApiToken.objects.select_related("user")
    return found if user.is_admin else found.filter(user=user)


def revoke(user: User, token: ApiToken) -> None:
    """End a token at once."""
    with transaction.atomic():
        token_id = token.pk
        token.delete()
        audit.log(user, "revoked token", kind="token", object_id=token_id, name=token.name)


def find(text: str) -> ApiToken | None:
    """The token with this text, if it is one that works now: not expired, its owner active. Notes that it was used."""
    if not text.startswith(PREFIX) or len(text) > 200:
        return None
    digest = _digest(text)
    now = clock.now()
    token = ApiToken.objects.select_related("user").filter(digest=digest, user__is_active=True).first()
    if token is None or not hmac.compare_digest(bytes(token.digest), digest):
        return None
    if token.expires_at is not None and token.expires_at <= now:
        return None
    if token.last_used_at is None or token.last_used_at < now - USE_NOTED_EVERY:
        # At most one write a minute, however busy the token is.
        due = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
        ApiToken.objects.filter(due, pk=token.pk).update(last_used_at=now)
    return token


def allows(token: ApiToken, scope: Scope) -> bool:
    """Whether the token may do this, by its scopes and its owner's rights today."""
    return scope in token.scopes and (token.user.is_admin or scope not in FOR_ADMINISTRATORS)


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "replace")).digest()
