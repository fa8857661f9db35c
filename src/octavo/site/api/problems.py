"""Every error of the API as `application/problem+json` (RFC 9457), whatever raised it.

`type` is a URN that a program can compare, `title` says the kind, `detail` this case. Where single fields are at fault,
`errors` names each: `pointer` into the body (RFC 6901) or `parameter` of the query.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, cast

import orjson
import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

CONTENT_TYPE = "application/problem+json"
MOST_ERRORS = 50
"""Field errors listed in one answer."""

log = structlog.get_logger(__name__)


class Kind(Enum):
    """What can go wrong: (name in the URN, status, title)."""

    MALFORMED = ("malformed", 400, "The body is not JSON")
    UNAUTHENTICATED = ("unauthenticated", 401, "A valid token is needed")
    FORBIDDEN = ("forbidden", 403, "The token may not do this")
    NOT_FOUND = ("not-found", 404, "There is nothing here")
    METHOD_NOT_ALLOWED = ("method-not-allowed", 405, "This address does not take that method")
    TOO_LARGE = ("too-large", 413, "The body is too large")
    UNSUPPORTED_TYPE = ("unsupported-type", 415, "The body has to be JSON")
    INVALID = ("invalid", 422, "Something in the request is not as it should be")
    TOO_MANY_REQUESTS = ("too-many-requests", 429, "This token has made too many requests")
    BROKEN = ("broken", 500, "Octavo made a mistake")
    UNAVAILABLE = ("unavailable", 503, "This cannot be done at the moment")

    @property
    def urn(self) -> str:
        return f"urn:octavo:problem:{self.value[0]}"

    @property
    def status(self) -> int:
        return self.value[1]

    @property
    def title(self) -> str:
        return self.value[2]


@dataclass(frozen=True, slots=True)
class Problem(Exception):
    """An answer that is a problem. `errors` are objects with `detail` and either `pointer` or `parameter`."""

    kind: Kind
    detail: str = ""
    errors: Sequence[Mapping[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def answer(problem: Problem) -> HttpResponse:
    body: dict[str, Any] = {"type": problem.kind.urn, "title": problem.kind.title, "status": problem.kind.status}
    if problem.detail:
        body["detail"] = problem.detail
    if problem.errors:
        body["errors"] = [dict(error) for error in problem.errors[:MOST_ERRORS]]
    return HttpResponse(
        orjson.dumps(body), status=problem.kind.status, content_type=CONTENT_TYPE, headers=dict(problem.headers)
    )


def unauthenticated(detail: str, *, error: str = "") -> Problem:
    """No token, or none that works. The header says which, as RFC 6750 has it."""
    challenge = 'Bearer realm="octavo"' + (f', error="{error}"' if error else "")
    return Problem(Kind.UNAUTHENTICATED, detail, headers={"WWW-Authenticate": challenge})


def invalid(detail: str, *, pointer: str = "", parameter: str = "") -> Problem:
    """One value that cannot be used."""
    where = {"pointer": pointer} if pointer else {"parameter": parameter} if parameter else {}
    return Problem(Kind.INVALID, detail, errors=[{**where, "detail": detail}] if where else ())


def install(api: NinjaAPI) -> None:
    """Make `api` answer every exception with a problem."""

    def on(error: Any, make: Any) -> None:
        api.add_exception_handler(error, lambda request, raised: answer(make(raised)))

    on(Problem, lambda raised: raised)
    on(ValidationError, _of_validation)
    on(AuthenticationError, lambda _: unauthenticated("Send a token: Authorization: Bearer octavo_…"))
    on(Http404, lambda _: Problem(Kind.NOT_FOUND))
    on(PermissionDenied, lambda _: Problem(Kind.FORBIDDEN, "Only administrators may do this."))
    on(RequestDataTooBig, lambda _: Problem(Kind.TOO_LARGE))
    on(HttpError, _of_http_error)
    api.add_exception_handler(Exception, cast(Any, _broken))


def _of_validation(raised: ValidationError) -> Problem:
    errors = []
    for item in raised.errors[:MOST_ERRORS]:
        source, *rest = item["loc"]
        # ninja names the argument after its source; below a body that argument is not part of the pointer.
        path = [str(part) for part in rest]
        said = str(item["msg"]).removeprefix("Value error, ")
        if source == "body":
            pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path[1:])
            errors.append({"pointer": f"#{pointer}", "detail": said})
        else:
            named = [part for part in path if not part.isdigit()]
            errors.append({"parameter": named[-1] if named else str(source), "detail": said})
    return Problem(Kind.INVALID, errors[0]["detail"] if len(errors) == 1 else "", errors=errors)


def _of_http_error(raised: HttpError) -> Problem:
    by_status = {kind.status: kind for kind in Kind}
    return Problem(by_status.get(raised.status_code, Kind.INVALID), raised.message)


def _broken(request: HttpRequest, raised: Exception) -> HttpResponse:
    log.error("api call failed", path=request.path, method=request.method, exc_info=raised)
    return answer(Problem(Kind.BROKEN, "It has been written to the log. Trying again later may help."))
