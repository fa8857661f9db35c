from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import pairwise
from statistics import mean

import pytest

from octavo.site.demo import DAYS, Demo, load
from octavo.vocabulary import NO_REGISTER, REGISTERS, BrandProfile, Post

# One moment for each weekday, among them the first and the last minutes of a day and an offset that is not UTC.
MOMENTS = [
    datetime(2026, 3, 2, 8, 30, tzinfo=UTC),
    datetime(2026, 3, 3, 0, 4, tzinfo=UTC),
    datetime(2026, 3, 4, 23, 58, tzinfo=UTC),
    datetime.fromisoformat("2026-03-05T01:15:00+02:00"),
    datetime(2026, 3, 6, 12, 0, tzinfo=UTC),
    datetime(2026, 3, 7, 6, 45, tzinfo=UTC),
    datetime(2026, 3, 8, 17, 20, tzinfo=UTC),
]
KINDS = {
    "complaint": 40,
    "problem": 40,
    "question": 35,
    "idea": 20,
    "opportunity": 18,
    "compliment": 45,
    "crisis": 12,
    "campaign_echo": 25,
    "none": 35,
    "own": 35,
}

MESSAGES = [
    json.loads(line) for line in files("octavo.site.demo").joinpath("messages.jsonl").read_text("utf-8").splitlines()
]


@pytest.fixture(params=MOMENTS, ids=lambda moment: f"{moment:%a-%H%M}")
def now(request: pytest.FixtureRequest) -> datetime:
    moment: datetime = request.param
    return moment


@pytest.fixture
def demo(now: datetime) -> Demo:
    return load(now)


def when(post: Post) -> datetime:
    assert post.created_at is not None
    return post.created_at


def kinds(message: dict[str, str]) -> list[str]:
    return message["note"].partition(":")[0].split("+")


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        load(datetime(2026, 3, 2, 8, 30))  # noqa: DTZ001


def test_every_message_becomes_one_post_in_order_of_time(demo: Demo) -> None:
    assert len(demo.posts) == len(MESSAGES) == len({post.external_id for post in demo.posts})
    assert 380 <= len(demo.posts) <= 420
    assert [when(post) for post in demo.posts] == sorted(when(post) for post in demo.posts)


def test_nothing_is_in_the_future_or_older_than_thirty_days(demo: Demo, now: datetime) -> None:
    for post in demo.posts:
        assert when(post).utcoffset() == timedelta(0)
        assert now - timedelta(days=DAYS) <= when(post) <= now, post.external_id


def test_an_answer_comes_after_what_it_answers_on_the_same_channel(demo: Demo) -> None:
    by_id = {post.external_id: post for post in demo.posts}
    for post in demo.posts:
        if post.reply_to:
            answered = by_id[post.reply_to]
            assert answered.channel == post.channel, post.external_id
            assert when(answered) < when(post), post.external_id
            assert post.parent is not None
            if answered.own:
                assert post.parent.own


def test_what_one_person_writes_keeps_its_order_on_any_weekday(demo: Demo) -> None:
    """In the file the order is that of relative days; moving a message off a weekend must not turn a story round."""
    position = {
        message["id"]: (message["day"], -message.get("minutes_ago", 0), message.get("time", "")) for message in MESSAGES
    }
    last: dict[tuple[str, str], Post] = {}
    for post in demo.posts:
        assert post.author is not None
        before = last.get((post.channel, post.author.handle))
        if before and not post.own:
            assert position[before.external_id] <= position[post.external_id], (before.external_id, post.external_id)
        last[post.channel, post.author.handle] = post


def test_weekends_are_quieter_whatever_day_the_demo_is_loaded(demo: Demo, now: datetime) -> None:
    """Days since the campaign began are left out: they carry the story, and the last two are never moved."""
    today = now.astimezone(UTC).date()
    days = Counter(when(post).date() for post in demo.posts)
    counts: dict[bool, list[int]] = {True: [], False: []}
    for back in range(11, 30):
        day = today - timedelta(days=back)
        counts[day.weekday() >= 5].append(days[day])
    assert mean(counts[True]) < 0.85 * mean(counts[False])


def test_each_language_has_about_a_third() -> None:
    share = Counter(message["lang"] for message in MESSAGES)
    assert set(share) == {"en", "fr", "it"}
    for language, count in share.items():
        assert 0.27 <= count / len(MESSAGES) <= 0.40, language


def test_every_kind_is_there_often_enough_and_in_each_language() -> None:
    assert set(KINDS) == {*REGISTERS, NO_REGISTER, "own"}
    for message in MESSAGES:
        assert set(kinds(message)) <= set(KINDS), message["id"]
        assert (kinds(message) == ["own"]) == message.get("own", False), message["id"]
    primary = Counter(kinds(message)[0] for message in MESSAGES)
    for kind, least in KINDS.items():
        assert primary[kind] >= least, kind
        assert {message["lang"] for message in MESSAGES if kinds(message)[0] == kind} == {"en", "fr", "it"}, kind
    assert {message["channel"] for message in MESSAGES} == {
        "mastodon", "bluesky", "reviews", "email", "forum", "comments", "news",
    }  # fmt: skip


