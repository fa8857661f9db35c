"""Which messages make one conversation, in whatever order and company they come."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from by_hand import PLAIN, Says, readings
from conftest import MakesPosts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octavo.conversations import decide
from octavo.conversations.models import Brand, Conversation, Mention, Note, ThreadKey
from octavo.conversations.record import record
from octavo.kit import clock
from octavo.people.models import User
from octavo.vocabulary import Post

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def together() -> set[frozenset[str]]:
    """The external ids of each conversation."""
    groups: dict[int, set[str]] = {}
    for number, external in Mention.objects.values_list("conversation", "external_id"):
        groups.setdefault(number, set()).add(external)
    return {frozenset(group) for group in groups.values()}


def keep(brand: Brand, *batches: list[Post], says: Says = PLAIN) -> None:
    for batch in batches:
        record(batch, readings(batch, says), brand=brand.pk)


def in_batches(posts: list[Post], *, at_once: bool) -> list[list[Post]]:
    return [posts] if at_once else [[post] for post in posts]


at_once = pytest.mark.parametrize("at_once", [True, False], ids=["in one batch", "one by one"])


@at_once
@pytest.mark.parametrize("order", list(itertools.permutations("abc")), ids="".join)
def test_answers_join_what_they_answer_in_whatever_order_they_come(
    brand: Brand, post: MakesPosts, order: tuple[str, ...], at_once: bool
) -> None:
    answers = {"a": "", "b": "a", "c": "b"}
    posts = [post(name, external_id=name, reply_to=answers[name], by=name) for name in order]
    keep(brand, *in_batches(posts, at_once=at_once), [post("aside", external_id="aside")])
    assert together() == {frozenset("abc"), frozenset({"aside"})}
    assert Conversation.objects.get(mentions__external_id="a").mentions_count == 3


@at_once
def test_two_answers_to_a_message_never_seen_belong_together(brand: Brand, post: MakesPosts, at_once: bool) -> None:
    posts = [post(external_id=name, reply_to="unseen", by=name) for name in "ab"]
    keep(brand, *in_batches(posts, at_once=at_once))
    assert together() == {frozenset("ab")}


@at_once
def test_messages_of_one_thread_belong_together(brand: Brand, post: MakesPosts, at_once: bool) -> None:
    posts = [post(external_id=name, thread="t1", by=name) for name in "abc"] + [post(external_id="d", thread="t2")]
    keep(brand, *in_batches(posts, at_once=at_once))
    assert together() == {frozenset("abc"), frozenset("d")}


@at_once
def test_one_author_under_one_subject_is_one_conversation(brand: Brand, post: MakesPosts, at_once: bool) -> None:
    subjects = {"a": "Invoice", "b": "Re: Invoice", "c": "TR : R: invoice "}
    posts = [post(external_id=name, subject=subject) for name, subject in subjects.items()]
    posts += [post(external_id="d", subject="Invoice", by="else"), post(external_id="e", subject="Other")]
    posts += [post(external_id="f", subject="", by="x"), post(external_id="g", subject="Re:", by="x")]
    keep(brand, *in_batches(posts, at_once=at_once))
    assert together() == {frozenset("abc"), *map(frozenset, "defg")}


def test_a_thread_id_outweighs_the_subject(brand: Brand, post: MakesPosts) -> None:
    keep(brand, [post(external_id=name, subject="Order", thread=f"t{name}") for name in "ab"])
    assert together() == {frozenset("a"), frozenset("b")}


def test_threads_of_other_channels_and_brands_are_others(brand: Brand, post: MakesPosts) -> None:
    other = Brand.objects.create(name="Other", slug="other")
    keep(brand, [post(external_id="a", thread="t"), post(external_id="b", thread="t", channel="reviews")])
    keep(other, [post(external_id="c", thread="t")])
    assert together() == {frozenset("a"), frozenset("b"), frozenset("c")}


def test_a_message_that_answers_itself_is_a_conversation(brand: Brand, post: MakesPosts) -> None:
    keep(
        brand,
        [post(external_id="a", reply_to="a")],
        [post(external_id="b", reply_to="c"), post(external_id="c", reply_to="b")],
    )
    assert together() == {frozenset("a"), frozenset("bc")}


def test_the_subject_of_a_conversation_is_its_first_and_outlives_answers_without(
    brand: Brand, post: MakesPosts
) -> None:
    keep(brand, [post(external_id="a", subject="Lost bag"), post(external_id="b", reply_to="a")])
    keep(brand, [post(external_id="c", reply_to="b", created_at=NOON)])
    assert Conversation.objects.get().subject == "Lost bag"


class TestMerging:
    """Two conversations turn out to be one: a message arrives that belongs to both."""

    def two(self, brand: Brand, post: MakesPosts) -> tuple[Conversation, Conversation]:
        keep(brand, [post(external_id="a", by="a"), post(external_id="b", by="b", reply_to="link")])
        older, younger = Conversation.objects.order_by("id")
        return older, younger

    def join(self, brand: Brand, post: MakesPosts, **fields: Any) -> Conversation:
        keep(brand, [post(external_id="link", reply_to="a", by="c", created_at=clock.now(), **fields)])
        return Conversation.objects.get()

    def test_messages_notes_and_labels_follow_into_the_older(self, brand: Brand, post: MakesPosts, user: User) -> None:
        older, younger = self.two(brand, post)
        decide.add_note(user, younger, "about b")
        decide.add_note(user, older, "about a")
        joined = self.join(brand, post)
        assert joined.pk == older.pk and joined.mentions_count == 3 == joined.mentions.count()
        assert Note.objects.filter(conversation=joined).count() == 2
        assert set(ThreadKey.objects.values_list("conversation", flat=True)) == {joined.pk}
        keep(brand, [post(external_id="d", reply_to="b", by="d")])
        assert together() == {frozenset({"a", "b", "d", "link"})}

    def test_several_merge_at_once(self, brand: Brand, post: MakesPosts) -> None:
        keep(brand, [post(external_id=name, by=name, thread=f"t{name}") for name in "abcd"])
        keep(brand, [post(external_id="ab", reply_to="a", thread="tb"), post(external_id="cd", reply_to="c", thread="td"),
                     post(external_id="bc", reply_to="b", thread="tc")])  # fmt: skip
        assert Conversation.objects.get().mentions_count == 7

    @pytest.mark.parametrize("whose", ["older", "younger"])
    def test_whoever_had_a_part_has_the_whole(self, brand: Brand, post: MakesPosts, user: User, whose: str) -> None:
        older, younger = self.two(brand, post)
        decide.assign(user, [older.pk if whose == "older" else younger.pk], user)
        assert self.join(brand, post).assignee == user

    def test_of_two_people_the_one_with_the_older_part_keeps_it(
        self, brand: Brand, post: MakesPosts, user: User, admin: User
    ) -> None:
        older, younger = self.two(brand, post)
        decide.assign(user, [older.pk], admin)
        decide.assign(user, [younger.pk], user)
        assert self.join(brand, post).assignee == admin

    @pytest.mark.parametrize(
        ("one", "other", "whole"),
        [
            ("open", "resolved", "open"),
            ("resolved", "open", "open"),
            ("pending", "resolved", "pending"),
            ("resolved", "snoozed", "snoozed"),
            ("snoozed", "open", "open"),
            ("pending", "snoozed", "pending"),
            ("resolved", "resolved", "resolved"),
            ("snoozed", "snoozed", "snoozed"),
        ],
    )
    def test_the_whole_is_as_unfinished_as_its_least_finished_part(
        self, brand: Brand, post: MakesPosts, user: User, one: str, other: str, whole: str
    ) -> None:
        for conversation, status in zip(self.two(brand, post), (one, other), strict=True):
            until = clock.now() + timedelta(days=1) if status == "snoozed" else None
            decide.set_status(user, [conversation.pk], Conversation.Status(status), until=until)
        joined = self.join(brand, post, own=True)  # our own message opens nothing
        assert joined.status == whole
        assert (joined.snoozed_until is not None) == (whole == "snoozed")
        assert (joined.resolved_at is not None) == (whole == "resolved")

    def test_what_waited_in_an_open_part_still_waits(self, brand: Brand, post: MakesPosts, user: User) -> None:
        older, younger = self.two(brand, post)
        decide.set_status(user, [older.pk], Conversation.Status.RESOLVED)
        joined = self.join(brand, post)
        assert joined.waiting_since == younger.first_at


TRIES = itertools.count()
LINKS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(["", *"abcdef"]), st.sampled_from(["", "t", "u"])),
    min_size=1,
    max_size=6,
    unique_by=lambda link: link[0],
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(links=LINKS, cuts=st.lists(st.booleans(), min_size=6, max_size=6))
def test_conversations_are_the_connected_parts_however_messages_are_cut_into_batches(
    brand: Brand, post: MakesPosts, links: list[tuple[str, str, str]], cuts: list[bool]
) -> None:
    Conversation.objects.all().delete()
    unique = f"{next(TRIES)}-"
    batches: list[list[Post]] = [[]]
    for (name, answers, thread), cut in zip(links, cuts, strict=False):
        if cut and batches[-1]:
            batches.append([])
        reply_to = unique + answers if answers else ""
        batches[-1].append(
            post(name, external_id=unique + name, reply_to=reply_to, thread=unique + thread if thread else "", by=name)
        )
    keep(brand, *batches)
    groups = {
        frozenset({f"id {name}"} | ({f"id {a}"} if a else set()) | ({f"thread {t}"} if t else set()))
        for name, a, t in links
    }
    while True:  # join whatever shares a label
        joined = {frozenset().union(*(other for other in groups if other & group)) for group in groups}
        if joined == groups:
            break
        groups = joined
    names = {f"id {name}": unique + name for name, *_ in links}
    assert together() == {frozenset(names[label] for label in group if label in names) for group in groups}
