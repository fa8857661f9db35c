"""Counts that triggers keep; rows add up, and `tally.compact` joins them."""

from __future__ import annotations

from django.db import models

from octavo.conversations.models.brand import Brand


class ConversationTally(models.Model):
    """How many conversations stand in each combination of what the inbox filters by. Kept by a trigger; rows add up."""

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, db_index=False, db_constraint=False)
    status = models.CharField(max_length=10)
    register = models.CharField(max_length=15)
    language = models.CharField(max_length=3)
    sentiment = models.CharField(max_length=10)
    urgency = models.SmallIntegerField()
    channel = models.CharField(max_length=40)
    relevant = models.BooleanField()
    assignee = models.BigIntegerField(null=True)
    n = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.n} {self.status} {self.register}"


class MentionTally(models.Model):
    """How many messages of the public were published in each hour. Kept by a trigger; rows add up."""

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, db_index=False, db_constraint=False)
    hour = models.DateTimeField()
    register = models.CharField(max_length=15)
    sentiment = models.CharField(max_length=10)
    n = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["brand", "hour"], name="mention_tally_brand_hour")]

    def __str__(self) -> str:
        return f"{self.n} {self.register} at {self.hour:%Y-%m-%d %H}"


class HourTally(models.Model):
    """The same for all brands together and whatever the sentiment: a hundredth of the rows, for whoever sees every brand."""

    hour = models.DateTimeField()
    register = models.CharField(max_length=15)
    n = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["hour"], name="hour_tally_hour")]

    def __str__(self) -> str:
        return f"{self.n} {self.register} at {self.hour:%Y-%m-%d %H}"
