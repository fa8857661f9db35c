"""The pages of stories, and what the inbox and a conversation say of them."""

from __future__ import annotations

import html
from datetime import UTC, datetime, timedelta

import pytest
from conftest import MakesPosts
from django.test import Client
from time_machine import TimeMachineFixture

from octavo import flow
from octavo.conversations import story_list
from octavo.conversations.models import Brand, Mention, Story, StoryMention
from octavo.people.models import User

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
VALVE = (
    "The safety valve of my Tramonto kettle broke and boiling water went everywhere",
    "La valvola di sicurezza del mio bollitore Tramonto si è rotta, acqua bollente dappertutto",
    "La soupape de sécurité de ma bouilloire Tramonto a cassé, de l'eau bouillante partout",
)
INVOICE = "Tramonto, how do I change the address of my invoice?"


@pytest.fixture(autouse=True)
def noon(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(NOON, tick=False)


@pytest.fixture
def signed_in(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


@pytest.fixture
def story(brand: Brand, post: MakesPosts) -> Story:
    posts = [
        post(text, by=f"p{place}", created_at=NOON - timedelta(hours=4 - place), reach=100 * place)
        for place, text in enumerate([*VALVE, INVOICE])
    ]
    flow.handle(flow.receive(posts, brand=brand, dedicated=True).waiting)
    return Story.objects.get(state="living")


def page(client: Client, address: str, **query: str) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200, answer
    return html.unescape(answer.content.decode()).split("<main", 1)[1].split('<dialog class="sheet" id="keys"')[0]


def test_the_list_says_what_is_talked_about(signed_in: Client, story: Story) -> None:
    said = page(signed_in, "/stories/")
    assert "story talked about in the last 24 hours" in said and story.title in said
    assert f'href="/stories/{story.pk}/"' in said and f"/inbox/?story={story.pk}" in said
    assert "English" in said and "French" in said and "Italian" in said and "new" in said


def test_the_page_of_a_story_holds_what_is_known_of_it(signed_in: Client, story: Story) -> None:
    said = page(signed_in, f"/stories/{story.pk}/")
    assert all(text.split(",")[0].split("'")[0] in said for text in VALVE) and INVOICE not in said
    assert "Who began it" in said and "Who carries it" in said and "reaches 200" in said
    assert "A second message made it a story" in said and "Too few messages lately" in said
    assert said.count("<tr><th scope=") >= 3  # the chart's twin


def test_the_inbox_shows_the_conversations_of_a_story(signed_in: Client, story: Story) -> None:
    said = page(signed_in, "/inbox/", story=str(story.pk))
    assert said.count('class="row"') == 3 and INVOICE not in said and story.title in said
    assert said.count("+2 alike") == 3
    assert page(signed_in, "/inbox/", story="999999").count('class="row"') == 0
    assert page(signed_in, "/inbox/", story="x").count('class="row"') == 4


def test_a_conversation_leads_to_its_story(signed_in: Client, story: Story) -> None:
    mention = Mention.objects.get(text=VALVE[0])
    said = page(signed_in, f"/c/{mention.conversation_id}/")
    assert f'href="/stories/{story.pk}/"' in said and "+2 alike" in said
    other = Mention.objects.get(text=INVOICE)
    assert "/stories/" not in page(signed_in, f"/c/{other.conversation_id}/")


def test_a_merged_story_leads_on_and_a_seed_is_not_there(signed_in: Client, story: Story, brand: Brand) -> None:
    gone = Story.objects.create(brand=brand, state="merged", merged_into=story, first_at=NOON, last_at=NOON)
    answer = signed_in.get(f"/stories/{gone.pk}/")
    assert (answer.status_code, answer["Location"]) == (302, f"/stories/{story.pk}/")
    assert page(signed_in, "/inbox/", story=str(gone.pk)).count('class="row"') == 3
    assert signed_in.get(f"/stories/{Story.objects.get(state='seed').pk}/").status_code == 404
    assert signed_in.get("/stories/12345678/").status_code == 404


def test_pages_of_messages_and_of_stories_go_on_to_the_last(signed_in: Client, brand: Brand, story: Story) -> None:
    for number in range(story_list.PAGE + 5):
        more = Story.objects.create(brand=brand, state="living", title=f"No {number}", first_at=NOON, last_at=NOON)
        StoryMention.objects.create(
            story=more, brand=brand, mention=10**6 + number, published_at=NOON, negative=False, text_key=number
        )
    first = page(signed_in, "/stories/")
    following = first.split('rel="next"')[0].rsplit('href="?', 1)[1].split('"')[0]
    second = signed_in.get(f"/stories/?{following}").content.decode()
    titles = [f"No {number}<" for number in range(story_list.PAGE + 5)]
    assert all((title in first) != (title in second) for title in titles) and 'rel="next"' not in second


def test_a_period_without_stories_says_where_there_are_some(
    signed_in: Client, story: Story, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(NOON + timedelta(days=3), tick=False)
    assert "See 1 story of the last 7 days" in page(signed_in, "/stories/")
    assert story.title in page(signed_in, "/stories/", period="week")
    time_machine.move_to(NOON + timedelta(days=10), tick=False)
    assert "See 1 older story" in page(signed_in, "/stories/")
    assert story.title in page(signed_in, "/stories/", period="all", brand=story.brand.slug)
    assert "See the sources" in page(signed_in, "/stories/", brand="nobody")


@pytest.mark.parametrize(
    "query", ["after=x", "after=1~", "after=9~9999999999999999999", "period=x", "brand=%00", "after=~~"]
)
def test_no_address_leads_into_an_error(signed_in: Client, story: Story, query: str) -> None:
    assert signed_in.get(f"/stories/?{query}").status_code == 200
    assert signed_in.get(f"/stories/{story.pk}/?{query}").status_code == 200
