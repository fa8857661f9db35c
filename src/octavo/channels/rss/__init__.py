"""RSS, Atom and JSON Feed: blogs, news, forums, review pages. See README.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from octavo.channels.contract import Capability
from octavo.channels.rss.discover import FoundFeed, as_feed, candidates, feeds_named_by
from octavo.channels.rss.feed import Feed, parse_feed
from octavo.channels.settings import Kind, setting
from octavo.channels.trouble import ChannelError, Trouble
from octavo.kit import clock
from octavo.kit.http import Fetched, FetchError, FetchLimits, fetch
from octavo.vocabulary import Listened, Post

__all__ = ["FoundFeed", "RssChannel", "RssSettings", "discover", "parse_feed"]

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, "
    "application/json;q=0.8, text/html;q=0.5, */*;q=0.1"
)
_UNWANTED = ("image/", "audio/", "video/", "font/", "application/pdf", "application/zip", "application/msword")
_GUESS = FetchLimits(seconds=8, pause=5)  # for each address tried without having been asked for
LIMITS = FetchLimits()


@dataclass(frozen=True, slots=True)
class RssSettings:
    """`url` is the feed's own address (`discover` finds it from a page's). `language` holds where the feed names
    none."""

    url: str = setting(Kind.URL)
    language: str = setting(Kind.LANGUAGE, default="")


class RssChannel:
    """Follows a feed. The cursor holds `etag`, `modified`, `seen` (of each item: a short hash of its id and one of its
    text), `wait`, and `moved` where the feed has a new permanent address."""

    name = "rss"
    capabilities = frozenset({Capability.LISTEN})
    settings = RssSettings

    def __init__(self, limits: FetchLimits = LIMITS) -> None:
        self._limits = limits

    def listen(
        self, settings: RssSettings, cursor: Mapping[str, object], *, limit: int, allow_private: bool = False
    ) -> Listened:
        conditions = {
            name: str(cursor[key])
            for name, key in (("If-None-Match", "etag"), ("If-Modified-Since", "modified"))
            if cursor.get(key)
        }
        answer = _get(settings.url, conditions, allow_private=allow_private, limits=self._limits)
        if answer.status == 304:
            return Listened((), cursor={**cursor, "wait": _wait(answer, 0.0)})
        feed = _feed(answer, settings)
        fresh, seen = _unseen(feed, cursor.get("seen"))
        more = len(fresh) > limit
        if more:
            for post in fresh[limit:]:
                if seen.pop(_short(post.external_id), None) and (before := _seen(cursor).get(_short(post.external_id))):
                    seen[_short(post.external_id)] = before
        following: dict[str, object] = {"seen": seen, "wait": 0.0 if more else _wait(answer, feed.wait)}
        if not more:  # with the validators kept, the rest would be answered by "not modified"
            following |= {key: answer.headers[name] for key, name in _VALIDATORS if answer.headers.get(name)}
        if answer.moved:
            following["moved"] = answer.moved
        return Listened(tuple(fresh[:limit]), feed.rejects, cursor=following, more=more)

    def test(self, settings: RssSettings, *, allow_private: bool = False) -> Listened:
        feed = _feed(_get(settings.url, {}, allow_private=allow_private, limits=self._limits), settings)
        return Listened(tuple(_oldest_first(feed.posts)[-5:]), feed.rejects)


_VALIDATORS = (("etag", "etag"), ("modified", "last-modified"))


def discover(url: str, *, allow_private: bool = False, limits: FetchLimits = LIMITS) -> list[FoundFeed]:
    """The feeds behind a page's address (or the address itself, where it is a feed), best first; empty where there are
    none. Raises `ChannelError` where the page itself cannot be fetched."""
    page = _get(url, {}, allow_private=allow_private, limits=limits)
    if itself := as_feed(page):
        return [itself]
    if named := feeds_named_by(page):
        return named
    for address in candidates(page):
        try:
            found = as_feed(_get(address, {}, allow_private=allow_private, limits=_GUESS))
        except ChannelError as error:
            if error.trouble in (Trouble.UNREACHABLE, Trouble.TIMEOUT, Trouble.TOO_SLOW, Trouble.RATE_LIMITED):
                return []  # the site has had enough of us
            continue
        if found:
            return [found]
    return []


def _get(url: str, conditions: Mapping[str, str], *, allow_private: bool, limits: FetchLimits) -> Fetched:
    headers = {"Accept": ACCEPT, **conditions}
    try:
        return fetch(url, headers=headers, unwanted=_UNWANTED, allow_private=allow_private, limits=limits)
    except FetchError as error:
        raise ChannelError(
            Trouble(error.failure), detail=error.detail, retry=error.retry, retry_after=error.retry_after
        ) from error


def _feed(answer: Fetched, settings: RssSettings) -> Feed:
    try:
        return parse_feed(
            answer.content,
            url=answer.url,
            content_type=answer.headers.get("content-type", ""),
            language=settings.language,
        )
    except ChannelError as error:
        if error.trouble is Trouble.NOT_A_FEED and (named := feeds_named_by(answer)):
            detail = f"a web page that names {len(named)} feed(s): {named[0].url}"
            raise ChannelError(Trouble.NOT_A_FEED, detail=detail, retry=False) from error
        raise


def _unseen(feed: Feed, seen_before: object) -> tuple[list[Post], dict[str, str]]:
    """Posts that are new or whose text changed, oldest first, and what has now been seen of this feed."""
    before = seen_before if isinstance(seen_before, dict) else {}
    seen: dict[str, str] = {}
    fresh: list[Post] = []
    for post in _oldest_first(feed.posts):
        key, content = _short(post.external_id), _short(f"{post.subject}\0{post.text}")
        seen[key] = content
        if key not in before:
            fresh.append(post)
        elif before[key] != content:
            # A feed that changes a text without saying when: it was between our last visit and now.
            fresh.append(post if post.edited_at else replace(post, edited_at=clock.now()))
    return fresh, seen


def _seen(cursor: Mapping[str, object]) -> dict[str, str]:
    seen = cursor.get("seen")
    return seen if isinstance(seen, dict) else {}


def _oldest_first(posts: tuple[Post, ...]) -> list[Post]:
    """Feeds list the newest first; a stable sort by time keeps that order, turned, among posts without one."""
    turned = list(reversed(posts))
    if all(post.created_at for post in turned):
        turned.sort(key=lambda post: post.created_at or clock.now())
    return turned


def _short(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _wait(answer: Fetched, asked: float) -> float:
    """Seconds until the next visit is welcome: what the feed asks for or the server's max-age, at most a day."""
    directives = answer.headers.get("cache-control", "").lower().replace(" ", "").split(",")
    ages: list[Any] = [part[8:] for part in directives if part.startswith("max-age=") and part[8:].isdigit()]
    age = float(ages[0]) if ages and ages[0].isascii() and len(ages[0]) < 10 else 0.0
    return min(max(asked, age), 86_400.0)
