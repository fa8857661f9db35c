"""Several processes at the same posts, threads and rows: each thing happens once, and nobody waits for ever."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TypeVar

import pytest
from by_hand import Says, readings
from conftest import MakesPosts
from django.db import connection, transaction

from octavo.conversations import decide, partitions, tally
from octavo.conversations.models import Brand, Conversation, ConversationTally, Correction, Mention
from octavo.conversations.record import record
from octavo.people.models import Event, User
from octavo.vocabulary import Post

pytestmark = pytest.mark.django_db(transaction=True)

T = TypeVar("T")
PATIENCE = 30.0
"""Seconds after which a test gives up; nothing here takes more than a fraction of one."""


def at_once(*calls: Callable[[], T]) -> list[T]:
    """What the calls gave, begun together, each with a connection of its own. Raises what they raised."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        try:
            gate.wait(PATIENCE)
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(PATIENCE) for future in [pool.submit(run, call) for call in calls]]


def until_somebody_waits() -> None:
    """Return when another transaction waits for a lock."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) "
                "WHERE NOT granted AND datname = current_database())"
            )
            if cursor.fetchone() == (True,):
                return
        time.sleep(0.01)
    raise AssertionError("nobody waited")


def keep(brand: Brand, posts: list[Post]) -> list[str]:
    return record(posts, readings(posts), brand=brand.pk).outcomes


def test_the_same_posts_are_kept_once(brand: Brand, post: MakesPosts) -> None:
    posts = [post(f"message {n}", by=f"author {n % 7}") for n in range(200)]
    orders = [posts, posts[::-1], posts[100:] + posts[:100], posts]
    results = at_once(
        *(lambda mine=mine: dict(zip((p.external_id for p in mine), keep(brand, mine), strict=True)) for mine in orders)
    )
    for said in posts:
        assert sorted(result[said.external_id] for result in results) == ["known", "known", "known", "new"]
    assert Mention.objects.count() == Conversation.objects.count() == 200


def test_two_answers_to_one_message_are_one_conversation(brand: Brand, post: MakesPosts) -> None:
    one, two = post("one", by="a", reply_to="unseen"), post("two", by="b", reply_to="unseen")
    begun = threading.Event()

    def first() -> list[str]:
        with transaction.atomic():
            outcomes = keep(brand, [one])
            begun.set()
            until_somebody_waits()  # the second has come, and must not overlook what is not committed yet
        return outcomes

    def second() -> list[str]:
        assert begun.wait(PATIENCE)
        return keep(brand, [two])

    assert at_once(first, second) == [["new"], ["new"]]
    assert Conversation.objects.get().mentions_count == 2


def test_batches_that_turn_to_threads_half_way_do_not_wait_for_each_other(brand: Brand, post: MakesPosts) -> None:
    def batches(name: str) -> None:
        for n in range(6):
            plain = post("plain", external_id=f"{name} {n}", by=name)
            keep(brand, [plain, post("edited", external_id=plain.external_id, by=name, reply_to=f"thread {n}")])

    at_once(lambda: batches("a"), lambda: batches("b"))
    assert Mention.objects.filter(text="edited").count() == 12


def test_a_month_nobody_had_is_made_once(brand: Brand, post: MakesPosts) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS conversations_mention_2003_07")
    partitions.forget()
    at = datetime(2003, 7, 14, tzinfo=UTC)
    posts = [[post(f"{n}", by=f"{n}", created_at=at)] for n in range(4)]
    assert at_once(*(lambda mine=mine: keep(brand, mine) for mine in posts)) == [["new"]] * 4


def test_tallies_stay_true_while_they_are_compacted(brand: Brand, user: User, post: MakesPosts) -> None:
    done = threading.Event()

    def write(name: str) -> None:
        for n in range(8):
            posts = [post(by=f"{name} {n} {m}") for m in range(5)]
            numbers = record(posts, readings(posts), brand=brand.pk).new
            decide.set_status(user, numbers[:2], Conversation.Status.RESOLVED)

    def write_both() -> None:
        try:
            at_once(lambda: write("a"), lambda: write("b"))
        finally:
            done.set()

    def compact() -> None:
        while not done.is_set():
            tally.compact()
            seen = sum(ConversationTally.objects.values_list("n", flat=True))
            assert 0 <= seen <= 80

    at_once(write_both, compact, compact)
    tally.compact()
    counts = Counter(dict(ConversationTally.objects.values_list("status", "n")))
    assert counts == Counter(Conversation.objects.values_list("status", flat=True)) == {"open": 48, "resolved": 32}


def test_two_people_correct_and_withdraw(brand: Brand, user: User, admin: User, post: MakesPosts) -> None:
    posts = [post()]
    record(posts, readings(posts, Says("question")), brand=brand.pk)
    mention = Mention.objects.get()
    made = at_once(*(lambda who=who: decide.correct(who, mention, "register", "crisis") for who in (user, admin)))
    assert [correction is None for correction in made].count(True) == 1
    correction = Correction.objects.get()
    at_once(*(lambda who=who: decide.withdraw(who, correction) for who in (user, admin)))
    mention.refresh_from_db()
    assert (mention.register, mention.corrected) == ("question", [])
    assert Event.objects.filter(action="withdrew correction").count() == 1


def test_a_decision_waits_for_the_recorder_and_loses_nothing(brand: Brand, user: User, post: MakesPosts) -> None:
    first = post("first")
    keep(brand, [first])
    number = Conversation.objects.get().pk
    begun = threading.Event()

    def write() -> None:
        with transaction.atomic():
            keep(brand, [post("second", reply_to=first.external_id, by="b")])
            begun.set()
            until_somebody_waits()

    def assign() -> None:
        assert begun.wait(PATIENCE)
        decide.assign(user, [number], user)

    at_once(write, assign)
    conversation = Conversation.objects.get()
    assert (conversation.mentions_count, conversation.assignee) == (2, user)
