"""The brand's own topics: from words and examples on its page to chips, filter and API, and back."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import MakesPosts, Records
from django.test import Client

from octavo import flow
from octavo.conversations import erase, profile, topics
from octavo.conversations.models import Brand, Conversation, Mention, MentionTopic, Topic
from octavo.dispatch import inbox
from octavo.people.models import Event, User
from octavo.understand import Tier
from octavo.vocabulary import TopicProfile

pytestmark = pytest.mark.django_db

LATE = {
    "name": "Late delivery",
    "words": "parcel*\nlivraison",
    "examples": "My order was due on Monday and it's Friday now\n"
    "Toujours pas reçu ma commande, elle devait arriver la semaine dernière\nIl corriere continua a rimandare",
}


@pytest.fixture
def as_admin(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture
def late(brand: Brand, admin: User) -> Topic:
    return topics.save(admin, Topic(brand=brand, name="Late delivery", words=["parcel*", "livraison"]))


def about(*mentions: Mention) -> list[list[str]]:
    named = topics.of([mention.pk for mention in mentions])
    return [[topic.name for topic in named.get(mention.pk, ())] for mention in mentions]


def shown(user: User, query: str) -> set[int]:
    from django.http import QueryDict

    return {row.pk for row in inbox.page(user, inbox.Filter.parse(QueryDict(query))).rows}


class TestOnItsPage:
    def test_a_topic_is_defined_and_kept_and_messages_can_be_read_again_with_it(
        self, as_admin: Client, brand: Brand
    ) -> None:
        answer = as_admin.post("/brands/tramonto/topics/new/", LATE)
        assert answer["Location"] == "/brands/tramonto/?changed#topics"
        topic = Topic.objects.get()
        assert (topic.slug, topic.words, len(topic.examples)) == ("late-delivery", ["parcel*", "livraison"], 3)
        assert profile.of(brand).topics == (TopicProfile("Late delivery", tuple(topic.words), tuple(topic.examples)),)
        html = as_admin.get("/brands/tramonto/?changed").content.decode()
        assert "Read them again" in html and "3 examples" in html
        assert Event.objects.get(kind="topic").action == "created"

    def test_it_is_tried_on_what_came_in_before_it_is_saved(
        self, as_admin: Client, recorded: Records, post: MakesPosts
    ) -> None:
        recorded(
            post("Tramonto, two parcels and no lid"),
            post("Tramonto, still waiting for my order, it should have come two days ago"),
            post("Tramonto, love the new colours!"),
        )
        html = as_admin.post("/brands/tramonto/topics/new/", {**LATE, "try": "1"}).content.decode()
        assert "It would match 2 messages" in html and "of the latest 3." in html
        assert html.count("by a word") == html.count("like the examples") == 1
        assert not Topic.objects.exists()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"name": "", "words": "x"},
            {"name": "Nothing"},
            {"name": "Signs", "words": "*", "examples": "…"},
            {"name": "late DELIVERY", "words": "x"},
            {"name": "Long", "words": "x" * 101},
            {"name": "Many", "examples": "\n".join(f"message {n}" for n in range(51))},
        ],
    )
    def test_what_cannot_be_a_topic_is_refused_with_a_reason(
        self, as_admin: Client, late: Topic, wrong: dict[str, str]
    ) -> None:
        answer = as_admin.post("/brands/tramonto/topics/new/", wrong)
        assert answer.status_code == 422
        assert "errorlist" in answer.content.decode()
        assert Topic.objects.count() == 1

    def test_a_renamed_topic_keeps_its_messages_and_its_address(
        self, as_admin: Client, late: Topic, recorded: Records, post: MakesPosts
    ) -> None:
        (mention,) = recorded(post("Tramonto, my parcel!"))
        answer = as_admin.post(f"/brands/tramonto/topics/{late.pk}/", {"name": "Slow", "words": "parcel*\nlivraison"})
        assert answer["Location"] == "/brands/tramonto/#topics"
        assert about(mention) == [["Slow"]]
        assert Topic.objects.get().slug == "late-delivery"

    def test_a_deleted_topic_is_gone_at_once_and_comes_back_with_its_messages(
        self, as_admin: Client, admin: User, late: Topic, recorded: Records, post: MakesPosts
    ) -> None:
        (mention,) = recorded(post("Tramonto, my parcel!"))
        as_admin.post(f"/brands/tramonto/topics/{late.pk}/delete/")
        assert about(mention) == [[]]
        assert profile.of(Brand.objects.get()).topics == ()
        html = as_admin.get("/brands/tramonto/").content.decode()
        assert "/brands/tramonto/topics/back/" in html
        token = html.split('name="before" value="')[1].split('"')[0]
        as_admin.post("/brands/tramonto/topics/back/", {"before": token})
        assert about(mention) == [["Late delivery"]]
        as_admin.post("/brands/tramonto/topics/back/", {"before": "forged"})
        assert [event.action for event in Event.objects.filter(kind="topic").order_by("pk")] == [
            "created", "deleted", "brought back",
        ]  # fmt: skip

    def test_it_does_not_come_back_over_another_of_its_name(self, admin: User, brand: Brand, late: Topic) -> None:
        topics.delete(admin, late)
        topics.save(admin, Topic(brand=brand, name="late delivery", words=["late"]))
        assert topics.bring_back(admin, brand.pk, late.pk) is None

    def test_only_administrators_change_topics(self, client: Client, user: User, late: Topic) -> None:
        client.force_login(user)
        for address in ("new/", f"{late.pk}/", f"{late.pk}/delete/", "back/"):
            assert client.post(f"/brands/tramonto/topics/{address}", LATE).status_code == 403
        assert "Late delivery" in client.get("/brands/tramonto/").content.decode()

    def test_a_topic_of_another_brand_is_not_found(self, as_admin: Client, late: Topic) -> None:
        Brand.objects.create(name="Other", slug="other")
        assert as_admin.get(f"/brands/other/topics/{late.pk}/").status_code == 404


class TestWithMessages:
    def test_a_message_is_about_the_topics_it_names_from_the_moment_it_comes(
        self, late: Topic, recorded: Records, post: MakesPosts
    ) -> None:
        named, not_named, own = recorded(
            post("Tramonto, deux LIVRAISON ratées"), post("Tramonto!"), post("Tramonto: your parcel", own=True)
        )
        assert about(named, not_named, own) == [["Late delivery"], [], []]

    def test_the_better_reading_brings_what_is_like_the_examples(
        self, brand: Brand, admin: User, recorded: Records, post: MakesPosts
    ) -> None:
        topics.save(admin, Topic(brand=brand, name="Late", examples=LATE["examples"].split("\n")))
        (mention,) = recorded(post("Tramonto, el paquete tenía que llegar el lunes"))
        assert about(mention) == [[]]
        flow.handle([mention.pk], tier=Tier.DEFAULT)
        assert about(mention) == [["Late"]]

    def test_read_again_after_a_change_takes_away_what_no_longer_matches(
        self, admin: User, late: Topic, recorded: Records, post: MakesPosts
    ) -> None:
        first, second = recorded(post("Tramonto, my parcel!"), post("Tramonto, my basket!"))
        late.words = ["basket*"]
        topics.save(admin, late)
        flow.handle([first.pk, second.pk], tier=Tier.DEFAULT, anew=True)
        assert about(first, second) == [[], ["Late delivery"]]

    def test_an_edited_message_is_about_what_it_says_now_and_a_deleted_one_about_nothing(
        self, late: Topic, recorded: Records, post: MakesPosts
    ) -> None:
        (edited,) = recorded(post("Tramonto, my parcel!", external_id="a"))
        recorded(post("Tramonto, my mistake!", external_id="a"))
        assert about(edited) == [[]]
        (gone,) = recorded(post("Tramonto, my parcel!", external_id="b"))
        flow.receive([post("", external_id="b", deleted=True)], brand=late.brand)
        assert about(gone) == [[]]

    def test_the_same_posts_again_change_nothing(self, late: Topic, recorded: Records, post: MakesPosts) -> None:
        given = post("Tramonto, my parcel!")
        (mention,) = recorded(given)
        recorded(given)
        assert about(mention) == [["Late delivery"]]
        assert MentionTopic.objects.count() == 1

    def test_topics_go_with_messages_into_the_conversation_they_join(
        self, user: User, late: Topic, recorded: Records, post: MakesPosts
    ) -> None:
        recorded(post("Tramonto, my parcel?", external_id="b", reply_to="a"))
        (first,) = recorded(post("Tramonto, hello", external_id="a", by="uwe"))
        assert Conversation.objects.count() == 1
        assert shown(user, "topic=late-delivery&about=any") == {first.conversation_id}

    def test_a_topic_of_one_brand_says_nothing_about_another_brands_messages(
        self, late: Topic, recorded: Records, post: MakesPosts
    ) -> None:
        other = Brand.objects.create(name="Brugola", slug="brugola")
        (mention,) = recorded(post("Brugola, my parcel!"), brand=other)
        assert about(mention) == [[]]

    def test_a_dedicated_source_brings_topics_too(self, late: Topic, recorded: Records, post: MakesPosts) -> None:
        (mention,) = recorded(post("my parcel!"), dedicated=True)
        assert about(mention) == [["Late delivery"]]

    def test_a_brand_goes_with_its_topics(self, late: Topic, recorded: Records, post: MakesPosts) -> None:
        recorded(post("Tramonto, my parcel!"))
        erase.brand(None, late.brand)
        assert not Topic.objects.exists() and not MentionTopic.objects.exists()


class TestInTheInbox:
    def test_the_filter_shows_conversations_in_which_a_message_is_about_it(
        self, as_admin: Client, user: User, late: Topic, recorded: Records, post: MakesPosts
    ) -> None:
        named, _other, later = recorded(
            post("Tramonto, my parcel!"), post("Tramonto!"), post("Tramonto, hi", external_id="a")
        )
        recorded(post("Tramonto, the parcel is late", external_id="b", reply_to="a"))
        wanted = {named.conversation_id, later.conversation_id}
        assert shown(user, "topic=late-delivery") == wanted
        assert shown(user, "topic=late-delivery&sort=newest") == wanted
        assert shown(user, "topic=unknown") == set()
        html = as_admin.get("/inbox/?topic=late-delivery").content.decode()
        assert "2 conversations" in html
        assert '<span class="clip">Late delivery</span><span class="n">2</span>' in html

    def test_counts_beside_topics_follow_the_other_conditions(
        self, user: User, late: Topic, recorded: Records, post: MakesPosts
    ) -> None:
        from django.http import QueryDict

        recorded(post("Tramonto, my parcel!"), post("Tramonto, ma livraison est en retard, où est-elle ?"))
        for query, n in (("", 2), ("language=fr", 1), ("topic=late-delivery&language=fr", 1), ("tab=done", 0)):
            assert (inbox.about(user, inbox.Filter.parse(QueryDict(query))) or {}).get("late-delivery", 0) == n

    def test_a_chip_on_the_message_leads_to_the_others(
        self, client: Client, user: User, late: Topic, recorded: Records, post: MakesPosts
    ) -> None:
        (mention,) = recorded(post("Tramonto, my parcel!"))
        client.force_login(user)
        html = client.get(f"/c/{mention.conversation_id}/").content.decode()
        assert 'href="/inbox/?topic=late-delivery"' in html


class TestInTheApi:
    def test_messages_and_conversations_name_topics_and_are_found_by_them(
        self, user: User, client: Client, late: Topic, recorded: Records, post: MakesPosts
    ) -> None:
        from octavo.people import tokens

        named, _other = recorded(post("Tramonto, my parcel!"), post("Tramonto!"))
        scopes = [tokens.Scope.MESSAGES_READ, tokens.Scope.CONVERSATIONS_READ, tokens.Scope.READINGS_CREATE]
        secret = tokens.create(user, name="test", scopes=scopes)[1]

        def get(path: str) -> Any:
            return client.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {secret}"}).json()

        found = get("messages?topic=late-delivery")["items"]
        assert [(each["id"], each["reading"]["topics"]) for each in found] == [(named.pk, ["Late delivery"])]
        assert get(f"messages/{named.pk}")["reading"]["topics"] == ["Late delivery"]
        assert [each["id"] for each in get("conversations?topic=late-delivery")["items"]] == [named.conversation_id]
        answer = client.post(
            "/api/v1/readings",
            {"brand": "tramonto", "texts": [{"text": "Tramonto, la livraison"}]},
            content_type="application/json",
            headers={"Authorization": f"Bearer {secret}"},
        )
        assert answer.json()["readings"][0]["topics"] == ["Late delivery"]
