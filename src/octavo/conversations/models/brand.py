"""A brand, what it is called and declares, the topics it follows; and how it is taken out."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from octavo.kit import clock


class Brand(models.Model):
    """A brand people speak for. `languages` are ISO 639-1 codes it expects; `is_demo` marks the one that can be removed whole."""

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(max_length=140, unique=True)
    about = models.TextField(_("about"), blank=True, help_text=_("What it offers, in a sentence or two."))
    languages = ArrayField(models.CharField(max_length=2), default=list, blank=True)
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("name"), name="brand_name_once")]

    def __str__(self) -> str:
        return self.name


class BrandName(models.Model):
    """One way people name a brand. A name with `context` counts only beside one of those words."""

    class Kind(models.TextChoices):
        NAME = "name", _("Name")
        HANDLE = "handle", _("Handle")
        PRODUCT = "product", _("Product")

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="names")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.NAME)
    text = models.CharField(_("as people write it"), max_length=120)
    context = ArrayField(models.CharField(max_length=60), default=list, blank=True)

    class Meta:
        ordering = ["kind", "text"]
        constraints = [models.UniqueConstraint("brand", "kind", Lower("text"), name="brand_name_text_once")]

    def __str__(self) -> str:
        return self.text


class Campaign(models.Model):
    """A communication the brand declared, so that echoes of it are recognised."""

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="campaigns")
    name = models.CharField(_("name"), max_length=120)
    hashtags = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    slogans = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    links = ArrayField(models.CharField(max_length=300), default=list, blank=True)
    starts_on = models.DateField(_("starts on"), null=True, blank=True)
    ends_on = models.DateField(_("ends on"), null=True, blank=True)

    class Meta:
        ordering = ["-starts_on", "name"]
        constraints = [
            models.UniqueConstraint("brand", Lower("name"), name="campaign_name_once"),
            models.CheckConstraint(
                condition=Q(starts_on__isnull=True) | Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="campaign_ends_after_start",
                violation_error_message=_("A campaign ends after it starts."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Topic(models.Model):
    """A subject the brand follows: words that name it, and messages that are about it. `slug` stays when it is renamed.

    One that was deleted lies in wait of an undo, with what it matched, until `topics.clear` takes it away.
    """

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="topics")
    name = models.CharField(_("name"), max_length=80)
    slug = models.SlugField(max_length=90)
    words = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    examples = ArrayField(models.TextField(), default=list, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    deleted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                "brand", Lower("name"), condition=Q(deleted_at__isnull=True), name="topic_name_once"
            ),
            models.UniqueConstraint("brand", "slug", name="topic_slug_once"),
        ]

    def __str__(self) -> str:
        return self.name


class BrandErasure(models.Model):
    """A brand that is being taken out: of `total` conversations so many are `gone`. Goes with the brand."""

    brand = models.OneToOneField(Brand, on_delete=models.CASCADE, primary_key=True, related_name="erasure")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField(default=clock.now)
    total = models.PositiveIntegerField()
    gone = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.brand_id}: {self.gone} of {self.total}"


class ErasedAuthor(models.Model):
    """Somebody who wrote to a brand that is being taken out; forgotten at its end, unless they wrote to another."""

    erasure = models.ForeignKey(BrandErasure, on_delete=models.CASCADE, related_name="authors", db_index=False)
    author = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["erasure", "author"], name="erased_author_once")]

    def __str__(self) -> str:
        return f"{self.author} of {self.erasure_id}"
