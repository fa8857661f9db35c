"""Telling people and programs that an alert rang. Whom to tell is written down in the transaction in which it rings
(`address`); a job tells them (`send_due`) and tries again with growing pauses. What fails stays visible.

Between a letter handed over and its row marked as sent there is a moment in which a crash makes us send it again; both
bear the same Message-ID, or delivery key, by which a mailbox or a program can tell.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import translation
from procrastinate.contrib.django import app as jobs
from procrastinate.exceptions import AlreadyEnqueued

from octavo.alert import access, hooks, mail, rota
from octavo.alert.models import MOST, Alert, Delivery, Hook, MailWish
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
    rows = []
    if settings.OCTAVO_OPTIONS.mail_host:
        told, usual = whom(alert)
        wishes = dict(MailWish.objects.filter(person__in=told).values_list("person", "least"))
        rows += [
            Delivery(alert=alert, ring=alert.rings, channel=Delivery.Channel.MAIL, person=person)
            for person in told
            if alert.severity >= wishes.get(person.pk, usual)
        ]
    rows += [
        Delivery(alert=alert, ring=alert.rings, channel=Delivery.Channel.HOOK, hook=hook)
        for hook in Hook.objects.filter(brand=alert.brand_id, on=True, least__lte=alert.severity)
    ]
    if not rows:
        return
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    try:
        with transaction.atomic():
            jobs.configure_task(SEND, queueing_lock=SEND, lock=SEND).defer()
    except AlreadyEnqueued:
        pass


def whom(alert: Alert) -> tuple[list[User], int]:
    """Who is told of an alert, and from which severity on where they have not said so: those who have the watch, else
    everybody; everybody too where the alert is for everybody."""
    colleagues = access.colleagues_of(alert.brand)
    watchers = rota.watchers(alert.brand, clock.now()) if alert.severity < MOST else []
    watching = [one for one in colleagues if one.pk in watchers]
    return (watching, WATCH_FROM) if watching else (colleagues, MAIL_FROM)


def any_due() -> bool:
    return Delivery.objects.filter(state=Delivery.State.WAITING, next_at__lte=clock.now()).exists()


def send_due() -> int:
    """Send what is due; how many were sent. Safe beside others doing the same: a row is one's own while it is sent."""
    sent = 0
    for _ in range(MOST_AT_ONCE):
        with transaction.atomic():
            delivery = (
                Delivery.objects.select_for_update(skip_locked=True, of=("self",))
                .filter(state=Delivery.State.WAITING, next_at__lte=clock.now())
                .select_related("alert__brand", "alert__rule", "person", "hook")
                .order_by("next_at")
                .first()
            )
            if delivery is None:
                return sent
            sent += _attempt(delivery)
    return sent


def try_again(delivery: Delivery) -> None:
    """Start over with one that failed."""
    Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.FAILED).update(
        state=Delivery.State.WAITING, attempts=0, next_at=clock.now()
    )


def _attempt(delivery: Delivery) -> bool:
    delivery.attempts += 1
    person = delivery.person
    language = (person.language if person else "") or settings.LANGUAGE_CODE
    try:
        with translation.override(language):
            if person is not None:
                mail.send(delivery, person)
            else:
                assert delivery.hook is not None
                hooks.call(delivery, delivery.hook)
    except Undelivered as error:
        delivery.detail = str(error)[:300]
        last = not error.retry or delivery.attempts > len(PAUSES)
        pause = None if last else max(PAUSES[delivery.attempts - 1], error.after or timedelta())
        delivery.next_at = None if pause is None else clock.now() + pause
        delivery.state = Delivery.State.FAILED if last else Delivery.State.WAITING
        log.warning("alert not delivered", delivery=delivery.pk, attempt=delivery.attempts, gives_up=last)
    else:
        delivery.state, delivery.sent_at, delivery.next_at = Delivery.State.SENT, clock.now(), None
        delivery.detail = ""
    delivery.save(update_fields=["attempts", "detail", "next_at", "state", "sent_at"])
    return delivery.state == Delivery.State.SENT
