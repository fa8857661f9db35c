"""What waits for its second reading, and in which order it gets it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from octavo import flow
from octavo.conversations.models import Brand, Mention
from octavo.kit import clock
from octavo.listen import backlog
from octavo.understand import EncoderUnavailable, Tier, model_version

if TYPE_CHECKING:
    from tests.conftest import MakesPosts, Records

MODEL = model_version(Tier.FAST)
READER = backlog.Reader(MODEL)


@pytest.fixture
def waiting(recorded: Records, post: MakesPosts) -> Any:
    """Makes messages of these urgencies that an older model has read; gives their ids."""

    def make(*urgencies: int) -> list[int]:
        mentions = recorded(*(post(f"Tramonto, message {n}") for n in range(len(urgencies))))
        for mention, urgency in zip(mentions, urgencies, strict=True):
            Mention.objects.filter(pk=mention.pk).update(model="older-1", urgency=urgency)
        return [mention.pk for mention in mentions]

    return make


def steps(limit: int) -> list[list[int]]:
    """The mentions of each step until nothing waits, each read as `flow` would."""
    taken: list[list[int]] = []
    while (step := backlog.next_step(READER, limit)).mentions:
        taken.append(step.mentions)
        read = Mention.objects.filter(pk__in=step.mentions).update(model=MODEL)
        backlog.done(step, read)
    backlog.done(step, 0)
    return taken


def test_the_urgent_come_first_and_then_the_newest(waiting: Any) -> None:
    a, b, c, d, e = waiting(0, 3, 1, 2, 0)
    assert [pk for step in steps(2) for pk in step] == [b, d, c, e, a]


def test_what_has_just_come_goes_before_the_rest_of_the_backlog(waiting: Any) -> None:
    old = waiting(0, 0, 0, 0)
    first = backlog.next_step(READER, 2)
    Mention.objects.filter(pk__in=first.mentions).update(model=MODEL)
    backlog.done(first, 2)
    (fresh,) = waiting(0)
    assert backlog.next_step(READER, 2).mentions == [fresh]
    assert [pk for step in steps(2) for pk in step] == [fresh, old[1], old[0]]


def test_a_step_that_was_never_finished_is_given_again(waiting: Any) -> None:
    waiting(0, 0, 0)
    first = backlog.next_step(READER, 2)
    assert backlog.next_step(READER, 2).mentions == first.mentions


def test_a_message_that_was_late_is_found_when_looking_back(waiting: Any) -> None:
    (late,) = waiting(0)
    Mention.objects.filter(pk=late).update(model=MODEL)
    assert steps(5) == []
    Mention.objects.filter(pk=late).update(model="older-1")
    assert backlog.next_step(READER, 5).mentions == []
    backlog.look_back(READER)
    assert backlog.next_step(READER, 5).mentions == [late]


def test_deleted_messages_wait_for_nothing(waiting: Any) -> None:
    gone, kept = waiting(0, 0)
    Mention.objects.filter(pk=gone).update(deleted_at="2026-03-02T10:00Z")
    assert steps(5) == [[kept]]


def test_the_number_that_still_waits_goes_down_to_nothing(waiting: Any) -> None:
    waiting(*([0] * 7))
    backlog.reopen(READER)
    assert backlog.left(MODEL) == 7
    step = backlog.next_step(READER, 5)
    Mention.objects.filter(pk__in=step.mentions).update(model=MODEL)
    backlog.done(step, 5)
    assert backlog.left(MODEL) == 2
    steps(5)
    assert backlog.left(MODEL) == 0


def test_what_an_import_left_behind_is_walked_like_any_backlog(
    brand: Brand, waiting: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps(5)
    monkeypatch.setattr(backlog, "MANY", 3)
    numbers = waiting(0, 0, 2, 0, 0)
    backlog.look_back(READER)
    assert backlog.left(MODEL) == 5
    assert [pk for step in steps(2) for pk in step] == [numbers[2], numbers[4], numbers[3], numbers[1], numbers[0]]


def test_reading_again_puts_the_models_word_in_the_place_of_the_older_one(waiting: Any) -> None:
    numbers = waiting(0, 1, 2)
    assert not flow.read_again(seconds=60, tier=Tier.FAST)
    assert set(Mention.objects.filter(pk__in=numbers).values_list("model", flat=True)) == {MODEL}


def test_reading_again_stops_when_told_and_goes_on_later(waiting: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "HANDLE_AT_ONCE", 2)
    waiting(*([0] * 6))
    flow.read_again(seconds=60, tier=Tier.FAST, stop=lambda: True)
    assert Mention.objects.filter(model=MODEL).count() == 2
    flow.read_again(seconds=60, tier=Tier.FAST)
    assert Mention.objects.filter(model=MODEL).count() == 6


def test_a_brand_whose_names_changed_is_read_anew_by_the_same_model(recorded: Records, post: MakesPosts) -> None:
    from octavo.conversations.models import BrandName

    (mention,) = recorded(post("The new Zephyr is broken", created_at=clock.now()))
    assert not mention.relevant
    BrandName.objects.create(brand=mention.brand, kind="name", text="Zephyr")
    assert flow.read_brand_again(mention.brand_id, days=30, tier=Tier.FAST) == 1
    assert Mention.objects.get(pk=mention.pk).relevant


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Tier, int]]:
    """Tier and number of messages of each step of reading again that found any, two messages at a time."""
    taken: list[tuple[Tier, int]] = []
    really = flow.handle

    def watched(mentions: list[int], *, tier: Tier) -> int:
        if mentions:
            taken.append((tier, len(mentions)))
        return really(mentions, tier=tier)

    monkeypatch.setattr(flow, "HANDLE_AT_ONCE", 2)
    monkeypatch.setattr(backlog, "STRIDE", 3)
    monkeypatch.setattr(flow, "handle", watched)
    return taken


def read_by(numbers: list[int]) -> list[str]:
    return list(Mention.objects.filter(pk__in=numbers).order_by("pk").values_list("model", flat=True))


DEFAULT, ACCURATE = model_version(Tier.DEFAULT), model_version(Tier.ACCURATE)


def test_the_default_tier_goes_over_a_backlog_before_the_accurate_one(
    waiting: Any, turns: list[tuple[Tier, int]]
) -> None:
    numbers = waiting(0, 0, 0, 3, 0, 0, 0)
    flow.read_again(seconds=60, tier=Tier.ACCURATE)
    assert [tier for tier, _ in turns] == sorted((tier for tier, _ in turns), key=list(Tier).index)
    assert sum(n for tier, n in turns if tier is Tier.DEFAULT) == 7 == sum(n for _, n in turns) / 2
    assert read_by(numbers) == [ACCURATE] * 7
    assert backlog.left(DEFAULT) == backlog.left(ACCURATE) == 0
    turns.clear()
    assert not flow.read_again(seconds=60, tier=Tier.ACCURATE) and turns == []


def test_a_backlog_stays_one_when_the_reader_looks_back(waiting: Any, turns: list[tuple[Tier, int]]) -> None:
    waiting(0)
    flow.read_again(seconds=60, tier=Tier.ACCURATE)
    turns.clear()
    waiting(0, 0, 0)
    for tier in (Tier.DEFAULT, Tier.ACCURATE):  # as after an import
        backlog.reopen(flow._reader(tier))
    waiting(0)
    flow.read_again(seconds=60, tier=Tier.ACCURATE)
    assert turns[0] == (Tier.ACCURATE, 1)
    assert sorted(turns[1:], key=lambda turn: list(Tier).index(turn[0])) == turns[1:]
    assert sum(n for tier, n in turns if tier is Tier.DEFAULT) == 3 == sum(n for _, n in turns[1:]) / 2


def test_what_is_fresh_is_read_by_the_accurate_tier_at_once(waiting: Any, turns: list[tuple[Tier, int]]) -> None:
    waiting(0)
    flow.read_again(seconds=60, tier=Tier.ACCURATE)
    turns.clear()
    waiting(0, 0, 0)
    flow.read_again(seconds=60, tier=Tier.ACCURATE)
    assert turns == [(Tier.ACCURATE, 2), (Tier.ACCURATE, 1)]


def test_a_new_version_of_the_accurate_tier_takes_no_message_back_to_the_default_one(
    waiting: Any, turns: list[tuple[Tier, int]]
) -> None:
    old, older = waiting(0, 0)
    Mention.objects.filter(pk=old).update(model="accurate-0+b3")
    flow.read_again(seconds=60, tier=Tier.ACCURATE)
    assert turns == [(Tier.DEFAULT, 1), (Tier.ACCURATE, 2)]
    assert read_by([old, older]) == [ACCURATE, ACCURATE]


def test_without_the_deep_encoder_the_default_tier_reads(
    waiting: Any, turns: list[tuple[Tier, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = flow.handle

    def handle(mentions: list[int], *, tier: Tier) -> int:
        if tier is Tier.ACCURATE:
            raise EncoderUnavailable("no room")
        return watched(mentions, tier=tier)

    monkeypatch.setattr(flow, "handle", handle)
    numbers = waiting(0, 0, 0)
    assert not flow.read_again(seconds=60, tier=Tier.ACCURATE)
    numbers += waiting(1)
    assert not flow.read_again(seconds=60, tier=Tier.ACCURATE)
    assert read_by(numbers) == [DEFAULT] * 4


def test_what_a_better_tier_has_read_waits_for_no_lesser_one(waiting: Any) -> None:
    (number,) = waiting(0)
    Mention.objects.filter(pk=number).update(model="accurate-0")
    assert flow.handle([number], tier=Tier.DEFAULT) == 0
    assert not flow.read_again(seconds=60, tier=Tier.DEFAULT)
    assert read_by([number]) == ["accurate-0"]
