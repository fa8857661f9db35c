"""Who is asking."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from octavo.people.models import User


def of(request: HttpRequest) -> User:
    """The person signed in. Only for views behind the sign-in, which all are unless they say otherwise."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def administrator(request: HttpRequest) -> User:
    """The person signed in, who must be an administrator. Raises `PermissionDenied`."""
    user = of(request)
    if not user.is_admin:
        raise PermissionDenied
    return user