def test_lengths_vary_and_no_two_messages_are_the_same() -> None:
    texts = [message["text"] for message in MESSAGES]
    lengths = sorted(len(text.split()) for text in texts)
    assert len(set(texts)) == len(texts)
    assert lengths[0] <= 4
    assert 140 <= lengths[-1] <= 190
    assert lengths[len(lengths) // 10] <= 12
    assert 15 <= lengths[len(lengths) // 2] <= 30


def names_in(text: str, names: tuple[str, ...]) -> bool:
    return any(re.search(rf"(?<!\w){re.escape(name)}s?(?!\w)", text, re.IGNORECASE) for name in names)


def test_every_name_handle_product_and_campaign_is_used() -> None:
    profile = load(MOMENTS[0]).brand.profile
    texts = [message["text"] for message in MESSAGES if not message.get("own")]
    for name in (profile.name, *(alias.text for alias in profile.aliases), *profile.products):
        assert sum(names_in(text, (name,)) for text in texts) >= 4, name
    assert {message["author"]["handle"] for message in MESSAGES if message.get("own")} >= set(profile.handles)
    for campaign in profile.campaigns:
        for words in (campaign.hashtags, campaign.slogans, campaign.links):
            assert any(names_in(message["text"], words) for message in MESSAGES), (campaign.name, words)


def test_the_ambiguous_alias_is_met_both_for_the_brand_and_for_something_else() -> None:
    (alias,) = load(MOMENTS[0]).brand.profile.aliases
    assert alias.context
    met = [
        message
        for message in MESSAGES
        if names_in(message["text"], (alias.text,)) and "sorsella" not in message["text"].lower()
    ]
    assert sum("alias is" in message["note"] for message in met) >= 4
    about_us = [message for message in met if kinds(message)[0] != NO_REGISTER]
    assert len(about_us) >= 2
    assert all(names_in(message["text"], alias.context) for message in about_us)


def test_a_first_message_says_that_it_is_about_the_brand() -> None:
    """By name, handle, product or campaign, or by standing under what the brand wrote: a reader has nothing else."""
    profile = load(MOMENTS[0]).brand.profile
    signs = signs_of(profile)
    for message in MESSAGES:
        if "reply_to" in message or "parent" in message or "alias is" in message["note"]:
            continue
        assert any(sign in message["text"].lower() for sign in signs), message["id"]


def signs_of(profile: BrandProfile) -> set[str]:
    names = {profile.name, *profile.handles, *profile.products, *(alias.text for alias in profile.aliases)}
    for campaign in profile.campaigns:
        names.update(campaign.hashtags, campaign.slogans, campaign.links)
    return {name.lower() for name in names}


def test_echoes_of_the_running_campaign_begin_with_it(demo: Demo, now: datetime) -> None:
    running, past = demo.brand.profile.campaigns
    today = now.astimezone(UTC).date()
    assert running.starts_on is not None and running.ends_on is not None and past.ends_on is not None
    assert running.starts_on == today - timedelta(days=10) and running.ends_on > today > past.ends_on
    echoes = [post for post in demo.posts if f"#{running.hashtags[0]}" in post.text]
    assert len(echoes) >= 20
    assert min(when(post).date() for post in echoes) == running.starts_on


def test_the_crisis_starts_with_one_calm_review_and_quickens(demo: Demo, now: datetime) -> None:
    crisis_ids = {message["id"] for message in MESSAGES if kinds(message)[0] == "crisis"}
    crisis = [post for post in demo.posts if post.external_id in crisis_ids]
    ages = [(now - when(post)) / timedelta(hours=1) for post in crisis]
    assert 12 <= len(crisis) <= 20
    assert 30 < ages[0] <= 36
    assert crisis[0].channel == "reviews" and "!" not in crisis[0].text
    assert {post.language for post in crisis[:4]} == {"en", "fr", "it"}

    rates = [sum(low <= age < high for age in ages) / (high - low) for low, high in pairwise([0, 1, 3, 12, 36])]
    assert rates == sorted(rates, reverse=True) and len(set(rates)) == len(rates)
    assert sum(age < 3 for age in ages) >= 10
    ordinary = [
        post for post in demo.posts if post.external_id not in crisis_ids and now - when(post) < timedelta(hours=3)
    ]
    assert len(ordinary) >= 10


def test_decisions_name_conversations_and_are_neither_late_nor_early(demo: Demo, now: datetime) -> None:
    by_id = {post.external_id: post for post in demo.posts}
    assert 55 <= len(demo.decisions) <= 70
    assert len({decision.conversation_of for decision in demo.decisions}) == len(demo.decisions)
    assert {decision.status for decision in demo.decisions} == {"resolved", "pending", "snoozed"}
    for decision in demo.decisions:
        post = by_id[decision.conversation_of]
        assert when(post) <= decision.at <= now
        assert (decision.snoozed_until is not None) == (decision.status == "snoozed")
        assert decision.snoozed_until is None or decision.snoozed_until > now
        assert bool(decision.note) == bool(decision.note_language) == bool(decision.note_by)
    notes = [decision for decision in demo.decisions if decision.note]
    assert 4 <= len(notes) <= 6
    assert {decision.note_language for decision in notes} == {"en", "fr", "it"}


def test_nobody_writes_in_a_conversation_after_it_was_decided(demo: Demo) -> None:
    """So that decisions may be applied in one go, once everything is recorded."""
    by_id = {post.external_id: post for post in demo.posts}

    def conversation(post: Post) -> str:
        while not post.thread and post.reply_to:
            post = by_id[post.reply_to]
        return f"{post.channel} {post.thread or post.external_id}"

    decided = {conversation(by_id[decision.conversation_of]): decision.at for decision in demo.decisions}
    assert len(decided) == len(demo.decisions)
    for post in demo.posts:
        assert when(post) <= decided.get(conversation(post), when(post)), post.external_id
