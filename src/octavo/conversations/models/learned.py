"""What people said against the model, and what was learnt from it for their brand."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from octavo.conversations.models.brand import Brand
from octavo.kit import clock


class Correction(models.Model):
    """A person's word against the model's, kept to learn from. `field` is one of register, sentiment, urgency, relevant."""

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE)
    mention = models.BigIntegerField(db_index=True)
    field = models.CharField(max_length=15)
    was = models.JSONField()
    now = models.JSONField()
    model = models.CharField(max_length=40)
    corrected_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(default=clock.now)
    withdrawn_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.field} of {self.mention}: {self.now}"


class LearnedModel(models.Model):
    """What a brand's corrections taught, once, and how it was tried (`understand.adapt.Trial`).

    `weights` is an `understand.adapt.Adaptation` as bytes, null where it was not kept or is long past; `base` the shipped
    model it adds to. Readings made with it carry `number`.
    """

    class Verdict(models.TextChoices):
        KEPT = "kept", _("Kept")
        TOO_FEW = "too_few", _("Too few corrections")
        NO_BETTER = "no_better", _("Not kept: no better")
        MOVES_OTHERS = "moves_others", _("Not kept: changes too much else")

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveIntegerField()
    base = models.CharField(max_length=40)
    made_at = models.DateTimeField(default=clock.now)
    verdict = models.CharField(max_length=15, choices=Verdict.choices)
    lessons = models.PositiveIntegerField()
    right_before = models.PositiveIntegerField(default=0)
    right_after = models.PositiveIntegerField(default=0)
    others = models.PositiveIntegerField(default=0)
    others_moved = models.PositiveIntegerField(default=0)
    weights = models.BinaryField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint("brand", "number", name="learned_model_once")]

    def __str__(self) -> str:
        return f"{self.base}, {self.lessons} corrections: {self.verdict}"


class BrandLearning(models.Model):
    """Whether and from when on Octavo learns from a brand's corrections, and where that stands. Written by `learning`.

    `due_at` is when to learn next; `touched_at` when a correction last came or went; `stale` says that messages are to be
    read again, because what is in use has changed. After a reset `former` and `former_reset_at` are what can be brought
    back.
    """

    brand = models.OneToOneField(Brand, on_delete=models.CASCADE, primary_key=True, related_name="learning")
    is_on = models.BooleanField(default=True)
    touched_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(null=True)
    stale = models.BooleanField(default=False)
    latest = models.ForeignKey(LearnedModel, null=True, on_delete=models.SET_NULL, related_name="+")
    reset_at = models.DateTimeField(null=True)
    former = models.ForeignKey(LearnedModel, null=True, on_delete=models.SET_NULL, related_name="+")
    former_reset_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"learning of {self.brand_id}"


class BrandContext(models.Model):
    """In which company a brand's names mean it, as people's "about us" and "not about us" taught it, how that was tried
    (`understand.adapt.Trial`), and where learning stands. Written by `contexts`.

    `weights` and `base` are an `understand.LearnedContext`, null where nothing is in use. `due_at` is when to learn next,
    `touched_at` when somebody last judged a message; `stale` says that messages are to be read again. After a reset what
    people said up to `reset_at` is learnt from no more; `former_reset_at` is what brings it back.
    """

    brand = models.OneToOneField(Brand, on_delete=models.CASCADE, primary_key=True, related_name="context")
    is_on = models.BooleanField(default=True)
    touched_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(null=True)
    stale = models.BooleanField(default=False)
    base = models.CharField(max_length=40, blank=True)
    weights = ArrayField(models.FloatField(), null=True)
    made_at = models.DateTimeField(null=True)
    verdict = models.CharField(max_length=15, blank=True, choices=LearnedModel.Verdict.choices)
    lessons = models.PositiveIntegerField(default=0)
    right_before = models.PositiveIntegerField(default=0)
    right_after = models.PositiveIntegerField(default=0)
    others = models.PositiveIntegerField(default=0)
    others_moved = models.PositiveIntegerField(default=0)
    reset_at = models.DateTimeField(null=True)
    former_reset_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"context of {self.brand_id}"
