"""Rule, Alert and what belongs to it, Delivery, and the counts that bursts are seen in.

Mentions lie in partitions and are referred to by number and moment, without a foreign key: one that was erased is simply
no longer found. Everything here goes with its brand.
"""

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

LEAST, MOST = 1, 5
"""Severity: 1 worth knowing, 2 look today, 3 look now, 4 several people now, 5 everybody now."""


class RuleKind(models.TextChoices):
    GRAVE = "grave", _("Grave message")
    BURST = "burst", _("Burst")
    HIJACK = "hijack", _("Campaign hijacked")
    STORY = "story", _("New topic or rising story")
    UNANSWERED = "unanswered", _("Unanswered criticism with reach")
    SOURCE = "source", _("Source silent or flooded")


class Severity(models.IntegerChoices):
    KNOW = 1, pgettext_lazy("severity", "Worth knowing")
    TODAY = 2, pgettext_lazy("severity", "Look today")
    NOW = 3, pgettext_lazy("severity", "Look now")
    SEVERAL = 4, pgettext_lazy("severity", "Several people now")
    EVERYBODY = 5, pgettext_lazy("severity", "Everybody now")


def _exactly_when(state: str, **holds: object) -> Q:
    """The state and the condition stand or fall together."""
    return Q(Q(state=state), **holds) | (~Q(state=state) & ~Q(**holds))


class Rule(models.Model):
    """One kind of thing that rings for a brand. Made with its defaults (`rules`) when a brand is first watched.

    `threshold` is in the unit of the kind: thousandths of probability (grave), hundredths of the detector's score
    (burst), hundredths of a decimal logarithm of chance (hijack), voices (story), people reached (unanswered), hours (source). `settings`
    holds what else the kind knows (`rules.DEFAULTS`). `lessons` false alarms, those closed after `lessons_since`, raise it
    (`rules.threshold`).
    `too_old` counts the messages that would have rung had they not been older than the rule looks back.
    """

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="alert_rules")
    kind = models.CharField(max_length=12, choices=RuleKind.choices)
    on = models.BooleanField(default=True)
    threshold = models.PositiveIntegerField()
    settings = models.JSONField(default=dict)
    too_old = models.BigIntegerField(default=0)
    lessons = models.PositiveSmallIntegerField(default=0)
    lessons_since = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["brand", "id"]
        constraints = [
            models.UniqueConstraint("brand", "kind", name="alert_rule_once"),
            models.CheckConstraint(condition=Q(kind__in=RuleKind.values), name="alert_rule_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.brand_id}"


class Alert(models.Model):
    """Something that somebody should know now, until a person closes it or it is over.

    `key` says what it is about, within its rule: a story's first message, a count, a conversation, a source. `reason`
    holds the kind of reason and its figures; `words.reason` makes a sentence of them in the reader's language.
    `first_signal_at` is the moment of the first message (or silence) that belongs to it, `rang_at` of the last ringing,
    of which there have been `rings`. `owner` has it; `chart` names the counted key drawn on its page. While nobody
    acknowledges it, it is passed on at `pass_at`, in this ringing for the time `passed` + 1; `asked` are those whose turn it
    has been already.
    """

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("alert", "Open")
        ACKNOWLEDGED = "acknowledged", pgettext_lazy("alert", "Acknowledged")
        TAKEN = "taken", pgettext_lazy("alert", "Taken")
        SNOOZED = "snoozed", pgettext_lazy("alert", "Snoozed")
        CLOSED = "closed", pgettext_lazy("alert", "Closed")

    class Outcome(models.TextChoices):
        USEFUL = "useful", pgettext_lazy("alert", "Useful")
        NOT_USEFUL = "not_useful", pgettext_lazy("alert", "True, but not useful")
        FALSE = "false", pgettext_lazy("alert", "False alarm")
        OVER = "over", pgettext_lazy("alert", "Over by itself")

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="alerts")
    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="alerts")
    key = models.CharField(max_length=160)
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    reason = models.JSONField()
    chart = models.CharField(max_length=160, default="all")
    first_signal_at = models.DateTimeField()
    opened_at = models.DateTimeField(default=clock.now)
    rang_at = models.DateTimeField(default=clock.now)
    rings = models.PositiveIntegerField(default=1)

    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    acknowledged_at = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=12, choices=Outcome.choices, blank=True)
    why = models.CharField(max_length=500, blank=True)

    pass_at = models.DateTimeField(null=True)
    passed = models.PositiveSmallIntegerField(default=0)
    asked = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        ordering = ["-severity", "-rang_at", "-id"]
        constraints = [
            models.UniqueConstraint("rule", "key", condition=~Q(state="closed"), name="alert_open_once"),
            models.CheckConstraint(
                condition=Q(state__in=["open", "acknowledged", "taken", "snoozed", "closed"]), name="alert_state"
            ),
            models.CheckConstraint(condition=Q(severity__gte=LEAST, severity__lte=MOST), name="alert_severity"),
            models.CheckConstraint(condition=_exactly_when("closed", closed_at__isnull=False), name="alert_closed_at"),
            models.CheckConstraint(condition=Q(state="closed") | Q(outcome=""), name="alert_outcome_when_closed"),
            models.CheckConstraint(
                condition=_exactly_when("snoozed", snoozed_until__isnull=False), name="alert_snoozed_until"
            ),
            models.CheckConstraint(condition=~Q(state="taken") | Q(owner__isnull=False), name="alert_taken_by"),
        ]
        indexes = [
            models.Index(fields=["-severity", "-rang_at"], condition=~Q(state="closed"), name="alert_standing"),
            models.Index(fields=["brand", "-opened_at"], name="alert_of_brand"),
            models.Index(fields=["pass_at"], condition=Q(state="open", pass_at__isnull=False), name="alert_pass_due"),
        ]

    def __str__(self) -> str:
        return f"{self.key} ({self.severity})"


