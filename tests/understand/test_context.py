"""In which company an ambiguous name means the brand, learnt from a few messages."""

from __future__ import annotations

import numpy as np
import pytest
from about_us import ABOUT, NOT_ABOUT

from octavo.understand import Tier, adapt, context, read
from octavo.vocabulary import Alias, BrandProfile, LearnedContext, Parent, Post

MINI = BrandProfile(name="Mini", aliases=(Alias("Mini", ("cooper",)),), handles=("mini_uk",))


def lessons(about: int = 10, not_about: int = 10) -> list[context.Lesson]:
    given = [(text, True) for text in ABOUT[:about]] + [(text, False) for text in NOT_ABOUT[:not_about]]
    return [context.Lesson(Post("test", str(number), text), said) for number, (text, said) in enumerate(given)]


@pytest.fixture(scope="module")
def taught() -> BrandProfile:
    from dataclasses import replace

    learned, trial = context.learn(lessons(), [], MINI)
    assert trial.verdict is adapt.Verdict.KEPT
    assert trial.right_after > trial.right_before
    return replace(MINI, context=learned)


def relevant(text: str, brand: BrandProfile, tier: Tier = Tier.DEFAULT, **about: object) -> bool:
    return read([Post("test", "1", text, **about)], brand=brand, tier=tier)[0].relevant  # type: ignore[arg-type]


def test_a_handful_of_messages_settles_what_the_name_means(taught: BrandProfile) -> None:
    new = ["My Mini won't start, engine light on since the service", "the dealer says my Mini needs a new clutch"]
    other = ["a mini heatwave is coming next week", "my mini cactus is flowering"]
    assert not any(relevant(text, MINI) for text in new)
    assert all(relevant(text, taught) for text in new)
    assert not any(relevant(text, taught) for text in other)


def test_what_addresses_the_brand_or_does_not_name_it_stays_with_the_rules(taught: BrandProfile) -> None:
    for text in ("@mini_uk mini heatwave from Thursday", "my car won't start, engine light on", ""):
        assert relevant(text, taught) == relevant(text, MINI)
    assert relevant("mini golf!", taught, parent=Parent("Our day out", own=True))


def test_the_fast_tier_and_another_model_go_by_the_rules(taught: BrandProfile) -> None:
    from dataclasses import replace

    text = "My Mini won't start, engine light on since the service"
    assert not relevant(text, taught, Tier.FAST)
    assert taught.context is not None
    assert not relevant(text, replace(MINI, context=LearnedContext("default-0", taught.context.weights)))


def test_the_same_lessons_give_the_same_context(taught: BrandProfile) -> None:
    assert context.learn(lessons(), [], MINI)[0] == taught.context


def test_too_few_are_not_tried_and_confirming_the_rules_changes_nothing() -> None:
    assert context.learn(lessons(2, 2), [], MINI)[1].verdict is adapt.Verdict.TOO_FEW
    learned, trial = context.learn(lessons(0, 10), [], MINI)
    assert (learned, trial.verdict) == (None, adapt.Verdict.NO_BETTER)


def test_words_given_at_random_are_not_kept() -> None:
    rng, kept = np.random.default_rng(3), 0
    plain = BrandProfile(name="Mini")
    for _ in range(10):
        said = rng.permutation([True] * 17 + [False] * 3)
        given = [context.Lesson(each.post, bool(about)) for each, about in zip(lessons(), said, strict=True)]
        kept += context.learn(given, [], plain)[0] is not None
    assert kept <= 2


def test_who_only_says_not_about_us_does_not_turn_everything() -> None:
    plain = BrandProfile(name="Mini")
    others = [Post("test", f"o{number}", text) for number, text in enumerate(ABOUT)]
    given = lessons(0, 10)
    learned, trial = context.learn(given, others, plain)
    if learned is not None:
        assert 2 * trial.others_moved <= trial.others


def test_a_message_is_judged_the_same_alone_and_among_others(taught: BrandProfile) -> None:
    texts = [*ABOUT, *NOT_ABOUT, "", "mini " * 900]
    together = read([Post("test", "1", text) for text in texts], brand=taught)
    for text, reading in zip(texts, together, strict=True):
        alone = read([Post("test", "1", text)], brand=taught)[0]
        assert alone.relevance == pytest.approx(reading.relevance, abs=1e-4)
