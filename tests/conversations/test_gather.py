"""Messages about the same thing become one story as they are read, and stay one whatever happens in between."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from conftest import MakesPosts
from django.db import connection, transaction
from time_machine import TimeMachineFixture

from octavo import flow
from octavo.conversations import erase, gather, stories
from octavo.conversations.models import Brand, BrandName, Mention, Story, StoryEvent, StoryMention
from octavo.vocabulary import Post

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
VALVE = (
    "The safety valve of my Tramonto kettle broke and boiling water went everywhere",
    "La valvola di sicurezza del mio bollitore Tramonto si è rotta, acqua bollente dappertutto",
    "La soupape de sécurité de ma bouilloire Tramonto a cassé, de l'eau bouillante partout",
)
STRIKE = (
    "Drivers of Tramonto go on strike on Friday, no deliveries all day",
    "Strike of the Tramonto drivers on Friday, nothing will be delivered",
)
OTHERS = (
    "Tramonto, how do I change the address of my invoice?",
    "My grandmother loves the blue Tramonto teapot she got for her birthday",
    "Tramonto please bring back the vanilla flavour, it was the best one",
)


@pytest.fixture(autouse=True)
def noon(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(NOON, tick=False)


def _read(brand: Brand, posts: Sequence[Post]) -> list[int]:
    received = flow.receive(posts, brand=brand, dedicated=True)
    flow.handle(received.waiting)
    return list(received.new)


def _posts(post: MakesPosts, texts: Sequence[str], **fields: object) -> list[Post]:
    return [
        post(text, by=f"p{place}", created_at=NOON - timedelta(hours=len(texts) - place), **fields)
        for place, text in enumerate(texts)
    ]


def test_what_is_said_in_three_languages_is_one_story(brand: Brand, post: MakesPosts) -> None:
    valve = _read(brand, _posts(post, VALVE))
    _read(brand, _posts(post, OTHERS))
    (story,) = Story.objects.filter(state="living")
    assert {number for number, _ in stories.mentions(story.pk)} == set(valve)
    assert (story.messages, story.authors, story.texts) == (3, 3, 3)
    assert story.first_at == NOON - timedelta(hours=3) and story.last_at == NOON - timedelta(hours=1)
    assert any(story.title.rstrip("…").lower() in text.lower() for text in VALVE)
    assert [event.action for event in StoryEvent.objects.filter(story=story)] == ["began"]
    (rising,) = stories.rising(brand.pk, NOON)
    assert (rising.number, rising.messages, rising.is_new) == (story.pk, 3, True)


def test_different_things_are_different_stories(brand: Brand, post: MakesPosts) -> None:
    _read(brand, _posts(post, [*VALVE, *STRIKE]))
    assert sorted(Story.objects.filter(state="living").values_list("messages", flat=True)) == [2, 3]


def test_copies_are_one_text(brand: Brand, post: MakesPosts) -> None:
    original = "Tramonto recalls 40,000 kettles after a burst valve, the authority says"
    cut_off = f"RT @b: RT @news: {original[:60]}…"
    _read(brand, _posts(post, [original, f"RT @news: {original}", cut_off, f"{original} https://t.example/1"]))
    (story,) = Story.objects.exclude(state="seed")
    assert (story.messages, story.texts, story.authors) == (4, 1, 4)


def test_a_shared_link_holds_messages_together(brand: Brand, post: MakesPosts) -> None:
    link = "https://www.paper.example/2026/kettle-recall?utm_source=x"
    same = link.replace("www.", "").replace("utm_source=x", "fbclid=y")
    _read(
        brand,
        _posts(post, [f"Unbelievable, Tramonto {link}", f"I had such a Tramonto in my kitchen for years! {same}"]),
    )
    assert Story.objects.filter(state="living").count() == 1


def test_reading_again_and_receiving_again_change_nothing(brand: Brand, post: MakesPosts) -> None:
    posts = _posts(post, [*VALVE, *OTHERS])
    numbers = _read(brand, posts)
    before = list(StoryMention.objects.order_by("mention").values_list("mention", "story"))
    flow.receive(posts, brand=brand, dedicated=True)
    flow.handle(numbers, anew=True)
    assert list(StoryMention.objects.order_by("mention").values_list("mention", "story")) == before
    assert StoryEvent.objects.count() == 1


def test_the_stories_do_not_depend_on_how_the_stream_was_cut(brand: Brand, post: MakesPosts) -> None:
    texts = [*VALVE, *OTHERS, *STRIKE]
    posts = _posts(post, texts)
    for single in posts:
        _read(brand, [single])
    one_by_one = sorted(_texts(brand))
    again = Brand.objects.create(name="Tramonto again", slug="again")
    BrandName.objects.create(brand=again, text="Tramonto")
    _read(again, posts)
    assert one_by_one == sorted(_texts(again)) and len(one_by_one) == 2


def _texts(brand: Brand) -> list[list[str]]:
    found: dict[int, list[str]] = {}
    for story, mention in StoryMention.objects.filter(brand=brand, story__state="living").values_list(
        "story", "mention"
    ):
        found.setdefault(story, []).append(Mention.objects.get(pk=mention).text)
    return [sorted(each) for each in found.values()]


def test_a_backlog_that_comes_backwards_finds_the_stories_of_its_days(brand: Brand, post: MakesPosts) -> None:
    said = (
        VALVE[0],
        "Tramonto kettle: the safety valve broke, boiling water went everywhere",
        "My Tramonto kettle's safety valve just broke and there was boiling water everywhere",
    )
    old = [post(text, by="old", created_at=NOON - timedelta(days=40)) for text in said]
    new = _posts(post, said)
    _read(brand, new)
    for single in reversed(old):
        _read(brand, [single])
    assert sorted(Story.objects.filter(state="living").values_list("messages", flat=True)) == [3, 3]


def test_a_deleted_message_leaves_its_story_and_takes_its_words_along(brand: Brand, post: MakesPosts) -> None:
    posts = _posts(post, VALVE)
    _read(brand, posts)
    story = Story.objects.get(state="living")
    named = Mention.objects.get(pk=story.title_from)
    gone = post("", external_id=named.external_id, deleted=True)
    flow.receive([gone], brand=brand, dedicated=True)
    story.refresh_from_db()
    assert (story.messages, story.texts) == (2, 2) and story.title_from not in (None, named.pk)
    for mention in Mention.objects.filter(deleted_at=None):
        flow.receive([post("", external_id=mention.external_id, deleted=True)], brand=brand, dedicated=True)
    assert not Story.objects.exists() and not StoryMention.objects.exists() and not StoryEvent.objects.exists()


def test_an_edited_message_goes_to_the_story_of_what_it_says_now(brand: Brand, post: MakesPosts) -> None:
    _read(brand, _posts(post, [*VALVE, *STRIKE]))
    moved = Mention.objects.get(text=VALVE[2])
    edited = post("The drivers of Tramonto are on strike this Friday, no deliveries", external_id=moved.external_id)
    flow.handle(flow.receive([edited], brand=brand, dedicated=True).waiting)
    assert sorted(Story.objects.filter(state="living").values_list("messages", flat=True)) == [2, 3]
    strike = Mention.objects.get(text=STRIKE[0])
    assert len(set(stories.of_mentions([moved.pk, strike.pk]).values())) == 1


def test_the_brands_own_messages_and_thanks_are_no_stories(brand: Brand, post: MakesPosts) -> None:
    _read(brand, _posts(post, VALVE[:2], own=True))
    thanks = (
        "Thank you so much for your help, Tramonto!",
        "Tramonto, thanks a lot for helping me!",
        "Grazie mille Tramonto",
    )
    _read(brand, _posts(post, thanks))
    assert not Story.objects.exclude(state="seed").exists()


def test_an_erased_brand_leaves_no_story(brand: Brand, post: MakesPosts) -> None:
    _read(brand, _posts(post, VALVE))
    erase.brand(None, brand)
    assert not Story.objects.exists() and not StoryMention.objects.exists() and not StoryEvent.objects.exists()


def test_what_nobody_talks_about_is_over_and_forgotten_in_the_end(
    brand: Brand, post: MakesPosts, time_machine: TimeMachineFixture
) -> None:
    _read(brand, _posts(post, [*VALVE, *OTHERS]))
    gather.fade()
    assert set(Story.objects.values_list("state", flat=True)) == {"living", "seed"}
    time_machine.move_to(NOON + timedelta(days=8), tick=False)
    gather.fade()
    (story,) = Story.objects.all()
    assert (story.state, story.centre, story.messages) == ("over", None, 3)
    assert [event.action for event in StoryEvent.objects.all()] == ["began", "over"]
    time_machine.move_to(NOON + timedelta(days=500), tick=False)
    gather.fade()
    assert not Story.objects.exists() and Mention.objects.count() == 6


def test_nothing_is_kept_of_a_batch_whose_transaction_fails(brand: Brand, post: MakesPosts) -> None:
    posts = _posts(post, STRIKE)  # nothing grave, which would be read, and gathered, on receiving
    received = flow.receive(posts, brand=brand, dedicated=True)
    with pytest.raises(RuntimeError), transaction.atomic():
        flow.handle(received.waiting)
        raise RuntimeError
    assert not Story.objects.exists()
    flow.handle(received.waiting)
    assert Story.objects.get(state="living").messages == len(STRIKE)


def test_two_stories_that_come_to_the_same_become_one_and_say_so(brand: Brand, post: MakesPosts) -> None:
    _read(brand, _posts(post, [*VALVE, *STRIKE]))
    valve, strike = Story.objects.filter(state="living").order_by("-messages")
    # As if what the second is about had moved to where the first is.
    Story.objects.filter(pk=strike.pk).update(centre=bytes(valve.centre or b""), weight=3.0)
    _read(brand, [post("My Tramonto kettle's safety valve broke too, boiling water everywhere", created_at=NOON)])
    states = dict(Story.objects.values_list("pk", "state"))
    assert sorted(states.values()) == ["living", "merged"]
    survivor = next(number for number, state in states.items() if state == "living")
    gone = next(number for number, state in states.items() if state == "merged")
    assert stories.current(gone) == survivor and Story.objects.get(pk=survivor).messages == 6
    assert {event.action for event in StoryEvent.objects.filter(story=survivor)} >= {"took in"}
    assert StoryEvent.objects.filter(story=gone).last().detail["story"] == survivor  # type: ignore[union-attr]


def test_a_story_that_holds_two_things_splits(brand: Brand, post: MakesPosts) -> None:
    more_valves = [f"{where}: {text}" for text in VALVE for where in ("In Rome", "At my office", "Yesterday morning")]
    more_strikes = [f"{where}: {text}" for text in STRIKE for where in ("The union says", "In the north", "All depots")]
    numbers = _read(brand, _posts(post, [*VALVE, *more_valves, *STRIKE, *more_strikes]))
    first, *rest = Story.objects.filter(state="living").order_by("pk")
    assert len(rest) == 1
    StoryMention.objects.filter(story__in=rest).update(story=first)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM conversations_story WHERE id = ANY(%s)", [[story.pk for story in rest]])
    Story.objects.filter(pk=first.pk).update(looked_at=0)
    _read(brand, [post("The valve of my Tramonto kettle broke and there was boiling water", created_at=NOON)])
    sizes = sorted(Story.objects.filter(state="living").values_list("messages", flat=True))
    assert sum(sizes) == len(numbers) + 1 and len(sizes) == 2 and sizes[0] == 8
    actions = set(StoryEvent.objects.values_list("action", flat=True))
    assert {"split", "split off"} <= actions
