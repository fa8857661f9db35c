"""The half of the settings that is about the installation: its options, read-only, and the demo brand."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from pydantic import SecretStr

from octavo.conversations import erase
from octavo.conversations.models import Brand
from octavo.people import person
from octavo.site import demo_brand
from octavo.site.options import PREFIX, Options, load


@dataclass(frozen=True, slots=True)
class Shown:
    """One option as the page shows it: never a secret. `given` says that it was set, and is not at its default."""

    variable: str
    value: str
    given: bool
    about: str


def shown(options: Options) -> list[Shown]:
    """All options of an installation, in their order, secrets told only by whether they are set."""
    rows = []
    for name, field in Options.model_fields.items():
        value = getattr(options, name)
        rows.append(
            Shown(
                variable=PREFIX + name.upper(),
                value=_shown_value(name, value),
                given=name in options.model_fields_set,
                about=field.description or "",
            )
        )
    return rows


@require_safe
def installation(request: HttpRequest) -> HttpResponse:
    """What this installation runs with, and where each setting comes from. They are changed in the environment."""
    person.administrator(request)
    return render(request, "settings/installation.html", {"options": shown(load()), "version": version("octavo")})


@require_safe
def demo(request: HttpRequest) -> HttpResponse:
    """The demo brand: load it, look at it, remove it."""
    person.administrator(request)
    brand = Brand.objects.filter(is_demo=True).first()
    context = {"brand": brand, "conversations": erase.size(brand) if brand else 0}
    return render(request, "settings/demo.html", context)


@require_POST
def load_demo(request: HttpRequest) -> HttpResponse:
    demo_brand.load(person.administrator(request))
    messages.success(request, _("The demo brand is here."))
    return redirect("home")


@require_POST
def remove_demo(request: HttpRequest) -> HttpResponse:
    gone = demo_brand.remove(person.administrator(request))
    messages.success(
        request,
        ngettext(
            "The demo brand is gone, with %(n)s conversation.",
            "The demo brand is gone, with %(n)s conversations.",
            gone,
        )
        % {"n": gone},
    )
    return redirect("demo")


def _shown_value(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return "••••••••"
    if name == "database_url":
        return _without_credentials(str(value))
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def _without_credentials(address: str) -> str:
    """An address without user, password and parameters, where passwords may stand as well."""
    scheme, _separator, rest = address.partition("://")
    return f"{scheme}://{rest.split('?', 1)[0].rpartition('@')[2]}"
