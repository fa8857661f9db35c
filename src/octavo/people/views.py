"""Pages of people: welcome, preferences, colleagues, API tokens."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from octavo.kit import clock
from octavo.people import audit, colleagues, person, setup, tokens
from octavo.people.forms import ForgottenPasswordForm, InvitationForm, PreferencesForm, TokenForm, WelcomeForm
from octavo.people.models import ApiToken, SetupLink, User


@login_not_required
@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "POST"])
def welcome(request: HttpRequest, token: str) -> HttpResponse:
    """Where a one-time link leads: somebody's first visit, or a forgotten password."""
    try:
        link = setup.find(token)
    except setup.LinkGone:
        return render(request, "people/link_gone.html", status=410)
    form = _welcome_form(request, link)
    if request.method == "POST" and form.is_valid():
        chosen = {name: form.cleaned_data.get(name, "") for name in ("password", "name", "email", "language")}
        try:
            user = setup.accept(token, **chosen)
        except setup.LinkGone:  # used in another window meanwhile
            return render(request, "people/link_gone.html", status=410)
        except setup.AddressTaken:
            form.add_error("email", _("A colleague has this address already."))
        else:
            login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
            return redirect("home")
    return render(request, "people/welcome.html", {"form": form, "link": link})


def _welcome_form(request: HttpRequest, link: SetupLink) -> WelcomeForm | ForgottenPasswordForm:
    data = request.POST if request.method == "POST" else None
    if link.user is not None:
        return ForgottenPasswordForm(data, user=link.user)
    return WelcomeForm(data, link=link, initial={"language": (get_language() or "en")[:2]})


@require_http_methods(["GET", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """One's own name, language, time zone, theme and keys."""
    user = person.of(request)
    form = PreferencesForm(request.POST or None, instance=User.objects.get(pk=user.pk))
    if request.method == "POST" and form.is_valid():
        changed = form.changed_data
        form.save()
        audit.log(user, "changed preferences", kind="person", object_id=user.pk, fields=changed)
        with override(form.cleaned_data["language"] or get_language()):
            messages.success(request, _("Saved."))
        return redirect("settings")
    return render(request, "people/preferences.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Who works here. Everybody sees it, administrators can change it."""
    user = person.of(request)
    return _people_page(request, user, InvitationForm())


@require_POST
@never_cache
def invite(request: HttpRequest) -> HttpResponse:
    """Make an invitation. Its link stands on the answer to this very request, and nowhere else."""
    user = person.administrator(request)
    form = InvitationForm(request.POST)
    if form.is_valid():
        email = form.cleaned_data["email"]
        try:
            link = setup.invite(user, email, is_admin=form.cleaned_data["is_admin"], base_url=_base_url(request))
        except setup.AddressTaken:
            form.add_error("email", _("A colleague has this address already."))
        else:
            return render(request, "people/link_made.html", {"link": link, "email": email, "kind": "invitation"})
    return _people_page(request, user, form, status=422)


@require_POST
def withdraw_invitation(request: HttpRequest, number: int) -> HttpResponse:
    setup.withdraw_invitation(person.administrator(request), number)
    messages.success(request, _("The invitation no longer works."))
    return redirect("people")


@require_POST
@never_cache
def offer_password(request: HttpRequest, number: int) -> HttpResponse:
    """A link for a colleague who forgot their password, shown once, to be handed over."""
    admin = person.administrator(request)
    user = get_object_or_404(User, pk=number, is_active=True)
    link = setup.offer_password(admin, user, base_url=_base_url(request))
    return render(request, "people/link_made.html", {"link": link, "email": user.email, "kind": "password"})


@require_POST
def change_person(request: HttpRequest, number: int, change: str) -> HttpResponse:
    """Deactivate, reactivate, make administrator or no longer."""
    admin = person.administrator(request)
    user = get_object_or_404(User, pk=number)
    try:
        if change in ("deactivate", "reactivate"):
            colleagues.set_active(admin, user, active=change == "reactivate")
        else:
            colleagues.set_admin(admin, user, is_admin=change == "promote")
    except colleagues.LastAdministrator:
        messages.error(request, _("Somebody has to administer Octavo: make another colleague administrator first."))
    else:
        messages.success(request, _("Saved."))
    return redirect("people")


@require_http_methods(["GET", "POST"])
@never_cache
def api_tokens(request: HttpRequest) -> HttpResponse:
    """One's tokens, and a form for another one. A new token stands on the answer to the request that makes it, once."""
    user = person.of(request)
    form = TokenForm(request.POST or None, user=user)
    made: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        token, text = tokens.create(
            user, name=form.cleaned_data["name"], scopes=form.cleaned_data["scopes"], expires_at=form.expires_at()
        )
        made = {"token": token, "text": text}
        form = TokenForm(user=user)
    mine = list(ApiToken.objects.filter(user=user))
    others = list(tokens.visible_to(user).exclude(user=user))
    context = {"form": form, "made": made, "tokens": mine, "others": others, "now": clock.now()}
    return render(request, "people/tokens.html", context, status=422 if form.errors else 200)


@require_POST
def revoke_token(request: HttpRequest, number: int) -> HttpResponse:
    user = person.of(request)
    token = get_object_or_404(tokens.visible_to(user), pk=number)
    tokens.revoke(user, token)
    messages.success(request, _("%(name)s no longer works.") % {"name": token.name})
    return redirect("api-tokens")


def _people_page(request: HttpRequest, user: User, form: InvitationForm, *, status: int = 200) -> HttpResponse:
    listed = User.objects.order_by("-is_active", "name", "email")
    context = {"people": listed, "form": form, "invitations": setup.invitations() if user.is_admin else ()}
    return render(request, "people/people.html", context, status=status)


def _base_url(request: HttpRequest) -> str:
    return settings.OCTAVO_OPTIONS.public_url or request.build_absolute_uri("/")
