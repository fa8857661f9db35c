"""A story rings when several people tell it in their own words, it is new or grows, and many of them are not pleased."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import count

import pytest
from by_hand import Says
from ringing import Keeps

from octavo.alert import counts, rising, rules, simulate, words
from octavo.alert.models import Alert, Count, RuleKind
from octavo.conversations.models import Brand, Mention, Story, StoryMention
from octavo.kit import clock

HOUR = timedelta(hours=1)
_numbers = count(1_000_000)


def tell(
    brand: Brand, n: int, *, hours: float = 3, negative: int = 100, author: int = 0, story: Story | None = None,
    mentions: Sequence[Mention] = (),
) -> Story:  # fmt: skip
    """`n` messages of a story within the last hours; `negative` is how many of a hundred are."""
    now = clock.now()
    moments = [now - hours * HOUR * (place + 1) / n for place in range(n)]
    story = story or Story.objects.create(
        brand=brand, title="The valve", state="living", first_at=min(moments), last_at=max(moments), messages=n
    )
    Story.objects.filter(pk=story.pk).update(last_at=max(story.last_at, *moments))
    for place, at in enumerate(moments):
        number = next(_numbers)
        StoryMention.objects.create(
            story=story, brand=brand, mention=mentions[place].pk if mentions else number, published_at=at,
            author=author or number, negative=place * 100 < negative * n, reach=10, text_key=author or number,
        )  # fmt: skip
    return story


def test_a_new_story_by_several_people_rings_once_and_grows(brand: Brand) -> None:
    story = tell(brand, 9)
    [alert] = rising.look(brand.pk)
    assert (alert.key, alert.severity, alert.rule.kind) == (f"story:{story.pk}", 3, RuleKind.STORY)
    assert words.reason(alert) == (
        "Something nobody spoke of before: 9 messages by 9 people in the last 6 h. 100 % of them are negative."
    )
    assert "valve" not in str(alert.reason).lower()  # letters and calls hold nothing of what people wrote
    assert rising.look(brand.pk) == []
    tell(brand, 20, hours=1, story=story)
    assert [again.pk for again in rising.look(brand.pk)] == [alert.pk]
    alert.refresh_from_db()
    assert (alert.severity, alert.rings, alert.members.count()) == (4, 2, 29)


@pytest.mark.parametrize(
    "told", [{"n": 7}, {"n": 30, "author": 5}, {"n": 9, "negative": 20}], ids=["few", "one author", "pleased"]
)
def test_few_people_one_author_or_those_who_are_pleased_do_not_ring(brand: Brand, told: dict[str, int]) -> None:
    tell(brand, **told)
    assert rising.look(brand.pk) == []


def test_a_story_that_is_little_of_what_is_said_does_not_ring(brand: Brand) -> None:
    tell(brand, 9)
    Count.objects.create(brand=brand, key=counts.ALL, at=counts.bin_of(clock.now() - HOUR), n=1000)
    assert rising.look(brand.pk) == []


def test_an_old_story_rings_when_it_doubles_and_not_while_it_goes_on(brand: Brand) -> None:
    story = tell(brand, 20, hours=12)
    assert rising.look(brand.pk) == []
    tell(brand, 15, hours=1, story=story)
    [alert] = rising.look(brand.pk)
    assert "A story grows: " in words.reason(alert) and alert.reason["before"] == 10


def test_a_story_that_became_part_of_another_does_not_ring_twice(brand: Brand) -> None:
    first = tell(brand, 9)
    [alert] = rising.look(brand.pk)
    second = tell(brand, 9)
    StoryMention.objects.filter(story=first).update(story=second)
    Story.objects.filter(pk=first.pk).update(state="merged", merged_into=second)
    assert rising.look(brand.pk) == []
    alert.refresh_from_db()
    assert alert.reason["story"] == second.pk and Alert.objects.count() == 1


def test_its_past_can_be_tried(brand: Brand, kept: Keeps) -> None:
    messages = kept(*[f"The valve of number {n} came off." for n in range(9)], says=Says("problem"))
    tell(brand, 9, mentions=messages)
    rule = rules.of([brand.pk])[brand.pk, RuleKind.STORY]
    [rang] = simulate.rule(rule, threshold=9, settings={})
    assert rang.n == 9 and rang.href.endswith(f"#m{messages[-1].pk}")
    assert simulate.rule(rule, threshold=12, settings={}) == []