class AlertMention(models.Model):
    """A message that belongs to an alert. `rang` marks the one on which it rang, `early` those that came before it and
    were found when it rang."""

    class Part(models.TextChoices):
        RANG = "rang"
        EARLY = "early"
        LATER = "later"

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="members")
    mention = models.BigIntegerField()
    published_at = models.DateTimeField()
    part = models.CharField(max_length=5, choices=Part.choices)

    class Meta:
        ordering = ["published_at", "mention"]
        constraints = [models.UniqueConstraint("alert", "mention", name="alert_mention_once")]
        indexes = [models.Index(fields=["mention"], name="alert_of_mention")]

    def __str__(self) -> str:
        return f"{self.mention} in {self.alert_id}"


class AlertEvent(models.Model):
    """One line of an alert's history: it rang, it grew, somebody did something. Append-only: a trigger refuses changes.

    `user` is null where Octavo itself did it. `detail` holds small values, never a message.
    """

    alert = models.ForeignKey(Alert, on_delete=models.DO_NOTHING, db_constraint=False, related_name="events")
    at = models.DateTimeField(default=clock.now)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.DO_NOTHING, db_constraint=False)
    action = models.CharField(max_length=20)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.action} {self.alert_id}"


class Hook(models.Model):
    """An address that is called when an alert rings. `sealed` holds its URL and secret, encrypted: both are credentials.

    `host` is what may be shown of the address.
    """

    class Kind(models.TextChoices):
        PLAIN = "plain", _("Signed JSON")
        SLACK = "slack", "Slack"
        TEAMS = "teams", "Microsoft Teams"

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="alert_hooks")
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("what it understands"), max_length=6, choices=Kind.choices, default=Kind.PLAIN)
    host = models.CharField(max_length=255)
    sealed = models.BinaryField()
    least = models.PositiveSmallIntegerField(_("from severity"), choices=Severity.choices, default=3)
    on = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint("brand", "name", name="alert_hook_once")]

    def __str__(self) -> str:
        return self.name


class Rota(models.Model):
    """The watch of a brand. `zone` is where the wall hangs that its pattern's times are read from. `pass_after` holds the
    minutes, by severity, after which an alert that nobody acknowledges is passed on (0 never; `rota.PASS_AFTER` else)."""

    brand = models.OneToOneField(Brand, on_delete=models.CASCADE, related_name="alert_rota")
    zone = models.CharField(max_length=64)
    pass_after = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"rota of {self.brand_id}"


