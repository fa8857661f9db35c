"""Which language a text is in: one of the seven that Octavo reads, or `und`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from octavo.vocabulary import LANGUAGES

UNDETERMINED = "und"
_LONGEST = 600
"""Characters that are enough to tell."""

_SHORT = 24
"""Letters below which a hint of the channel or the author is worth more than the text."""

_ADDRESSES = re.compile(r"https?://\S+|www\.\S+|[@#&]\w+")
"""Links, names of people and topics, and entities say nothing about the language around them."""


def detect(texts: Sequence[str], hints: Sequence[str]) -> list[str]:
    """ISO 639-1 code of each text. `hints` are what the channel said (may be empty, or any tag such as `fr-CA`)."""
    return [_detect(text, hint) for text, hint in zip(texts, hints, strict=True)]


def _detect(text: str, hint: str) -> str:
    words = _ADDRESSES.sub(" ", text[:_LONGEST])
    hinted = hint[:2].lower()
    if hinted in LANGUAGES and hint[2:3] in ("", "-", "_") and len(words) < _SHORT:
        return hinted
    if not words.isascii():  # the detector takes UTF-8, which has no halves of surrogate pairs
        words = words.encode("utf-8", "ignore").decode()
    # To the detector, written in C, a NUL is the end of the text.
    found = str(_detector().detect(words.replace("\0", " ")))
    return found if found in LANGUAGES else UNDETERMINED


@cache
def _detector() -> Any:
    import eldc

    eldc.init()
    detector = eldc.instance()
    detector.set_languages(list(LANGUAGES))
    return detector
