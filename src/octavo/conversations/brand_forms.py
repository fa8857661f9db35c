"""Forms of a brand: what people call it, and the campaigns whose echo is to be recognised.

Lists are written one a line, so that they can be pasted; a name that is also an ordinary word has the words that settle
it after a colon ("Orange: mobile, forfait, network").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from octavo.conversations.models import Brand, BrandName, Campaign, Topic
from octavo.conversations.words import language_name
from octavo.vocabulary import LANGUAGES

if TYPE_CHECKING:
    OfBrand = forms.ModelForm[Brand]
    OfCampaign = forms.ModelForm[Campaign]
    OfTopic = forms.ModelForm[Topic]
else:
    OfBrand = OfCampaign = OfTopic = forms.ModelForm

MOST_LINES = 500
MOST_EXAMPLES = 50
MOST_TOPICS = 100
_KINDS = {"names": BrandName.Kind.NAME, "handles": BrandName.Kind.HANDLE, "products": BrandName.Kind.PRODUCT}
_RESERVED = {"new"}
"""Addresses of the brand pages that no brand may take."""


class Lines(forms.CharField):
    """A list written one a line; empty lines and repetitions are left out. `longest` is that of one line."""

    widget = forms.Textarea

    def __init__(self, *, longest: int, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 4, "autocapitalize": "off", "spellcheck": "false"}))
        super().__init__(**kwargs)
        self.longest = longest

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return set(initial or ()) != set(_lines(data or ""))

    def clean(self, value: Any) -> list[str]:
        lines = _lines(super().clean(value))
        if len(lines) > MOST_LINES:
            raise ValidationError(_("At most %(most)s lines.") % {"most": MOST_LINES})
        for line in lines:
            self._check(line)
        return lines

    def _check(self, line: str) -> None:
        if len(line) > self.longest:
            raise ValidationError(
                _("“%(line)s…” is longer than %(longest)s characters.") % {"line": line[:40], "longest": self.longest}
            )


def _lines(text: str) -> list[str]:
    lines: dict[str, str] = {}
    for line in text.splitlines():
        plain = " ".join(line.split())
        if plain:
            lines.setdefault(plain.casefold(), plain)
    return list(lines.values())


class NameLines(Lines):
    """Names, each with its context words after a colon."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=2000, **kwargs)

    def _check(self, line: str) -> None:
        text, context = split_name(line)
        if not text:
            raise ValidationError(_("“%(line)s” has no name before the colon.") % {"line": line[:40]})
        if len(text) > 120 or any(len(word) > 60 for word in context):
            raise ValidationError(_("“%(line)s…” is too long: 120 characters a name, 60 a word.") % {"line": line[:40]})


def split_name(line: str) -> tuple[str, list[str]]:
    """A line as the name and its context words."""
    text, _colon, rest = line.partition(":")
    words = dict.fromkeys(word.strip() for word in rest.split(",") if word.strip())
    return text.strip(), list(words)


