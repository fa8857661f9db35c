"""A feed's bytes to posts: RSS, Atom and JSON Feed."""

from __future__ import annotations

import calendar
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from time import struct_time
from typing import Any
from urllib.parse import urljoin

import feedparser
import orjson

from octavo.channels.dates import AHEAD, EARLIEST, DateReader
from octavo.channels.item import MAX_NAME, MAX_TEXT, reject
from octavo.channels.rss.xml import MAX_ITEMS, sane_xml
from octavo.channels.trouble import ChannelError, Trouble
from octavo.kit import clock
from octavo.kit.html import looks_like_html, to_text
from octavo.kit.text import storable
from octavo.vocabulary import Author, Post, Reject

_FEED_ROOT = re.compile(rb"<(?:rss|feed|rdf:RDF|RDF|channel|atom:feed)\b", re.I)
_HTML_ROOT = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.I)
_PERIODS = {"hourly": 3600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}
_JSON_FEED = "https://jsonfeed.org/version/"


@dataclass(frozen=True, slots=True)
class Feed:
    """What a feed holds, newest first as feeds are. `wait` is the number of seconds it asks to be left alone, or 0."""

    title: str
    posts: tuple[Post, ...]
    rejects: tuple[Reject, ...]
    wait: float = 0.0


def parse_feed(content: bytes, *, url: str, content_type: str = "", language: str = "") -> Feed:
    """The feed in `content`, which came from `url`. `language` holds where neither feed nor item names one.

    Raises `ChannelError`: EMPTY, NOT_A_FEED, MALFORMED or DANGEROUS_XML. One bad item is a reject.
    """
    start = content.lstrip(b"\xef\xbb\xbf \t\r\n\0")[:1]
    if not start:
        raise ChannelError(Trouble.EMPTY, detail="the answer is empty", retry=True)
    if start == b"{":
        return _json_feed(content, url, language)
    return _xml_feed(sane_xml(content, content_type), url, language)


def _xml_feed(content: bytes, url: str, language: str) -> Feed:
    if not _FEED_ROOT.search(content[:20_000]):
        detail = "a web page, not a feed" if _HTML_ROOT.search(content[:5000]) else "no feed in the answer"
        raise ChannelError(Trouble.NOT_A_FEED, detail=detail, retry=False)
    # The feed's address is kept from it: it would be put before every id that looks like a path, and an id must not
    # change when a feed moves.
    headers = {"content-type": "application/xml; charset=utf-8"}
    # As a stream: given bytes, feedparser would first try them as the name of a file of this machine.
    parsed = feedparser.parse(io.BytesIO(content), response_headers=headers, sanitize_html=False)
    entries = parsed.get("entries", [])
    if not parsed.get("version") and not entries:
        raise ChannelError(Trouble.MALFORMED, detail="the feed cannot be read", retry=True)
    feed = parsed.get("feed", {})
    language = _language(feed.get("language", "")) or language
    items = [_XmlItem(entry, url, language) for entry in entries[:MAX_ITEMS]]
    return _gathered(_text(feed.get("title_detail"), feed.get("title")), items, _asked_wait(feed))


def _json_feed(content: bytes, url: str, language: str) -> Feed:
    try:
        feed = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise ChannelError(Trouble.MALFORMED, detail=f"not JSON: {error}", retry=True) from error
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        raise ChannelError(Trouble.NOT_A_FEED, detail="JSON, but no JSON Feed", retry=False)
    if not str(feed.get("version", "")).startswith(_JSON_FEED):
        raise ChannelError(Trouble.NOT_A_FEED, detail="JSON that names no JSON Feed version", retry=False)
    language = _language(feed.get("language", "")) or language
    items = [_JsonItem(item, feed, url, language) for item in feed["items"][:MAX_ITEMS]]
    return _gathered(_plain(feed.get("title")), items, 0.0)


