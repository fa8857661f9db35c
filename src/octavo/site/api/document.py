"""The OpenAPI document: what django-ninja derives from the code, and what all operations have in common."""

from __future__ import annotations

from typing import Any

from ninja import NinjaAPI

from octavo.people.tokens import Scope
from octavo.site.api.problems import CONTENT_TYPE, Kind
from octavo.site.api.tokens import MAX_BODY, Bearer

DESCRIPTION = f"""\
Send messages in, get them out with what they say, see and change conversations, watch sources.

**Tokens** are made on the page *Settings, API tokens*; each has scopes, is shown once, and sees what its owner sees.
Send it as `Authorization: Bearer octavo_…`.

**Errors** are `{CONTENT_TYPE}` (RFC 9457): compare `type`, show `title` and `detail`; `errors` names single fields.

**Rate**: the headers `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` (seconds) stand on every answer to
a token; over the limit the answer is 429 with `Retry-After`. A batch counts as one request.

**Pages**: follow `next` as `cursor` until it is null. **Times** are ISO 8601 in UTC.
"""

_HEADERS = {
    "RateLimit-Limit": "Requests a minute.",
    "RateLimit-Remaining": "Requests left in this minute.",
    "RateLimit-Reset": "Seconds until the minute is over.",
}
_PROBLEM = {
    "title": "Problem",
    "description": "An error, as RFC 9457 has it.",
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri", "enum": [kind.urn for kind in Kind]},
        "title": {"type": "string"},
        "status": {"type": "integer", "enum": sorted({kind.status for kind in Kind})},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "detail": {"type": "string"},
                    "pointer": {"type": "string", "description": "Into the body, as RFC 6901 has it."},
                    "parameter": {"type": "string", "description": "Of the query."},
                },
            },
        },
    },
}
_ALWAYS = (Kind.UNAUTHENTICATED, Kind.FORBIDDEN, Kind.INVALID, Kind.TOO_MANY_REQUESTS, Kind.BROKEN)
_WITH_BODY = (Kind.MALFORMED, Kind.TOO_LARGE, Kind.UNSUPPORTED_TYPE)
_NAMED = (Kind.NOT_FOUND,)


def complete(schema: dict[str, Any], api: NinjaAPI) -> dict[str, Any]:
    """The document with problems, headers, scopes and tags."""
    scopes = _scopes(api)
    schema["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    schema["tags"] = [
        {"name": "Messages", "description": "What people say."},
        {"name": "Readings", "description": "What a text says, without keeping it."},
        {"name": "Conversations", "description": "Messages that belong together, and who sees to them."},
        {"name": "Sources", "description": "Where messages come from."},
    ]
    components = schema["components"]
    components["schemas"]["Problem"] = _PROBLEM
    components["headers"] = {
        name: {"description": about, "schema": {"type": "integer", "minimum": 0}} for name, about in _HEADERS.items()
    }
    components["securitySchemes"] = {
        "Bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "octavo_…",
            "description": "Scopes: " + "; ".join(f"`{scope.value}` ({scope.label})" for scope in Scope),
        }
    }
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            _complete_operation(operation, path=path, scope=scopes[operation["operationId"]])
    return schema


def _complete_operation(operation: dict[str, Any], *, path: str, scope: Scope) -> None:
    responses = {str(status): response for status, response in operation["responses"].items()}
    for response in responses.values():
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS}
    takes_body = "requestBody" in operation
    names_something = takes_body or "{" in path
    for kind in (*_ALWAYS, *(_WITH_BODY if takes_body else ()), *(_NAMED if names_something else ())):
        responses[str(kind.status)] = _problem(kind)
    if operation["operationId"] == "create_readings":
        responses[str(Kind.UNAVAILABLE.status)] = _problem(Kind.UNAVAILABLE)
    operation["responses"] = dict(sorted(responses.items()))
    # OpenAPI 3.1 lets a bearer scheme name the roles an operation needs.
    operation["security"] = [{"Bearer": [scope.value]}]
    operation["description"] = f"{operation.get('description', '').strip()}\n\nScope: `{scope.value}`.".strip()
    if takes_body:
        operation["requestBody"]["description"] = f"At most {MAX_BODY:,} bytes."


def _problem(kind: Kind) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": kind.title,
        "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if kind is Kind.TOO_MANY_REQUESTS:
        response["headers"] = {
            "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
            **{name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS},
        }
    if kind is Kind.UNAUTHENTICATED:
        response["headers"] = {"WWW-Authenticate": {"description": "RFC 6750.", "schema": {"type": "string"}}}
    return response


def _scopes(api: NinjaAPI) -> dict[str, Scope]:
    """The scope of each operation by its id."""
    found = {}
    for _prefix, router in api._routers:
        for view in router.path_operations.values():
            for operation in view.operations:
                for auth in operation.auth_callbacks:
                    if isinstance(auth, Bearer) and operation.operation_id:
                        found[operation.operation_id] = auth.scope
    return found
