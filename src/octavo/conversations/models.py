"""Brand, Author, Conversation, Mention and what people say about them.

`Mention` is partitioned by month of `published_at`; its table, like the triggers that keep the tallies, is written in
SQL in the first migration. Rows are written in bulk by `record`, one by one by `decide`.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Case, F, Func, Q, When
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from octavo.kit import clock
from octavo.vocabulary import NO_REGISTER


class RegisterChoice(models.TextChoices):
    """The eight registers and `none`, with their names for people. Values are those of `vocabulary.Register`."""

    COMPLAINT = "complaint", _("Complaint")
    PROBLEM = "problem", _("Problem")
    QUESTION = "question", _("Question")
    IDEA = "idea", _("Idea")
    OPPORTUNITY = "opportunity", _("Opportunity")
    COMPLIMENT = "compliment", _("Compliment")
    CRISIS = "crisis", _("Crisis")
    CAMPAIGN_ECHO = "campaign_echo", _("Campaign echo")
    NONE = NO_REGISTER, _("No register")


class SentimentChoice(models.TextChoices):
    NEGATIVE = "negative", _("Negative")
    NEUTRAL = "neutral", _("Neutral")
    POSITIVE = "positive", _("Positive")
    MIXED = "mixed", _("Mixed")


class UrgencyChoice(models.IntegerChoices):
    NOTHING = 0, _("Nothing to do")
    WHEN_POSSIBLE = 1, _("When possible")
    TODAY = 2, _("Today")
    NOW = 3, _("Now")


UNFINISHED = ("open", "pending")
"""Statuses of a conversation that somebody still has to finish."""


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


GRADES = 4
"""Steps of `Conversation.pressing` for each step of urgency."""

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
