"""From a page's address to the feeds behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin

from octavo.channels.rss.feed import parse_feed
from octavo.channels.trouble import ChannelError, Trouble
from octavo.kit.http import Fetched
from octavo.kit.text import excerpt

COMMON_PATHS = (
    "/feed",
    "/rss",
    "/feed.xml",
    "/rss.xml",
    "/atom.xml",
    "/index.xml",
    "/feed.json",
    "/feeds/posts/default",
)
"""Where feeds usually are, tried in this order where a page names none."""
_TYPES = (
    "application/rss+xml",
    "application/atom+xml",
    "application/feed+json",
    "application/rdf+xml",
    "application/json",
)
_MAX_PAGE = 500_000
_MAX_FOUND = 10


@dataclass(frozen=True, slots=True)
class FoundFeed:
    """A feed's address and what it is called, as the page or the feed itself says."""

    url: str
    title: str


def feeds_named_by(page: Fetched) -> list[FoundFeed]:
    """The feeds a page names in its `<link rel="alternate">`, at most ten, in its order."""
    reader = _Links(page.url)
    reader.feed(page.content[:_MAX_PAGE].decode("utf-8", "replace"))
    found = {feed.url: feed for feed in reversed(reader.found)}
    return [found[url] for url in dict.fromkeys(feed.url for feed in reader.found)][:_MAX_FOUND]


def candidates(page: Fetched) -> Iterator[str]:
    """Addresses at which a feed may be where the page names none."""
    for path in COMMON_PATHS:
        yield urljoin(page.url, path)


def as_feed(page: Fetched) -> FoundFeed | None:
    """The page itself, where it is a feed; raises `ChannelError` where it is a dangerous or broken one."""
    try:
        feed = parse_feed(page.content, url=page.url, content_type=page.headers.get("content-type", ""))
    except ChannelError as error:
        if error.trouble is Trouble.NOT_A_FEED:
            return None
        raise
    return FoundFeed(page.url, feed.title)


class _Links(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self._base = url
        self.found: list[FoundFeed] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "base":
            self._base = _joined(self._base, dict(attrs).get("href") or "") or self._base
        if tag != "link":
            return
        told = {name: value or "" for name, value in attrs}
        if "alternate" in told.get("rel", "").lower().split() and told.get("type", "").lower().strip() in _TYPES:
            url = _joined(self._base, told.get("href", ""))
            # WordPress and others also offer their whole API as JSON.
            if url and not (told["type"].strip().lower() == "application/json" and "/wp-json/" in url):
                self.found.append(FoundFeed(url, excerpt(told.get("title", ""), 200)))


def _joined(base: str, href: str) -> str:
    try:
        url = urljoin(base, href.strip())
    except ValueError:
        return ""
    return url if href.strip() and url.lower().startswith(("http://", "https://")) else ""
