"""Who calls, what they may do, and whether the body is one we take: checked in this order before anything is parsed."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.http import HttpRequest
from ninja import Schema
from ninja.security import HttpBearer

from octavo.people import tokens
from octavo.people.models import ApiToken, User
from octavo.people.tokens import Scope
from octavo.site.api import ratelimit
from octavo.site.api.problems import Kind, Problem, unauthenticated

MAX_BODY = 5_000_000
"""Bytes a request may bring, as on a webhook."""


class Bearer(HttpBearer):
    """A token in the header `Authorization`, with one scope; `query` has the parameters the address knows."""

    def __init__(self, scope: Scope, *, query: type[Schema] | None = None) -> None:
        super().__init__()
        self.scope = scope
        fields = query.model_fields.items() if query else ()
        self.parameters = frozenset(field.alias or name for name, field in fields)

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken:
        """The token. Raises `Problem`: 401, 429, 403, 413, 415, or 422 for a parameter nobody knows."""
        found = tokens.find(token.strip())
        if found is None:
            raise unauthenticated("This token is unknown, revoked or over.", error="invalid_token")
        _spend(request, found)
        if not tokens.allows(found, self.scope):
            raise _out_of_scope(self.scope)
        _check_body(request)
        self._check_query(request)
        return found

    def _check_query(self, request: HttpRequest) -> None:
        # A filter with a slip in its name would otherwise give everything, as if all of it matched.
        unknown = [name for name in request.GET if name not in self.parameters]
        if unknown:
            said = "This address knows no such parameter."
            raise Problem(Kind.INVALID, said, errors=[{"parameter": name, "detail": said} for name in unknown])


def owner(request: HttpRequest) -> User:
    """The person whose token it is: the API shows what they may see."""
    return cast(ApiToken, request.auth).user  # type: ignore[attr-defined]


def allowance(request: HttpRequest) -> ratelimit.Allowance | None:
    """What this request left to its token; None where no token was found."""
    return getattr(request, "_octavo_allowance", None)


def _spend(request: HttpRequest, token: ApiToken) -> None:
    left = ratelimit.spend(token.pk, settings.OCTAVO_OPTIONS.api_rate)
    request._octavo_allowance = left  # type: ignore[attr-defined]
    if not left.granted:
        raise Problem(
            Kind.TOO_MANY_REQUESTS,
            f"{left.limit} requests a minute are allowed; a batch counts as one.",
            headers={"Retry-After": str(max(left.reset, 1))},
        )


def _out_of_scope(scope: Scope) -> Problem:
    challenge = f'Bearer realm="octavo", error="insufficient_scope", scope="{scope.value}"'
    also = " and an administrator's token" if scope in tokens.FOR_ADMINISTRATORS else ""
    return Problem(
        Kind.FORBIDDEN, f"This needs the scope {scope.value}{also}.", headers={"WWW-Authenticate": challenge}
    )


def _check_body(request: HttpRequest) -> None:
    if request.method not in ("POST", "PUT", "PATCH"):
        return
    said = request.headers.get("Content-Length", "")
    if (said.isdigit() and int(said) > MAX_BODY) or len(request.body) > MAX_BODY:
        raise Problem(Kind.TOO_LARGE, f"At most {MAX_BODY} bytes.")
    if request.content_type != "application/json":
        raise Problem(
            Kind.UNSUPPORTED_TYPE, "Send Content-Type: application/json.", headers={"Accept": "application/json"}
        )