class BrandForm(OfBrand):
    """A brand with its names, handles and products."""

    names = NameLines(
        label=gettext_lazy("Other names"),
        help_text=gettext_lazy(
            "One a line: short forms, old names, common misspellings. Is one of them, or the name above, also an "
            "ordinary word? Write it here with the words that settle it after a colon: Orange: mobile, network, forfait"
        ),
    )
    handles = Lines(
        label=gettext_lazy("Handles"), longest=120, help_text=gettext_lazy("One a line: your accounts, such as @acme.")
    )
    products = NameLines(
        label=gettext_lazy("Products and services"),
        help_text=gettext_lazy("One a line; where the name alone does not mean you, with such words after a colon."),
    )
    languages = forms.MultipleChoiceField(
        label=gettext_lazy("Languages you expect"),
        choices=lambda: [(code, language_name(code)) for code in LANGUAGES],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    class Meta:
        model = Brand
        fields = ["name", "about", "languages"]
        widgets = {"about": forms.Textarea(attrs={"rows": 2})}

    field_order = ["name", "about", "names", "handles", "products", "languages"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            known = list(self.instance.names.all())
            for field, kind in _KINDS.items():
                self.initial[field] = [
                    f"{name.text}: {', '.join(name.context)}" if name.context else name.text
                    for name in known
                    if name.kind == kind
                ]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if Brand.objects.filter(name__iexact=name).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("There is a brand of this name already."))
        return name

    def save(self, commit: bool = True) -> Brand:  # noqa: FBT001, FBT002
        with transaction.atomic():
            if not self.instance.slug:
                self.instance.slug = _free_slug(self.instance.name)
            brand = super().save(commit=commit)
            rows = {}
            for field, kind in _KINDS.items():
                for line in self.cleaned_data[field]:
                    text, context = (line, []) if field == "handles" else split_name(line)
                    rows[kind, text.casefold()] = BrandName(brand=brand, kind=kind, text=text, context=context)
            brand.names.all().delete()
            BrandName.objects.bulk_create(rows.values())
        return brand

    @property
    def touches_reading(self) -> bool:
        """Whether messages would be read otherwise from now on."""
        return bool({"name", *_KINDS} & set(self.changed_data))


class CampaignForm(OfCampaign):
    """A campaign of one brand."""

    hashtags = Lines(label=gettext_lazy("Hashtags"), longest=100, help_text=gettext_lazy("One a line."))
    slogans = Lines(
        label=gettext_lazy("Slogans"),
        longest=200,
        help_text=gettext_lazy("One a line; small changes people make to them are recognised."),
    )
    links = Lines(
        label=gettext_lazy("Links"), longest=300, help_text=gettext_lazy("One a line: pages and posts of the campaign.")
    )

    class Meta:
        model = Campaign
        fields = ["name", "hashtags", "slogans", "links", "starts_on", "ends_on"]
        widgets = {
            "starts_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "ends_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }

    def __init__(self, *args: Any, brand: Brand, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.brand = brand

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not any(data.get(name) for name in ("hashtags", "slogans", "links")) and not self.errors:
            raise ValidationError(_("Give at least one hashtag, slogan or link: an echo is recognised by these."))
        twins = Campaign.objects.filter(brand=self.instance.brand, name__iexact=data.get("name", ""))
        if twins.exclude(pk=self.instance.pk).exists():
            self.add_error("name", _("There is a campaign of this name already."))
        return data


class TopicForm(OfTopic):
    """A topic of one brand."""

    words = Lines(
        label=gettext_lazy("Words"),
        longest=100,
        help_text=gettext_lazy(
            "One word or phrase a line, in every language you expect; case and accents do not matter. "
            "A word that ends in * stands for all it begins: deliver*"
        ),
    )
    examples = Lines(
        label=gettext_lazy("Examples"),
        longest=1000,
        help_text=gettext_lazy(
            "One message a line, three to ten of them, in any language: what is like them is recognised in the others too."
        ),
        widget=forms.Textarea(attrs={"rows": 6}),
    )

    class Meta:
        model = Topic
        fields = ["name", "words", "examples"]

    def __init__(self, *args: Any, brand: Brand, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.brand = brand

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        known = self.instance.brand.topics.filter(deleted_at=None).exclude(pk=self.instance.pk)
        if known.filter(name__iexact=name).exists():
            raise ValidationError(_("There is a topic of this name already."))
        if self.instance._state.adding and known.count() >= MOST_TOPICS:
            raise ValidationError(_("At most %(most)s topics.") % {"most": MOST_TOPICS})
        return name

    def clean_examples(self) -> list[str]:
        examples: list[str] = self.cleaned_data["examples"]
        if len(examples) > MOST_EXAMPLES:
            raise ValidationError(_("At most %(most)s lines.") % {"most": MOST_EXAMPLES})
        return examples

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        said = (*(data.get("words") or ()), *(data.get("examples") or ()))
        if not self.errors and not any(map(str.isalnum, "".join(said))):
            raise ValidationError(_("Give at least one word or one example: a topic is recognised by these."))
        return data


class TryForm(forms.Form):
    """A message to be read without being kept."""

    text = forms.CharField(
        label=gettext_lazy("A message"), max_length=10_000, strip=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class DeleteForm(forms.Form):
    """The brand's name, typed by hand."""

    name = forms.CharField(
        label=gettext_lazy("Name of the brand"), widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, brand: Brand, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.brand = brand

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name.strip().casefold() != self.brand.name.casefold():
            raise ValidationError(_("That is not the name of this brand."))
        return name


def _free_slug(name: str) -> str:
    plain = slugify(name)[:130] or "brand"
    slug, n = plain, 1
    while slug in _RESERVED or Brand.objects.filter(slug=slug).exists():
        n += 1
        slug = f"{plain}-{n}"
    return slug
