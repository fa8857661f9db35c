"""Who asks, and where their form wants to go next."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from octavo.people.models import User


def person(request: HttpRequest) -> User:
    """The signed-in colleague: the middleware lets nobody else come here."""
    assert isinstance(request.user, User)
    return request.user


def back_to(request: HttpRequest, otherwise: str, *, name: str = "next") -> str:
    """Where a form wants to go next, if that is a page of ours."""
    wanted = request.POST.get(name, "")
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else otherwise
