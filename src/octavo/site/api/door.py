"""The API put together: its routers, its document, and what holds for every address below /api/v1."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

import orjson
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import URLPattern
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.parser import Parser

from octavo.site.api import conversations, document, messages, problems, sources
from octavo.site.api.problems import Kind, Problem
from octavo.site.api.tokens import allowance


class JsonParser(Parser):
    """JSON as people send it: quick where it is sound, forgiving where one message holds a broken character."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            return orjson.loads(request.body)
        except orjson.JSONDecodeError as error:
            try:
                return json.loads(request.body.decode(), strict=False, parse_constant=_no_constant)
            except (ValueError, RecursionError):
                raise Problem(Kind.MALFORMED, str(error)) from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


api = NinjaAPI(
    title="Octavo",
    version="1",
    description=document.DESCRIPTION,
    parser=JsonParser(),
    urls_namespace="api",
    openapi_url=None,
    docs_url=None,
)
problems.install(api)
for router in (messages.router, conversations.router, sources.router):
    api.add_router("", router)


@login_not_required
@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document. It says nothing of what is kept here, so everybody may read it."""
    return HttpResponse(orjson.dumps(_document()), content_type="application/json")


@login_not_required
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The same for people, where they can try it."""
    return render(request, "api/docs.html")


@csrf_exempt
@login_not_required
def nowhere(request: HttpRequest) -> HttpResponse:
    """Any other address below /api."""
    return _finish(request, problems.answer(Problem(Kind.NOT_FOUND, "No such address. They are listed at /api/docs.")))


def addresses() -> list[URLPattern]:
    """The patterns of the API, each answering as the API does and not as the pages do."""
    found = [pattern for pattern in api.urls[0] if isinstance(pattern, URLPattern) and pattern.name != "api-root"]
    for pattern in found:
        pattern.callback = _gated(pattern.callback)
    return found


@functools.lru_cache(maxsize=1)
def _document() -> dict[str, Any]:
    return document.complete(api.get_openapi_schema(path_prefix="/api/v1/"), api)


def _gated(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @csrf_exempt  # a token in a header is never sent by a browser on its own
    @login_not_required
    @functools.wraps(view)
    def gated(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if isinstance(response, HttpResponseNotAllowed):
            allowed = {"Allow": response["Allow"]}
            response = problems.answer(
                Problem(Kind.METHOD_NOT_ALLOWED, f"It takes {response['Allow']}.", headers=allowed)
            )
        return _finish(request, response)

    return gated


def _finish(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    left = allowance(request)
    for name, value in (left.headers() if left else {}).items():
        response[name] = value
    return response
