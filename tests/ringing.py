"""Messages that ring, for tests that need an alert."""

from __future__ import annotations

from collections.abc import Callable

from by_hand import Says

from octavo.conversations.models import Mention
from octavo.vocabulary import Harm

GRAVE = Says("crisis", urgency=3, score=0.9, harms=(Harm.SAFETY,))
VALVE = "The white valve of the Rondino came off in my son's mouth, he choked on it."
VALVE_TOO = "Same white valve here, our Rondino, my daughter nearly choked."
LEAK = "My invoices with card numbers are readable on your website by anybody, a data leak."

Keeps = Callable[..., list[Mention]]
