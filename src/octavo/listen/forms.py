"""Forms of sources and imports. A source's form is built from what its channel asks for (`channels.settings`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from octavo.channels.contract import Listens
from octavo.channels.registry import channel
from octavo.channels.settings import Kind, Setting, questions
from octavo.conversations.models import Brand
from octavo.conversations.words import language_name
from octavo.listen import sources, words
from octavo.listen.importing import Choices, Preview
from octavo.listen.models import Source
from octavo.vocabulary import LANGUAGES

MAIN_FIELDS = ("text", "created_at", "author", "id", "brand", "url", "lang", "subject", "reply_to", "thread", "channel")
"""Fields of a message a person is asked about; the others are filled where the file has them."""

FIELD_NAMES = {
    "text": gettext_lazy("Text"),
    "created_at": gettext_lazy("Date and time"),
    "author": gettext_lazy("Author"),
    "id": gettext_lazy("Id"),
    "brand": gettext_lazy("Brand"),
    "url": gettext_lazy("Link"),
    "lang": gettext_lazy("Language"),
    "subject": gettext_lazy("Subject"),
    "reply_to": gettext_lazy("Id of the message answered"),
    "thread": gettext_lazy("Id of the conversation"),
    "channel": gettext_lazy("Channel"),
}


class SourceForm(forms.Form):
    """Name, brand and rhythm of a source, and what its channel asks for."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=120, required=False, help_text=gettext_lazy("What you call it.")
    )
    brand = forms.ModelChoiceField(label=gettext_lazy("Brand"), queryset=Brand.objects.none(), empty_label=None)
    minutes = forms.IntegerField(
        label=gettext_lazy("Ask every … minutes"),
        min_value=1,
        max_value=1440,
        initial=int(sources.EVERY.total_seconds() // 60),
    )
    dedicated = forms.BooleanField(
        label=gettext_lazy("Everything from here is about the brand"),
        required=False,
        help_text=gettext_lazy(
            "As in a mailbox or a page of reviews. Otherwise only messages that name the brand count."
        ),
    )

    def __init__(
        self, *args: Any, channel_name: str, brands: QuerySet[Brand], source: Source | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.channel_name = channel_name
        described = channel(channel_name)
        self.asked = questions(described.settings)
        for question in self.asked:
            self.fields[f"setting_{question.name}"] = _field(channel_name, question, known=source is not None)
        if not isinstance(described, Listens):
            del self.fields["minutes"]
        brand: Any = self.fields["brand"]
        brand.queryset = brands
        if source is not None:
            del self.fields["brand"]
            self.fields["name"].required = True
            self.initial = {**_initial(source), **self.initial}
        self.order_fields([f"setting_{question.name}" for question in self.asked])

    def given(self) -> dict[str, object]:
        """The channel's settings as entered."""
        return {question.name: self.cleaned_data[f"setting_{question.name}"] for question in self.asked}

    def every(self) -> timedelta | None:
        minutes = self.cleaned_data.get("minutes")
        return timedelta(minutes=minutes) if minutes else None

    def refuse(self, what: words.Words, *, field: str = "") -> None:
        """Say in the form why the channel did not take it."""
        self.add_error(field or None, ValidationError(f"{what.happened} {what.next}"))


def _initial(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "dedicated": source.dedicated,
        "minutes": round(source.every.total_seconds() / 60) if source.every else None,
        **{f"setting_{name}": value for name, value in source.settings.items()},
    }


def _field(channel_name: str, question: Setting, *, known: bool) -> forms.Field:
    label: Any = words.SETTINGS.get((channel_name, question.name), question.name)
    # A secret is never shown again: left empty it stays, and a webhook's is made.
    required = question.required and not question.secret
    match question.kind:
        case Kind.URL:
            return forms.CharField(
                label=label,
                required=required,
                max_length=2000,
                widget=forms.URLInput(attrs={"placeholder": "https://"}),
            )
        case Kind.LANGUAGE:
            choices = [("", "–"), *((code, language_name(code)) for code in LANGUAGES)]
            return forms.ChoiceField(label=label, required=required, choices=choices)
        case Kind.NUMBER:
            return forms.FloatField(label=label, required=required)
        case Kind.FLAG:
            return forms.BooleanField(label=label, required=False)
    if question.secret:
        widget = forms.PasswordInput(attrs={"autocomplete": "off"})
        help_text = gettext_lazy("Leave empty to keep it.") if known else ""
        return forms.CharField(label=label, required=required, max_length=500, widget=widget, help_text=help_text)
    return forms.CharField(label=label, required=required, max_length=2000)


class UploadForm(forms.Form):
    """A file to import."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("JSON Lines, JSON, CSV or TSV, plain or compressed with gzip."),
        max_length=255,
    )

    def __init__(self, *args: Any, limit_mb: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.limit_mb = limit_mb

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if (file.size or 0) > self.limit_mb * 1_000_000:
            raise ValidationError(
                ngettext(
                    "The file is larger than %(n)s megabyte. Compress it with gzip, or use the command “octavo import”.",
                    "The file is larger than %(n)s megabytes. Compress it with gzip, or use the command “octavo import”.",
                    self.limit_mb,
                )
                % {"n": self.limit_mb}
            )
        return file


class MappingForm(forms.Form):
    """How the columns of a file fill the fields of a message, and whose messages they are."""

    whose = forms.ChoiceField(label=gettext_lazy("Whose messages are these?"), required=False)
    new_brand = forms.CharField(label=gettext_lazy("Name of the new brand"), max_length=120, required=False)
    zone = forms.ChoiceField(label=gettext_lazy("Time zone of times that name none"), required=False)
    day_first = forms.ChoiceField(
        label=gettext_lazy("03/04/2025 means"),
        choices=[
            ("", gettext_lazy("let Octavo find out")),
            ("yes", gettext_lazy("3 April")),
            ("no", gettext_lazy("4 March")),
        ],
        required=False,
    )

    COLUMN, NEW = "column", "new"

    def __init__(self, *args: Any, columns: Sequence[str], brands: QuerySet[Brand], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "–"), *((column, column) for column in columns)]
        for name in MAIN_FIELDS:
            self.fields[f"column_{name}"] = forms.ChoiceField(
                label=FIELD_NAMES[name], choices=choices, required=name == "text"
            )
        whose: Any = self.fields["whose"]
        whose.choices = [
            (self.COLUMN, _("A column of the file says it")),
            *((str(brand.pk), brand.name) for brand in brands),
            (self.NEW, _("A new brand")),
        ]
        zone: Any = self.fields["zone"]
        zone.choices = [(name, name) for name in sorted(available_timezones())]

    @staticmethod
    def initial_of(seen: Preview, *, brand: Brand | None) -> dict[str, Any]:
        """What the form shows at first: the guesses."""
        guessed = {column.field: column.column for column in seen.fields}
        known = brand.pk if brand else None
        return {
            **{f"column_{name}": guessed.get(name, "") for name in MAIN_FIELDS},
            "whose": str(known) if known else MappingForm.COLUMN if "brand" in guessed else "",
            "zone": seen.complete.zone,
            "day_first": "",
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        whose = cleaned.get("whose")
        if whose == self.COLUMN and not cleaned.get("column_brand"):
            self.add_error("column_brand", _("Choose the column that names the brand."))
        if whose == self.NEW and not cleaned.get("new_brand", "").strip():
            self.add_error("new_brand", _("Give the new brand a name."))
        if not whose:
            self.add_error("whose", _("Say whose messages these are."))
        return cleaned

    def choices(self, before: Choices) -> Choices:
        """What was chosen, over what was chosen before."""
        said = self.cleaned_data
        return Choices(
            columns={
                **before.columns,
                **{name: said[f"column_{name}"] for name in MAIN_FIELDS if f"column_{name}" in said},
            },
            encoding=before.encoding,
            delimiter=before.delimiter,
            header=before.header,
            zone=said.get("zone") or before.zone,
            day_first={"yes": True, "no": False}.get(said.get("day_first", ""), before.day_first),
            html=before.html,
            channel=before.channel,
        )


__all__ = ["FIELD_NAMES", "MAIN_FIELDS", "MappingForm", "SourceForm", "UploadForm"]
