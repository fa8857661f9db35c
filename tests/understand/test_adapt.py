"""Learning from corrections: what is kept, what is not, and what it leaves alone."""

from __future__ import annotations

import random

import numpy as np
import pytest
import teaching

from octavo.understand import Tier, adapt, model_version, read
from octavo.understand.adapt import Adaptation, Lesson, Verdict
from octavo.vocabulary import NO_REGISTER, REGISTERS, Post, Register


def post(text: str) -> Post:
    return Post("forum", text, text)


def sold() -> list[Post]:
    return [post(text) for text in teaching.trading()]


def everyday() -> list[Post]:
    return [post(text) for text in teaching.everyday()]


def primaries(posts: list[Post], learned: Adaptation | None = None) -> list[str]:
    return [reading.primary for reading in read(posts, learned=learned)]


def corrected(posts: list[Post], to: str) -> list[Lesson]:
    """What a person says who calls all of these `to`, whatever they were read as."""
    return [
        Lesson(each, to, (Register(was),) if was not in (to, NO_REGISTER) else ())
        for each, was in zip(posts, primaries(posts), strict=True)
    ]


@pytest.fixture(scope="module")
def house_rule() -> Adaptation:
    """A brand whose people call everybody who wants to trade a question."""
    lessons = corrected(sold()[::2], teaching.HOUSE_RULE)
    learned, trial = adapt.learn(lessons, everyday(), number=7)
    assert trial.verdict is Verdict.KEPT and trial.right_after > trial.right_before and trial.lessons == len(lessons)
    assert learned is not None
    return learned


def test_a_kind_of_message_people_correct_is_read_their_way_also_where_it_is_new(house_rule: Adaptation) -> None:
    unseen = sold()[1::2]
    before, after = primaries(unseen), primaries(unseen, house_rule)
    misread = [now for was, now in zip(before, after, strict=True) if was != teaching.HOUSE_RULE]
    assert misread and misread.count(teaching.HOUSE_RULE) > len(misread) / 2
    assert after.count(teaching.HOUSE_RULE) >= 0.75 * len(unseen)


def test_messages_of_other_kinds_are_read_as_before(house_rule: Adaptation) -> None:
    posts = everyday()
    changed = sum(a != b for a, b in zip(primaries(posts), primaries(posts, house_rule), strict=True))
    assert changed <= len(posts) // 10


def test_a_reading_says_what_taught_it_and_a_brand_without_lessons_is_not_touched(house_rule: Adaptation) -> None:
    posts = sold()[:3]
    assert read(posts, learned=house_rule).model == f"{model_version(Tier.DEFAULT)}+b7"
    assert read(posts).model == model_version(Tier.DEFAULT)
    assert np.array_equal(read(posts).registers, read(posts, learned=None).registers)


def test_the_fast_tier_reads_without_what_was_learned(house_rule: Adaptation) -> None:
    posts = sold()
    plain, taught = read(posts, tier=Tier.FAST), read(posts, tier=Tier.FAST, learned=house_rule)
    assert np.array_equal(plain.registers, taught.registers) and taught.model == model_version(Tier.FAST)


def test_what_belongs_to_another_version_of_the_model_is_not_applied(house_rule: Adaptation) -> None:
    old = Adaptation("default-0", 7, house_rule.weights)
    posts = sold()[:3]
    assert read(posts, learned=old).model == model_version(Tier.DEFAULT)
    assert np.array_equal(read(posts).registers, read(posts, learned=old).registers)


@pytest.mark.parametrize("seed", range(2))
def test_corrections_at_random_are_not_kept(seed: int) -> None:
    chance = random.Random(seed)
    posts = chance.sample(everyday(), 60)
    lessons = [
        Lesson(each, said, () if was in (said, NO_REGISTER) else (Register(was),))
        for each, was in zip(posts[:24], primaries(posts[:24]), strict=True)
        for said in [chance.choice([*REGISTERS, NO_REGISTER])]
    ]
    learned, trial = adapt.learn(lessons, posts[24:], number=1)
    assert learned is None and trial.verdict is not Verdict.KEPT


def test_one_word_for_everything_is_not_kept() -> None:
    posts = everyday()
    learned, trial = adapt.learn(corrected(posts[::3], "crisis"), [*posts[1::3], *posts[2::3]], number=1)
    assert learned is None and trial.verdict in (Verdict.NO_BETTER, Verdict.MOVES_OTHERS)


@pytest.mark.parametrize("n", [0, 1, adapt.FEWEST - 1])
def test_too_few_corrections_teach_nothing(n: int) -> None:
    learned, trial = adapt.learn(corrected(sold()[:n], teaching.HOUSE_RULE), everyday(), number=1)
    assert learned is None and trial == adapt.Trial(Verdict.TOO_FEW, n)


def test_few_corrections_move_little() -> None:
    """No single message, and no crisis, is moved further than is allowed."""
    lessons = corrected([post("There is glass in the baby food, three children are in hospital")] * 40, NO_REGISTER)
    seen, others = adapt.see([lesson.post for lesson in lessons]), adapt.see(everyday())
    weights = adapt.fit(seen, lessons, others)
    for each in (seen, others):
        moved = each.moved(weights) - each.logits
        assert np.abs(moved).max() <= adapt.MOST_MOVED + 0.01
        crisis = REGISTERS.index(Register.CRISIS)
        assert moved[:, [crisis, len(REGISTERS) + crisis]].min() >= adapt.LEAST_CRISIS - 0.01


def test_the_same_lessons_teach_the_same(house_rule: Adaptation) -> None:
    again, _ = adapt.learn(corrected(sold()[::2], teaching.HOUSE_RULE), everyday(), number=7)
    assert again is not None and again.to_bytes() == house_rule.to_bytes()


def test_what_was_learned_survives_being_stored(house_rule: Adaptation) -> None:
    stored = house_rule.to_bytes()
    found = Adaptation.from_bytes(stored)
    assert (found.base, found.number) == (house_rule.base, 7) and np.array_equal(found.weights, house_rule.weights)
    assert len(stored) < 60_000


@pytest.mark.parametrize("stored", [b"", b"PK\x03\x04 no", b"\x80\x04K\x01."])
def test_broken_bytes_are_refused(stored: bytes) -> None:
    with pytest.raises(ValueError, match="no adaptation"):
        Adaptation.from_bytes(stored)
