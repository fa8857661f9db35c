"""Forms of rules, hooks, the watch and one's own e-mail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from octavo.alert import rules
from octavo.alert.models import Hook, Rule, RuleKind, Severity
from octavo.conversations import words
from octavo.people.forms import zones
from octavo.people.models import User
from octavo.vocabulary import HARMS

THRESHOLDS: dict[RuleKind, tuple[Any, Any]] = {
    RuleKind.GRAVE: (
        _("Rings from a probability of … %"),
        _("How sure the reading has to be that a message is a crisis sign. Higher rings less often."),
    ),
    RuleKind.BURST: (
        _("Rings from a score of …"),
        _("2.5 is once a day for each count, 3.1 once in four and a half days, 4 once in a month, 5 once in a year."),
    ),
    RuleKind.HIJACK: (
        _("Rings from a score of …"),
        _("3 is what chance does once in a thousand times, 4 once in ten thousand, 6 once in a million."),
    ),
    RuleKind.STORY: (
        _("Rings from … voices"),
        _("So many people tell the same story in their own words within six hours, and it is new or has doubled."),
    ),
    RuleKind.UNANSWERED: (_("Rings from a reach of … people"), _("Followers of the author, or people the message reached.")),
    RuleKind.SOURCE: (_("Rings after … hours of silence"), _("Only where messages were to be expected in that time.")),
}  # fmt: skip
_PER: dict[RuleKind, int] = {
    RuleKind.GRAVE: 10, RuleKind.BURST: 100, RuleKind.HIJACK: 100, RuleKind.STORY: 1, RuleKind.UNANSWERED: 1, RuleKind.SOURCE: 1,
}  # fmt: skip
"""What one unit of the form is in the rule's."""

SETTINGS: dict[tuple[RuleKind, str], Any] = {
    (RuleKind.GRAVE, "urgent"): _("Where somebody is needed now, from … %"),
    (RuleKind.GRAVE, "unnamed"): _("Where it names no kind of harm, from … %"),
    (RuleKind.GRAVE, "hours"): _("Only for messages of the last … hours"),
    (RuleKind.BURST, "messages"): _("From … messages in an hour on"),
    (RuleKind.HIJACK, "voices"): _("From … voices against it on"),
    (RuleKind.HIJACK, "share"): _("From … % of the echo on"),
    (RuleKind.STORY, "negative"): _("Where … % of them are negative"),
    (RuleKind.STORY, "share"): _("And they are … % of all voices"),
    (RuleKind.UNANSWERED, "hours"): _("After … hours without an answer"),
    (RuleKind.SOURCE, "times"): _("A flood is … times the usual"),
}
"""What of a rule's settings a person may change; the others have defaults that nobody needs to know."""
_TENTHS = (RuleKind.BURST, RuleKind.HIJACK)
"""Kinds whose threshold is a score."""
_PER_SETTING = {"urgent": 10, "unnamed": 10}
"""Settings in thousandths are shown as percentages."""


class RuleForm(forms.Form):
    """One rule: on or off, threshold, settings. Numbers are shown in a person's units."""

    on = forms.BooleanField(label=_("On"), required=False)
    harms: Sequence[str] = ()

    def __init__(self, *args: Any, rule: Rule, **kwargs: Any) -> None:
        kind = RuleKind(rule.kind)
        kwargs["auto_id"] = f"id_{kind}_%s"  # several of them stand on a page
        super().__init__(*args, **kwargs)
        default, per = rules.DEFAULTS[kind], _PER[kind]
        label, help_text = THRESHOLDS[kind]
        self.rule = rule
        self.fields["threshold"] = forms.DecimalField(
            label=label,
            help_text=help_text,
            min_value=default.least / per,
            max_value=default.most / per,
            decimal_places=1 if kind in _TENTHS else 0,
            widget=forms.NumberInput(attrs={"step": "0.1" if kind in _TENTHS else "1"}),
        )
        self.named = [name for of, name in SETTINGS if of == kind]
        for name in self.named:
            most = 99 if name in _PER_SETTING else 10_000
            self.fields[name] = forms.IntegerField(label=SETTINGS[kind, name], min_value=1, max_value=most)
        if kind == RuleKind.GRAVE:
            self.harms = [f"{rules.HARM}{harm}" for harm in HARMS]
            for harm, name in zip(HARMS, self.harms, strict=True):
                label = words.harm_name(harm)
                self.fields[name] = forms.IntegerField(label=label, min_value=1, max_value=99, required=False)
        shown = rule.threshold / per
        self.initial = {
            "on": rule.on,
            "threshold": shown if kind in _TENTHS else round(shown),
            **{name: rules.setting(rule, name) // _PER_SETTING.get(name, 1) for name in self.named},
            **{name: rules.setting(rule, name) // 10 or None for name in self.harms},
        }

    def threshold(self) -> int:
        return round(float(self.cleaned_data["threshold"]) * _PER[RuleKind(self.rule.kind)])

    def settings(self) -> dict[str, int]:
        named = {name: self.cleaned_data[name] * _PER_SETTING.get(name, 1) for name in self.named}
        return named | {name: 10 * (self.cleaned_data[name] or 0) for name in self.harms}

    @property
    def harm_fields(self) -> list[forms.BoundField]:
        """The thresholds of kinds of harm; those left empty are the rule's."""
        return [self[name] for name in self.harms]

    @property
    def own_harms(self) -> bool:
        """Whether a kind of harm has a threshold of its own."""
        return any(rules.setting(self.rule, name) for name in self.harms)


def _severities() -> list[tuple[int, str]]:
    return [(level, f"{level} · {said}") for level, said in Severity.choices]


class HookForm(forms.Form):
    """An address to be called."""

    name = forms.CharField(label=_("Name"), max_length=80)
    kind = forms.ChoiceField(label=_("What it understands"), choices=Hook.Kind.choices)
    url = forms.CharField(
        label=_("Address to call"),
        max_length=2000,
        widget=forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off"}),
        help_text=_("It is kept encrypted, and only its host is shown again."),
    )
    least = forms.TypedChoiceField(label=_("From severity"), choices=_severities, coerce=int, initial=3)


class MailForm(forms.Form):
    """From which severity one gets e-mail oneself."""

    least = forms.TypedChoiceField(
        label=_("Send me e-mail from severity"), choices=lambda: [*_severities(), (6, _("Never"))], coerce=int
    )


def _clock(label: Any, initial: str) -> forms.TimeField:
    return forms.TimeField(label=label, initial=initial, widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}))


