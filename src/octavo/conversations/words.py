"""Names and moments in the reader's words, as briefly as a list allows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.dates import MONTHS_3, WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from octavo.vocabulary import Harm

CHANNEL_NAMES = {
    "rss": "RSS",
    "webhook": "Webhook",
    "email": "E-mail",
    "github": "GitHub",
    "youtube": "YouTube",
    "whatsapp": "WhatsApp",
}
"""Channels whose name is not its identifier with a capital letter."""


def language_name(code: str) -> str:
    names = {
        "en": _("English"),
        "fr": _("French"),
        "it": _("Italian"),
        "es": _("Spanish"),
        "de": _("German"),
        "pt": _("Portuguese"),
        "nl": _("Dutch"),
    }
    return names.get(code, _("Undetermined"))


def harm_name(harm: Harm) -> str:
    """What kind of harm a message names."""
    return {
        Harm.SAFETY: _("Safety"),
        Harm.HEALTH: _("Health"),
        Harm.DATA: _("Personal data"),
        Harm.FRAUD: _("Fraud"),
        Harm.DISCRIMINATION: _("Discrimination"),
        Harm.CRUELTY: _("Cruelty"),
        Harm.LAW: _("Law"),
        Harm.PRESS: _("Press"),
        Harm.BOYCOTT: _("Boycott"),
        Harm.MASS_FAILURE: _("Many affected"),
        Harm.MISCONDUCT: _("Misconduct"),
        Harm.ENVIRONMENT: _("Environment"),
    }[harm]


def channel_name(name: str) -> str:
    return CHANNEL_NAMES.get(name, name[:1].upper() + name[1:])


def status_name(status: str) -> str:
    """What a conversation's status means to the person who looks at it."""
    return {
        "open": _("Open"),
        "pending": _("Waiting for an answer"),
        "snoozed": pgettext("conversation", "Snoozed"),
        "resolved": pgettext("conversation", "Done"),
    }[status]


def span(length: timedelta) -> str:
    """A length of time in few letters: "12 min", "3 h 05", "2 d"."""
    minutes = max(int(length.total_seconds() // 60), 0)
    if minutes < 60:
        return _("%(n)d min") % {"n": minutes}
    hours, minutes = divmod(minutes, 60)
    if hours < 10 and minutes:
        return _("%(hours)d h %(minutes)02d") % {"hours": hours, "minutes": minutes}
    if hours < 48:
        return _("%(n)d h") % {"n": hours}
    return _("%(n)d d") % {"n": hours // 24}


def age(moment: datetime, now: datetime) -> str:
    """How old a moment is: "now", "12 min", "3 h 05", "2 d"."""
    return _("now") if now - moment < timedelta(minutes=1) else span(now - moment)


def ago(moment: datetime, now: datetime) -> str:
    """The same in a sentence: "just now", "3 h 05 ago", "in 2 d"."""
    length = now - moment
    if length < timedelta(minutes=-1):
        return _("in %(span)s") % {"span": span(-length)}
    if length < timedelta(minutes=1):
        return _("just now")
    return _("%(span)s ago") % {"span": span(length)}


def exact(moment: datetime) -> str:
    """Day and time in the reader's zone."""
    local = timezone.localtime(moment)
    return f"{local.day} {month(local)} {local.year}, {local:%H:%M}"


def month(moment: datetime) -> str:
    """Its month in three or four letters. Far quicker than Django's date formats, which matters in lists."""
    name = str(MONTHS_3[moment.month])
    return name.capitalize() if (get_language() or "en").startswith("en") else name


def brief(moment: datetime, now: datetime) -> str:
    """When: up to two days as a length of time, then the day."""
    length = now - moment
    if timedelta(minutes=-1) < length < timedelta(hours=48):
        return age(moment, now)
    local = timezone.localtime(moment)
    this_year = local.year == timezone.localtime(now).year
    return f"{local.day} {month(local)}" if this_year else f"{local.day} {month(local)} {local.year}"


def coming(moment: datetime, now: datetime) -> str:
    """When something in the next days is, in the reader's zone: "at 18:00", "on Monday at 09:00"."""
    local = timezone.localtime(moment)
    days = (local.date() - timezone.localtime(now).date()).days
    if days == 0:
        return _("at %(time)s") % {"time": f"{local:%H:%M}"}
    if days < 7:
        return _("on %(day)s at %(time)s") % {"day": WEEKDAYS[local.weekday()], "time": f"{local:%H:%M}"}
    return exact(moment)


def weekdays(days: Sequence[int]) -> str:
    """Days of the week (0 is Monday) in few letters, three or more in a row as one: "Mon–Fri", "Tue, Sat"."""
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    said = []
    for run in runs:
        named = [str(WEEKDAYS_ABBR[day]) for day in run]
        said += [f"{named[0]}–{named[-1]}"] if len(run) > 2 else named
    return ", ".join(said)