class Shift(models.Model):
    """A line of the weekly pattern: on these days (0 is Monday) from `begins` to `ends`, past midnight where it ends no later."""

    rota = models.ForeignKey(Rota, on_delete=models.CASCADE, related_name="shifts")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    days = ArrayField(models.PositiveSmallIntegerField())
    begins = models.TimeField()
    ends = models.TimeField()

    class Meta:
        ordering = ["days", "begins", "pk"]
        constraints = [models.CheckConstraint(condition=Q(days__len__gt=0), name="alert_shift_days")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.days} {self.begins}"


class Handover(models.Model):
    """`person` has the watch instead of `away` (of whoever has it, where that is null) from `begins` to `ends`."""

    rota = models.ForeignKey(Rota, on_delete=models.CASCADE, related_name="handovers")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    away = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    begins = models.DateTimeField()
    ends = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["begins", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(ends__gt=models.F("begins")), name="alert_handover_span"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} instead of {self.away_id} until {self.ends}"


class PushKey(models.Model):
    """The key pair by which push services know this installation: one, made when it is first needed. `sealed` holds it
    encrypted."""

    only = models.BooleanField(default=True, unique=True)
    sealed = models.BinaryField()
    made_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(only=True), name="alert_push_key_only")]

    def __str__(self) -> str:
        return f"push key of {self.made_at:%Y-%m-%d}"


class Device(models.Model):
    """A browser that a person wants to be told in, closed or not, from severity `least` on.

    `sealed` holds its address at a push service and its keys, encrypted: whoever has them can speak to it. `digest` finds
    the address again, `host` is what may be shown of it.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="alert_devices")
    name = models.CharField(max_length=80)
    host = models.CharField(max_length=255)
    digest = models.CharField(max_length=64, unique=True)
    sealed = models.BinaryField()
    least = models.PositiveSmallIntegerField(choices=Severity.choices, default=3)
    created_at = models.DateTimeField(default=clock.now)
    told_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return self.name


class MailWish(models.Model):
    """From which severity a person wants e-mail. Without one: `deliver.MAIL_FROM`. 6 is never."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="alert_mail")
    least = models.PositiveSmallIntegerField(default=4)

    def __str__(self) -> str:
        return f"{self.person_id} from {self.least}"


