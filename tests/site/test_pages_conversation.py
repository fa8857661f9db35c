"""What a conversation's page promises: the whole thread, the reading with its reasons, and every change taken back."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from by_hand import Says, readings
from django.test import Client

from octavo.conversations import record
from octavo.conversations.models import Brand, Conversation, Correction, Mention, Note
from octavo.kit import clock
from octavo.people.models import User
from octavo.vocabulary import Author, Parent, ParentKind, Post

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def keep(brand: Brand, *said: tuple[Post, Says]) -> Conversation:
    posts = [post for post, _ in said]
    record.record(posts, readings(posts, [says for _, says in said]), brand=brand.pk)
    return Conversation.objects.order_by("-pk")[0]


def message(number: int, text: str, **fields: Any) -> Post:
    given: dict[str, Any] = {
        "author": Author("lina", "Lina"),
        "created_at": clock.now() - timedelta(hours=20 - number),
        "thread": "t",
    }
    return Post(channel="forum", external_id=f"m{number}", text=text, **{**given, **fields})


def page(client: Client, conversation: Conversation, query: str = "") -> str:
    answer = client.get(f"/c/{conversation.pk}/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


class TestTheThread:
    def test_messages_stand_in_order_with_what_they_answer_above(self, signed_in: Client, brand: Brand) -> None:
        parent = Parent(text="Our new bottle is here!", kind=ParentKind.ADVERTISEMENT, own=True)
        conversation = keep(
            brand,
            (message(2, "We are sorry", own=True, author=Author("tramonto", "Tramonto")), Says("none")),
            (message(1, "It leaks", parent=parent), Says("problem")),
            (message(3, "It still leaks"), Says("problem")),
        )
        shown = page(signed_in, conversation)
        places = [
            shown.index(words) for words in ("Our new bottle is here!", "It leaks", "We are sorry", "It still leaks")
        ]
        assert places == sorted(places)
        assert "Our advertisement" in shown
        assert shown.count('class="message own"') == 1

    def test_a_message_whose_author_the_channel_does_not_name_is_shown(self, signed_in: Client, brand: Brand) -> None:
        conversation = keep(brand, (message(1, "It leaks", author=None), Says("problem")))
        shown = page(signed_in, conversation)
        assert "It leaks" in shown
        assert "Unknown" in shown

    def test_an_edited_message_keeps_its_earlier_text_one_click_away(self, signed_in: Client, brand: Brand) -> None:
        first = message(1, "It leaks a lot")
        keep(brand, (first, Says("problem")))
        conversation = keep(brand, (message(1, "It leaks a little", edited_at=clock.now()), Says("problem")))
        shown = page(signed_in, conversation)
        assert "It leaks a little" in shown
        assert re.search(r'<details class="versions">.*It leaks a lot', shown, re.S)

    def test_a_deleted_message_is_marked_and_its_text_is_gone(self, signed_in: Client, brand: Brand) -> None:
        keep(brand, (message(1, "My number is 555"), Says("problem")), (message(2, "Hello?"), Says("question")))
        conversation = keep(brand, (message(1, "", deleted=True), Says("none")))
        shown = page(signed_in, conversation)
        assert "Deleted on its channel" in shown
        assert "555" not in shown

    def test_a_long_thread_says_how_much_is_hidden_and_shows_it_on_demand(
        self, signed_in: Client, brand: Brand
    ) -> None:
        conversation = keep(
            brand,
            *[(message(n, f"message number {n}.", created_at=clock.now() - timedelta(minutes=200 - n)), Says()) for n in range(35)],
        )  # fmt: skip
        shown = page(signed_in, conversation)
        assert "Show 5 earlier messages" in shown
        assert "message number 4." not in shown
        assert "message number 4." in page(signed_in, conversation, "?whole=1")

    def test_hostile_words_and_addresses_stay_harmless(self, signed_in: Client, brand: Brand) -> None:
        author = Author("<b>x</b>", '"><script>', url="javascript:alert(2)")
        post = message(1, "<img src=x onerror=alert(1)>", url="javascript:alert(1)", author=author, subject="<i>s</i>")
        shown = page(signed_in, keep(brand, (post, Says())))
        for harm in ("<img src=x", "javascript:", "<b>x</b>", "<i>s</i>", '"><script>'):
            assert harm not in shown

    def test_what_does_not_exist_is_not_found(self, signed_in: Client) -> None:
        assert signed_in.get("/c/4711/").status_code == 404
        assert signed_in.get("/c/99999999999999999999999/").status_code == 404


class TestTheReading:
    def test_it_shows_register_probability_runner_up_reasons_and_model(self, signed_in: Client, brand: Brand) -> None:
        says = Says("problem", urgency=2, sentiment="negative", score=0.72, spans=((0, 2),), campaign="Mille sorsi")
        shown = page(signed_in, keep(brand, (message(1, "It leaks"), says)))
        for words in ("72 %", "Negative", "Today", "English", "hand-1", "Mille sorsi"):
            assert words in shown
        assert re.search(r'<mark class="complaint" title="Complaint">It</mark> leaks', shown)
        assert shown.count("<meter ") == 8

    def test_correcting_the_register_shows_who_said_so_and_no_probability(
        self, signed_in: Client, brand: Brand
    ) -> None:
        conversation = keep(brand, (message(1, "It leaks"), Says("complaint", score=0.72)))
        answer = signed_in.post(f"/m/{conversation.head}/correct/", {"register": "problem"}, follow=True)
        shown = answer.content.decode()
        assert "Corrected: Problem" in shown
        assert "Corrected by Ada" in shown
        conversation.refresh_from_db()
        assert conversation.register == "problem"

    @pytest.mark.parametrize(
        ("field", "value", "now"), [("sentiment", "mixed", "mixed"), ("urgency", "3", 3), ("relevant", "no", False)]
    )
    def test_sentiment_urgency_and_relevance_are_corrected_too(
        self, signed_in: Client, brand: Brand, field: str, value: str, now: object
    ) -> None:
        conversation = keep(brand, (message(1, "It leaks"), Says("complaint")))
        signed_in.post(f"/m/{conversation.head}/correct/", {field: value})
        assert getattr(Mention.objects.get(pk=conversation.head), field) == now

    def test_a_correction_is_withdrawn(self, signed_in: Client, brand: Brand) -> None:
        conversation = keep(brand, (message(1, "It leaks"), Says("complaint")))
        signed_in.post(f"/m/{conversation.head}/correct/", {"register": "none"})
        signed_in.post(f"/corrections/{Correction.objects.get().pk}/withdraw/")
        assert Mention.objects.get(pk=conversation.head).register == "complaint"

    def test_nonsense_is_refused(self, signed_in: Client, brand: Brand) -> None:
        conversation = keep(brand, (message(1, "It leaks"), Says("complaint")))
        for given in ({"register": "poem"}, {"urgency": "7"}, {"urgency": "x"}, {"relevant": "perhaps"}):
            assert signed_in.post(f"/m/{conversation.head}/correct/", given).status_code == 400
        assert not Correction.objects.exists()


class TestDeciding:
    def test_done_leads_on_to_the_next_of_the_same_filter(self, signed_in: Client, brand: Brand) -> None:
        rows = []
        for n in range(3):
            rows.append(keep(brand, (message(n, f"m{n}", thread=""), Says("idea" if n != 1 else "problem"))))
        shown = page(signed_in, rows[2], "?register=idea")
        following = re.search(r'name="next" value="(/c/\d+/\?register=idea)"', shown)
        assert following
        assert following[1] == f"/c/{rows[0].pk}/?register=idea"
        answer = signed_in.post(f"/c/{rows[2].pk}/status/", {"status": "resolved", "next": following[1]})
        assert answer["Location"] == following[1]
        # From the last of the list it goes back to the list.
        assert 'name="next" value="/inbox/?register=idea#' in page(signed_in, rows[0], "?register=idea")

    def test_opening_a_conversation_changes_nothing(self, signed_in: Client, brand: Brand) -> None:
        conversation = keep(brand, (message(1, "It leaks"), Says()))
        before = Conversation.objects.filter(pk=conversation.pk).values().get()
        page(signed_in, conversation)
        assert Conversation.objects.filter(pk=conversation.pk).values().get() == before

    @pytest.mark.parametrize("status", ["pending", "resolved", "open"])
    def test_a_status_is_set_and_undone_from_the_page(self, signed_in: Client, brand: Brand, status: str) -> None:
        conversation = keep(brand, (message(1, "It leaks"), Says()))
        shown = signed_in.post(f"/c/{conversation.pk}/status/", {"status": status}, follow=True).content.decode()
        conversation.refresh_from_db()
        assert conversation.status == status
        token = re.search(r'name="before" value="([^"]+)"', shown)
        assert token
        signed_in.post("/undo/", {"before": token[1]})
        conversation.refresh_from_db()
        assert conversation.status == "open"

    def test_unknown_states_and_colleagues_are_refused(self, signed_in: Client, brand: Brand) -> None:
        conversation = keep(brand, (message(1, "It leaks"), Says()))
        assert signed_in.post(f"/c/{conversation.pk}/status/", {"status": "snoozed"}).status_code == 400
        assert signed_in.post(f"/c/{conversation.pk}/status/", {}).status_code == 400
        assert signed_in.post(f"/c/{conversation.pk}/assign/", {"to": "4711"}).status_code == 400

    def test_notes_stay_in_the_house_and_keep_their_author(self, signed_in: Client, brand: Brand) -> None:
        conversation = keep(brand, (message(1, "It leaks"), Says()))
        shown = signed_in.post(
            f"/c/{conversation.pk}/notes/", {"text": " Ask <Femi> first "}, follow=True
        ).content.decode()
        assert "Ask &lt;Femi&gt; first" in shown
        assert Note.objects.get().author is not None
        signed_in.post(f"/c/{conversation.pk}/notes/", {"text": "   "})
        signed_in.post(f"/c/{conversation.pk}/notes/", {"text": "x" * 5001})
        assert Note.objects.count() == 1

    def test_the_trail_says_who_did_what(self, signed_in: Client, brand: Brand, admin: User) -> None:
        conversation = keep(brand, (message(1, "It leaks"), Says("complaint")))
        signed_in.post(f"/c/{conversation.pk}/assign/", {"to": admin.pk})
        signed_in.post(f"/m/{conversation.head}/correct/", {"register": "problem"})
        shown = page(signed_in, conversation)
        assert "assigned it to Grace" in shown
        assert "corrected Complaint to Problem" in shown


class TestThePerson:
    def test_other_messages_of_the_author_are_listed_and_counted(self, signed_in: Client, brand: Brand) -> None:
        keep(brand, (message(1, "First trouble", thread="a"), Says("problem")))
        conversation = keep(brand, (message(2, "Second trouble", thread="b"), Says("complaint")))
        shown = page(signed_in, conversation)
        assert "First trouble" in shown
        assert "1 other message within a year" in shown

    def test_a_first_contact_is_called_one(self, signed_in: Client, brand: Brand) -> None:
        assert "First contact from this person" in page(signed_in, keep(brand, (message(1, "Hello"), Says("question"))))


@pytest.mark.parametrize("language", ["en", "fr", "it", "es", "de", "pt", "nl", "und"])
def test_a_message_in_any_language_is_shown(signed_in: Client, brand: Brand, language: str) -> None:
    assert "It leaks" in page(signed_in, keep(brand, (message(1, "It leaks"), Says(language=language))))
