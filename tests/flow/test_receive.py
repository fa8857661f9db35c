"""Posts received are read, kept, found and counted from the same moment on."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import MakesPosts, Records
from django.db import transaction

from octavo import flow
from octavo.conversations.models import Brand, Conversation, Mention
from octavo.dispatch import inbox
from octavo.dispatch.inbox import Filter
from octavo.people.models import User
from octavo.understand import Readings, Tier, model_version
from octavo.vocabulary import REGISTERS

pytestmark = pytest.mark.django_db


def test_a_message_is_read_listed_found_and_counted(user: User, post: MakesPosts, recorded: Records) -> None:
    (mention,) = recorded(post("Tramonto, my lamp came broken and nobody answers. I want my money back."))
    assert mention.model == model_version(Tier.FAST)
    assert mention.language == "en" and mention.relevant and mention.register in (*REGISTERS, "none")
    assert len(mention.registers) == 8 and all(0 <= probability <= 1000 for probability in mention.registers)
    (row,) = inbox.page(user, Filter()).rows
    assert (row.head, row.register, row.urgency) == (mention.pk, mention.register, mention.urgency)
    assert [found.pk for found in inbox.page(user, Filter(q="lamps")).rows] == [row.pk]
    assert inbox.count(user, Filter()).facets["language"] == {"en": 1}


def test_the_evidence_lies_in_the_text(post: MakesPosts, recorded: Records) -> None:
    (mention,) = recorded(post("🔥🔥 Tramonto, the lamp\n\texploded and burned my daughter's hand!"))
    assert mention.evidence
    for at in range(0, len(mention.evidence), 4):
        start, end, register, weight = mention.evidence[at : at + 4]
        assert mention.text[start:end].strip() == mention.text[start:end] != "" and 0 <= register < 8 and weight > 0


def test_what_does_not_name_the_brand_is_kept_aside(user: User, post: MakesPosts, recorded: Records) -> None:
    ours, aside = recorded(post("Tramonto is closed today"), post("The bus is late again", by="b"))
    assert (ours.relevant, aside.relevant) == (True, False)
    assert [row.head for row in inbox.page(user, Filter()).rows] == [ours.pk]
    assert [row.head for row in inbox.page(user, Filter(about="no")).rows] == [aside.pk]


def test_all_that_a_dedicated_source_brings_is_about_the_brand(post: MakesPosts, recorded: Records) -> None:
    (mention,) = recorded(post("The bus is late again"), dedicated=True)
    assert mention.relevant


def test_what_came_before_is_known_and_only_news_waits_for_a_second_reading(brand: Brand, post: MakesPosts) -> None:
    first, second = post("Tramonto, hello"), post("Tramonto, good bye")
    assert flow.receive([first], brand=brand).outcomes == ["new"]
    edited = post("Tramonto, hello there", external_id=first.external_id)
    received = flow.receive([first, second, edited], brand=brand)
    assert received.outcomes == ["known", "new", "edited"]
    numbers = {mention.external_id: mention.pk for mention in Mention.objects.all()}
    assert list(received.new) == [numbers[second.external_id]]
    assert set(received.waiting) == set(numbers.values())


def test_received_in_a_transaction_that_is_given_up_nothing_stays(brand: Brand, post: MakesPosts) -> None:
    said = post()
    with pytest.raises(RuntimeError), transaction.atomic():
        flow.receive([said], brand=brand)
        raise RuntimeError
    assert not Mention.objects.exists() and not Conversation.objects.exists()
    assert flow.receive([said], brand=brand).outcomes == ["new"]


def test_no_text_stops_its_batch(post: MakesPosts, recorded: Records) -> None:
    texts = [
        "",
        " ",
        "\x00",
        "\ud800",
        "🔥" * 500,
        "\u202e\u200b",
        "x" * 200_000,
        "<script>alert(1)</script>",
        "?" * 999,
    ]
    mentions = recorded(*(post(text, by=f"author {n}") for n, text in enumerate(texts)))
    assert len(mentions) == len(texts)
    assert mentions[0].register == "none" and mentions[0].language == "und"


def test_an_answer_joins_what_it_answers(post: MakesPosts, recorded: Records) -> None:
    first = post("Tramonto, where is my order?")
    recorded(first)
    answer, thanks = recorded(
        post("On its way!", reply_to=first.external_id, own=True, by="tramonto"),
        post("Tramonto, thanks", thread="", reply_to=first.external_id),
    )
    assert answer.conversation_id == thanks.conversation_id == Conversation.objects.get().pk


def test_a_second_reading_of_words_that_were_edited_meanwhile_is_not_kept(
    brand: Brand, post: MakesPosts, recorded: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mention,) = recorded(post("Tramonto, when do you open?"))
    (other,) = recorded(post("Tramonto, the lamp is broken", by="b"))
    edited = post("Tramonto, I love the new lamp", external_id=mention.external_id)
    real = flow.read

    def slow(*given: Any, **options: Any) -> Readings:
        readings = real(*given, **options)
        if options["tier"] is Tier.DEFAULT:
            flow.receive([edited], brand=brand)
        return readings

    monkeypatch.setattr(flow, "read", slow)
    assert flow.handle([mention.pk, other.pk]) == 1
    monkeypatch.undo()
    mention.refresh_from_db()
    assert mention.text == edited.text and mention.model == model_version(Tier.FAST)
    assert flow.handle([mention.pk, other.pk]) == 1
    mention.refresh_from_db()
    assert mention.model == model_version(Tier.DEFAULT)
