"""The home page: eight doors with the usual beside the present."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from by_hand import Says, readings
from conftest import MakesPosts

from octavo.conversations import decide
from octavo.conversations.models import Brand, Conversation
from octavo.conversations.record import record
from octavo.dispatch import home
from octavo.people.models import User
from octavo.vocabulary import REGISTERS, Register

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 20, 12, 20, tzinfo=UTC)


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def come(
    brand: Brand, post: MakesPosts, n: int, *, days: float = 0, register: str = "complaint", **says: Any
) -> list[int]:
    """`n` messages so many days and an hour ago."""
    posts = [post(by="", created_at=NOW - timedelta(days=days, hours=1)) for _ in range(n)]
    return record(posts, readings(posts, Says(register, **says)), brand=brand.pk).new


def door(user: User, register: Register = Register.COMPLAINT, **options: Any) -> home.Door:
    (found,) = [door for door in home.look(user, **options).doors if door.register == register]
    return found


def test_there_are_eight_doors_in_their_order_even_in_an_empty_house(user: User) -> None:
    look = home.look(user)
    assert [door.register for door in look.doors] == list(REGISTERS)
    assert {(door.now, door.usual, door.open, door.oldest, sum(door.trend)) for door in look.doors} == {
        (0, None, 0, None, 0)
    }
    assert (look.at, look.stale, look.messages, look.first, look.urgent) == (NOW, False, 0, [], 0)


def test_a_door_counts_the_last_day_of_its_register(user: User, brand: Brand, post: MakesPosts) -> None:
    come(brand, post, 3)
    come(brand, post, 2, register="idea")
    come(brand, post, 5, days=1)
    assert door(user).now == 3 and door(user, Register.IDEA).now == 2
    assert door(user).trend[-2:] == [5, 3] and len(door(user).trend) == home.TREND_DAYS
    assert home.look(user).messages == 5


def test_what_is_not_about_us_or_by_us_is_not_counted(user: User, brand: Brand, post: MakesPosts) -> None:
    come(brand, post, 3, relevant=False)
    ours = post(own=True, created_at=NOW)
    record([ours], readings([ours]), brand=brand.pk)
    assert door(user).now == 0


class TestTheUsual:
    def test_is_the_median_of_the_days_before(self, user: User, brand: Brand, post: MakesPosts) -> None:
        for days, n in ((1, 2), (2, 9), (3, 4)):
            come(brand, post, n, days=days)
        come(brand, post, 8)
        assert (door(user).now, door(user).usual, door(user).ratio) == (8, 4.0, 2.0)

    def test_counts_quiet_days_since_the_first_message(self, user: User, brand: Brand, post: MakesPosts) -> None:
        come(brand, post, 6, days=5)
        come(brand, post, 1)
        assert door(user).usual == 0.0 and door(user).ratio is None

    def test_of_a_rare_register_counts_the_days_it_did_not_come(
        self, user: User, brand: Brand, post: MakesPosts
    ) -> None:
        for days in (1, 2, 3):
            come(brand, post, 1, days=days)
        come(brand, post, 1, days=1, register="crisis")
        assert door(user, Register.CRISIS).usual == 0.0

    def test_is_unknown_before_three_days(self, user: User, brand: Brand, post: MakesPosts) -> None:
        come(brand, post, 5, days=1)
        come(brand, post, 5, days=2)
        assert door(user).usual is None and home.look(user).usual_messages is None
        come(brand, post, 5, days=3)
        assert door(user).usual == 5.0 == home.look(user).usual_messages

    def test_looks_back_four_weeks_and_no_further(self, user: User, brand: Brand, post: MakesPosts) -> None:
        for days in range(1, 29):
            come(brand, post, 1, days=days)
        come(brand, post, 100, days=29)
        assert door(user).usual == 1.0


class TestAnImportedPast:
    def test_is_seen_from_its_own_last_moment(self, user: User, brand: Brand, post: MakesPosts) -> None:
        come(brand, post, 4, days=300)
        come(brand, post, 2, days=301)
        look = home.look(user)
        assert look.stale and look.at == datetime(2025, 5, 24, 12, tzinfo=UTC)
        assert door(user).now == 4 and door(user).trend[-2] == 2

    def test_ends_with_the_first_present_message(self, user: User, brand: Brand, post: MakesPosts) -> None:
        come(brand, post, 4, days=300)
        come(brand, post, 1, days=2.5)
        assert not home.look(user).stale and home.look(user).at == NOW and door(user).now == 0

    def test_of_one_brand_does_not_make_another_stale(self, user: User, brand: Brand, post: MakesPosts) -> None:
        other = Brand.objects.create(name="Other", slug="other")
        come(brand, post, 4, days=300)
        come(other, post, 1)
        assert home.look(user, brand="tramonto").stale
        assert not home.look(user, brand="other").stale and not home.look(user).stale


class TestWhatNeedsAPerson:
    def test_the_oldest_unanswered_message_stands_at_its_door(self, user: User, brand: Brand, post: MakesPosts) -> None:
        (longest,) = come(brand, post, 1, days=3)
        come(brand, post, 1, days=2)
        come(brand, post, 1, days=9, relevant=False)
        assert door(user).oldest == NOW - timedelta(days=3, hours=1) and door(user).open == 2
        decide.set_status(user, [longest], Conversation.Status.RESOLVED)
        assert door(user).oldest == NOW - timedelta(days=2, hours=1) and door(user).open == 1

    def test_the_most_urgent_come_first_and_are_counted(self, user: User, brand: Brand, post: MakesPosts) -> None:
        come(brand, post, 9, urgency=1)
        (today,) = come(brand, post, 1, days=1, urgency=2)
        (now,) = come(brand, post, 1, days=2, urgency=3)
        look = home.look(user)
        assert [row.pk for row in look.first][:2] == [now, today] and len(look.first) == home.FIRST
        assert look.urgent == 2

    def test_one_brand_can_be_looked_at_alone(self, user: User, brand: Brand, post: MakesPosts) -> None:
        other = Brand.objects.create(name="Other", slug="other")
        come(brand, post, 2)
        come(other, post, 3, urgency=3)
        look = home.look(user, brand="tramonto")
        assert (look.messages, len(look.first), look.urgent) == (2, 2, 0)
        assert door(user, brand="other").now == 3 and home.look(user).messages == 5
        assert home.look(user, brand="nobody").messages == 0 and not home.look(user, brand="nobody").first


class TestMyConversations:
    def test_are_the_open_ones_of_the_reader_oldest_waiting_first(
        self, user: User, brand: Brand, post: MakesPosts
    ) -> None:
        old, new, done, snoozed, of_others = (come(brand, post, 1, days=days)[0] for days in (9, 2, 5, 4, 8))
        answered = come(brand, post, 1, days=20)[0]
        decide.assign(user, [new, old, done, snoozed, answered], user)
        decide.set_status(user, [done], Conversation.Status.RESOLVED)
        decide.set_status(user, [snoozed], Conversation.Status.SNOOZED, until=NOW + timedelta(days=1))
        decide.assign(user, [of_others], User.objects.create_user("other@example.org"))
        Conversation.objects.filter(pk=answered).update(waiting_since=None)
        look = home.look(user)
        assert [row.pk for row in look.mine] == [old, new, answered] and look.mine_total == 3

    def test_are_listed_up_to_a_few_and_counted_all(self, user: User, brand: Brand, post: MakesPosts) -> None:
        numbers = [number for days in range(home.MINE + 2) for number in come(brand, post, 1, days=days)]
        decide.assign(user, numbers, user)
        look = home.look(user)
        assert len(look.mine) == home.MINE and look.mine_total == home.MINE + 2

    def test_of_one_brand_alone(self, user: User, brand: Brand, post: MakesPosts) -> None:
        other = Brand.objects.create(name="Other", slug="other")
        decide.assign(user, [*come(brand, post, 2), *come(other, post, 1)], user)
        assert len(home.look(user, brand="other").mine) == home.look(user, brand="other").mine_total == 1
