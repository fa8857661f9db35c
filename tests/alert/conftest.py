"""Fixtures of alerts: messages as grave as a test needs them, and an alert that rang."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from by_hand import Says, readings
from conftest import MakesPosts
from django.db import transaction
from django.utils import translation
from ringing import GRAVE, VALVE, Keeps
from telling import Called, Post, answering, free_port, put

from octavo.alert import watch
from octavo.alert.models import Alert
from octavo.conversations import record as recorder
from octavo.conversations.models import Brand, Mention
from octavo.kit import clock


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """A page asked for in another language leaves it to the thread; what is said here is said in English."""
    with translation.override("en"):
        yield


@pytest.fixture
def kept(brand: Brand, post: MakesPosts) -> Keeps:
    """Records messages read as told, the way the flow does, and has them watched; `ago` is how long ago they were
    published. Gives their mentions, in order."""

    def keep(
        *texts: str, says: Says = GRAVE, ago: timedelta = timedelta(minutes=1), of: Brand | None = None, **fields: Any
    ) -> list[Mention]:
        given = {"created_at": clock.now() - ago, **fields}
        posts = [post(text, **{"by": f"author {text[:12]}", **given}) for text in texts]
        recorder.make_room(posts)
        with transaction.atomic():
            recorded = recorder.record(posts, readings(posts, says), brand=(of or brand).pk)
            watch.recorded(recorded.new)
        ids = [each.external_id for each in posts]
        found = {m.external_id: m for m in Mention.objects.filter(external_id__in=ids, brand=of or brand)}
        return [found[number] for number in ids]

    return keep


@pytest.fixture
def rang(kept: Keeps) -> Alert:
    """An alert about one grave message."""
    kept(VALVE)
    return Alert.objects.get()


@pytest.fixture
def post_office(settings: Any) -> Iterator[Post]:
    kept = Post()
    controller = Controller(kept, hostname="127.0.0.1", port=free_port())
    controller.start()
    put(
        settings, mail_host="127.0.0.1", mail_port=controller.port, mail_security="none", mail_from="octavo@example.org"
    )
    yield kept
    controller.stop()


@pytest.fixture
def called(settings: Any) -> Iterator[Called]:
    put(settings, allow_private_feeds=True)
    with answering() as there:
        yield there
