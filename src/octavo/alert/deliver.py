"""Telling people and programs that an alert rang. Whom to tell is written down in the transaction in which it rings
(`address`); a job tells them (`send_due`) and tries again with growing pauses. What fails stays visible.

Between a letter handed over and its row marked as sent there is a moment in which a crash makes us send it again; both
bear the same Message-ID, or delivery key, by which a mailbox or a program can tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from procrastinate.contrib.django import app as jobs
from procrastinate.exceptions import AlreadyEnqueued

from octavo.alert import access, hooks, mail, push, rota, summaries, words
from octavo.alert.models import MOST, Alert, Delivery, Device, Hook, MailWish, Sending, Summary
from octavo.alert.payloads import Notice
from octavo.alert.undelivered import Undelivered
from octavo.kit import clock
from octavo.people.models import User

MAIL_FROM = 4
"""Severity from which a colleague who has not said otherwise gets e-mail."""
WATCH_FROM = 3
"""The same for whoever has the watch."""
NEVER = 6
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (20, 60, 180, 600, 1800, 3600, 7200, 14400))
"""Between one attempt and the next. After the last, it has failed."""
SEND = "octavo.send_alerts"
"""The job that calls `send_due`."""
MOST_AT_ONCE = 200

log = structlog.get_logger(__name__)


def address(alert: Alert) -> None:
    """Write down whom to tell about the present ringing of an alert, and ask for it to be done. Of the demo brand, whose
    story is invented, nobody is told outside these pages."""
    if alert.brand.is_demo:
        return
    told = whom(alert)
    rows = []
    if settings.OCTAVO_OPTIONS.mail_host:
        wishes = dict(MailWish.objects.filter(person__in=told.people).values_list("person", "least"))
        rows += [
            _delivery(alert, Delivery.Channel.MAIL, person=person, wakes=told.on_watch)
            for person in told.people
            if alert.severity >= wishes.get(person.pk, told.usual)
        ]
    rows += [
        _delivery(alert, Delivery.Channel.PUSH, person=device.person, device=device, wakes=told.on_watch)
        for device in _devices(told.people).filter(least__lte=alert.severity)
    ]
    rows += [
        _delivery(alert, Delivery.Channel.HOOK, hook=hook)
        for hook in Hook.objects.filter(brand=alert.brand_id, on=True, least__lte=alert.severity)
    ]
    if rows:
        Delivery.objects.bulk_create(rows, ignore_conflicts=True)
        _ask()


def pass_on(alert: Alert, people: Sequence[User]) -> None:
    """Tell those whose turn it is now, because nobody has acknowledged it: on every device, and by letter, unless they never
    want any."""
    rows = [
        _delivery(alert, Delivery.Channel.PUSH, person=device.person, device=device, step=alert.passed)
        for device in _devices(people)
    ]
    if settings.OCTAVO_OPTIONS.mail_host:
        never = set(MailWish.objects.filter(person__in=people, least=NEVER).values_list("person", flat=True))
        rows += [
            _delivery(alert, Delivery.Channel.MAIL, person=person, step=alert.passed)
            for person in people
            if person.pk not in never
        ]
    if rows:
        Delivery.objects.bulk_create(rows, ignore_conflicts=True)
        _ask()


@dataclass(frozen=True, slots=True)
class Told:
    """Who is told, whether because they have the watch, and from which severity on where they have not said so."""

    people: Sequence[User]
    on_watch: bool
    usual: int


def whom(alert: Alert) -> Told:
    """Those who have the watch, else everybody; everybody too where the alert is for everybody."""
    colleagues = access.colleagues_of(alert.brand)
    watchers = rota.watchers(alert.brand, clock.now())
    watching = [one for one in colleagues if one.pk in watchers]
    if watching and alert.severity < MOST:
        return Told(watching, on_watch=True, usual=WATCH_FROM)
    return Told(colleagues, on_watch=False, usual=MAIL_FROM)


def any_due() -> bool:
    return any(_due(kind).exists() for kind in (Summary, Delivery))


def send_due() -> int:
    """Send what is due; how many were sent. Safe beside others doing the same: a row is one's own while it is sent, and
    only one thing at a time goes to a person or hook."""
    sent = 0
    for _ in range(MOST_AT_ONCE):
        with transaction.atomic():
            due = _next()
            if due is None:
                return sent
            summaries.hold(due)
            if isinstance(due, Delivery) and not due.attempts and summaries.gather(due):
                continue
            sent += _attempt(due)
    return sent


def try_again(delivery: Delivery) -> None:
    """Start over with one that failed, or whose summary did."""
    goes = delivery.goes
    type(goes)._default_manager.filter(pk=goes.pk, state=Sending.State.FAILED).update(
        state=Sending.State.WAITING, attempts=0, next_at=clock.now()
    )


def _devices(people: Sequence[User]) -> QuerySet[Device]:
    return Device.objects.filter(person__in=people).select_related("person")


def _delivery(alert: Alert, channel: Delivery.Channel, **given: Any) -> Delivery:
    return Delivery(alert=alert, ring=alert.rings, channel=channel, **given)


def _ask() -> None:
    try:
        with transaction.atomic():
            jobs.configure_task(SEND, queueing_lock=SEND, lock=SEND).defer()
    except AlreadyEnqueued:
        pass


def _due(kind: type[Summary] | type[Delivery]) -> QuerySet[Any]:
    return kind._default_manager.filter(state=Sending.State.WAITING, next_at__lte=clock.now())


def _next() -> Summary | Delivery | None:
    """What is sent now: summaries first, whose time has come; then what is most severe. Others that only refer to the row
    are not kept waiting."""
    mine: dict[str, Any] = {"skip_locked": True, "of": ("self",), "no_key": True}
    summary = (
        _due(Summary).select_for_update(**mine).select_related("person", "hook", "device").order_by("next_at").first()
    )
    return (
        summary
        or _due(Delivery)
        .select_for_update(**mine)
        .select_related("alert__brand", "alert__rule", "person", "hook", "device")
        .order_by("-alert__severity", "next_at", "pk")
        .first()
    )


def _attempt(sending: Summary | Delivery) -> bool:
    sending.attempts += 1
    language = (sending.person.language if sending.person else "") or settings.LANGUAGE_CODE
    zone = ZoneInfo((sending.person.time_zone if sending.person else "") or settings.TIME_ZONE)
    try:
        with translation.override(language), timezone.override(zone):
            _tell(sending)
    except Undelivered as error:
        sending.detail = str(error)[:300]
        last = not error.retry or sending.attempts > len(PAUSES)
        pause = None if last else max(PAUSES[sending.attempts - 1], error.after or timedelta())
        sending.next_at = None if pause is None else clock.now() + pause
        sending.state = Sending.State.FAILED if last else Sending.State.WAITING
        log.warning("alert not delivered", delivery=str(sending.key), attempt=sending.attempts, gives_up=last)
    else:
        sending.state, sending.sent_at, sending.next_at = Sending.State.SENT, clock.now(), None
        sending.detail = ""
    sending.save(update_fields=["attempts", "detail", "next_at", "state", "sent_at"])
    return sending.state == Sending.State.SENT


def _tell(sending: Summary | Delivery) -> None:
    """Hand it over. Raises `Undelivered`."""
    if isinstance(sending, Summary):
        told = summaries.alerts(sending)
        if not told:  # their brand was removed meanwhile
            return
        notice = Notice(sending.key, summaries.title(told), told, lead=summaries.why(sending))
    else:
        notice = Notice(sending.key, words.title(sending.alert), [sending.alert], ring=sending.ring)
    if sending.channel == Sending.Channel.PUSH:
        push.send(sending.device, notice)
    elif sending.person is not None:
        body = summaries.body(notice) if isinstance(sending, Summary) else mail.body(sending)
        mail.send(sending.person, notice.title, body, key=sending.key)
    else:
        assert sending.hook is not None
        hooks.call(sending.hook, notice)
