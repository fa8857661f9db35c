"""From a correction in the inbox to messages read differently, for one brand, and back."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any

import pytest
import teaching
import time_machine
from conftest import MakesPosts, Records
from django.test import Client

from octavo.conversations import decide, learning
from octavo.conversations.models import Brand, BrandLearning, Correction, LearnedModel, Mention, RegisterChoice
from octavo.kit import clock
from octavo.people.models import Event, User
from octavo.site import jobs
from octavo.understand import Tier, model_version, within_reach

pytestmark = pytest.mark.django_db

BEST = within_reach(Tier.ACCURATE)
"""What the worker reads with."""


@pytest.fixture
def other(db: None) -> Brand:
    return Brand.objects.create(name="Brugola", slug="brugola")


@pytest.fixture
def asked(recorded: Records, post: MakesPosts, brand: Brand, other: Brand) -> list[Mention]:
    """Two brands with the same messages, read by the model the worker reads with. Gives those of the first that ask to sell."""
    asking = teaching.trading()
    for home in (brand, other):
        recorded(*[post(text) for text in teaching.everyday(6)], brand=home, dedicated=True)
    recorded(*[post(text) for text in asking], brand=other, dedicated=True)
    mentions = recorded(*[post(text) for text in asking], dedicated=True)
    from octavo import flow

    flow.handle(list(Mention.objects.values_list("pk", flat=True)), tier=BEST)
    return [Mention.objects.get(pk=mention.pk) for mention in mentions]


def correct(user: User, mentions: list[Mention], register: str = teaching.HOUSE_RULE) -> None:
    for mention in mentions:
        decide.correct(user, mention, "register", register)


def learn() -> None:
    """What the worker does a moment later."""
    with time_machine.travel(clock.now() + timedelta(seconds=20)):
        jobs.learn(0)


def read_as(brand: Brand, mentions: list[Mention]) -> list[str]:
    found = dict(Mention.objects.filter(brand=brand).values_list("text", "register"))
    return [found[mention.text] for mention in mentions]


class TestLearning:
    def test_a_kind_of_message_people_correct_is_read_their_way_within_the_job(
        self, user: User, brand: Brand, other: Brand, asked: list[Mention]
    ) -> None:
        corrected, rest = asked[::2], asked[1::2]
        before = read_as(brand, rest)
        untouched = list(Mention.objects.filter(brand=other).order_by("pk").values())
        correct(user, corrected)
        learn()
        kept = LearnedModel.objects.get()
        assert (kept.verdict, kept.brand, kept.lessons) == ("kept", brand, len(corrected))
        assert kept.right_after > kept.right_before
        after = read_as(brand, rest)
        assert (
            after.count(teaching.HOUSE_RULE) > before.count(teaching.HOUSE_RULE)
            and after.count(teaching.HOUSE_RULE) > len(rest) / 2
        )
        assert {m.model for m in Mention.objects.filter(brand=brand)} == {f"{model_version(BEST)}+b1"}
        assert read_as(brand, corrected) == [teaching.HOUSE_RULE] * len(corrected), "what people said stays"
        assert list(Mention.objects.filter(brand=other).order_by("pk").values()) == untouched

    def test_new_messages_are_read_with_it_and_none_is_read_over_and_over(
        self, user: User, brand: Brand, asked: list[Mention], recorded: Records, post: MakesPosts
    ) -> None:
        from octavo import flow

        correct(user, asked)
        learn()
        (fresh,) = recorded(
            post("Tramonto, we would like to stock the marble basin for our hotel guests"), dedicated=True
        )
        flow.read_again(seconds=5, tier=BEST)
        fresh.refresh_from_db()
        assert fresh.register == teaching.HOUSE_RULE and fresh.model.endswith("+b1")
        assert flow.handle(list(Mention.objects.filter(brand=brand).values_list("pk", flat=True)), tier=BEST) == 0
        assert not flow.read_again(seconds=1, tier=BEST)

    def test_corrections_of_one_moment_are_learned_together_and_only_once(
        self, user: User, asked: list[Mention]
    ) -> None:
        correct(user, asked[:9])
        jobs.learn(0)
        assert not LearnedModel.objects.exists(), "others may follow"
        correct(user, asked[9:])
        learn()
        learn()
        assert LearnedModel.objects.get().lessons == len(asked) and BrandLearning.objects.get().due_at is None

    def test_a_correction_that_comes_while_it_learns_is_learned_next(self, user: User, asked: list[Mention]) -> None:
        correct(user, asked[:10])
        with time_machine.travel(clock.now() + timedelta(seconds=20)):
            task = learning.begin(asked[0].brand_id)
            assert task is not None
            correct(user, asked[10:])
            assert learning.finish(task, None, learning.adapt.Trial(learning.adapt.Verdict.NO_BETTER, 10))
            assert BrandLearning.objects.get().due_at is not None

    def test_junk_is_not_kept(self, user: User, brand: Brand, asked: list[Mention]) -> None:
        everyday = list(Mention.objects.filter(brand=brand, text__in=teaching.everyday(6)).order_by("text"))
        chance = random.Random(3)
        for mention in chance.sample(everyday, 24):
            decide.correct(user, mention, "register", chance.choice(RegisterChoice.values))
        models = set(Mention.objects.values_list("model", flat=True))
        learn()
        assert LearnedModel.objects.get().verdict != "kept"
        assert set(Mention.objects.values_list("model", flat=True)) == models == {model_version(BEST)}

    def test_withdrawn_corrections_are_unlearned(self, user: User, brand: Brand, asked: list[Mention]) -> None:
        before = read_as(brand, asked)
        correct(user, asked)
        learn()
        for correction in Correction.objects.all():
            decide.withdraw(user, correction)
        learn()
        assert LearnedModel.objects.order_by("number").last().verdict == "too_few"  # type: ignore[union-attr]
        assert read_as(brand, asked) == before

    def test_messages_deleted_or_edited_since_teach_nothing(
        self, user: User, brand: Brand, asked: list[Mention]
    ) -> None:
        correct(user, asked)
        Mention.objects.filter(pk=asked[0].pk).update(deleted_at=clock.now(), text="")
        Mention.objects.filter(pk=asked[1].pk).update(edited_at=clock.now() + timedelta(seconds=1))
        with time_machine.travel(clock.now() + timedelta(seconds=20)):
            task = learning.begin(brand.pk)
        assert task is not None
        assert {taught.mention.pk for taught in task.taught} == {mention.pk for mention in asked[2:]}
        assert not any(mention.brand_id != brand.pk for mention in task.others)

    def test_the_last_word_on_a_message_counts(self, user: User, brand: Brand, asked: list[Mention]) -> None:
        first = asked[0].register
        correct(user, asked[:1], "crisis")
        correct(user, asked[:1], "question" if first != "question" else "problem")
        with time_machine.travel(clock.now() + timedelta(seconds=20)):
            task = learning.begin(brand.pk)
        assert task is not None
        (taught,) = task.taught
        assert taught.primary in ("question", "problem") and set(taught.refused) == {first, "crisis"} - {"none"}

    def test_a_new_shipped_model_is_taught_anew(self, user: User, asked: list[Mention]) -> None:
        correct(user, asked)
        learn()
        LearnedModel.objects.update(base="default-0")
        assert learning.adaptations([asked[0].brand_id]) == {}
        learn()
        assert list(LearnedModel.objects.order_by("number").values_list("number", "verdict")) == [
            (1, "kept"),
            (2, "kept"),
        ]

    def test_where_only_the_quick_model_reads_nothing_is_learned(
        self, user: User, asked: list[Mention], settings: Any
    ) -> None:
        settings.OCTAVO_OPTIONS = settings.OCTAVO_OPTIONS.model_copy(update={"worker_tier": "fast"})
        correct(user, asked)
        learn()
        assert not LearnedModel.objects.exists()


class TestPeoplesSay:
    @pytest.fixture
    def learned(self, user: User, asked: list[Mention]) -> list[Mention]:
        correct(user, asked[::2])
        learn()
        assert LearnedModel.objects.get().verdict == "kept"
        return asked

    def post(self, client: Client, what: str, **data: str) -> None:
        answer = client.post(f"/brands/tramonto/learning/{what}", data)
        assert (answer.status_code, answer["Location"]) == (302, "/brands/tramonto/#learned")

    def test_the_page_says_how_it_went(self, client: Client, user: User, learned: list[Mention]) -> None:
        client.force_login(user)
        html = client.get("/brands/tramonto/").content.decode()
        kept = LearnedModel.objects.get()
        assert "What Octavo learned here" in html and f"Learned from {kept.lessons} corrections." in html
        assert f"{kept.right_before}, then {kept.right_after} of {kept.lessons}" in html
        assert "/learning/" not in html, "only administrators decide about it"

    def test_switched_off_messages_are_read_as_the_model_came_and_on_again(
        self, client: Client, admin: User, brand: Brand, learned: list[Mention]
    ) -> None:
        client.force_login(admin)
        taught = read_as(brand, learned)
        self.post(client, "", learning="off")
        learn()
        assert {m.model for m in Mention.objects.filter(brand=brand)} == {model_version(BEST)}
        assert read_as(brand, learned) != taught
        self.post(client, "", learning="on")
        learn()
        assert read_as(brand, learned) == taught
        said = list(Event.objects.filter(kind="brand").order_by("pk").values_list("action", flat=True))
        assert said == ["switched learning off", "switched learning on"]

    def test_forgotten_and_brought_back_it_is_what_it_was(
        self, client: Client, admin: User, brand: Brand, learned: list[Mention]
    ) -> None:
        client.force_login(admin)
        taught, weights = read_as(brand, learned), bytes(LearnedModel.objects.get().weights or b"")
        self.post(client, "reset/")
        learn()
        assert read_as(brand, learned) != taught and Correction.objects.filter(withdrawn_at=None).exists()
        html = client.get("/brands/tramonto/").content.decode()
        assert "Bring back what was learned" in html
        self.post(client, "back/")
        learn()
        assert read_as(brand, learned) == taught
        assert bytes(LearnedModel.objects.get().weights or b"") == weights, "nothing was learned anew"
        said = list(Event.objects.filter(kind="brand").order_by("pk").values_list("action", flat=True))
        assert said == ["reset learning", "brought learning back"]

    def test_after_forgetting_only_later_corrections_teach(
        self, client: Client, admin: User, brand: Brand, learned: list[Mention]
    ) -> None:
        learning.reset(admin, brand)
        correct(admin, learned[1:4])
        learn()
        latest = LearnedModel.objects.order_by("number").last()
        assert latest is not None and (latest.verdict, latest.lessons) == ("too_few", 2)

    def test_what_is_learned_during_a_reset_is_thrown_away(
        self, admin: User, brand: Brand, asked: list[Mention]
    ) -> None:
        correct(admin, asked)
        with time_machine.travel(clock.now() + timedelta(seconds=20)):
            task = learning.begin(brand.pk)
            assert task is not None
            learning.reset(admin, brand)
            assert not learning.finish(task, None, learning.adapt.Trial(learning.adapt.Verdict.NO_BETTER, 18))
        assert not LearnedModel.objects.exists()

    def test_the_corrections_can_be_taken_along(self, client: Client, admin: User, learned: list[Mention]) -> None:
        client.force_login(admin)
        decide.correct(admin, learned[1], "urgency", 3)
        decide.withdraw(admin, Correction.objects.filter(mention=learned[0].pk).get())
        answer = client.post("/brands/tramonto/learning/export/")
        lines = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]  # type: ignore[attr-defined]
        assert len(lines) == len(learned[::2]) - 1 + 1
        last = lines[-1]
        assert (last["field"], last["now"], last["text"]) == ("urgency", 3, learned[1].text)
        assert {"was", "model", "corrected_at", "id", "language"} <= last.keys() and "ada" not in json.dumps(
            lines
        ).lower()
        assert Event.objects.filter(action="exported corrections", user=admin).count() == 1

    @pytest.mark.parametrize("what", ["", "reset/", "back/", "export/"])
    def test_only_administrators_decide(self, client: Client, user: User, brand: Brand, what: str) -> None:
        address = f"/brands/tramonto/learning/{what}"
        assert client.post(address, {"learning": "off"}).status_code == 302, "to the sign-in"
        client.force_login(user)
        assert client.post(address, {"learning": "off"}).status_code == 403
        assert not BrandLearning.objects.exists() and not Event.objects.exists()

    def test_what_is_neither_on_nor_off_is_refused(self, client: Client, admin: User, brand: Brand) -> None:
        client.force_login(admin)
        assert client.post("/brands/tramonto/learning/", {"learning": "maybe"}).status_code == 400
        assert client.get("/brands/tramonto/learning/").status_code == 405

    def test_a_brand_goes_with_what_it_learned(self, admin: User, brand: Brand, learned: list[Mention]) -> None:
        from octavo.conversations import erase

        erase.brand(admin, brand)
        assert not LearnedModel.objects.exists() and not BrandLearning.objects.exists()