def _moment(label: Any, help_text: Any = "", *, required: bool = True) -> forms.DateTimeField:
    control = forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})
    return forms.DateTimeField(label=label, help_text=help_text, required=required, widget=control)


class QuietForm(forms.Form):
    """When one does not want to be told, but for what is severe enough."""

    begins = _clock(pgettext_lazy("time", "From"), "22:00")
    ends = _clock(pgettext_lazy("time", "Until"), "07:00")
    least = forms.TypedChoiceField(
        label=_("But tell me from severity"),
        choices=lambda: [*_severities()[1:], (6, _("Never"))],
        coerce=int,
        initial=4,
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if "ends" in data and data.get("begins") == data["ends"]:
            self.add_error("ends", _("Quiet hours end at another time than they begin."))
        return data


class SoundForm(forms.Form):
    """Whether one hears alerts while Octavo is open."""

    alert_sound = forms.BooleanField(
        label=_("A short tone when an alert rings"),
        required=False,
        help_text=_("While Octavo is open in a tab, also behind another. The tab's title calls in any case."),
    )


class LeastForm(forms.Form):
    """From which severity a device tells."""

    least = forms.TypedChoiceField(label=_("From severity"), choices=_severities, coerce=int)


class ShiftForm(forms.Form):
    """A line of the weekly pattern."""

    person = forms.ModelChoiceField(User.objects.none(), label=_("Who"), empty_label=None)
    days = forms.TypedMultipleChoiceField(
        label=_("On"), choices=lambda: list(WEEKDAYS.items()), coerce=int, widget=forms.CheckboxSelectMultiple
    )
    begins = _clock(pgettext_lazy("time", "From"), "09:00")
    ends = _clock(pgettext_lazy("time", "Until"), "18:00")

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        kwargs["auto_id"] = "id_shift_%s"
        super().__init__(*args, **kwargs)
        person: Any = self.fields["person"]
        person.queryset = people
        self.fields["ends"].help_text = _("A watch that ends no later than it begins goes on into the next day.")


class HandoverForm(forms.Form):
    """Who has the watch instead of whom, until when."""

    person = forms.ModelChoiceField(User.objects.none(), label=_("Who stands in"), empty_label=None)
    away = forms.ModelChoiceField(
        User.objects.none(), label=_("Instead of"), required=False, empty_label=_("whoever has it")
    )
    begins = _moment(pgettext_lazy("time", "From"), _("Empty: from now on."), required=False)
    ends = _moment(pgettext_lazy("time", "Until"))

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        kwargs["auto_id"] = "id_handover_%s"
        super().__init__(*args, **kwargs)
        for name in ("person", "away"):
            field: Any = self.fields[name]
            field.queryset = people


class ZoneForm(forms.Form):
    """Where the wall hangs that a rota's times are read from."""

    zone = forms.ChoiceField(label=_("Time zone"), choices=lambda: [each for each in zones() if each[0]])


class PassForm(forms.Form):
    """After how many minutes an alert that nobody acknowledges is passed on, by severity."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for level, said in reversed(Severity.choices):
            self.fields[f"after_{level}"] = forms.IntegerField(label=f"{level} · {said}", min_value=0, max_value=1440)

    def minutes(self) -> dict[int, int]:
        return {level: self.cleaned_data[f"after_{level}"] for level in Severity.values}
