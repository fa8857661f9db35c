"""What people decide, what the trail says of it, and how it is taken back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from by_hand import Says, readings
from conftest import MakesPosts

from octavo.conversations import decide
from octavo.conversations.models import Brand, Conversation, Correction, Mention
from octavo.conversations.record import keep, record
from octavo.kit import clock
from octavo.people.models import Event, User

pytestmark = pytest.mark.django_db

OPEN, PENDING, SNOOZED, RESOLVED = (Conversation.Status(name) for name in ("open", "pending", "snoozed", "resolved"))


@pytest.fixture
def conversations(brand: Brand, post: MakesPosts) -> list[int]:
    posts = [post(f"message {n}", by=f"author {n}") for n in range(4)]
    return record(posts, readings(posts), brand=brand.pk).new


@pytest.fixture
def mention(brand: Brand, post: MakesPosts) -> Mention:
    posts = [post("My lamp burned me")]
    record(posts, readings(posts, Says("question", 1, also=("problem",))), brand=brand.pk)
    return Mention.objects.get()


def state(*fields: str) -> list[tuple[Any, ...]]:
    return list(Conversation.objects.order_by("pk").values_list(*fields))


def later(**span: int) -> datetime:
    return clock.now() + timedelta(**span)


class TestStatus:
    def test_resolved_means_that_nobody_waits(self, user: User, conversations: list[int]) -> None:
        decide.set_status(user, conversations[:2], RESOLVED)
        done, _, still, _ = Conversation.objects.order_by("pk")
        assert (done.status, done.waiting_since, done.resolved_at is None) == (RESOLVED, None, False)
        assert (still.status, still.waiting_since is None, still.resolved_at) == (OPEN, False, None)

    def test_snoozed_until_a_moment(self, user: User, conversations: list[int]) -> None:
        until = later(hours=3)
        decide.set_status(user, conversations, SNOOZED, until=until)
        assert set(state("status", "snoozed_until")) == {(SNOOZED, until)}
        decide.set_status(user, conversations, PENDING)
        assert set(state("status", "snoozed_until")) == {(PENDING, None)}

    def test_a_snoozed_conversation_wakes_when_its_time_has_come(self, user: User, conversations: list[int]) -> None:
        decide.set_status(user, conversations[:1], SNOOZED, until=later(hours=1))
        decide.set_status(user, conversations[1:2], SNOOZED, until=later(hours=9))
        assert decide.wake_snoozed() == 0
        with time_machine.travel(later(hours=2)):
            assert decide.wake_snoozed() == 1 and decide.wake_snoozed() == 0
        assert [status for (status,) in state("status")] == [OPEN, SNOOZED, OPEN, OPEN]
        assert Conversation.objects.get(pk=conversations[0]).snoozed_until is None

    @pytest.mark.parametrize(
        ("status", "until"), [("snoozed", None), ("open", later(hours=1)), ("finished", None), ("", None)]
    )
    def test_what_is_no_status_is_refused(
        self, user: User, conversations: list[int], status: Any, until: datetime | None
    ) -> None:
        with pytest.raises(ValueError):
            decide.set_status(user, conversations, status, until=until)
        assert set(state("status")) == {(OPEN,)} and not Event.objects.exists()

    def test_unknown_numbers_and_repetitions_are_passed_over(self, user: User, conversations: list[int]) -> None:
        before = decide.set_status(user, [10**12, conversations[0], conversations[0]], PENDING)
        assert [item.id for item in before] == [conversations[0]]


class TestAssignment:
    def test_goes_to_a_colleague_and_back_to_nobody(self, user: User, admin: User, conversations: list[int]) -> None:
        decide.assign(user, conversations, admin)
        assert set(state("assignee")) == {(admin.pk,)}
        decide.assign(user, conversations[:1], None)
        assert state("assignee")[0] == (None,)


DECISIONS: list[Callable[[User, list[int]], list[decide.Before]]] = [
    lambda user, numbers: decide.set_status(user, numbers, RESOLVED),
    lambda user, numbers: decide.set_status(user, numbers, PENDING),
    lambda user, numbers: decide.set_status(user, numbers, OPEN),
    lambda user, numbers: decide.set_status(user, numbers, SNOOZED, until=later(days=1)),
    lambda user, numbers: decide.assign(user, numbers, user),
    lambda user, numbers: decide.assign(user, numbers, None),
]
KINDS = ["resolve", "set pending", "open", "snooze", "assign", "unassign"]


class TestUndo:
    @pytest.mark.parametrize("decision", DECISIONS, ids=KINDS)
    def test_puts_back_what_was_whatever_it_was(
        self, user: User, admin: User, conversations: list[int], decision: Callable[..., list[decide.Before]]
    ) -> None:
        decide.assign(admin, conversations[:2], admin)
        for number, earlier in zip(conversations, DECISIONS, strict=False):
            earlier(admin, [number])
        was = list(Conversation.objects.order_by("pk").values())
        before = decision(user, conversations)
        carried = [decide.Before(**item) for item in json.loads(json.dumps([item.as_json() for item in before]))]
        assert decide.undo(user, carried) == 4
        assert list(Conversation.objects.order_by("pk").values()) == was

    def test_sees_what_was_written_meanwhile(
        self, brand: Brand, post: MakesPosts, user: User, conversations: list[int]
    ) -> None:
        first = Mention.objects.get(pk=conversations[0])
        answer = post("ours", own=True, reply_to=first.external_id, created_at=later(minutes=-1))
        before = decide.set_status(user, conversations[:1], RESOLVED)
        record([answer], readings([answer]), brand=brand.pk)
        decide.undo(user, before)
        conversation = Conversation.objects.get(pk=conversations[0])
        assert conversation.status == OPEN and conversation.waiting_since is None

    def test_passes_over_what_is_gone(self, user: User, conversations: list[int]) -> None:
        before = decide.set_status(user, conversations, RESOLVED)
        Conversation.objects.get(pk=conversations[0]).delete()
        assert decide.undo(user, before) == 3


class TestManyAtOnce:
    def test_five_hundred_are_decided_in_few_statements(
        self, brand: Brand, post: MakesPosts, user: User, django_assert_max_num_queries: Callable[[int], Any]
    ) -> None:
        posts = [post(f"message {n}", by=f"author {n}") for n in range(505)]
        numbers = record(posts, readings(posts), brand=brand.pk).new
        with django_assert_max_num_queries(16):
            before = decide.set_status(user, numbers, RESOLVED)
        assert len(before) == decide.MOST_AT_ONCE == Event.objects.filter(action="resolved").count()
        assert Conversation.objects.filter(status=RESOLVED).count() == decide.MOST_AT_ONCE
        assert decide.undo(user, before) == decide.MOST_AT_ONCE
        assert not Conversation.objects.filter(status=RESOLVED).exists()


class TestTheTrail:
    def test_every_decision_leaves_a_line_for_each_conversation(
        self, user: User, admin: User, conversations: list[int]
    ) -> None:
        one = conversations[:1]
        before = decide.set_status(user, conversations[:2], RESOLVED)
        decide.undo(user, before)
        decide.assign(user, one, admin)
        decide.assign(user, one, None)
        decide.add_note(user, Conversation.objects.get(pk=one[0]), "called her")
        lines = Event.objects.filter(kind="conversation", object_id=one[0]).order_by("pk")
        assert [line.action for line in lines] == ["resolved", "undone", "assigned", "unassigned", "noted"]
        assert {line.user for line in lines} == {user}
        assert lines[2].detail == {"to": admin.pk}
        assert "called" not in str([line.detail for line in lines])
        assert Event.objects.filter(object_id=conversations[1]).count() == 2

    def test_a_correction_leaves_a_line_on_its_message(self, user: User, mention: Mention) -> None:
        correction = decide.correct(user, mention, "register", "crisis")
        assert correction is not None
        decide.withdraw(user, correction)
        lines = Event.objects.filter(kind="mention", object_id=mention.pk).order_by("pk")
        assert [line.action for line in lines] == ["corrected", "withdrew correction"]
        assert lines[0].detail == {"field": "register", "was": "question", "now": "crisis"}


class TestNotes:
    def test_a_note_is_kept_beside_the_conversation(self, user: User, conversations: list[int]) -> None:
        conversation = Conversation.objects.get(pk=conversations[0])
        decide.add_note(user, conversation, "  Called her.\n")
        note = conversation.notes.get()
        assert (note.text, note.author) == ("Called her.", user)

    @pytest.mark.parametrize("text", ["", " \n "])
    def test_an_empty_one_is_refused(self, user: User, conversations: list[int], text: str) -> None:
        with pytest.raises(ValueError):
            decide.add_note(user, Conversation.objects.get(pk=conversations[0]), text)


class TestCorrections:
    @pytest.mark.parametrize(
        ("field", "value"), [("register", "crisis"), ("sentiment", "mixed"), ("urgency", 3), ("relevant", False)]
    )
    def test_a_persons_word_stands_and_the_conversation_follows(
        self, user: User, mention: Mention, field: str, value: Any
    ) -> None:
        was = getattr(mention, field)
        correction = decide.correct(user, mention, field, value)
        assert correction is not None
        assert (correction.was, correction.now, correction.model) == (was, value, "hand-1")
        mention.refresh_from_db()
        assert getattr(mention, field) == value and mention.corrected == [field]
        assert getattr(Conversation.objects.get(), field) == value

    def test_the_register_chosen_comes_first_and_the_one_denied_goes(self, user: User, mention: Mention) -> None:
        decide.correct(user, mention, "register", "crisis")
        mention.refresh_from_db()
        assert mention.assigned == ["crisis", "problem"]
        decide.correct(user, mention, "register", "none")
        mention.refresh_from_db()
        assert mention.assigned == []

    def test_saying_what_the_model_says_confirms_it_once(self, user: User, mention: Mention) -> None:
        assert decide.correct(user, mention, "register", "question") is not None
        assert decide.correct(user, mention, "register", "question") is None
        mention.refresh_from_db()
        assert mention.corrected == ["register"] and Correction.objects.count() == 1

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("register", "anger"), ("register", ""), ("register", 3), ("sentiment", "sad"), ("urgency", 4), ("urgency", -1),
            ("urgency", "3"), ("urgency", True), ("relevant", 1), ("relevant", "yes"), ("relevant", None), ("text", "x"),
            ("id", 1),
        ],
    )  # fmt: skip
    def test_what_no_reading_says_is_refused(self, user: User, mention: Mention, field: str, value: Any) -> None:
        with pytest.raises(ValueError):
            decide.correct(user, mention, field, value)
        assert not Correction.objects.exists() and not Event.objects.exists()


class TestWithdrawing:
    def corrected(self, user: User, mention: Mention, *registers: str) -> list[Correction]:
        made = [decide.correct(user, mention, "register", register) for register in registers]
        return [correction for correction in made if correction is not None]

    def now(self, mention: Mention) -> tuple[str, list[str]]:
        mention.refresh_from_db()
        assert mention.assigned[:1] == ([] if mention.register == "none" else [mention.register])
        assert Conversation.objects.get().register == mention.register
        return mention.register, mention.corrected

    def test_gives_the_field_back_to_the_model(self, user: User, mention: Mention) -> None:
        (correction,) = self.corrected(user, mention, "crisis")
        decide.withdraw(user, correction)
        assert self.now(mention) == ("question", [])
        keep(readings([mention], Says("idea"), model="better-1"), [mention.pk])  # type: ignore[list-item]
        assert self.now(mention) == ("idea", [])

    def test_a_second_time_does_nothing(self, user: User, admin: User, mention: Mention) -> None:
        (correction,) = self.corrected(user, mention, "crisis")
        as_another_sees_it = Correction.objects.get(pk=correction.pk)
        decide.withdraw(user, correction)
        decide.correct(user, mention, "register", "idea")
        decide.withdraw(admin, as_another_sees_it)
        decide.withdraw(user, correction)
        assert self.now(mention) == ("idea", ["register"])
        assert Event.objects.filter(action="withdrew correction").count() == 1

    def test_the_latest_gives_way_to_the_one_before(self, user: User, mention: Mention) -> None:
        first, second = self.corrected(user, mention, "crisis", "idea")
        decide.withdraw(user, second)
        assert self.now(mention) == ("crisis", ["register"])
        decide.withdraw(user, first)
        assert self.now(mention) == ("question", [])

    def test_an_overruled_one_changes_nothing_until_the_last_is_withdrawn(self, user: User, mention: Mention) -> None:
        first, second, third = self.corrected(user, mention, "crisis", "none", "idea")
        decide.withdraw(user, first)
        assert self.now(mention) == ("idea", ["register"])
        decide.withdraw(user, third)
        assert self.now(mention) == ("none", ["register"])
        decide.withdraw(user, second)
        assert self.now(mention) == ("question", [])

    def test_fields_do_not_touch_each_other(self, user: User, mention: Mention) -> None:
        (register,) = self.corrected(user, mention, "crisis")
        decide.correct(user, mention, "urgency", 3)
        decide.withdraw(user, register)
        assert self.now(mention) == ("question", ["urgency"])
        assert mention.urgency == 3
