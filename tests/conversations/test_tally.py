"""The counts that the database keeps are those of the rows, whatever happened to them."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from by_hand import Says, readings
from conftest import MakesPosts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octavo.conversations import decide, tally
from octavo.conversations.models import Brand, Conversation, ConversationTally, HourTally, Mention, MentionTally
from octavo.conversations.record import keep, record
from octavo.kit import clock
from octavo.people.models import User
from octavo.vocabulary import Post

pytestmark = pytest.mark.django_db

OF_CONVERSATION = ("brand", "status", "register", "language", "sentiment", "urgency", "channel", "relevant", "assignee")
NINE = datetime(2026, 3, 2, 9, 59, tzinfo=UTC)
TRIES = itertools.count()


def added_up(model: type[ConversationTally | MentionTally | HourTally], *fields: str) -> Counter[Any]:
    sums: Counter[Any] = Counter()
    for *key, n in model.objects.values_list(*fields, "n"):
        sums[tuple(key)] += n
    return Counter({key: n for key, n in sums.items() if n})


def assert_true() -> None:
    assert added_up(ConversationTally, *OF_CONVERSATION) == Counter(Conversation.objects.values_list(*OF_CONVERSATION))
    counted = Mention.objects.filter(relevant=True, own=False, deleted_at__isnull=True)
    assert added_up(MentionTally, "brand", "hour", "register", "sentiment") == Counter(
        (brand, at.replace(minute=0, second=0, microsecond=0), register, sentiment)
        for brand, at, register, sentiment in counted.values_list("brand", "published_at", "register", "sentiment")
    )
    assert added_up(HourTally, "hour", "register") == Counter(
        (at.replace(minute=0, second=0, microsecond=0), register)
        for at, register in counted.values_list("published_at", "register")
    )


SAYS = st.builds(
    Says,
    st.sampled_from(["complaint", "crisis", "none"]),
    st.integers(0, 3),
    st.sampled_from(["negative", "positive"]),
    st.sampled_from(["en", "fr"]),
    st.booleans(),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("record"), st.integers(0, 4), st.booleans(), SAYS),
        st.tuples(st.just("delete"), st.integers(0, 4)),
        st.tuples(st.just("keep"), SAYS),
        st.tuples(st.just("status"), st.sampled_from(["open", "pending", "snoozed", "resolved"])),
        st.tuples(st.just("assign"), st.booleans()),
        st.tuples(st.just("correct"), st.sampled_from(["idea", "none"])),
        st.tuples(st.just("merge")),
        st.tuples(st.just("compact")),
        st.tuples(st.just("remove")),
    ),
    min_size=2,
    max_size=8,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_counts_are_true_after_any_sequence_of_events(
    brand: Brand, user: User, post: MakesPosts, steps: list[tuple[Any, ...]]
) -> None:
    Conversation.objects.all().delete()
    this = next(TRIES)

    def take(said: Post, says: Says = Says()) -> None:  # noqa: B008
        record([said], readings([said], says), brand=brand.pk)

    for number, (kind, *how) in enumerate(steps):
        numbers = list(Conversation.objects.order_by("-pk").values_list("pk", flat=True)[:2])
        if kind == "record":
            at = NINE + timedelta(minutes=number)
            take(post(f"{number}", external_id=f"{this} {how[0]}", own=how[1], created_at=at, by=""), how[2])
        elif kind == "delete":
            take(post(external_id=f"{this} {how[0]}", deleted=True))
        elif kind == "keep":
            mentions = list(Mention.objects.values_list("pk", flat=True)[:3])
            keep(readings([post()] * len(mentions), how[0], model=f"model {number}"), mentions)
        elif kind == "status":
            until = clock.now() if how[0] == "snoozed" else None
            decide.set_status(user, numbers, Conversation.Status(how[0]), until=until)
        elif kind == "assign":
            decide.assign(user, numbers, user if how[0] else None)
        elif kind == "correct":
            for mention in Mention.objects.all()[:1]:
                decide.correct(user, mention, "register", how[0])
        elif kind == "merge":
            for mention in Mention.objects.all()[:2]:
                take(post(reply_to=mention.external_id, thread=f"thread {this}", by=""))
        elif kind == "compact":
            tally.compact()
        else:
            Conversation.objects.filter(pk__in=numbers[:1]).delete()
    assert_true()
    tally.compact()
    assert_true()


class TestCompacting:
    def test_leaves_one_row_a_combination_and_none_of_nothing(self, brand: Brand, user: User, post: MakesPosts) -> None:
        for _ in range(3):
            posts = [post(by="") for _ in range(2)]
            record(posts, readings(posts), brand=brand.pk)
        decide.set_status(user, list(Conversation.objects.values_list("pk", flat=True)), Conversation.Status.RESOLVED)
        tally.compact()
        assert ConversationTally.objects.values_list("status", "n").get() == ("resolved", 6)
        assert MentionTally.objects.get().n == HourTally.objects.get().n == 6

    def test_forgets_brands_that_are_gone(self, brand: Brand, post: MakesPosts) -> None:
        record([post()], readings([post()]), brand=brand.pk)
        brand.delete()
        tally.compact()
        assert not any(kept.objects.exists() for kept in (ConversationTally, MentionTally, HourTally))
        assert not Mention.objects.exists()
