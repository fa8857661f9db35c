"""The state of a conversation that follows from its messages."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from by_hand import Says, readings
from conftest import MakesPosts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octavo.conversations import decide, heads
from octavo.conversations.models import Brand, Conversation, Mention
from octavo.conversations.record import record
from octavo.kit import clock
from octavo.people.models import User
from octavo.vocabulary import Author, Post

pytestmark = pytest.mark.django_db

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
OPEN, PENDING, SNOOZED, RESOLVED = (Conversation.Status(name) for name in ("open", "pending", "snoozed", "resolved"))
TRIES = itertools.count()

MESSAGES = st.lists(
    st.builds(
        dict,
        hour=st.integers(0, 3),
        own=st.booleans(),
        urgency=st.integers(0, 3),
        register=st.sampled_from(["complaint", "crisis", "none"]),
        subject=st.sampled_from(["", "Lamp", "Ship"]),
        name=st.sampled_from(["", "Lina"]),
        relevant=st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


def states() -> list[dict[str, Any]]:
    return list(Conversation.objects.order_by("pk").values())


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=MESSAGES, cut=st.integers(0, 6))
def test_the_state_written_at_once_is_the_state_worked_out_from_the_messages(
    brand: Brand, messages: list[dict[str, Any]], cut: int
) -> None:
    Conversation.objects.all().delete()
    thread = f"thread {next(TRIES)}"
    posts = [
        Post(
            "forum",
            f"{thread} {place}",
            f"text {place}" * 40,
            NINE + timedelta(hours=said["hour"]),
            Author(f"handle {place}", said["name"]),
            subject=said["subject"],
            thread=thread,
            own=said["own"],
        )
        for place, said in enumerate(messages)
    ]
    says = [
        Says(said["register"], said["urgency"], relevant=said["relevant"], spans=((0, 4), (278, 283)))
        for said in messages
    ]
    record(posts, readings(posts, says), brand=brand.pk)
    written = states()
    heads.refresh([written[0]["id"]])
    assert states() == written

    # Cut into two batches, the first conversation is refreshed by the second batch, and ends as the same.
    Conversation.objects.all().delete()
    again = [
        Post(**{**{f: getattr(p, f) for f in p.__slots__}, "external_id": f"{p.external_id}'", "thread": thread + "'"})
        for p in posts
    ]
    for part in (slice(0, cut), slice(cut, None)):
        record(again[part], readings(again[part], says[part]), brand=brand.pk)
    numbers = {"id", "head", "status"}
    assert [{k: v for k, v in state.items() if k not in numbers} for state in states()] == [
        {k: v for k, v in state.items() if k not in numbers} for state in written
    ]


def say(brand: Brand, post: MakesPosts, text: str, hour: float = 0, urgency: int = 1, **fields: Any) -> Mention:
    said = post(text, thread="t", created_at=NINE + timedelta(hours=hour), **fields)
    record([said], readings([said], Says(urgency=urgency)), brand=brand.pk)
    return Mention.objects.get(external_id=said.external_id)


def shown() -> Conversation:
    return Conversation.objects.get()


class TestHead:
    def test_the_most_urgent_message_is_shown_and_of_those_the_latest(self, brand: Brand, post: MakesPosts) -> None:
        say(brand, post, "urgent, earlier", 0, urgency=3)
        say(brand, post, "urgent, later", 1, urgency=3)
        say(brand, post, "calm, last", 2, urgency=1)
        assert (shown().excerpt, shown().urgency, shown().mentions_count) == ("urgent, later", 3, 3)
        assert (shown().first_at, shown().last_at) == (NINE, NINE + timedelta(hours=2))

    def test_our_own_message_is_never_shown_where_the_public_wrote(self, brand: Brand, post: MakesPosts) -> None:
        say(brand, post, "question")
        say(brand, post, "our answer", 1, urgency=3, own=True)
        assert shown().excerpt == "question"

    def test_a_deleted_head_gives_way(self, brand: Brand, post: MakesPosts) -> None:
        say(brand, post, "calm", 0, urgency=1)
        gone = say(brand, post, "urgent", 1, urgency=3)
        say(brand, post, "", external_id=gone.external_id, deleted=True)
        assert (shown().excerpt, shown().urgency) == ("calm", 1)

    def test_our_answer_is_shown_where_all_else_was_deleted(self, brand: Brand, post: MakesPosts) -> None:
        gone = say(brand, post, "question")
        say(brand, post, "answer", 1, own=True)
        say(brand, post, "", external_id=gone.external_id, deleted=True)
        assert shown().excerpt == "answer" and shown().waiting_since is None

    def test_what_was_resolved_gives_way_to_what_came_since(self, brand: Brand, post: MakesPosts, user: User) -> None:
        say(brand, post, "urgent, handled", 0, urgency=3)
        decide.set_status(user, [shown().pk], RESOLVED)
        assert shown().excerpt == "urgent, handled"
        say(brand, post, "calm, new", 1, urgency=0)
        assert (shown().excerpt, shown().status) == ("calm, new", OPEN)


class TestWaiting:
    def test_the_oldest_unanswered_message_waits(self, brand: Brand, post: MakesPosts) -> None:
        say(brand, post, "one", 1)
        say(brand, post, "two", 2)
        assert shown().waiting_since == NINE + timedelta(hours=1)
        say(brand, post, "answer", 3, own=True)
        assert shown().waiting_since is None
        say(brand, post, "but", 4)
        say(brand, post, "and", 5)
        assert shown().waiting_since == NINE + timedelta(hours=4)

    def test_a_message_that_comes_late_was_answered_by_what_we_wrote_since(
        self, brand: Brand, post: MakesPosts
    ) -> None:
        say(brand, post, "answer", 3, own=True)
        say(brand, post, "question", 1)
        assert shown().waiting_since is None

    def test_an_answer_that_was_deleted_is_no_answer(self, brand: Brand, post: MakesPosts) -> None:
        say(brand, post, "question")
        answer = say(brand, post, "answer", 1, own=True)
        say(brand, post, "", external_id=answer.external_id, deleted=True)
        assert shown().waiting_since == NINE

    def test_nobody_waits_with_a_deleted_message(self, brand: Brand, post: MakesPosts) -> None:
        gone = say(brand, post, "question")
        say(brand, post, "", external_id=gone.external_id, deleted=True)
        assert shown().waiting_since is None


class TestOpeningAgain:
    @pytest.mark.parametrize("status", [RESOLVED, SNOOZED])
    def test_a_finished_conversation_opens_when_the_person_writes(
        self, brand: Brand, post: MakesPosts, user: User, status: Conversation.Status
    ) -> None:
        say(brand, post, "one")
        decide.set_status(
            user, [shown().pk], status, until=clock.now() + timedelta(days=1) if status == SNOOZED else None
        )
        say(brand, post, "two", 1)
        assert (shown().status, shown().snoozed_until) == (OPEN, None)
        assert shown().waiting_since is not None

    @pytest.mark.parametrize("status", [RESOLVED, SNOOZED, PENDING])
    def test_our_own_message_opens_nothing(
        self, brand: Brand, post: MakesPosts, user: User, status: Conversation.Status
    ) -> None:
        say(brand, post, "one")
        until = clock.now() + timedelta(days=1) if status == SNOOZED else None
        decide.set_status(user, [shown().pk], status, until=until)
        say(brand, post, "answer", 1, own=True)
        assert (shown().status, shown().snoozed_until) == (status, until)

    def test_a_better_reading_an_edit_and_a_correction_open_nothing(
        self, brand: Brand, post: MakesPosts, user: User
    ) -> None:
        from octavo.conversations.record import keep

        mention = say(brand, post, "one")
        for status in (RESOLVED, SNOOZED):
            until = clock.now() + timedelta(days=1) if status == SNOOZED else None
            decide.set_status(user, [shown().pk], status, until=until)
            said = post("one")
            keep(readings([said], Says("crisis", 3), model=f"better-{status}"), [mention.pk])
            decide.correct(user, mention, "sentiment", "mixed" if status == SNOOZED else "positive")
            say(brand, post, f"edited {status}", external_id=mention.external_id)
            assert shown().status == status

    def test_a_resolved_conversation_stays_for_what_came_before_it_was_resolved(
        self, brand: Brand, post: MakesPosts, user: User
    ) -> None:
        say(brand, post, "one")
        decide.set_status(user, [shown().pk], RESOLVED)
        heads.refresh([shown().pk])
        assert shown().status == RESOLVED and shown().waiting_since is None

    def test_resolved_while_the_message_was_on_its_way_is_not_resolved(
        self, brand: Brand, post: MakesPosts, user: User
    ) -> None:
        say(brand, post, "one")
        received = clock.now()
        with time_machine.travel(received + timedelta(seconds=1), tick=False):
            decide.set_status(user, [shown().pk], RESOLVED)
        said = post("two", thread="t", created_at=received)
        record([said], readings([said]), brand=brand.pk, received_at=received)
        assert shown().status == OPEN and shown().excerpt == "two" and shown().waiting_since == received

    def test_opened_by_hand_a_conversation_waits_as_before(self, brand: Brand, post: MakesPosts, user: User) -> None:
        say(brand, post, "one")
        decide.set_status(user, [shown().pk], RESOLVED)
        decide.set_status(user, [shown().pk], OPEN)
        assert shown().waiting_since == NINE and shown().resolved_at is None