def _gathered(title: str, items: list[Any], wait: float) -> Feed:
    """Posts and rejects of the items; of two items with the same id the first, which is the newer, stays."""
    posts: dict[str, Post] = {}
    rejects: list[Reject] = []
    for number, item in enumerate(items, start=1):
        try:
            post = item.post()
        except _BadItem as error:
            rejects.append(reject(number, str(error), item.excerpt()))
            continue
        posts.setdefault(post.external_id, post)
    return Feed(title[:MAX_NAME], tuple(posts.values()), tuple(rejects), wait)


class _BadItem(ValueError):
    """One item cannot be a post; the message is the reason."""


class _XmlItem:
    """One entry as feedparser gives it."""

    def __init__(self, entry: Mapping[str, Any], url: str, language: str) -> None:
        self._entry = entry
        self._url = url
        self._language = language

    def excerpt(self) -> str:
        return str(self._entry.get("title") or self._entry.get("id") or self._entry.get("link") or "")

    def post(self) -> Post:
        entry = self._entry
        subject = _text(entry.get("title_detail"), entry.get("title"))
        # Where an entry has no link feedparser offers its id, which may be no address at all.
        offered = entry.get("link") if not entry.get("guidislink") or "://" in str(entry.get("link")) else ""
        link = _link(offered, self._url)
        # Not the entry's own `get`: feedparser's dictionary offers one of the two for the other.
        created, updated = (_moment(dict(entry).get(key)) for key in ("published_parsed", "updated_parsed"))
        created = created or updated
        reply = entry.get("thr_in-reply-to") or entry.get("in-reply-to") or {}
        # feedparser keeps the attributes of an element it does not know as a mapping.
        reply_to = str(reply.get("ref") or reply.get("href") or "") if isinstance(reply, Mapping) else ""
        return _post(
            identity=str(entry.get("id") or "") or link,
            subject=subject,
            body=self._body(),
            created=created,
            edited=updated if updated and created and updated > created else None,
            author=self._author(),
            url=link,
            language=self._own_language(),
            reply_to=reply_to,
        )

    def _body(self) -> str:
        contents = [*self._entry.get("content", ()), self._entry.get("summary_detail")]
        texts = [_text(detail, detail.get("value")) for detail in contents if detail]
        return max(texts, key=len, default="")

    def _author(self) -> Author | None:
        detail = self._entry.get("author_detail") or {}
        name = _plain(detail.get("name") or self._entry.get("author"))
        handle = name or _plain(detail.get("email"))
        if not handle:
            return None
        return Author(handle[:MAX_NAME], name=name[:MAX_NAME], url=_link(detail.get("href"), self._url))

    def _own_language(self) -> str:
        told = self._entry.get("language")
        for detail in (
            *self._entry.get("content", ()),
            self._entry.get("summary_detail"),
            self._entry.get("title_detail"),
        ):
            told = told or (detail or {}).get("language")
        return _language(told) or self._language


class _JsonItem:
    """One item of a JSON Feed (versions 1 and 1.1)."""

    def __init__(self, item: Any, feed: Mapping[str, Any], url: str, language: str) -> None:
        self._item = item
        self._feed = feed
        self._url = url
        self._language = language

    def excerpt(self) -> str:
        return (
            str(self._item.get("title") or self._item.get("id") or "")
            if isinstance(self._item, dict)
            else str(self._item)
        )

    def post(self) -> Post:
        item = self._item
        if not isinstance(item, dict):
            raise _BadItem("not an object")
        read = DateReader(latest=clock.now() + AHEAD)
        created, updated = read(item.get("date_published")), read(item.get("date_modified"))
        link = _link(item.get("url") or item.get("external_url"), self._url)
        identity = item.get("id")
        html = item.get("content_html")
        body = to_text(html) if isinstance(html, str) else _plain(item.get("content_text") or item.get("summary"))
        return _post(
            identity=str(identity) if isinstance(identity, str | int | float) and identity != "" else link,
            subject=_plain(item.get("title")),
            body=body,
            created=created or updated,
            edited=updated if updated and created and updated > created else None,
            author=self._author(),
            url=link,
            language=_language(item.get("language")) or self._language,
            reply_to="",
        )

    def _author(self) -> Author | None:
        for holder in (self._item, self._feed):
            authors = holder.get("authors")
            found = authors[0] if isinstance(authors, list) and authors else holder.get("author")
            if isinstance(found, dict) and (name := _plain(found.get("name") or found.get("url"))):
                return Author(name[:MAX_NAME], name=name[:MAX_NAME], url=_link(found.get("url"), self._url))
        return None


