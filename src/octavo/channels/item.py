"""One message as a mapping, to a `Post`: the shape that files, the webhook and the HTTP API share.

Fields (all but `text` optional; anything else is ignored):

    id            unique within brand and channel; made from author, time and text where absent
    text          the message
    created_at    ISO 8601, RFC 2822, epoch seconds or milliseconds, 31/12/2025 18:05
    author        a handle, or {handle, name, url, followers}
    author_name, author_url, author_followers     the same, flat
    url, subject, reply_to, thread, lang, brand, channel, reach, edited_at, deleted, own
    parent        {text, kind: advertisement|post|reply, own}
    parent_text, parent_kind, parent_own          the same, flat
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from hashlib import blake2b
from html import unescape as unescaped
from typing import Any, cast

import orjson

from octavo.channels.dates import AHEAD, DateReader
from octavo.kit import clock
from octavo.kit.html import to_text
from octavo.kit.text import excerpt, storable
from octavo.kit.unfrozen import unfrozen
from octavo.vocabulary import Author, Parent, ParentKind, Post, Reject

FIELDS: tuple[str, ...] = (
    "id",
    "text",
    "created_at",
    "author",
    "author_name",
    "author_url",
    "author_followers",
    "url",
    "lang",
    "brand",
    "channel",
    "subject",
    "reply_to",
    "thread",
    "reach",
    "parent_text",
    "parent_kind",
    "parent_own",
    "parent",
    "edited_at",
    "deleted",
    "own",
)
"""Every name a mapping may fill."""

MAX_TEXT = 1_000_000
MAX_NAME = 500
"""Longest text, and longest of everything else, in characters. A longer id is replaced by its hash."""
MAX_REACH = 2**63 - 1  # what a database's bigint takes

_YES = {"true", "1", "yes", "y", "oui", "o", "vrai", "si", "sì", "s", "vero", "x"}
_KINDS = {
    "ad": ParentKind.ADVERTISEMENT,
    "ads": ParentKind.ADVERTISEMENT,
    "advert": ParentKind.ADVERTISEMENT,
    "advertisement": ParentKind.ADVERTISEMENT,
    "publicite": ParentKind.ADVERTISEMENT,
    "publicité": ParentKind.ADVERTISEMENT,
    "pubblicità": ParentKind.ADVERTISEMENT,
    "inserzione": ParentKind.ADVERTISEMENT,
    "reply": ParentKind.REPLY,
    "comment": ParentKind.REPLY,
    "reponse": ParentKind.REPLY,
    "réponse": ParentKind.REPLY,
    "risposta": ParentKind.REPLY,
}


_Draft = unfrozen(Post)
_NewAuthor = unfrozen(Author)


class ItemError(ValueError):
    """One item cannot be a post; the message is the reason told to the person."""


class ItemReader:
    """Makes posts from mappings of one shape. Build it once, call it for each item; it is not for several threads.

    `columns` says under which key of the item each field is found (default: its own name; a dotted path such as
    `user.screen_name` goes into nested objects, a key that itself holds dots is tried first). `channel` and `brand`
    hold where the item names none. `html` reads the text as HTML, `unescape` turns `&amp;` into `&`.
    `warnings` counts what was mended rather than set aside: `date_ignored`, `id_shortened`, `name_cut`,
    `reach_ignored`, `language_ignored`.
    """

    def __init__(
        self,
        columns: Mapping[str, str] | None = None,
        *,
        channel: str,
        brand: str = "",
        dates: DateReader | None = None,
        html: bool = False,
        unescape: bool = False,
    ) -> None:
        keys = {name: name for name in FIELDS} if columns is None else dict(columns)
        self._paths = tuple((key, key.split(".")) for key in keys.values() if "." in key)
        self._text = keys.pop("text", "text")
        self._id = keys.pop("id", None)
        self._moment = keys.pop("created_at", None)
        self._author = keys.pop("author", None)
        self._rest: tuple[tuple[str, Callable[[Any, Any], None]], ...] = tuple(
            (key, getattr(self, f"_set_{name}")) for name, key in keys.items()
        )
        self._channel = channel
        self._brand = brand
        self._dates = dates or DateReader(latest=clock.now() + AHEAD)
        self._html = html
        self._unescape = unescape
        self._authors: dict[str, Author] = {}
        self._names: dict[str, str] = {}
        self.warnings: Counter[str] = Counter()

    def post(self, item: Mapping[str, Any], place: str | int = "") -> Post:
        """The item as a post; raises `ItemError`. `place` (its line) stands in for an id where nothing else tells
        two items with the same text apart."""
        if self._paths:
            item = self._reached(item)
        get = item.get
        text: Any = get(self._text)
        if text.__class__ is not str:
            raise ItemError("no text" if text is None else "the text is not text")
        text = storable(text)
        if self._html:
            text = to_text(text)
        elif self._unescape and "&" in text:
            text = unescaped(text)
        if len(text) > MAX_TEXT:
            raise ItemError(f"the text is longer than {MAX_TEXT:,} characters")

        moment: datetime | None = None
        if self._moment is not None and (value := get(self._moment)) is not None and value != "":
            moment = self._dates(value)
            if moment is None:
                self.warnings["date_ignored"] += 1

        author: Author | None = None
        if self._author is not None and (value := get(self._author)) is not None:
            author = self._authors.get(value) if value.__class__ is str else None
            if author is None:
                author = self._new_author(value)

        draft = _Draft(
            self._channel, "", text, moment, author, "", "", "", "", "", self._brand, None, 0, None, False, False
        )
        for key, put in self._rest:
            value = get(key)
            if value is not None and value != "":
                put(draft, value)

        if self._id is not None and (value := get(self._id)) is not None and value != "":
            draft.external_id = self._identifier(value)
        else:
            draft.external_id = _identity(draft, place)
        if (not text or text.isspace()) and not draft.deleted:
            raise ItemError("the text is empty")
        draft.__class__ = Post
        return cast(Post, draft)

    def _reached(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """The item with what lies behind its dotted paths brought to the surface."""
        surface = dict(item)
        for key, path in self._paths:
            value: Any = item
            for step in path:
                value = value.get(step) if isinstance(value, Mapping) else None
            surface.setdefault(key, value)
        return surface

    # One setter a field: called with the post under construction and a value that is neither None nor "".

    def _set_author_name(self, draft: Any, value: Any) -> None:
        self._complete_author(draft, name=self._name(value))

    def _set_author_url(self, draft: Any, value: Any) -> None:
        self._complete_author(draft, url=self._link(value))

    def _set_author_followers(self, draft: Any, value: Any) -> None:
        self._complete_author(draft, followers=self._count(value))

    def _set_url(self, draft: Any, value: Any) -> None:
        draft.url = self._link(value)

    def _set_lang(self, draft: Any, value: Any) -> None:
        # `fr-CH` and `fr_CH` are `fr`; `und`, `zxx` and whole words tell nothing.
        code = value[:10].replace("_", "-").split("-")[0].strip().lower() if isinstance(value, str) else ""
        if len(code) == 2 and code.isascii() and code.isalpha():
            draft.language = code
        else:
            self.warnings["language_ignored"] += 1

    def _set_brand(self, draft: Any, value: Any) -> None:
        draft.brand = self._known_name(value).strip() or self._brand

    def _set_channel(self, draft: Any, value: Any) -> None:
        draft.channel = self._known_name(value).strip().lower() or self._channel

    def _set_subject(self, draft: Any, value: Any) -> None:
        subject = self._name(value)
        draft.subject = unescaped(subject) if (self._html or self._unescape) and "&" in subject else subject

    def _set_reply_to(self, draft: Any, value: Any) -> None:
        draft.reply_to = self._identifier(value)

    def _set_thread(self, draft: Any, value: Any) -> None:
        draft.thread = self._identifier(value)

    def _set_reach(self, draft: Any, value: Any) -> None:
        draft.reach = self._count(value) or 0

    def _set_parent(self, draft: Any, value: Any) -> None:
        if not isinstance(value, Mapping):
            raise ItemError("parent is not an object")
        for name in ("text", "kind", "own"):
            if value.get(name) not in (None, ""):
                getattr(self, f"_set_parent_{name}")(draft, value[name])

    def _set_parent_text(self, draft: Any, value: Any) -> None:
        if not isinstance(value, str):
            raise ItemError("the parent's text is not text")
        parent = draft.parent or Parent("")
        draft.parent = Parent(storable(value[:MAX_TEXT]), parent.kind, parent.own)

    def _set_parent_kind(self, draft: Any, value: Any) -> None:
        parent = draft.parent or Parent("")
        kind = _KINDS.get(value.strip().casefold(), ParentKind.POST) if isinstance(value, str) else ParentKind.POST
        draft.parent = Parent(parent.text, kind, parent.own)

    def _set_parent_own(self, draft: Any, value: Any) -> None:
        parent = draft.parent or Parent("")
        draft.parent = Parent(parent.text, parent.kind, _yes(value))

    def _set_edited_at(self, draft: Any, value: Any) -> None:
        draft.edited_at = self._dates(value)
        if draft.edited_at is None:
            self.warnings["date_ignored"] += 1

    def _set_deleted(self, draft: Any, value: Any) -> None:
        draft.deleted = _yes(value)

    def _set_own(self, draft: Any, value: Any) -> None:
        draft.own = _yes(value)

    def _new_author(self, value: Any) -> Author | None:
        if isinstance(value, Mapping):
            handle = self._name(value.get("handle") or value.get("name") or "")
            if not handle:
                return None
            return Author(
                handle,
                name=self._name(value.get("name") or ""),
                url=self._link(value.get("url") or ""),
                followers=self._count(value.get("followers")) if value.get("followers") is not None else None,
            )
        handle = self._name(value).strip()
        if not handle:
            return None
        author = _NewAuthor(handle, "", "", None)
        author.__class__ = Author
        if isinstance(value, str):
            if len(self._authors) >= 200_000:  # bounded memory: a file of ten million people is still read
                self._authors.clear()
            self._authors[value] = author
        return cast(Author, author)

    def _complete_author(self, draft: Any, **known: Any) -> None:
        author = draft.author
        if author is None:
            if "name" not in known:
                return
            author = Author(known["name"])
        draft.author = dataclasses.replace(author, **known)

    def _identifier(self, value: Any) -> str:
        if value.__class__ is not str:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ItemError("an id is neither text nor a number")
            value = str(int(value)) if isinstance(value, int) or value.is_integer() else str(value)
        text = storable(value).strip()
        if len(text) > MAX_NAME:
            self.warnings["id_shortened"] += 1
            return _digest(text)
        return text

    def _name(self, value: Any) -> str:
        if value.__class__ is not str:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ItemError("a name is neither text nor a number")
            value = str(value)
        text = storable(value)
        if len(text) > MAX_NAME:
            self.warnings["name_cut"] += 1
            return text[:MAX_NAME]
        return text

    def _known_name(self, value: Any) -> str:
        """A name of which there are few, so that a million posts share one string."""
        if value.__class__ is not str:
            return self._name(value)
        known = self._names.get(value)
        if known is None:
            known = self._name(value)
            if len(self._names) < 10_000:
                self._names[value] = known
        return known

    def _link(self, value: Any) -> str:
        # Only what is safe behind a click: never javascript: or data:.
        if isinstance(value, str) and value[:8].lower().startswith(("http://", "https://")) and len(value) <= 2000:
            return storable(value).strip()
        return ""

    def _count(self, value: Any) -> int | None:
        try:
            number = int(float(value.replace(",", "").replace(" ", ""))) if isinstance(value, str) else int(value)
        except (ValueError, TypeError, OverflowError):
            self.warnings["reach_ignored"] += 1
            return None
        if 0 <= number <= MAX_REACH:
            return number
        self.warnings["reach_ignored"] += 1
        return None


def reject(place: str | int, reason: str, item: object = "") -> Reject:
    """An item set aside, with at most 200 characters of it."""
    if not isinstance(item, str | bytes):
        try:
            item = orjson.dumps(item, default=str)
        except (TypeError, ValueError):
            item = repr(item)
    return Reject(place=str(place), reason=reason, excerpt=excerpt(item))


def read_items(items: Iterable[object], reader: ItemReader) -> list[Post | Reject]:
    """One `Post` or `Reject` for each item, in order; the reject's place is the item's number, from 1."""
    results: list[Post | Reject] = []
    for number, item in enumerate(items, start=1):
        if not isinstance(item, Mapping):
            results.append(reject(number, "not an object", item))
            continue
        try:
            results.append(reader.post(item, number))
        except ItemError as error:
            results.append(reject(number, str(error), item))
    return results


def _yes(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().casefold() in _YES
    return bool(value)


def _identity(draft: Any, place: str | int) -> str:
    """A stable id for a message that came without: the same author, time and text give the same id."""
    author = draft.author.handle if draft.author else ""
    moment = draft.created_at.isoformat() if draft.created_at else ""
    # Two strangers' "Thanks!" must not become one message, so where nothing else tells them apart their place does.
    where = "" if author or moment else str(place)
    return _digest("\0".join((author, moment, draft.text, where)))


def _digest(text: str) -> str:
    return "h-" + blake2b(text.encode(), digest_size=15).hexdigest()
