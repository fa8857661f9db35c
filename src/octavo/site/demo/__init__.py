"""The demo brand: what a newcomer sees first. Pure: files of this folder and a moment in, dataclasses out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from importlib.resources import files
from typing import Any

from octavo.vocabulary import Alias, Author, BrandProfile, CampaignProfile, Parent, ParentKind, Post

DAYS = 30
"""No post is older than this many days."""

_LAUNCH = range(-10, -7)  # days on which the running campaign is new


@dataclass(frozen=True, slots=True)
class Brand:
    """`profile` is what `understand` needs; campaign dates count from the moment of loading."""

    slug: str
    about: str
    profile: BrandProfile


@dataclass(frozen=True, slots=True)
class Decision:
    """What a colleague decided about the conversation that holds the post `conversation_of`, and perhaps noted.

    `status` is `resolved`, `pending` or `snoozed`; `snoozed_until` is set exactly when snoozed, and later than the
    moment of loading. `at` is never later than that moment. `note_by` is a first name, `note_language` one of the
    brand's.
    """

    conversation_of: str
    status: str
    at: datetime
    snoozed_until: datetime | None = None
    note: str = ""
    note_language: str = ""
    note_by: str = ""


@dataclass(frozen=True, slots=True)
class Demo:
    """`posts` are in order of time, each after the one it answers; their external ids are unique over all channels."""

    brand: Brand
    posts: tuple[Post, ...]
    decisions: tuple[Decision, ...]


def load(now: datetime) -> Demo:
    """The demo as it stands at `now` (aware): no time but `snoozed_until` is later, no post older than `DAYS` days."""
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    now = now.astimezone(UTC)
    folder = files(__name__)
    about = json.loads(folder.joinpath("brand.json").read_text(encoding="utf-8"))
    messages = [json.loads(line) for line in folder.joinpath("messages.jsonl").read_text(encoding="utf-8").splitlines()]

    brand = _brand(about, now)
    times = _times(messages, now)
    by_id = {message["id"]: message for message in messages}
    posts = [_post(message, by_id, times[message["id"]], brand.profile.name) for message in messages]
    return Demo(
        brand=brand,
        posts=tuple(sorted(posts, key=lambda post: (times[post.external_id], post.external_id))),
        decisions=tuple(_decision(item, times, now) for item in about["decisions"]),
    )


def _brand(about: Mapping[str, Any], now: datetime) -> Brand:
    today = now.date()
    return Brand(
        slug=about["slug"],
        about=about["about"],
        profile=BrandProfile(
            name=about["name"],
            aliases=tuple(Alias(item["text"], tuple(item["context"])) for item in about["aliases"]),
            handles=tuple(about["handles"]),
            products=tuple(about["products"]),
            campaigns=tuple(
                CampaignProfile(
                    name=item["name"],
                    hashtags=tuple(item["hashtags"]),
                    slogans=tuple(item["slogans"]),
                    links=tuple(item["links"]),
                    starts_on=today + timedelta(days=item["starts_day"]),
                    ends_on=today + timedelta(days=item["ends_day"]),
                )
                for item in about["campaigns"]
            ),
            languages=tuple(about["languages"]),
        ),
    )


def _times(messages: Sequence[Mapping[str, Any]], now: datetime) -> dict[str, datetime]:
    answered = {message["reply_to"] for message in messages if "reply_to" in message}
    times = {}
    for message in messages:
        if "minutes_ago" in message:
            times[message["id"]] = now - timedelta(minutes=message["minutes_ago"])
            continue
        day = now.date() + timedelta(days=message["day"])
        stands_alone = "reply_to" not in message and "thread" not in message and message["id"] not in answered
        if stands_alone and "own" not in message and message["channel"] != "news":
            day += timedelta(days=_weekend_wait(int(message["id"].rpartition("-")[2]), message["day"], day.weekday()))
        times[message["id"]] = datetime.combine(day, time.fromisoformat(message["time"]), UTC)
    return times


def _weekend_wait(number: int, days_from_now: int, weekday: int) -> int:
    """Days a message waits because its day is a Saturday or Sunday; relative days cannot know which of them are.

    Seven in ten wait two to four days, so that Monday does not get them all, but never into the last two days. The
    launch keeps its rush: a campaign that begins on a Saturday is read on Saturday.
    """
    wait = 2 + number % 3
    waits = weekday >= 5 and number % 10 < 7 and days_from_now not in _LAUNCH and days_from_now + wait <= -2
    return wait if waits else 0


def _post(message: Mapping[str, Any], by_id: Mapping[str, Mapping[str, Any]], at: datetime, brand: str) -> Post:
    author = message["author"]
    return Post(
        channel=message["channel"],
        external_id=message["id"],
        text=message["text"],
        created_at=at,
        author=Author(author["handle"], name=author["name"], followers=author.get("followers")),
        url=message.get("url", ""),
        subject=message.get("subject", ""),
        reply_to=message.get("reply_to", ""),
        thread=message.get("thread", ""),
        language=message["lang"],
        brand=brand,
        parent=_parent(message, by_id),
        reach=message.get("reach", 0),
        own=message.get("own", False),
    )


def _parent(message: Mapping[str, Any], by_id: Mapping[str, Mapping[str, Any]]) -> Parent | None:
    """As written, else the message answered, which channels give along with an answer."""
    if written := message.get("parent"):
        return Parent(written["text"], ParentKind(written["kind"]), own=written["own"])
    if (answered := by_id.get(message.get("reply_to", ""))) is None:
        return None
    kind = ParentKind.REPLY if "reply_to" in answered else ParentKind.POST
    return Parent(answered["text"], kind, own=answered.get("own", False))


def _decision(item: Mapping[str, Any], times: Mapping[str, datetime], now: datetime) -> Decision:
    """Decided `hours_later` than the post it names; snoozed for `snooze_hours` from now."""
    snooze = item.get("snooze_hours")
    return Decision(
        conversation_of=item["conversation_of"],
        status=item["status"],
        at=min(now, times[item["conversation_of"]] + timedelta(hours=item["hours_later"])),
        snoozed_until=None if snooze is None else now + timedelta(hours=snooze),
        note=item.get("note", ""),
        note_language=item.get("note_lang", ""),
        note_by=item.get("note_by", ""),
    )