class QuietHours(models.Model):
    """When a person is not told of alerts below `least`: each day from `begins` to `ends`, by the wall where they are."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="alert_quiet_hours")
    begins = models.TimeField()
    ends = models.TimeField()
    least = models.PositiveSmallIntegerField(default=4)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(begins=models.F("ends")), name="alert_quiet_span")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.begins}-{self.ends}"


class Sending(models.Model):
    """What goes out to one person (by mail, or to one of their devices) or hook: how far it has come. `next_at` is when it is
    tried next, null when it is not. `detail` says what went wrong last, in words that hold no address and no secret.

    `device` is a number only, so that removing one writes to no row that a worker may hold.
    """

    class Channel(models.TextChoices):
        MAIL = "mail", _("E-mail")
        PUSH = "push", pgettext_lazy("delivery", "Push")
        HOOK = "hook", pgettext_lazy("delivery", "Webhook")

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("delivery", "On its way")
        SENT = "sent", pgettext_lazy("delivery", "Sent")
        FAILED = "failed", pgettext_lazy("delivery", "Failed")
        SUMMED = "summed", pgettext_lazy("delivery", "In a summary")

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    channel = models.CharField(max_length=4, choices=Channel.choices)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    hook = models.ForeignKey(Hook, null=True, on_delete=models.CASCADE, related_name="+")
    device = models.ForeignKey(Device, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)
    next_at = models.DateTimeField(null=True, default=clock.now)
    sent_at = models.DateTimeField(null=True)
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        abstract = True

    @property
    def recipient(self) -> int:
        """A number of its own for each person and each hook, by which only one thing at a time is sent to them."""
        return self.person_id if self.person_id is not None else -(self.hook_id or 0)


_TO = (
    Q(channel="mail", person__isnull=False, hook__isnull=True, device__isnull=True)
    | Q(channel="push", person__isnull=False, hook__isnull=True, device__isnull=False)
    | Q(channel="hook", person__isnull=True, hook__isnull=False, device__isnull=True)
)


class Summary(Sending):
    """Several deliveries to the same person or hook in one: what quiet hours held back, or what was too many. It is open to
    more until it is first tried."""

    class Why(models.TextChoices):
        QUIET = "quiet", _("Held back by quiet hours")
        FLOOD = "flood", _("Many at once")

    why = models.CharField(max_length=5, choices=Why.choices)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=_TO, name="alert_summary_to"),
            models.CheckConstraint(
                condition=_exactly_when("waiting", next_at__isnull=False), name="alert_summary_next"
            ),
            models.UniqueConstraint(
                "why",
                "channel",
                "person",
                "hook",
                "device",
                condition=Q(state="waiting", attempts=0),
                nulls_distinct=False,
                name="alert_summary_open_once",
            ),
        ]
        indexes = [models.Index(fields=["next_at"], condition=Q(state="waiting"), name="alert_summary_due")]

    def __str__(self) -> str:
        return f"{self.channel} in one: {self.state}"


class Delivery(Sending):
    """One message to one person or hook about one ringing of an alert, written in the transaction in which it rang.

    `ring` is which ringing (1 the first), `step` how often it had been passed on by then. `wakes` says that quiet hours do
    not hold it back: the person has the watch. In a `summary`, it is that which is sent, or not.
    """

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="deliveries")
    ring = models.PositiveIntegerField()
    step = models.PositiveSmallIntegerField(default=0)
    wakes = models.BooleanField(default=False)
    summary = models.ForeignKey(Summary, null=True, on_delete=models.CASCADE, related_name="deliveries")

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                "alert", "ring", "step", "person", condition=Q(channel="mail"), name="alert_mail_once"
            ),
            models.UniqueConstraint(
                "alert", "ring", "step", "device", condition=Q(device__isnull=False), name="alert_push_once"
            ),
            models.UniqueConstraint("alert", "ring", "hook", condition=Q(hook__isnull=False), name="alert_call_once"),
            models.CheckConstraint(condition=_TO, name="alert_delivery_to"),
            models.CheckConstraint(
                condition=_exactly_when("waiting", next_at__isnull=False), name="alert_delivery_next"
            ),
            models.CheckConstraint(
                condition=_exactly_when("summed", summary__isnull=False), name="alert_delivery_summed"
            ),
        ]
        indexes = [models.Index(fields=["next_at"], condition=Q(state="waiting"), name="alert_delivery_due")]

    def __str__(self) -> str:
        return f"{self.channel} about {self.alert_id}: {self.state}"

    @property
    def goes(self) -> Sending:
        """What is sent: the summary it is in, or itself."""
        return self.summary or self


class Count(models.Model):
    """How many messages were published in each five minutes, by key. Rows add up; `counts.compact` joins them.

    Three columns more are written and read in SQL alone (migration 0003): `weight`, by reach, and `authors` and `texts`,
    sketches of 512 bits; null in rows from before there were any.
    """

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, db_index=False, db_constraint=False, related_name="+")
    key = models.CharField(max_length=160)
    at = models.DateTimeField()
    n = models.IntegerField()

    class Meta:
        indexes = [models.Index(fields=["brand", "at"], name="alert_count_of_brand")]

    def __str__(self) -> str:
        return f"{self.n} {self.key} at {self.at:%Y-%m-%d %H:%M}"


class Watch(models.Model):
    """How far a brand has been watched: the detector's state and which number stands for which key.

    `until` is the end of the last five minutes taken in; `unusual` the most unusual keys of that step, for people to see
    that somebody watches.
    """

    brand = models.OneToOneField(Brand, on_delete=models.CASCADE, related_name="alert_watch")
    keys = models.JSONField(default=list)
    state = models.BinaryField(null=True)
    until = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    unusual = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.brand_id} until {self.until}"
