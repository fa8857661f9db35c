"""When a snoozed conversation comes back. Pure: a choice and a moment in, a moment out."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

CHOICES: tuple[tuple[str, Any], ...] = (
    ("hour", _("In an hour")),
    ("tonight", _("Tonight")),
    ("tomorrow", _("Tomorrow morning")),
    ("week", _("Next week")),
)
MORNING = time(9)
EVENING = time(18)


def until(choice: str, now: datetime) -> datetime:
    """The moment a choice means, for a person to whom `now` (aware, in their zone) is now. Raises `KeyError`.

    Tonight is 18:00; said later than 17:00, two hours from now. Next week is Monday morning.
    """
    today = now.date()
    evening = datetime.combine(today, EVENING, now.tzinfo)
    return {
        "hour": now + timedelta(hours=1),
        "tonight": evening if evening - now > timedelta(hours=1) else now + timedelta(hours=2),
        "tomorrow": datetime.combine(today + timedelta(days=1), MORNING, now.tzinfo),
        "week": datetime.combine(today + timedelta(days=7 - today.weekday()), MORNING, now.tzinfo),
    }[choice]
