"""How good the alerts are, week by week: how many rang, what people said of them, what did not ring, how long it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from django.utils import timezone

from octavo.alert import access
from octavo.alert.models import Alert, AlertMention
from octavo.conversations import access as conversations
from octavo.conversations.models import Correction, Mention
from octavo.kit import clock
from octavo.people.models import User
from octavo.vocabulary import Register

WEEKS = 12
MOST_MISSED = 100
"""Shown at once; the page says how many there are."""


@dataclass(frozen=True, slots=True)
class Week:
    """A week of alerts, by the day it begins. `waiting` have no verdict yet; `missed` are messages people called a crisis
    sign that belong to no alert. Delays are medians: first signal to alert, alert to acknowledgement."""

    begins: date
    rang: int
    useful: int
    not_useful: int
    false: int
    over: int
    waiting: int
    missed: int
    to_alert: timedelta | None
    to_person: timedelta | None

    @property
    def judged(self) -> int:
        return self.useful + self.not_useful + self.false

    @property
    def cells(self) -> Sequence[tuple[str, int]]:
        """(what the list is asked for, how many), in the order of the table."""
        names = (Alert.Outcome.USEFUL, Alert.Outcome.NOT_USEFUL, Alert.Outcome.FALSE, Alert.Outcome.OVER)
        return [
            *(
                (str(name), n)
                for name, n in zip(names, (self.useful, self.not_useful, self.false, self.over), strict=True)
            ),
            ("none", self.waiting),
        ]


@dataclass(frozen=True, slots=True)
class Missed:
    mention: Mention
    said_at: datetime


def weeks(user: User, *, brand: int | None = None) -> tuple[list[Week], list[Missed]]:
    """The last twelve weeks, this one first, and what was missed in them."""
    this = monday(timezone.localtime(clock.now()).date())
    begins = [this - timedelta(weeks=number) for number in range(WEEKS)]
    since = _start(begins[-1])
    alerts = access.alerts_for(user).filter(opened_at__gte=since)
    missed = _missed(user, since, brand)
    if brand is not None:
        alerts = alerts.filter(brand=brand)
    by: dict[date, list[Alert]] = {begin: [] for begin in begins}
    for alert in alerts:
        by.setdefault(week_of(alert.opened_at), []).append(alert)
    lost: dict[date, int] = {}
    for each in missed:
        lost[week_of(each.said_at)] = lost.get(week_of(each.said_at), 0) + 1
    return [_week(begin, by[begin], lost.get(begin, 0)) for begin in begins], missed


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def week_of(at: datetime) -> date:
    """The Monday of a moment's week, where the reader is."""
    return monday(timezone.localtime(at).date())


def bounds(begins: date) -> tuple[datetime, datetime]:
    """From when to when a week lasts, where the reader is."""
    return _start(begins), _start(begins + timedelta(weeks=1))


def _week(begins: date, alerts: Sequence[Alert], missed: int) -> Week:
    def n(outcome: str) -> int:
        return sum(alert.outcome == outcome for alert in alerts)

    seen = [alert.acknowledged_at - alert.opened_at for alert in alerts if alert.acknowledged_at]
    return Week(
        begins=begins,
        rang=len(alerts),
        useful=n(Alert.Outcome.USEFUL),
        not_useful=n(Alert.Outcome.NOT_USEFUL),
        false=n(Alert.Outcome.FALSE),
        over=n(Alert.Outcome.OVER),
        waiting=sum(not alert.outcome for alert in alerts),
        missed=missed,
        to_alert=_median([alert.opened_at - alert.first_signal_at for alert in alerts]),
        to_person=_median(seen),
    )


def _median(lengths: Sequence[timedelta]) -> timedelta | None:
    return timedelta(seconds=median(length.total_seconds() for length in lengths)) if lengths else None


def _missed(user: User, since: datetime, brand: int | None) -> list[Missed]:
    """Messages a person called a crisis sign, standing, that belong to no alert; the latest first."""
    said = Correction.objects.filter(
        field="register", now=str(Register.CRISIS), withdrawn_at=None, created_at__gte=since,
        brand__in=conversations.brands_for(user),
    )  # fmt: skip
    if brand is not None:
        said = said.filter(brand=brand)
    moments = dict(said.order_by("created_at").values_list("mention", "created_at"))
    rang = AlertMention.objects.filter(mention__in=moments).values_list("mention", flat=True)
    left = set(moments) - set(rang)
    found = (
        conversations.mentions_for(user).filter(pk__in=left, register=Register.CRISIS).select_related("author", "brand")
    )
    missed = [Missed(mention, moments[mention.pk]) for mention in found.defer("search")]
    return sorted(missed, key=lambda each: each.said_at, reverse=True)


def _start(day: date) -> datetime:
    return timezone.make_aware(datetime(day.year, day.month, day.day))  # noqa: DTZ001 made aware here