def _post(
    *,
    identity: str,
    subject: str,
    body: str,
    created: datetime | None,
    edited: datetime | None,
    author: Author | None,
    url: str,
    language: str,
    reply_to: str,
) -> Post:
    text = body or subject
    if not text.strip():
        raise _BadItem("neither title nor text")
    text = storable(text[:MAX_TEXT])
    # Microblogs repeat the beginning of the text as the title.
    if subject.rstrip("… .") and text.startswith(subject.rstrip("… .")) and len(subject) > 20:
        subject = ""
    return Post(
        channel="rss",
        external_id=_identifier(identity or f"{author.handle if author else ''}\0{created or ''}\0{text}"),
        text=text,
        created_at=created,
        author=author,
        url=url,
        subject=storable(subject[:MAX_NAME]) if body else "",
        reply_to=_identifier(reply_to) if reply_to else "",
        thread=_identifier(reply_to) if reply_to else "",
        language=language,
        edited_at=edited,
    )


def _identifier(text: str) -> str:
    text = storable(text).strip()
    if len(text) <= MAX_NAME and "\ufffd" not in text:
        return text
    return "h-" + blake2b(text.encode(), digest_size=15).hexdigest()


def _text(detail: Mapping[str, Any] | None, value: object) -> str:
    """What feedparser found, as plain text: by the type the feed gave it, and by the look of it, since many lie."""
    text = value if isinstance(value, str) else ""
    kind = (detail or {}).get("type", "")
    if kind.endswith("html") or looks_like_html(text):
        return to_text(text)
    return _plain(text)


def _plain(value: object) -> str:
    return " ".join(storable(value).split()) if isinstance(value, str) and "\n" not in value else _lines(value)


def _lines(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return "\n".join(" ".join(line.split()) for line in storable(value).splitlines()).strip()


def _link(value: object, base: str) -> str:
    if not isinstance(value, str) or not value.strip():
        return ""
    try:
        link = urljoin(base, value.strip())
    except ValueError:
        return ""
    return storable(link) if link[:8].lower().startswith(("http://", "https://")) and len(link) <= 2000 else ""


def _moment(parsed: struct_time | None) -> datetime | None:
    """feedparser's dates are UTC; absurd ones and ones to come count as absent."""
    if parsed is None:
        return None
    try:
        moment = datetime.fromtimestamp(calendar.timegm(parsed), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if EARLIEST <= moment <= clock.now() + AHEAD else None


def _language(value: object) -> str:
    code = value.replace("_", "-").split("-")[0].strip().lower() if isinstance(value, str) else ""
    return code if len(code) == 2 and code.isascii() and code.isalpha() else ""


def _asked_wait(feed: Mapping[str, Any]) -> float:
    """Seconds between visits that the feed asks for (`ttl`, or `sy:updatePeriod`), at most a day."""
    asked = 0.0
    ttl = str(feed.get("ttl", ""))
    if ttl.isascii() and ttl.isdigit() and len(ttl) < 8:
        asked = float(ttl) * 60
    elif period := _PERIODS.get(str(feed.get("sy_updateperiod", "")).strip().lower()):
        times = str(feed.get("sy_updatefrequency", "1")).strip()
        asked = period / max(1, int(times) if times.isascii() and times.isdigit() and len(times) < 6 else 1)
    return min(asked, 86_400.0)
