"""Messages about the same thing in one."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import pgettext_lazy

from octavo.conversations.models.brand import Brand
from octavo.kit import clock


class Story(models.Model):
    """Messages of a brand about the same thing. Its first message begins it as a seed, which nobody is shown; the second
    makes a story of it. Written by `stories`.

    The figures count its messages now (`stories.refresh`): `texts` without near-duplicates, `reach` that of its authors
    together. `title` are words of the message `title_from`, chosen when there were `titled_at` messages. `centre` is what
    its messages mean, a vector in half precision (`understand.stories`), weighing as much as `weight` messages; null once
    the story is over. `looked_at` is the size at which it was last seen to be one story. A story that has merged into another leads there.
    """

    class State(models.TextChoices):
        SEED = "seed", pgettext_lazy("story", "One message")
        LIVING = "living", pgettext_lazy("story", "Living")
        OVER = "over", pgettext_lazy("story", "Over")
        MERGED = "merged", pgettext_lazy("story", "Merged")

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="stories", db_index=False)
    state = models.CharField(max_length=6, choices=State.choices, default=State.SEED)
    merged_into = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="+")
    title = models.CharField(max_length=160, blank=True)
    title_from = models.BigIntegerField(null=True)
    titled_at = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    messages = models.PositiveIntegerField(default=1)
    authors = models.PositiveIntegerField(default=1)
    texts = models.PositiveIntegerField(default=1)
    negative = models.PositiveIntegerField(default=0)
    reach = models.BigIntegerField(default=0)
    centre = models.BinaryField(null=True)
    weight = models.FloatField(default=1.0)
    touched_at = models.DateTimeField(default=clock.now)
    looked_at = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["seed", "living", "over", "merged"]), name="story_state"),
            models.CheckConstraint(condition=Q(last_at__gte=F("first_at")), name="story_last_after_first"),
            models.CheckConstraint(
                condition=Q(state="merged", merged_into__isnull=False) | (~Q(state="merged") & Q(merged_into=None)),
                name="story_merged_into",
            ),
        ]
        indexes = [
            models.Index(fields=["brand", "state", "last_at"], name="story_of_brand"),
            models.Index(fields=["state", "touched_at"], name="story_touched"),
        ]

    def __str__(self) -> str:
        return self.title or f"story {self.pk}"


class StoryUsual(models.Model):
    """What is usual with a brand, for its stories: `understand.stories.gather.Usual`, `mean` a vector in single precision."""

    brand = models.OneToOneField(Brand, on_delete=models.CASCADE, primary_key=True, related_name="+")
    mean = models.BinaryField(null=True)
    seen = models.FloatField(default=0.0)

    def __str__(self) -> str:
        return f"usual with {self.brand_id}"


class StoryMention(models.Model):
    """A message that belongs to a story; a message belongs to one at most. Mentions lie in partitions and are referred to by
    number and moment, without a foreign key.

    `text_key` and `link_key` are digests (`understand.stories.keys`): of its words as copies share them, and of the link it
    shares. `author`, `negative` and `reach` are the mention's, so that counting needs no other table.
    """

    story = models.ForeignKey(Story, on_delete=models.CASCADE, related_name="members", db_index=False)
    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    mention = models.BigIntegerField(unique=True)
    published_at = models.DateTimeField()
    author = models.BigIntegerField(null=True)
    negative = models.BooleanField()
    reach = models.BigIntegerField(default=0)
    text_key = models.BigIntegerField()
    link_key = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["story", "published_at", "mention"], name="story_mentions"),
            models.Index(fields=["brand", "text_key"], name="story_text_key"),
            models.Index(fields=["brand", "link_key"], condition=Q(link_key__isnull=False), name="story_link_key"),
        ]

    def __str__(self) -> str:
        return f"{self.mention} in {self.story_id}"


class StoryEvent(models.Model):
    """One line of a story's history: it began, merged, split. Append-only: a trigger refuses changes.

    `detail` holds numbers, never words of a message.
    """

    story = models.ForeignKey(Story, on_delete=models.DO_NOTHING, db_constraint=False, related_name="events")
    at = models.DateTimeField(default=clock.now)
    action = models.CharField(max_length=20)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.action} {self.story_id}"
