"""What copies of a message have in common, whoever passes them on: its words and the link it shares, as digests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b

from octavo.understand.fold import fold

OPENING = 8
"""Words that a copy shares with its original: what follows is often cut off, or added to."""
FEWEST_WORDS, FEWEST_LETTERS = 4, 16
"""A message with less than that tells of nothing by its words: thanks, a sigh, an answer to something."""
LONGEST = 2_000
"""Characters that are looked at."""

_PASSED_ON = re.compile(r"(?:^|\W)(?:RT|MT|via)\s*@\w+\s*:?|[“\"]@\w+\s*:", re.IGNORECASE)
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"'“”«»]+", re.IGNORECASE)
_HANDLE = re.compile(r"(?<![\w.])@\w[\w.]*(?:@[\w.]+)?")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_CUT = re.compile(r"\S*(?:…|\.\.\.)\s*$")
_TRACKING = re.compile(r"^(?:utm_\w+|fbclid|gclid|mc_\w+|ref|ref_src|igshid|si|s|t)=")


@dataclass(frozen=True, slots=True)
class Keys:
    """`text` is alike in copies, `link` where the same page is shared (None: no link, or one that leads to no page in
    particular). `tells` says whether there are words enough to be about something."""

    text: int
    link: int | None
    tells: bool


def of(text: str) -> Keys:
    """The keys of a message, in bounded time for any text."""
    seen = text[:LONGEST]
    found = _words(_said(seen))
    links = [page for page in map(page_of, _LINK.findall(seen)) if page]
    return Keys(
        text=_digest(" ".join(found[:OPENING])),
        link=_digest(links[0]) if links else None,
        tells=len(found) >= FEWEST_WORDS and sum(map(len, found)) >= FEWEST_LETTERS,
    )


def page_of(link: str) -> str:
    """A link without what differs between those who share it; empty where it leads to no page in particular."""
    bare = re.sub(r"^(?:https?://)?(?:www\.|m\.)?", "", link.rstrip(".,;:!?)]}…"), flags=re.IGNORECASE)
    path, _, query = bare.partition("#")[0].partition("?")
    host, _, rest = path.rstrip("/").partition("/")
    asked = "&".join(sorted(part for part in query.split("&") if part and not _TRACKING.match(part)))
    return f"{host.lower()}/{rest}?{asked}" if rest or asked else ""


def without_addresses(text: str) -> str:
    """A text without links and handles."""
    return _HANDLE.sub(" ", _LINK.sub(" ", text))


def _said(text: str) -> str:
    """What is passed on, where something is; else all of it, without links, handles and a word that was cut off."""
    passed_on = list(_PASSED_ON.finditer(text))
    if passed_on:
        after = text[passed_on[-1].end() :]
        text = after if len(_words(without_addresses(after))) >= FEWEST_WORDS else text[: passed_on[-1].start()] + after
    return _CUT.sub("", without_addresses(text).strip())


def _words(text: str) -> list[str]:
    return _WORD.findall(fold(text))


def _digest(text: str) -> int:
    """A number that a signed column of 64 bits holds."""
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True)
