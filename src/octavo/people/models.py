"""User, the one-time link that makes the first of them, API tokens, and the audit trail."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from octavo.kit import clock


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """A colleague. Signs in by e-mail address; `is_admin` may change brands, sources and settings."""

    class Theme(models.TextChoices):
        SYSTEM = "system", _("As my system")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    is_admin = models.BooleanField(_("administrator"), default=False)
    language = models.CharField(_("language"), max_length=2, blank=True, choices=settings.LANGUAGES)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    theme = models.CharField(_("theme"), max_length=6, choices=Theme.choices, default=Theme.SYSTEM)
    letter_keys = models.BooleanField(_("single-letter keys"), default=True)
    alert_sound = models.BooleanField(_("a tone when an alert rings"), default=False)
    created_at = models.DateTimeField(default=clock.now)

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    def __str__(self) -> str:
        return self.name or self.email


class SetupLink(models.Model):
    """A one-time way in, kept as a digest. Used once, or out of date after `expires_at`.

    `first` makes the first administrator, `invitation` a colleague with the address and rights named here, `password`
    lets `user` choose a new password.
    """

    class Kind(models.TextChoices):
        FIRST = "first"
        INVITATION = "invitation"
        PASSWORD = "password"  # noqa: S105 a kind of link

    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.FIRST)
    digest = models.BinaryField(unique=True)
    email = models.EmailField(_("e-mail address"), blank=True)
    is_admin = models.BooleanField(_("administrator"), default=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["first", "invitation", "password"]), name="setup_link_kind"),
            models.CheckConstraint(condition=~Q(kind="password") | Q(user__isnull=False), name="setup_link_of_whom"),
            models.CheckConstraint(condition=~Q(kind="invitation") | ~Q(email=""), name="setup_link_for_whom"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} until {self.expires_at:%Y-%m-%d %H:%M}"


class ApiToken(models.Model):
    """Lets a program in. The token is shown once and kept as a digest; `scopes` are those of `tokens.Scope`."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    name = models.CharField(_("name"), max_length=80)
    digest = models.BinaryField(unique=True)
    hint = models.CharField(max_length=8)
    scopes = ArrayField(models.CharField(max_length=30))
    created_at = models.DateTimeField(default=clock.now)
    last_used_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint})"


class TokenWindow(models.Model):
    """How many requests a token has made in the minute that ends at `ends_at`. Written by `site.api.ratelimit`."""

    token = models.OneToOneField(ApiToken, on_delete=models.CASCADE, primary_key=True, related_name="+")
    ends_at = models.DateTimeField()
    used = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.used} until {self.ends_at:%H:%M:%S}"


class Event(models.Model):
    """One line of the audit trail: who did what to what, when. Append-only: a trigger refuses changes."""

    at = models.DateTimeField(default=clock.now, db_index=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.DO_NOTHING, db_constraint=False)
    action = models.CharField(max_length=60)
    kind = models.CharField(max_length=30)
    object_id = models.BigIntegerField(null=True)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["kind", "object_id", "-at"], name="event_of_object")]

    def __str__(self) -> str:
        return f"{self.action} {self.kind} {self.object_id}"
