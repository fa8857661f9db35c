"""A better reading takes the place of the first."""

from __future__ import annotations

import pytest
from by_hand import Says, readings
from conftest import MakesPosts

from octavo.conversations import search
from octavo.conversations.models import Brand, Conversation, ConversationTally, Mention, MentionTally
from octavo.conversations.record import keep, record

pytestmark = pytest.mark.django_db


def first(brand: Brand, post: MakesPosts, *texts: str, says: Says | None = None) -> list[Mention]:
    posts = [post(text) for text in texts]
    numbers = record(posts, readings(posts, says or Says("question", 1)), brand=brand.pk).new
    return list(Mention.objects.filter(pk__in=numbers).order_by("pk"))


def better(post: MakesPosts, mentions: list[Mention], *says: Says) -> int:
    numbers = [mention.pk for mention in mentions]
    return len(keep(readings([post() for _ in mentions], list(says), model="better-1"), numbers))


def test_every_part_of_the_reading_is_replaced_and_its_model_recorded(brand: Brand, post: MakesPosts) -> None:
    mentions = first(brand, post, "My lamp burned me", "Nice lamp")
    says = Says(
        "crisis", 3, "mixed", "en", relevant=False, score=0.6, also=("complaint",), campaign="Spring", spans=((3, 7),)
    )
    assert better(post, mentions, says, Says("none", 0, "positive")) == 2
    one, two = Mention.objects.order_by("pk")
    assert (one.register, one.urgency, one.sentiment, one.relevant, one.campaign) == (
        "crisis",
        3,
        "mixed",
        False,
        "Spring",
    )
    assert one.assigned == ["crisis", "complaint"] and one.registers[6] == 600 and one.evidence[:2] == [3, 7]
    assert (two.register, two.assigned, two.urgency) == ("none", [], 0)
    assert {one.model, two.model} == {"better-1"}
    assert set(Conversation.objects.values_list("register", "urgency")) == {("crisis", 3), ("none", 0)}


def test_the_first_of_several_registers_is_the_primary_one(brand: Brand, post: MakesPosts) -> None:
    (mention,) = first(brand, post, "x", says=Says("crisis", also=("complaint", "problem")))
    assert mention.assigned == ["crisis", "complaint", "problem"]


def test_what_a_person_corrected_stays(brand: Brand, post: MakesPosts) -> None:
    mentions = first(brand, post, "a", "b")
    Mention.objects.filter(pk=mentions[0].pk).update(
        register="idea", assigned=["idea"], urgency=2, corrected=["register", "urgency"]
    )
    better(post, mentions, Says("crisis", 3, "mixed"), Says("crisis", 3, "mixed"))
    one, two = Mention.objects.order_by("pk")
    assert (one.register, one.assigned, one.urgency, one.sentiment) == ("idea", ["idea"], 2, "mixed")
    assert one.registers == two.registers and one.model == "better-1"
    assert (two.register, two.urgency) == ("crisis", 3)
    assert Conversation.objects.get(pk=one.conversation_id).register == "idea"


def test_the_same_model_changes_nothing_twice(brand: Brand, post: MakesPosts) -> None:
    mentions = first(brand, post, "a")
    assert better(post, mentions, Says("crisis")) == 1
    assert better(post, mentions, Says("idea")) == 0
    assert Mention.objects.get().register == "crisis"


def test_mentions_that_are_gone_or_deleted_are_passed_over(brand: Brand, post: MakesPosts) -> None:
    stays, goes = first(brand, post, "a", "b")
    gone = post(external_id=goes.external_id, deleted=True)
    record([gone], readings([gone]), brand=brand.pk)
    assert keep(readings([post()] * 3, Says("crisis"), model="better-1"), [10**12, goes.pk, stays.pk]) == {stays.pk}
    assert Mention.objects.get(pk=stays.pk).register == "crisis"
    assert Mention.objects.get(pk=goes.pk).register == "question"


def test_another_language_makes_the_message_found_by_other_words(brand: Brand, post: MakesPosts) -> None:
    mentions = first(brand, post, "nos chevaux attendent", says=Says(language="en"))
    found = Mention.objects.all()
    assert not search.mentions(found, "cheval").exists()
    better(post, mentions, Says(language="fr"))
    assert search.mentions(found, "cheval").exists() and Mention.objects.get().language == "fr"
    assert Conversation.objects.get().language == "fr"


def test_tallies_follow(brand: Brand, post: MakesPosts) -> None:
    mentions = first(brand, post, "a", "b")
    better(post, mentions, Says("crisis", 3), Says("crisis", 3, relevant=False))

    def sums(model: type[ConversationTally] | type[MentionTally]) -> dict[str, int]:
        counts: dict[str, int] = {}
        for register, n in model.objects.values_list("register", "n"):
            counts[register] = counts.get(register, 0) + n
        return {register: n for register, n in counts.items() if n}

    assert sums(ConversationTally) == {"crisis": 2}
    assert sums(MentionTally) == {"crisis": 1}
