"""Source: one thing that is followed; Reject: one item that could not be taken; FileImport: one file on its way in."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from octavo.conversations.models import Brand
from octavo.kit import clock


class Source(models.Model):
    """What is followed on a channel for a brand, with its cursor and its health.

    `settings` are those of the channel; `secret` holds what must not be read, encrypted (`secrets`). `dedicated` says that
    everything from here is addressed to the brand, so that its relevance is not in question. `failing_since` is null
    while the source delivers; `trouble` is a `channels.Trouble`.
    """

    class State(models.TextChoices):
        ACTIVE = "active", pgettext_lazy("source", "Active")
        PAUSED = "paused", pgettext_lazy("source", "Paused")

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="sources", verbose_name=_("brand"))
    channel = models.CharField(_("channel"), max_length=40)
    name = models.CharField(_("name"), max_length=120)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    dedicated = models.BooleanField(_("everything from here is about the brand"), default=False)
    settings = models.JSONField(default=dict)
    secret = models.BinaryField(null=True)
    cursor = models.JSONField(default=dict)
    every = models.DurationField(_("how often"), null=True)
    next_at = models.DateTimeField(null=True)

    created_at = models.DateTimeField(default=clock.now)
    last_try_at = models.DateTimeField(null=True)
    last_success_at = models.DateTimeField(null=True)
    last_post_at = models.DateTimeField(null=True)
    last_delay = models.DurationField(null=True)
    posts_count = models.BigIntegerField(default=0)
    rejects_count = models.BigIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=30, blank=True)
    trouble_detail = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("brand", "name", name="source_name_once"),
            models.CheckConstraint(condition=Q(state__in=["active", "paused"]), name="source_state"),
        ]
        indexes = [models.Index(fields=["next_at"], condition=Q(state="active", next_at__isnull=False), name="source_due")]

    def __str__(self) -> str:
        return self.name


class RejectedItem(models.Model):
    """One item that a source or a file gave and that could not be taken, with the reason. The latest are kept."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="rejected")
    place = models.CharField(max_length=120)
    reason = models.CharField(max_length=300)
    excerpt = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-id"]


class FileImport(models.Model):
    """One file on its way in, resumable: `position` is where the next batch begins."""

    class State(models.TextChoices):
        MAPPING = "mapping", pgettext_lazy("import", "Waiting for you to check the columns")
        RUNNING = "running", pgettext_lazy("import", "Running")
        DONE = "done", pgettext_lazy("import", "Done")
        FAILED = "failed", pgettext_lazy("import", "Stopped")

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="imports", null=True)
    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, null=True)
    path = models.CharField(max_length=1000)
    filename = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    options = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.MAPPING)
    position = models.JSONField(null=True)
    total_bytes = models.BigIntegerField(default=0)
    read_bytes = models.BigIntegerField(default=0)
    new_count = models.BigIntegerField(default=0)
    known_count = models.BigIntegerField(default=0)
    rejects_count = models.BigIntegerField(default=0)
    trouble = models.CharField(max_length=500, blank=True)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(default=clock.now)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
