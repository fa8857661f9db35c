"""Author, Conversation, Mention and what belongs to them.

`Mention` is partitioned by month of `published_at`; its table, like the triggers that keep the tallies, is written in
SQL in a migration. Rows are written in bulk by `record`, one by one by `decide`.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Case, F, Func, Q, When
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from octavo.conversations.models.brand import Brand, Topic
from octavo.conversations.models.choices import GRADES, UNFINISHED, RegisterChoice, SentimentChoice, UrgencyChoice
from octavo.kit import clock


class Author(models.Model):
    """Who writes, per channel. Personal data: erased with `erase`."""

    channel = models.CharField(max_length=40)
    handle = models.CharField(max_length=200)
    name = models.CharField(max_length=200, blank=True)
    url = models.CharField(max_length=500, blank=True)
    followers = models.PositiveBigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint("channel", "handle", name="author_once")]

    def __str__(self) -> str:
        return self.name or self.handle


_PRESSING = F("urgency") * GRADES + Case(
    When(register="crisis", register_score__gte=700, then=3),
    When(register="crisis", register_score__gte=450, then=2),
    When(Q(register="crisis") | Q(register__in=["problem", "complaint"], register_score__gte=700), then=1),
    default=0,
)


class Conversation(models.Model):
    """Messages that belong together, with the state people give them. Numbered after the mention that began it.

    The fields from `author` to `marks` are those of the head: the message that needs a person most (highest urgency since
    the conversation was last resolved, the latest of those). `waiting_since` is when the oldest unanswered message was
    published; null when nobody waits. `marks` are the head's evidence inside `excerpt`: start, end, register index and
    weight in thousandths, four numbers a mark. `pressing` is the order in which conversations need a person: urgency, and
    within one urgency how sure a crisis is, then what is surely a problem or a complaint (0 to 15).
    """

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("conversation", "Open")
        PENDING = "pending", pgettext_lazy("conversation", "Pending")
        SNOOZED = "snoozed", pgettext_lazy("conversation", "Snoozed")
        RESOLVED = "resolved", pgettext_lazy("conversation", "Resolved")

    id = models.BigIntegerField(primary_key=True)
    # Triggers check the keys without a constraint, for all rows of a statement at once (migration 0006).
    brand = models.ForeignKey(
        Brand, on_delete=models.CASCADE, related_name="conversations", db_index=False, db_constraint=False
    )
    channel = models.CharField(max_length=40)
    subject = models.CharField(max_length=300, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, db_index=False)
    snoozed_until = models.DateTimeField(null=True)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    waiting_since = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    mentions_count = models.PositiveIntegerField(default=1)

    head = models.BigIntegerField()
    author = models.ForeignKey(Author, null=True, on_delete=models.SET_NULL, db_index=False, db_constraint=False)
    author_name = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=3)
    register = models.CharField(max_length=15, choices=RegisterChoice.choices)
    register_score = models.SmallIntegerField()
    sentiment = models.CharField(max_length=10, choices=SentimentChoice.choices)
    urgency = models.SmallIntegerField(choices=UrgencyChoice.choices)
    relevant = models.BooleanField()
    excerpt = models.CharField(max_length=300)
    marks = ArrayField(models.SmallIntegerField(), default=list)
    pressing = models.GeneratedField(expression=_PRESSING, output_field=models.SmallIntegerField(), db_persist=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["open", "pending", "snoozed", "resolved"]), name="conversation_status"
            ),
            models.CheckConstraint(condition=Q(register__in=RegisterChoice.values), name="conversation_register"),
            models.CheckConstraint(condition=Q(sentiment__in=SentimentChoice.values), name="conversation_sentiment"),
            models.CheckConstraint(condition=Q(urgency__gte=0, urgency__lte=3), name="conversation_urgency"),
            models.CheckConstraint(condition=Q(last_at__gte=F("first_at")), name="conversation_last_after_first"),
            models.CheckConstraint(
                condition=~Q(status="snoozed") | Q(snoozed_until__isnull=False), name="conversation_snoozed_until"
            ),
        ]
        indexes = [
            # The two orders of the inbox, and the doors of the home page. Those of open work hold nothing that is done.
            models.Index(
                fields=["-pressing", "-last_at", "-id"], condition=Q(status__in=UNFINISHED), name="conversation_urgent"
            ),
            models.Index(fields=["-last_at", "-id"], name="conversation_newest"),
            models.Index(
                fields=["register", "-pressing", "-last_at", "-id"],
                condition=Q(status__in=UNFINISHED),
                name="conversation_door",
            ),
            # For filters that few conversations pass: any of these columns, in one small index.
            models.Index(
                fields=["register", "language", "sentiment", "channel", "brand", "status", "relevant"],
                name="conversation_facets",
            ),
            models.Index(
                fields=["register", "waiting_since"],
                condition=Q(waiting_since__isnull=False),
                name="conversation_waiting",
            ),
            models.Index(
                fields=["assignee", "-last_at"], condition=Q(assignee__isnull=False), name="conversation_assignee"
            ),
        ]

    def __str__(self) -> str:
        return self.subject or self.excerpt[:60]


class Mention(models.Model):
    """A kept post and its current reading. Partitioned by month of `published_at`.

    `registers` holds the eight probabilities in thousandths, in the order of `vocabulary.REGISTERS`; `evidence` start, end,
    register index and weight in thousandths, four numbers a span, offsets in code points of `text`; bit i of `harm` is
    `vocabulary.HARMS[i]`; `abstained` says that the model is too unsure for its register to be relied on. `corrected` names
    the fields of the reading a person has corrected; a later reading leaves them alone. `origin` is the number of the source
    that brought it.
    """

    id = models.BigIntegerField(primary_key=True)
    published_at = models.DateTimeField()
    received_at = models.DateTimeField(default=clock.now)
    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="+", db_index=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="mentions")
    author = models.ForeignKey(Author, null=True, on_delete=models.SET_NULL, related_name="mentions", db_index=False)
    origin = models.BigIntegerField(null=True)
    channel = models.CharField(max_length=40)
    external_id = models.CharField(max_length=500)
    subject = models.CharField(max_length=300, blank=True)
    text = models.TextField()
    url = models.CharField(max_length=2000, blank=True)
    parent = models.JSONField(null=True)
    reach = models.BigIntegerField(default=0)
    own = models.BooleanField(default=False)
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    language = models.CharField(max_length=3)
    relevant = models.BooleanField()
    relevance = models.SmallIntegerField()
    register = models.CharField(max_length=15, choices=RegisterChoice.choices)
    assigned = ArrayField(models.CharField(max_length=15), default=list)
    runner_up = models.CharField(max_length=15)
    registers = ArrayField(models.SmallIntegerField())
    sentiment = models.CharField(max_length=10, choices=SentimentChoice.choices)
    sentiment_score = models.SmallIntegerField()
    urgency = models.SmallIntegerField(choices=UrgencyChoice.choices)
    campaign = models.CharField(max_length=120, blank=True)
    evidence = ArrayField(models.IntegerField(), default=list)
    harm = models.IntegerField(default=0)
    abstained = models.BooleanField(default=False)
    model = models.CharField(max_length=40)
    corrected = ArrayField(models.CharField(max_length=15), default=list)

    search = models.GeneratedField(
        expression=Func(F("language"), F("subject"), F("text"), function="octavo_search"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        managed = False  # the partitioned table is made in SQL by migration 0003
        db_table = "conversations_mention"
        ordering = ["published_at", "id"]

    def __str__(self) -> str:
        return f"{self.channel} {self.external_id}"


class PostKey(models.Model):
    """Which post is which mention: the uniqueness of (brand, channel, external id) that a partitioned table cannot give.

    `key` is a 128-bit digest (`record.post_key`); `mention` is numbered here.
    """

    key = models.UUIDField(primary_key=True)
    mention = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.key} is {self.mention}"


class ThreadKey(models.Model):
    """Leads a later message to its conversation: digest of a thread id, of a message answered, or of author and subject."""

    key = models.UUIDField(primary_key=True)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE)

    def __str__(self) -> str:
        return f"{self.key} is in {self.conversation_id}"


class MentionVersion(models.Model):
    """A text that an edit on the channel replaced."""

    mention = models.BigIntegerField(db_index=True)
    subject = models.CharField(max_length=300, blank=True)
    text = models.TextField()
    replaced_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.mention} until {self.replaced_at:%Y-%m-%d %H:%M}"


class MentionTopic(models.Model):
    """A message speaks of a topic. Written by `topics.keep`, beside the message's reading."""

    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="+", db_index=False)
    mention = models.BigIntegerField()
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint("mention", "topic", name="mention_topic_once")]
        indexes = [models.Index(fields=["topic", "conversation"], name="mention_topic_conversation")]

    def __str__(self) -> str:
        return f"{self.mention} is about {self.topic_id}"


class Note(models.Model):
    """What a colleague wrote beside a conversation. Never leaves the house."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    text = models.TextField(_("note"), max_length=5000)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return self.text[:60]
