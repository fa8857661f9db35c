"""The look around that is done every half minute: bursts, campaigns that are hijacked, stories that rise, what nobody
answered, sources that are not as usual."""

from __future__ import annotations

from collections.abc import Sequence

from octavo.alert import burst, decide, hijack, lessons, quiet, rising, unanswered
from octavo.alert.models import Alert
from octavo.alert.quiet import Pulse
from octavo.conversations.models import Brand


def make(pulses: Sequence[Pulse]) -> list[Alert]:
    """One look at every brand; the alerts that rang or grew. Each part of it is safe to repeat, and alone in its trouble."""
    decide.wake_snoozed()
    rang: list[Alert] = []
    for brand in Brand.objects.order_by("pk").values_list("pk", flat=True):
        rang += look(brand, [pulse for pulse in pulses if pulse.brand == brand])
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
