"""The API against its own document: thousands of requests nobody thought of, valid and not."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from calling import Caller
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS

from octavo.conversations.models import Conversation
from octavo.listen.models import Source

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture
def api(admin_caller: Caller, batch: dict[str, Any], settings: Any) -> Any:
    """The document with something kept behind it, and a token that may do everything, as often as it likes."""
    settings.OCTAVO_OPTIONS = settings.OCTAVO_OPTIONS.model_copy(update={"api_rate": 10_000_000})
    admin_caller.post("/messages", batch)
    Source.objects.create(brand=Conversation.objects.first().brand, channel="rss", name="Feed")
    return schemathesis.openapi.from_wsgi("/api/openapi.json", get_wsgi_application())


schema = schemathesis.pytest.from_fixture("api")


@schema.parametrize()
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture],
)
def test_every_answer_is_one_the_document_promises(case: schemathesis.Case, admin_caller: Caller) -> None:
    case.call_and_validate(headers=admin_caller.headers(), checks=list(CHECKS))
