"""Bursts: more than usual rings; a month of the past at once, a lone author and what nobody heard do not mislead."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from by_hand import Says
from conftest import MakesPosts
from ringing import Keeps

from octavo import flow
from octavo.alert import burst, counts, quiet, rules, simulate, unanswered, words
from octavo.alert.counts import Flood, Heard
from octavo.alert.models import Alert, Count, RuleKind, Watch
from octavo.conversations import decide as conversations
from octavo.conversations.models import Brand, Conversation, Mention, Topic
from octavo.kit import clock
from octavo.listen import brands, importing
from octavo.listen.models import FileImport
from octavo.people.models import User

NOW = datetime.fromisoformat("2026-03-12T15:00:30+00:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CALM = Says("question", sentiment="neutral", urgency=1)
ANGRY = Says("complaint", urgency=1)


@pytest.fixture
def past(brand: Brand) -> None:
    """Nine days of a calm brand: some five messages an hour by day, on the forum and in English."""
    chance = random.Random(7)
    rows = []
    at = counts.bin_of(NOW - 9 * DAY)
    while at < counts.bin_of(NOW - HOUR):
        often = 0.45 if 7 <= at.hour <= 22 else 0.1
        n = sum(chance.random() < often / 2 for _ in range(2))
        if n:
            keys = [counts.ALL, "register:question", "channel:forum", "language:en"]
            if chance.random() < 0.1:
                keys[1:1] = [counts.NEGATIVE]
            rows += [Count(brand=brand, key=key, at=at, n=n) for key in keys]
        at += counts.BIN
    Count.objects.bulk_create(rows)


_WHAT = ("parcel", "invoice", "login", "refund", "delivery", "password", "voucher", "basket")
_DOES = ("vanished", "stays broken", "arrives shattered", "keeps failing", "was charged twice", "shows somebody else")
_WHEN = (
    "since breakfast",
    "after your update",
    "for three days",
    "although promised",
    "near Lyon",
    "on Sunday evening",
)


def in_own_words(number: int) -> str:
    """A complaint nobody else makes in these words."""
    what, does, when = number % len(_WHAT), number // len(_WHAT) % len(_DOES), number // 48 % len(_WHEN)
    return f"My {_WHAT[what]} {_DOES[does]} {_WHEN[when]}."


def a_rush(
    kept: Keeps, n: int, *, says: Says = ANGRY, author: str = "", text: str = "", minutes: int = 40, **fields: Any
) -> None:
    """`n` messages, more and more of them, within the last minutes: by as many people in their own words, where none is
    given."""
    for number in range(n):
        ago = timedelta(minutes=1 + minutes * (1 - ((number + 1) / n) ** 0.5))
        kept(text or in_own_words(number), says=says, ago=ago, by=author or f"customer {number}", **fields)


def test_a_calm_past_rings_nothing(past: None, brand: Brand) -> None:
    with time_machine.travel(NOW, tick=False):
        assert flow.look_around() == 0
    assert not Alert.objects.exists()
    watch = Watch.objects.get(brand=brand)
    assert watch.until == counts.bin_of(NOW) and counts.ALL in watch.keys and watch.state


def test_a_rush_of_complaints_is_one_alert_that_says_what_is_usual(past: None, kept: Keeps, brand: Brand) -> None:
    with time_machine.travel(NOW - DAY, tick=False):
        flow.look_around()
    with time_machine.travel(NOW, tick=False):
        a_rush(kept, 60)
        assert flow.look_around() == 1
        alert = Alert.objects.get()
        assert words.reason(alert).startswith(f"{alert.reason['hour']} messages in an hour (")
    said = alert.reason
    assert alert.rule.kind == RuleKind.BURST and alert.severity >= 3
    assert said["hour"] > 20 > said["usual_hour"] and said["authors"] > 20 and said["once_in_days"] > 4
    assert said["key"] not in said["also"] and len(said["also"]) >= 2  # several sides of the same rush
    assert NOW - HOUR < alert.first_signal_at <= NOW
    assert alert.members.count() > 10


def test_looking_again_and_again_rings_no_second_time(past: None, kept: Keeps) -> None:
    with time_machine.travel(NOW, tick=False):
        a_rush(kept, 60)
        flow.look_around()
        before = list(Alert.objects.values("pk", "rings", "severity"))
        assert before
        for _ in range(3):
            assert flow.look_around() == 0
        assert list(Alert.objects.values("pk", "rings", "severity")) == before


@pytest.mark.slow
def test_state_kept_between_looks_decides_as_one_long_look(past: None, kept: Keeps, brand: Brand) -> None:
    with time_machine.travel(NOW, tick=False):
        a_rush(kept, 30)
    rule = rules.of([brand.pk])[brand.pk, RuleKind.BURST]
    begin = counts.bin_of(NOW - 30 * DAY)
    whole = burst.learnt(brand.pk, burst.configuration(rule), since=begin, until=counts.bin_of(NOW))
    for hours in (200, 100, 3, 1, 0):
        with time_machine.travel(NOW - hours * HOUR, tick=False):
            flow.look_around()
    kept_one = burst.restored(Watch.objects.get(brand=brand), rule)
    assert kept_one is not None and kept_one.keys == whole.keys
    for name, column in whole.detector.state.columns().items():
        assert (column == kept_one.detector.state.columns()[name]).all(), name


def _a_file_of_the_past(tmp_path: Path, brand: Brand, *, messages: int) -> FileImport:
    lines = [
        {"id": f"old {number}", "text": in_own_words(number), "created_at": (NOW - 9 * DAY + number * HOUR).isoformat()}
        for number in range(messages)
    ]
    path = tmp_path / "past.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return importing.begin(path, choices=importing.Choices(), brand=brand).job


def test_the_past_that_a_file_brings_is_learnt_also_by_a_brand_that_was_looked_at(
    kept: Keeps, brand: Brand, tmp_path: Path
) -> None:
    with time_machine.travel(NOW, tick=False):
        kept("Is the shop in Lyon open on Sunday?", says=CALM, ago=HOUR)
        flow.look_around()
        job = _a_file_of_the_past(tmp_path, brand, messages=200)
        for _ in flow.import_file(job):
            pass
        assert flow.look_around() == 0
    rule = rules.of([brand.pk])[brand.pk, RuleKind.BURST]
    watched = burst.restored(Watch.objects.get(brand=brand), rule)
    as_one = burst.learnt(
        brand.pk, burst.configuration(rule), since=counts.bin_of(NOW - 10 * DAY), until=counts.bin_of(NOW)
    )
    assert watched is not None and watched.keys == as_one.keys
    for name, column in as_one.detector.state.columns().items():
        assert (column == watched.detector.state.columns()[name]).all(), name


def test_while_a_file_comes_in_a_new_brand_waits_and_a_known_one_does_not(
    past: None, kept: Keeps, brand: Brand, admin: User, tmp_path: Path
) -> None:
    with time_machine.travel(NOW - DAY, tick=False):
        flow.look_around()
    with time_machine.travel(NOW, tick=False):
        new = brands.make("Newcomer")
        run = flow.import_file(_a_file_of_the_past(tmp_path, new, messages=20))
        try:
            next(run)
            a_rush(kept, 60)
            assert flow.look_around() == 1
            assert not Watch.objects.filter(brand=new).exists()
        finally:
            run.close()
        flow.look_around()
    assert Watch.objects.get(brand=new).state


def test_a_month_of_backlog_at_once_is_no_burst(kept: Keeps, brand: Brand) -> None:
    with time_machine.travel(NOW, tick=False):
        for number in range(60):
            kept(f"Where is my parcel, {number}?", says=CALM, ago=2 * DAY + number * 11 * HOUR, by=f"author {number}")
        assert flow.look_around() == 0
    assert not Alert.objects.exists()


@pytest.mark.slow
def test_a_burst_of_last_week_that_comes_in_today_does_not_ring(past: None, kept: Keeps) -> None:
    with time_machine.travel(NOW - 5 * DAY, tick=False):
        a_rush(kept, 80)
    with time_machine.travel(NOW, tick=False):
        assert flow.look_around() == 0


@pytest.mark.slow
def test_one_author_who_writes_it_all_is_said_to_and_is_less_severe(past: None, kept: Keeps, brand: Brand) -> None:
    with time_machine.travel(NOW, tick=False):
        a_rush(kept, 60, author="bot")
        flow.look_around()
        alert = Alert.objects.get()
        assert (alert.reason["flood"], alert.reason["people"], alert.reason["authors"]) == ("author", 1, 1)
        assert alert.severity <= 2
        assert "A flood rather than a crowd: 1 person writes it all." in words.reason(alert)


@pytest.mark.slow
def test_one_text_again_and_again_by_many_is_said_to_be_one_and_a_crowd_that_follows_rings_again(
    past: None, kept: Keeps, brand: Brand
) -> None:
    with time_machine.travel(NOW - HOUR, tick=False):
        a_rush(kept, 60, text="RT Share this: the new parcels by Tramonto arrive broken, says my aunt")
        flow.look_around()
        alert = Alert.objects.get()
        assert (alert.reason["flood"], alert.reason["sayings"]) == ("text", 1) and alert.reason["people"] > 30
        assert alert.severity <= 3 and "1 text again and again, by" in words.reason(alert)
        before = alert.severity
    with time_machine.travel(NOW, tick=False):
        a_rush(kept, 60)
        flow.look_around()
    alert.refresh_from_db()
    assert alert.severity > before and alert.rings > 1 and not alert.reason["flood"]


def test_a_flood_by_few_makes_no_crisis_however_grave_it_sounds() -> None:
    def loud(flood: Flood | None) -> int:
        return burst.severity("register:crisis", 5.0, hour=Heard(500, 500.0, plain=500), flood=flood)

    assert (loud(None), loud(Flood.TEXT), loud(Flood.AUTHOR)) == (5, 3, 2)


def test_good_news_is_less_severe_than_bad_and_signs_of_a_crisis_the_most() -> None:
    def loud(key: str) -> int:
        return burst.severity(key, 3.5, hour=Heard(30, 30.0, plain=30), flood=None)

    assert loud("register:compliment") < loud("all") < loud("negative") < loud("register:crisis")


def test_the_echo_of_a_campaign_has_a_count_of_its_own_and_does_not_raise_the_brands(kept: Keeps, brand: Brand) -> None:
    echo = Says("campaign_echo", sentiment="positive", campaign="Sunrise")
    for number in range(6):
        kept(f"Love this advert! {in_own_words(number)}", says=echo, by=f"fan {number}")
    kept("They put me to sleep with that advert.", says=Says("complaint", campaign="Sunrise"))
    since, until = clock.now() - HOUR, clock.now() + HOUR

    def n(key: str) -> int:
        return counts.total(brand.pk, key, since=since, until=until).n

    assert (n("campaign:Sunrise"), n("against:Sunrise")) == (7, 1)
    assert n(counts.ALL) == n("channel:forum") == n("language:en") == 0
    assert n(counts.NEGATIVE) == n("register:complaint") == 1  # what is bad stays bad


def test_what_a_topic_is_known_by_decides_when_its_messages_count_and_each_counts_once(
    brand: Brand, post: MakesPosts
) -> None:
    text = f"The driver of {brand.name} left my parcel behind the bins, in the rain"
    Topic.objects.create(brand=brand, name="Parcels", slug="parcels", words=["parcel"])
    Topic.objects.create(brand=brand, name="Left outside", slug="left-outside", examples=[text])
    since, until = clock.now() - HOUR, clock.now() + HOUR

    def counted() -> tuple[int, int]:
        by_words, by_examples = (
            counts.total(brand.pk, key, since=since, until=until) for key in ("topic:Parcels", "topic:Left outside")
        )
        return by_words.n, by_examples.n

    received = flow.receive([post(text, created_at=clock.now())], brand=brand, dedicated=True)
    assert counted() == (1, 0)  # at first a message is only known by its words
    for _ in range(2):
        flow.handle(received.new, anew=True)
        assert counted() == (1, 1)
    edit = post(text + "!", external_id="post-1", created_at=clock.now())
    assert flow.receive([edit], brand=brand, dedicated=True).outcomes == ["edited"]
    flow.handle(received.new)
    assert counted() == (1, 1)  # an edit changes no count
    for name in ("Parcels", "Left outside"):
        members, figures = burst.messages(brand.pk, f"topic:{name}", since=since, until=until)
        assert [member.mention for member in members] == list(received.new) and figures["authors"] == 1
        assert words.key_name(f"topic:{name}") == f"about {name}"


def test_people_and_texts_are_counted_once_whichever_way_they_come(kept: Keeps, brand: Brand) -> None:
    now = clock.now()
    for _ in range(2):
        for number in range(30):
            kept(in_own_words(number), says=CALM, by=f"customer {number % 10}", created_at=counts.bin_of(now))
    heard = counts.total(brand.pk, counts.ALL, since=now - HOUR, until=now + HOUR)
    assert heard.n == 60 and heard.people == pytest.approx(10, rel=0.25) and heard.sayings == pytest.approx(30, rel=0.2)
    [(_, of)] = counts.bins(brand.pk, since=now - HOUR, until=now + HOUR)
    counts.compact()
    [(_, joined)] = counts.bins(brand.pk, since=now - HOUR, until=now + HOUR)
    assert of == joined and of[counts.ALL] == heard


def test_a_message_that_reaches_ten_times_as_many_weighs_one_more(kept: Keeps, brand: Brand) -> None:
    kept("We are open on Sunday.", says=CALM, reach=50)
    kept("We are closed on Monday.", says=CALM, reach=100_000)
    now = clock.now()
    assert counts.total(brand.pk, counts.ALL, since=now - HOUR, until=now + HOUR).weight == pytest.approx(5.0)


@pytest.mark.slow
def test_a_clock_that_was_set_back_rings_nothing_and_goes_on(past: None, brand: Brand) -> None:
    for moment in (NOW, NOW - 3 * DAY, NOW - 3 * DAY + HOUR, NOW + HOUR):
        with time_machine.travel(moment, tick=False):
            assert flow.look_around() == 0
    assert Watch.objects.get(brand=brand).until == counts.bin_of(NOW + HOUR)


@pytest.mark.slow
def test_a_changed_threshold_is_learnt_anew_from_what_is_remembered(past: None, brand: Brand, admin: User) -> None:
    with time_machine.travel(NOW, tick=False):
        flow.look_around()
        rule = rules.of([brand.pk])[brand.pk, RuleKind.BURST]
        rules.change(admin, rule, on=True, threshold=400, settings={})
        assert flow.look_around() == 0
        rule.refresh_from_db()
        found = burst.restored(Watch.objects.get(brand=brand), rule)
    assert found is not None and found.detector.configuration.threshold == 4.0


@pytest.mark.slow
def test_what_would_have_rung_is_found_by_living_through_the_past_again(past: None, kept: Keeps, brand: Brand) -> None:
    with time_machine.travel(NOW - 5 * DAY, tick=False):
        a_rush(kept, 80)
    with time_machine.travel(NOW, tick=False):
        rule = rules.of([brand.pk])[brand.pk, RuleKind.BURST]
        rang = simulate.rule(rule, threshold=310, settings={})
        assert [each.at.date() for each in rang] == [(NOW - 5 * DAY).date()]
        assert simulate.rule(rule, threshold=310, settings={"messages": 500}) == []


def test_counts_add_up_and_stay_the_same_when_they_are_joined(kept: Keeps, brand: Brand) -> None:
    for number in range(5):
        kept(f"hello {number}", says=CALM)
    now = clock.now()
    before = counts.total(brand.pk, counts.ALL, since=now - HOUR, until=now + HOUR)
    counts.compact()
    counts.compact()
    assert before.n == 5 and before == counts.total(brand.pk, counts.ALL, since=now - HOUR, until=now + HOUR)
    assert Count.objects.filter(key=counts.ALL).count() <= 2  # one five minutes, or two around their end


def test_criticism_with_reach_rings_when_nobody_answers_and_is_over_when_somebody_does(
    kept: Keeps, brand: Brand, user: User
) -> None:
    [loud, quiet_one] = kept("They lie to us.", "They lie to me.", says=ANGRY, ago=5 * HOUR, reach=0)
    Conversation.objects.filter(pk=quiet_one.conversation_id).update(author=None)
    loud.author.__class__.objects.filter(pk=loud.author_id).update(followers=9000)
    [alert] = unanswered.look(brand.pk)
    assert alert.reason["conversation"] == loud.conversation_id and alert.reason["reach"] == 9000
    assert unanswered.look(brand.pk) == []
    conversations.set_status(user, [loud.conversation_id], Conversation.Status.RESOLVED)
    unanswered.look(brand.pk)
    alert.refresh_from_db()
    assert (alert.state, alert.outcome) == ("closed", "over")


def test_criticism_is_told_by_a_better_word_than_the_fast_tiers_and_is_over_where_it_was_none(
    kept: Keeps, brand: Brand, user: User
) -> None:
    [loud] = kept("Great deal, 60 % off.", says=ANGRY, ago=5 * HOUR, reach=9000)
    of_it = Mention.objects.filter(pk=loud.pk)
    of_it.update(model="fast-1", received_at=clock.now())
    assert unanswered.look(brand.pk) == []
    of_it.update(model="default-1", abstained=True)
    assert unanswered.look(brand.pk) == []
    of_it.update(abstained=False)
    [alert] = unanswered.look(brand.pk)
    # Another message that needs a person more does not make this one answered.
    Conversation.objects.filter(pk=loud.conversation_id).update(register="question")
    unanswered.look(brand.pk)
    alert.refresh_from_db()
    assert alert.state == "open"
    conversations.correct(user, loud, "register", "compliment")
    unanswered.look(brand.pk)
    alert.refresh_from_db()
    assert (alert.state, alert.outcome) == ("closed", "over")


def test_what_the_fast_tier_calls_criticism_rings_where_nothing_better_reads(kept: Keeps, brand: Brand) -> None:
    [loud] = kept("They lie to us.", says=ANGRY, ago=9 * HOUR, reach=9000)
    Mention.objects.filter(pk=loud.pk).update(model="fast-1", received_at=clock.now() - 9 * HOUR)
    assert len(unanswered.look(brand.pk)) == 1


def test_criticism_that_rings_as_grave_does_not_ring_as_unanswered_too(kept: Keeps, brand: Brand) -> None:
    kept("The valve choked my child.", ago=5 * HOUR, reach=9000)
    assert Alert.objects.get().rule.kind == RuleKind.GRAVE
    assert unanswered.look(brand.pk) == []


def test_a_source_that_fails_rings_and_is_over_when_it_delivers(brand: Brand) -> None:
    now = clock.now()
    pulse = quiet.Pulse(7, brand.pk, "Blog", now - 30 * DAY, now - 2 * HOUR, now - 2 * HOUR)
    [alert] = quiet.look(brand.pk, [pulse])
    assert (alert.key, alert.reason["what"]) == ("source:7", "failing")
    assert quiet.look(brand.pk, [pulse]) == []
    well = quiet.Pulse(7, brand.pk, "Blog", now - 30 * DAY, now, None)
    assert quiet.look(brand.pk, [well]) == []
    alert.refresh_from_db()
    assert alert.outcome == "over"


def test_a_source_is_silent_only_where_messages_were_to_be_expected(brand: Brand) -> None:
    now = clock.now()

    def counted(source: int, an_hour: float, *, until: datetime) -> None:
        at = now - 14 * DAY
        rows = []
        while at < until:
            rows.append(Count(brand=brand, key=f"source:{source}", at=counts.bin_of(at), n=1))
            at += HOUR / an_hour
        Count.objects.bulk_create(rows)

    counted(1, 4, until=now - 14 * HOUR)
    counted(2, 0.1, until=now - 14 * HOUR)
    pulses = [quiet.Pulse(n, brand.pk, f"S{n}", now - 30 * DAY, now - 14 * HOUR, None) for n in (1, 2)]
    [alert] = quiet.look(brand.pk, pulses)
    assert (alert.key, alert.reason["what"]) == ("source:1", "silent") and alert.reason["expected"] > 40


def test_a_flooded_source_rings(brand: Brand) -> None:
    now = clock.now()
    Count.objects.create(brand=brand, key="source:3", at=counts.bin_of(now - HOUR / 2), n=5000)
    Count.objects.create(brand=brand, key="source:3", at=counts.bin_of(now - 3 * DAY), n=100)
    [alert] = quiet.look(brand.pk, [quiet.Pulse(3, brand.pk, "Feed", now - 30 * DAY, now, None)])
    assert alert.reason["what"] == "flooded" and alert.reason["hour"] == 5000
