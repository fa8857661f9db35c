"""From "about us" and "not about us" to what an ambiguous name means, for one brand, and back."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from about_us import ABOUT, NOT_ABOUT
from conftest import MakesPosts, Records
from django.test import Client

from octavo import flow
from octavo.conversations import contexts, decide
from octavo.conversations.models import Brand, BrandContext, BrandName, Correction, Mention
from octavo.kit import clock
from octavo.people.models import Event, User
from octavo.site import jobs
from octavo.understand import Tier, within_reach

pytestmark = pytest.mark.django_db

NEW = "My Mini won't start, engine light on since the service"


def mini(slug: str) -> Brand:
    brand = Brand.objects.create(name=slug.title(), slug=slug)
    BrandName.objects.create(brand=brand, text="Mini", context=["cooper"])
    return brand


@pytest.fixture
def ours(db: None) -> Brand:
    return mini("ours")


@pytest.fixture
def theirs(db: None) -> Brand:
    return mini("theirs")


@pytest.fixture
def judged(recorded: Records, post: MakesPosts, user: User, ours: Brand, theirs: Brand) -> list[Mention]:
    """Two brands with the same messages; people said of those of the first which are about it."""
    for brand in (ours, theirs):
        recorded(post(NEW), brand=brand)
    mentions = recorded(*[post(text) for text in (*ABOUT, *NOT_ABOUT)], brand=ours)
    for mention in mentions:
        decide.correct(user, mention, "relevant", mention.text in ABOUT)
    return mentions


def learn() -> None:
    """What the worker does a moment later."""
    with time_machine.travel(clock.now() + timedelta(seconds=20)):
        jobs.learn(0)


def about(brand: Brand, text: str = NEW) -> bool:
    return Mention.objects.get(brand=brand, text=text).relevant


def test_people_say_a_few_and_others_of_the_kind_follow_for_this_brand_alone(
    ours: Brand, theirs: Brand, judged: list[Mention]
) -> None:
    assert not about(ours)
    learn()
    state = BrandContext.objects.get()
    assert (state.pk, state.verdict, state.lessons, state.stale) == (ours.pk, "kept", len(judged), False)
    assert about(ours) and not about(theirs)


def test_what_comes_in_afterwards_is_judged_with_it_when_the_better_model_reads(
    ours: Brand, judged: list[Mention], recorded: Records, post: MakesPosts
) -> None:
    learn()
    text = "the dealer says my Mini needs a new clutch"
    (mention,) = recorded(post(text), brand=Brand.objects.get(pk=ours.pk))
    flow.handle([mention.pk], tier=within_reach(Tier.ACCURATE))
    assert about(ours, text)


def test_what_people_said_stays_whatever_is_learned(ours: Brand, judged: list[Mention], user: User) -> None:
    odd = Mention.objects.get(brand=ours, text=ABOUT[0])
    decide.correct(user, odd, "relevant", value=False)
    learn()
    assert not Mention.objects.get(pk=odd.pk).relevant


def test_it_is_switched_off_forgotten_and_brought_back_on_the_brands_page(
    ours: Brand, judged: list[Mention], client: Client, admin: User
) -> None:
    client.force_login(admin)
    learn()
    page = client.get("/brands/ours/").content.decode()
    assert "Learned from 20 judged messages." in page
    steps = (("off", False), ("on", True), ("forget", False), ("back", True))
    for wanted, expected in steps:
        assert client.post("/brands/ours/about-us/", {"context": wanted}).status_code == 302
        learn()
        assert about(ours) is expected, wanted
    assert Event.objects.filter(kind="brand", object_id=ours.pk).count() == len(steps)
    assert client.post("/brands/ours/about-us/", {"context": "x"}).status_code == 400


def test_a_word_taken_back_is_learned_from_no_more(ours: Brand, judged: list[Mention], user: User) -> None:
    learn()
    for correction in Correction.objects.all():
        decide.withdraw(user, correction)
    learn()
    assert BrandContext.objects.get().verdict == "too_few"
    assert not about(ours)


def test_one_who_forgets_while_it_is_learned_has_the_last_word(ours: Brand, judged: list[Mention], user: User) -> None:
    with time_machine.travel(clock.now() + timedelta(seconds=20)):
        task = contexts.begin(ours.pk)
        assert task is not None
        contexts.reset(user, ours)
        from octavo.understand import adapt
        from octavo.vocabulary import LearnedContext

        assert not contexts.finish(task, LearnedContext("default-9", (0.0,)), adapt.Trial(adapt.Verdict.KEPT, 20))
    assert BrandContext.objects.get().weights is None


def test_nobody_but_an_administrator_decides_about_it(client: Client, user: User, ours: Brand) -> None:
    client.force_login(user)
    assert client.post("/brands/ours/about-us/", {"context": "off"}).status_code == 403


def test_in_the_inbox_several_are_judged_at_once_and_undone(
    ours: Brand, recorded: Records, post: MakesPosts, client: Client, user: User
) -> None:
    mentions = recorded(*[post(text) for text in ABOUT[:3]], brand=ours)
    client.force_login(user)
    chosen = [mention.conversation_id for mention in mentions]
    client.post("/inbox/act/", {"do": "relevant:yes", "chosen": chosen, "next": "/inbox/"})
    assert Mention.objects.filter(relevant=True).count() == 3
    page = client.get("/inbox/").content.decode()
    assert "3 messages are about us" in page
    token = page.split('name="before" value="')[1].split('"')[0]
    client.post("/undo/", {"before": token})
    assert not Mention.objects.filter(relevant=True).exists()
    assert client.post("/inbox/act/", {"do": "relevant:maybe", "chosen": chosen}).status_code == 400


def test_on_the_message_it_takes_one_form_with_two_buttons(
    ours: Brand, recorded: Records, post: MakesPosts, client: Client, user: User
) -> None:
    (mention,) = recorded(post(ABOUT[0]), brand=ours)
    client.force_login(user)
    page = client.get(f"/c/{mention.conversation_id}/").content.decode()
    assert 'name="relevant" value="yes" data-digit="1"' in page
    client.post(f"/m/{mention.pk}/correct/", {"relevant": "yes"})
    assert Mention.objects.get().relevant
    assert "About us: kept, to learn from" in client.get(f"/c/{mention.conversation_id}/").content.decode()
