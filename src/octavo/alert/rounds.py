"""The look around that is done every half minute: bursts, campaigns that are hijacked, stories that rise, what nobody
answered, sources that are not as usual."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic

from octavo.alert import burst, decide, hijack, lessons, quiet, rising, unanswered
from octavo.alert.models import Alert, Watch
from octavo.alert.quiet import Pulse
from octavo.conversations.models import Brand

PATIENCE = 20.0
"""Seconds of one round that go to brands whose past is still to be learnt; others of them come in the next round."""


def make(pulses: Sequence[Pulse], *, learning: bool = True) -> list[Alert]:
    """One look at every brand; the alerts that rang or grew. Each part of it is safe to repeat, and alone in its trouble.

    Brands whose past is still to be learnt, which takes about a second each, come last, and without `learning` not at all.
    """
    decide.wake_snoozed()
    brands = list(Brand.objects.order_by("pk").values_list("pk", flat=True))
    looked_at = set(Watch.objects.filter(state__isnull=False).values_list("brand", flat=True))
    known = [brand for brand in brands if brand in looked_at]
    new = [brand for brand in brands if brand not in looked_at and learning]
    rang = [alert for brand in known for alert in look(brand, _of(brand, pulses))]
    until = monotonic() + PATIENCE
    for brand in new:
        rang += look(brand, _of(brand, pulses))
        if monotonic() > until:
            break
    return rang


def look(brand: int, pulses: Sequence[Pulse]) -> list[Alert]:
    lessons.learn(brand)
    return [
        *burst.step(brand),
        *hijack.look(brand),
        *rising.look(brand),
        *unanswered.look(brand),
        *quiet.look(brand, pulses),
    ]


def _of(brand: int, pulses: Sequence[Pulse]) -> list[Pulse]:
    return [pulse for pulse in pulses if pulse.brand == brand]
