"""The forms of people: welcome, preferences, invitation, token."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy, pgettext_lazy

from octavo.kit import clock
from octavo.people import tokens
from octavo.people.models import SetupLink, User

if TYPE_CHECKING:
    UserForm = forms.ModelForm[User]
else:
    UserForm = forms.ModelForm


class NewPasswordForm(forms.Form):
    """A password, twice, checked as strong enough for `owner`."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "minlength": 10}),
        help_text=_("At least 10 characters. A few words in a row are easy to remember and hard to guess."),
    )
    again = forms.CharField(
        label=_("The same password again"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def owner(self) -> User:
        return User(email=self.cleaned_data.get("email", ""), name=self.cleaned_data.get("name", ""))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        password, again = data.get("password"), data.get("again")
        if password and again and password != again:
            self.add_error("again", _("The two passwords differ."))
        elif password:
            try:
                password_validation.validate_password(password, self.owner())
            except ValidationError as error:
                self.add_error("password", error)
        return data


class ForgottenPasswordForm(NewPasswordForm):
    """A new password for a person who is known."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def owner(self) -> User:
        return self.user


class WelcomeForm(NewPasswordForm):
    """Who a newcomer is. Whoever was invited has an e-mail address already."""

    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(
        label=_("E-mail address"),
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
        help_text=_("You sign in with it."),
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    field_order = ["name", "email", "password", "again", "language"]

    def __init__(self, *args: Any, link: SetupLink, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if link.kind == SetupLink.Kind.INVITATION:
            self.fields["email"].disabled = True  # whatever is sent, the invited address stays
            self.initial["email"] = link.email


def zones() -> Iterator[tuple[str, Any]]:
    """Time zones by region, and none of one's own."""
    yield "", _("As the installation")
    yield "UTC", "UTC"
    names = sorted(
        name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/", "posix/"))
    )
    for region, members in groupby(names, key=lambda name: name.split("/", 1)[0]):
        yield region, [(name, name.split("/", 1)[1].replace("_", " ")) for name in members]


class PreferencesForm(UserForm):
    """What a person chooses for themselves."""

    time_zone = forms.ChoiceField(label=_("Time zone"), choices=zones, required=False)
    language = forms.ChoiceField(
        label=_("Language"),
        choices=lambda: [("", pgettext_lazy("language", "As my browser")), *settings.LANGUAGES],
        required=False,
    )

    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))

    class Meta:
        model = User
        fields = ["name", "language", "time_zone", "theme", "letter_keys"]
        labels = {
            "theme": _("Theme"),
            "letter_keys": _("Work with single letters"),
        }
        help_texts = {
            "letter_keys": _("j for the next message, e for done, and so on; off while you write. ? lists them all."),
        }


class InvitationForm(forms.Form):
    email = forms.EmailField(label=_("E-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    is_admin = forms.BooleanField(
        label=_("Administrator"),
        required=False,
        help_text=_("May change brands and sources, and invite colleagues."),
    )


class TokenForm(forms.Form):
    """A new token: what it is called, what it may do, how long."""

    LASTS = [
        ("30", ngettext_lazy("%(days)s day", "%(days)s days", 30) % {"days": 30}),
        ("90", ngettext_lazy("%(days)s day", "%(days)s days", 90) % {"days": 90}),
        ("365", _("One year")),
        ("", pgettext_lazy("expires", "Never")),
    ]
    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        help_text=_("Which program uses it, so that you know what stops when you end it."),
    )
    scopes = forms.MultipleChoiceField(label=_("What it may do"), widget=forms.CheckboxSelectMultiple)
    lasts = forms.ChoiceField(label=_("Ends after"), choices=LASTS, required=False, initial="90")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scopes: Any = self.fields["scopes"]
        scopes.choices = [
            (scope.value, scope.label)
            for scope in tokens.Scope
            if user.is_admin or scope not in tokens.FOR_ADMINISTRATORS
        ]

    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["lasts"]
        return clock.now() + timedelta(days=int(days)) if days else None
