"""A source's turn, from a feed over HTTP to kept messages and the source's health."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from octavo import flow
from octavo.channels.trouble import ChannelError, Trouble
from octavo.conversations.models import Brand, Mention
from octavo.kit import clock
from octavo.listen import collect as collecting
from octavo.listen import sources
from octavo.listen.models import RejectedItem, Source
from octavo.vocabulary import Reject

if TYPE_CHECKING:
    from .conftest import Feed


@pytest.fixture
def source(brand: Brand, feed: Feed) -> Source:
    feed.items = [("1", "Tramonto opens a shop"), ("2", "Tramonto closes a shop")]
    return sources.create(None, brand=brand, channel_name="rss", name="News", given={"url": feed.url}).source


def fresh(source: Source) -> Source:
    return Source.objects.select_related("brand").get(pk=source.pk)


def test_what_the_feed_holds_is_kept_once_however_often_it_is_asked(source: Source, feed: Feed) -> None:
    first = flow.collect(source)
    assert len(first.new) == 2
    feed.items.append(("3", "Tramonto opens again"))
    assert len(flow.collect(fresh(source)).new) == 1
    assert flow.collect(fresh(source)).new == []
    assert Mention.objects.count() == 3
    assert set(Mention.objects.values_list("origin", flat=True)) == {source.pk}


def test_a_source_that_delivers_is_alive_and_says_since_when_how_much_and_how_late(source: Source) -> None:
    assert sources.health(source).pulse is sources.Pulse.NEVER
    flow.collect(source)
    source = fresh(source)
    health = sources.health(source)
    assert (health.pulse, health.advice) == (sources.Pulse.ALIVE, sources.Advice.NOTHING)
    assert source.posts_count == 2
    assert source.last_post_at is not None and source.last_post_at.year == 2026
    assert health.delay is not None and health.delay > timedelta(0)
    assert source.next_at is not None and source.next_at > clock.now() + timedelta(minutes=4)


def test_a_failing_source_is_left_alone_longer_each_time_and_is_well_again_when_it_delivers(
    source: Source, feed: Feed
) -> None:
    feed.status = 500
    waits = []
    for _ in range(4):
        with pytest.raises(ChannelError):
            flow.collect(fresh(source))
        failing = fresh(source)
        assert failing.next_at is not None
        waits.append(failing.next_at - clock.now())
    assert waits[3] > 3 * waits[0]
    health = sources.health(fresh(source))
    assert (health.pulse, health.trouble, health.advice) == (
        sources.Pulse.FAILING,
        Trouble.SERVER_ERROR,
        sources.Advice.TROUBLE,
    )
    assert health.since is not None and clock.now() - health.since < timedelta(minutes=1)
    feed.status = 200
    flow.collect(fresh(source))
    assert sources.health(fresh(source)).pulse is sources.Pulse.ALIVE
    assert fresh(source).failures == 0


def test_a_server_that_asks_to_be_left_alone_for_an_hour_is_left_alone_for_an_hour(source: Source, feed: Feed) -> None:
    feed.status, feed.headers = 429, {"Retry-After": "3600"}
    with pytest.raises(ChannelError) as caught:
        flow.collect(source)
    assert caught.value.trouble is Trouble.RATE_LIMITED
    next_at = fresh(source).next_at
    assert next_at is not None and next_at >= clock.now() + timedelta(seconds=3590)


def test_what_only_a_person_can_mend_is_tried_again_the_next_day(source: Source, feed: Feed) -> None:
    feed.status = 410
    with pytest.raises(ChannelError):
        flow.collect(source)
    next_at = fresh(source).next_at
    assert next_at is not None and next_at > clock.now() + timedelta(hours=18)


@pytest.mark.parametrize("meanwhile", ["paused", "removed", "collected"])
def test_a_source_that_was_paused_removed_or_collected_while_the_feed_answered_keeps_nothing(
    source: Source, meanwhile: str
) -> None:
    turn = collecting.fetch(source)
    if meanwhile == "paused":
        sources.pause(None, source)
    elif meanwhile == "removed":
        sources.remove(None, fresh(source))
    else:
        flow.collect(fresh(source))
    with pytest.raises(collecting.Overtaken):
        collecting.delivered(source, turn, new=len(turn.posts))
    left = Source.objects.filter(pk=source.pk).first()
    assert left is None or left.posts_count == (2 if meanwhile == "collected" else 0)


def test_a_failure_does_not_touch_a_source_that_was_paused_meanwhile(source: Source, feed: Feed) -> None:
    feed.status = 500
    sources.pause(None, source)
    with pytest.raises(ChannelError):
        collecting.fetch(source)
    assert fresh(source).failing_since is None
    assert sources.health(fresh(source)).pulse is sources.Pulse.PAUSED


def test_sources_that_are_due_come_in_the_order_of_their_waiting_and_paused_ones_not_at_all(brand: Brand) -> None:
    def made(name: str, minutes: int) -> Source:
        given = {"url": f"https://example.org/{name}"}
        source = sources.create(None, brand=brand, channel_name="rss", name=name, given=given).source
        Source.objects.filter(pk=source.pk).update(next_at=clock.now() - timedelta(minutes=minutes))
        return source

    late, later, paused, future = made("a", 1), made("b", 9), made("c", 5), made("d", -5)
    sources.pause(None, paused)
    assert collecting.due() == [later.pk, late.pk]
    assert future.pk not in collecting.due()


def test_a_due_source_nobody_asks_is_late_and_says_to_start_the_worker(source: Source) -> None:
    Source.objects.filter(pk=source.pk).update(next_at=clock.now() - timedelta(minutes=6))
    health = sources.health(fresh(source))
    assert (health.pulse, health.advice) == (sources.Pulse.LATE, sources.Advice.START_WORKER)


def test_the_latest_rejects_are_kept_and_all_are_counted(source: Source) -> None:
    rejects = [Reject(place=str(n), reason="no text", excerpt="{}") for n in range(collecting.KEPT_REJECTS + 5)]
    collecting.received(source, [], rejects[:600], new=0)
    collecting.received(source, [], rejects[600:], new=0)
    collecting.prune()
    assert fresh(source).rejects_count == collecting.KEPT_REJECTS + 5
    kept = RejectedItem.objects.filter(source=source)
    assert kept.count() == collecting.KEPT_REJECTS
    assert not kept.filter(place="4").exists() and kept.filter(place="5").exists()
