"""The API against its own document: thousands of requests nobody thought of, valid and not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from calling import Caller
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import RequestFactory
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS, load_all_checks

from octavo.conversations.models import Brand, Conversation
from octavo.listen.models import Source
from octavo.site.api import door

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

load_all_checks()
schema = schemathesis.openapi.from_dict(json.loads(door.schema(RequestFactory().get("/api/openapi.json")).content))
schema.app = get_wsgi_application()

MORE_THAN_FORM = {
    # A colleague's address has to be a colleague's, an alarm in the future; no schema can say so.
    "PATCH /api/v1/conversations/{number}": ("positive_data_acceptance",),
    # A cursor belongs to one order of the list.
    "GET /api/v1/conversations": ("positive_data_acceptance",),
}


@pytest.fixture
def caller(admin_caller: Caller, brand: Brand, batch: dict[str, Any], settings: Any) -> Iterator[Caller]:
    """A program that may do everything, as often as it likes, where something is kept to be asked for."""
    settings.OCTAVO_OPTIONS = settings.OCTAVO_OPTIONS.model_copy(update={"api_rate": 10_000_000})
    admin_caller.post("/messages", batch)
    Source.objects.create(brand=brand, channel="rss", name="Feed")
    assert Conversation.objects.exists()
    # The test's transaction is open on this thread's connection; after a request a server would give it back.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield admin_caller
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@schema.parametrize()
@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,  # the same requests in every run: what fails here fails for everybody
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture],
)
def test_every_answer_is_one_the_document_promises(case: schemathesis.Case, caller: Caller) -> None:
    checks = [check for check in CHECKS.get_all() if check.__name__ not in MORE_THAN_FORM.get(case.operation.label, ())]
    case.call_and_validate(headers=caller.headers(), checks=checks)
