"""Which stories are new or growing at a moment, counted from the messages published until then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from django.db import DatabaseError, transaction

from octavo.conversations import stories
from octavo.conversations.models import Brand, Story, StoryEvent, StoryMention

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
_numbers = count(1000)


def _story(
    brand: Brand, hours: Sequence[float], *, state: str = "living", author: int | None = None, text: int = 0
) -> Story:
    """A story with a message so many hours before noon each; every second one is negative, each reaches ten."""
    moments = [NOON - timedelta(hours=before) for before in hours]
    story = Story.objects.create(
        brand=brand, title="The valve", state=state, first_at=min(moments), last_at=max(moments), messages=len(hours)
    )
    for place, at in enumerate(moments):
        StoryMention.objects.create(
            story=story, brand=brand, mention=next(_numbers), published_at=at, author=author or place + 1,
            negative=place % 2 == 0, reach=10, text_key=text or place,
        )  # fmt: skip
    return story


def test_a_new_story_comes_with_its_figures(brand: Brand) -> None:
    story = _story(brand, [5, 4, 1])
    (found,) = stories.rising(brand.pk, NOON)
    assert (found.number, found.key, found.title) == (story.pk, f"story:{story.pk}", "The valve")
    assert (found.messages, found.authors, found.texts, found.negative, found.reach) == (3, 3, 3, 2, 30)
    assert (found.lately, found.before, found.is_new) == (3, 0, True)
    assert found.first_at == NOON - timedelta(hours=5) and found.negative_share == pytest.approx(2 / 3)


def test_copies_by_one_author_are_one_text_and_one_author(brand: Brand) -> None:
    _story(brand, [3, 2, 1], author=7, text=9)
    (found,) = stories.rising(brand.pk, NOON)
    assert (found.messages, found.authors, found.texts) == (3, 1, 1)


def test_an_old_story_rises_only_where_it_grows(brand: Brand) -> None:
    steady = _story(brand, [40, 11, 10, 9, 3, 2, 1])
    growing = _story(brand, [40, 10, 4, 3, 2, 1])
    found = stories.rising(brand.pk, NOON)
    assert [story.number for story in found] == [growing.pk] and steady.pk != growing.pk
    assert (found[0].lately, found[0].before, found[0].growth, found[0].is_new) == (4, 1, 4.0, False)


def test_what_was_published_later_is_not_seen(brand: Brand) -> None:
    _story(brand, [5, 4, 1])
    assert stories.rising(brand.pk, NOON - timedelta(hours=2)) == []
    (found,) = stories.rising(brand.pk, NOON - timedelta(hours=2), least=2)
    assert (found.messages, found.last_at) == (2, NOON - timedelta(hours=4))


def test_seeds_merged_stories_and_other_brands_do_not_rise(brand: Brand) -> None:
    living = _story(brand, [2, 1, 1])
    _story(brand, [2, 1, 1], state="seed")
    other = Brand.objects.create(name="Other", slug="other")
    _story(other, [2, 1, 1])
    Story.objects.filter(pk=_story(brand, [2, 1, 1]).pk).update(state="merged", merged_into=living)
    assert [story.number for story in stories.rising(brand.pk, NOON)] == [living.pk]


def test_a_merged_story_leads_to_what_it_is_part_of(brand: Brand) -> None:
    last, middle, first = (_story(brand, [2, 1]) for _ in range(3))
    Story.objects.filter(pk=first.pk).update(state="merged", merged_into=middle)
    Story.objects.filter(pk=middle.pk).update(state="merged", merged_into=last)
    assert stories.current(first.pk) == last.pk == stories.current(last.pk)
    assert stories.current(10**9) is None


def test_messages_know_their_story(brand: Brand) -> None:
    story, seed = _story(brand, [3, 2]), _story(brand, [1], state="seed")
    numbers = [number for number, _ in stories.mentions(story.pk)]
    (alone,) = stories.mentions(seed.pk)
    assert stories.of_mentions([*numbers, alone[0], 5]) == dict.fromkeys(numbers, story.pk)
    assert [at for _, at in stories.mentions(story.pk, until=NOON - timedelta(hours=3))] == [NOON - timedelta(hours=3)]


def test_a_history_cannot_be_changed_and_goes_with_its_story(brand: Brand) -> None:
    story = _story(brand, [2, 1])
    event = StoryEvent.objects.create(story=story, action="began")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        StoryEvent.objects.filter(pk=event.pk).update(action="other")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        StoryEvent.objects.filter(pk=event.pk).delete()
    story.delete()
    assert not StoryEvent.objects.exists() and not StoryMention.objects.exists()
