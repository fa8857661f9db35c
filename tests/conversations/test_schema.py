"""The database refuses what may not be, and the migrations lead there and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from by_hand import readings
from conftest import MakesPosts
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, connections, transaction

from octavo.conversations.models import Author, Brand, BrandName, Campaign, Conversation, Mention
from octavo.conversations.record import record
from octavo.people import audit
from octavo.people.models import Event, User

ELSEWHERE = "elsewhere"


@pytest.fixture
def empty_database(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """The alias of a database of its own, without a table."""
    with django_db_blocker.unblock():
        name = f"{connection.settings_dict['NAME']}_{ELSEWHERE}"
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
            cursor.execute(f'CREATE DATABASE "{name}"')
        connections.settings[ELSEWHERE] = {**connections.settings["default"], "NAME": name, "OPTIONS": {}}
        try:
            yield ELSEWHERE
        finally:
            connections[ELSEWHERE].close()
            del connections[ELSEWHERE], connections.settings[ELSEWHERE]
            with connection._nodb_cursor() as cursor:
                cursor.execute(f'DROP DATABASE "{name}"')


def test_migrations_lead_from_nothing_to_the_present_and_back(empty_database: str) -> None:
    def ours() -> set[str]:
        with connections[empty_database].cursor() as cursor:
            cursor.execute(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S') "
                "UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            )
            names = {row[0] for row in cursor.fetchall()}
        rooms = ("conversations_", "people_", "listen_", "dispatch_", "octavo_")
        return {name for name in names if name.startswith(rooms)}

    rooms = ("people", "conversations", "listen", "dispatch")
    for room in rooms:
        call_command("migrate", room, database=empty_database, verbosity=0)
    assert {"conversations_mention", "conversations_mention_number", "octavo_search", "people_event"} <= ours()
    for room in reversed(rooms):
        call_command("migrate", room, "zero", database=empty_database, verbosity=0)
    assert ours() == set()


@pytest.mark.django_db
def test_the_migrations_say_what_the_models_say() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


@pytest.fixture
def kept(brand: Brand, post: MakesPosts) -> Mention:
    posts = [post()]
    record(posts, readings(posts), brand=brand.pk)
    return Mention.objects.get()


REFUSED: dict[str, Callable[[], Any]] = {
    "an unknown status": lambda: Conversation.objects.update(status="finished"),
    "an unknown register": lambda: Conversation.objects.update(register="anger"),
    "an unknown sentiment": lambda: Conversation.objects.update(sentiment="sad"),
    "an urgency beyond three": lambda: Conversation.objects.update(urgency=4),
    "an end before the beginning": lambda: Conversation.objects.update(last_at=datetime(1999, 1, 1, tzinfo=UTC)),
    "snoozed for ever": lambda: Conversation.objects.update(status="snoozed", snoozed_until=None),
    "a mention of an unknown register": lambda: Mention.objects.update(register="anger"),
    "a mention of an unknown sentiment": lambda: Mention.objects.update(sentiment="sad"),
    "a mention of an urgency below nothing": lambda: Mention.objects.update(urgency=-1),
    "a probability above one": lambda: Mention.objects.update(relevance=1001),
    "seven probabilities": lambda: Mention.objects.update(registers=[1] * 7),
    "no register among those assigned": lambda: Mention.objects.update(register="none"),
    "a register with none assigned": lambda: Mention.objects.update(assigned=[]),
    "a negative reach": lambda: Mention.objects.update(reach=-1),
    "a mention of no conversation": lambda: Mention.objects.update(conversation=10**12),
    "an author twice": lambda: Author.objects.create(channel="forum", handle="lina"),
    "a brand twice": lambda: Brand.objects.create(name="TRAMONTO", slug="other"),
    "an address twice": lambda: Brand.objects.create(name="Other", slug="tramonto"),
    "a name twice": lambda: [
        BrandName.objects.create(brand=Brand.objects.get(), text=text) for text in ("Trammy", "trammy")
    ],
    "a campaign that ends before it starts": lambda: Campaign.objects.create(
        brand=Brand.objects.get(), name="Spring", starts_on="2026-03-02", ends_on="2026-03-01"
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("attempt", REFUSED.values(), ids=REFUSED.keys())
def test_a_wrong_state_is_refused(kept: Mention, attempt: Callable[[], Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        attempt()
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "attempt", [lambda: Event.objects.update(action="nothing"), lambda: Event.objects.all().delete()]
)
def test_the_audit_trail_cannot_be_changed(user: User, attempt: Callable[[], Any]) -> None:
    audit.log(user, "resolved", kind="conversation", object_id=1)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        attempt()
    assert Event.objects.get().action == "resolved"


@pytest.mark.django_db
def test_a_conversation_takes_its_messages_along(brand: Brand, kept: Mention, post: MakesPosts) -> None:
    other = [post("stays", by="b", created_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=1))]
    record(other, readings(other), brand=brand.pk)
    Conversation.objects.get(pk=kept.conversation_id).delete()
    assert Mention.objects.get().text == "stays"


@pytest.mark.django_db
def test_a_message_and_a_conversation_of_something_that_is_gone_are_refused(
    brand: Brand, kept: Mention, post: MakesPosts
) -> None:
    posts = [post("late", by="b")]
    with pytest.raises(Exception, match="a brand that is not there"), transaction.atomic():
        record(posts, readings(posts), brand=brand.pk + 1)
    columns = "id, published_at, brand_id, channel, external_id, text, language, relevant, relevance, register, assigned, runner_up"
    columns += ", registers, sentiment, sentiment_score, urgency, model"
    with (
        pytest.raises(IntegrityError, match="a conversation that is not there"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            f"INSERT INTO conversations_mention (conversation_id, {columns}) "
            f"SELECT 10 ^ 12, {columns.replace('id', 'id + 1', 1)} FROM conversations_mention"
        )
    assert Mention.objects.get() == kept


@pytest.mark.django_db
def test_an_author_who_is_removed_is_let_go_of_by_messages_and_conversations(kept: Mention) -> None:
    assert kept.author is not None
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM conversations_author")
    assert Mention.objects.get().author is None
    assert Conversation.objects.get().author is None
