"""Source: one thing that is followed; RejectedItem: one item that could not be taken; FileImport: one file on its way in;
Backlog: how far the second reading has come."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from octavo.conversations.models import Brand
from octavo.kit import clock


class Source(models.Model):
    """What is followed on a channel for a brand, with its cursor and its health.

    `settings` are those of the channel; `secret` holds what must not be read, encrypted (`vault`); `key` is the last part
    of a webhook's address. `dedicated` says that everything from here is addressed to the brand, so that its relevance is
    not in question. `brand` is null only for a file that holds messages of several. `failing_since` is null while the
    source delivers; `trouble` is a `channels.Trouble`.
    """

    class State(models.TextChoices):
        ACTIVE = "active", pgettext_lazy("source", "Active")
        PAUSED = "paused", pgettext_lazy("source", "Paused")

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    brand = models.ForeignKey(
        Brand, on_delete=models.CASCADE, related_name="sources", verbose_name=_("brand"), null=True
    )
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
            models.CheckConstraint(condition=Q(brand__isnull=False) | Q(channel="file"), name="source_has_brand"),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(state="active", next_at__isnull=False), name="source_due")
        ]

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
    """One file on its way in, resumable: `position` is where the next batch begins.

    `options` are those of `importing.Choices`, complete, so that the file is read the same way each time. `brand` is null
    where a column of the file names it; `brands_made` lists the brands it brought. `kept_here` says that the file is a
    copy of ours, to be removed when it has been read. `warnings` counts what was mended on the way.
    """

    class State(models.TextChoices):
        MAPPING = "mapping", pgettext_lazy("import", "Waiting for you to check the columns")
        RUNNING = "running", pgettext_lazy("import", "Running")
        DONE = "done", pgettext_lazy("import", "Done")
        FAILED = "failed", pgettext_lazy("import", "Stopped")

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="imports", null=True)
    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, null=True)
    path = models.CharField(max_length=1000)
    kept_here = models.BooleanField(default=False)
    filename = models.CharField(max_length=255)
    digest = models.CharField(max_length=64, db_index=True)
    options = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.MAPPING)
    position = models.JSONField(null=True)
    total_bytes = models.BigIntegerField(default=0)
    read_bytes = models.BigIntegerField(default=0)
    new_count = models.BigIntegerField(default=0)
    known_count = models.BigIntegerField(default=0)
    edited_count = models.BigIntegerField(default=0)
    rejects_count = models.BigIntegerField(default=0)
    warnings = models.JSONField(default=dict)
    brands_made = ArrayField(models.CharField(max_length=120), default=list)
    trouble = models.CharField(max_length=30, blank=True)
    trouble_detail = models.CharField(max_length=500, blank=True)
    seconds = models.FloatField(default=0)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(default=clock.now)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["mapping", "running", "done", "failed"]), name="import_state"
            ),
        ]

    def __str__(self) -> str:
        return self.filename

    @property
    def done(self) -> int:
        """Items of the file that have been dealt with."""
        return self.new_count + self.known_count + self.edited_count + self.rejects_count


class Backlog(models.Model):
    """How far the second reading by `model` has come: see `backlog`. `below` is null when nothing waits; `left` counts what
    waits, as of the last step."""

    model = models.CharField(max_length=40, unique=True)
    top = models.BigIntegerField(default=0)
    urgent_first = models.BooleanField(default=True)
    below = models.BigIntegerField(null=True)
    left = models.BigIntegerField(default=0)
