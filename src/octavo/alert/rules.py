"""What rings, from where on: the rules of a brand, their defaults, and changing them.

A rule needs no configuration. It is made with these defaults when its brand is first watched, and an administrator may
switch it off, move its threshold, or change what else it knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.db import transaction

from octavo.alert.models import Rule, RuleKind
from octavo.detect.configuration import SHIPPED
from octavo.kit import clock
from octavo.people import audit
from octavo.people.models import User
from octavo.vocabulary import HARMS


@dataclass(frozen=True, slots=True)
class Default:
    """How a kind of rule begins. `least` and `most` bound the threshold, in the unit that `Rule.threshold` names; a false
    alarm raises it by `learns` hundredths of itself."""

    threshold: int
    least: int
    most: int
    learns: int
    settings: Mapping[str, int]


def _default(threshold: int, least: int, most: int, *, learns: int, **settings: int) -> Default:
    return Default(threshold, least, most, learns, MappingProxyType(settings))


HARM = "harm_"
"""Beginning of the settings that give a kind of harm a threshold of its own; 0 is that of the rule."""


DEFAULTS: Mapping[RuleKind, Default] = MappingProxyType(
    {
        # Thousandths of the probability that the message is a crisis sign. A message that must be seen now (urgency 3)
        # needs only `urgent`, one that names no kind of harm `unnamed`. Older than `hours`, a message rings no more.
        RuleKind.GRAVE: _default(
            850, 300, 990, learns=3, urgent=600, unnamed=990, hours=24, **{f"{HARM}{harm}": 0 for harm in HARMS}
        ),
        # Hundredths of the detector's score: 310 is once in four and a half days for one key. From `messages` in an
        # hour on; below, a few people are a burst.
        RuleKind.BURST: _default(round(SHIPPED.threshold * 100), 200, 600, learns=3, messages=6, hours=24),
        # Hundredths of -log10 of the chance: 400 is one in ten thousand. At least `voices` must turn against a campaign,
        # and `share` hundredths of its echo.
        RuleKind.HIJACK: _default(400, 200, 2000, learns=6, voices=5, share=25),
        # Voices within six hours that tell the same story, which is new or has doubled. At least `negative` hundredths of
        # them are not pleased, and they are `share` hundredths of all voices.
        RuleKind.STORY: _default(8, 3, 1000, learns=25, negative=40, share=3),
        # People reached. From `hours` without an answer on, and no longer than `most_hours`.
        RuleKind.UNANSWERED: _default(5000, 0, 100_000_000, learns=25, hours=4, most_hours=72),
        # Hours of silence at least, and `expected` messages that should have come in that time; `times` the usual in an
        # hour, and `messages`, is a flood.
        RuleKind.SOURCE: _default(12, 1, 720, learns=20, expected=20, times=10, messages=200, failing=1),
    }
)


def of(brands: Iterable[int]) -> dict[tuple[int, str], Rule]:
    """The rules of these brands by brand and kind, made where they are missing. Safe when several ask at once."""
    numbers = sorted(set(brands))
    found = {(rule.brand_id, rule.kind): rule for rule in Rule.objects.filter(brand__in=numbers)}
    missing = [
        Rule(brand_id=brand, kind=kind, threshold=default.threshold, settings=dict(default.settings))
        for brand in numbers
        for kind, default in DEFAULTS.items()
        if (brand, kind) not in found
    ]
    if missing:
        Rule.objects.bulk_create(missing, ignore_conflicts=True)
        return {(rule.brand_id, rule.kind): rule for rule in Rule.objects.filter(brand__in=numbers)}
    return found


def setting(rule: Rule, name: str) -> int:
    """What the rule says, or its kind's default where it was made before there was such a setting."""
    return int(rule.settings.get(name, DEFAULTS[RuleKind(rule.kind)].settings[name]))


def threshold(rule: Rule) -> int:
    """From where on a rule rings: the threshold that people set, raised by what false alarms taught (`lessons`)."""
    return raised(rule, rule.threshold)


def raised(rule: Rule, threshold: int) -> int:
    """What a threshold of a rule has become by what false alarms taught."""
    default = DEFAULTS[RuleKind(rule.kind)]
    return max(threshold, min(round(threshold * (1 + default.learns * rule.lessons / 100)), default.most))


def change(user: User, rule: Rule, *, on: bool, threshold: int, settings: Mapping[str, int]) -> None:
    """Change a rule from now on. Raises `ValueError` for a threshold out of bounds or a setting its kind does not have."""
    default = DEFAULTS[RuleKind(rule.kind)]
    if not default.least <= threshold <= default.most or not set(settings) <= set(default.settings):
        raise ValueError("no such threshold or setting")
    with transaction.atomic():
        was = Rule.objects.select_for_update().get(pk=rule.pk)
        before = {"on": was.on, "threshold": was.threshold, **was.settings}
        after = {"on": on, "threshold": threshold, **was.settings, **settings}
        changed = {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}
        if not changed:
            return
        was.on, was.threshold, was.settings = on, threshold, {**was.settings, **settings}
        was.changed_at = clock.now()
        was.save()
        audit.log(user, "changed rule", kind="alert rule", object_id=rule.pk, rule=rule.kind, **changed)
