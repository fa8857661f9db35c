"""Text as people mean it when they type a name: without case, accents and invisible characters."""

from __future__ import annotations

import re
import unicodedata

_IGNORED = re.compile("[\u0300-\u036f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]")


def fold(text: str) -> str:
    """`text` folded; its length may change."""
    if text.isascii():
        return text.lower()
    return _IGNORED.sub("", unicodedata.normalize("NFKD", text.casefold())).replace("’", "'")


def fold_with_places(text: str) -> tuple[str, list[int]]:
    """`text` folded, and for each character of the result the offset in `text` it came from."""
    folded: list[str] = []
    places: list[int] = []
    for offset, character in enumerate(text):
        characters = fold(character)
        folded.append(characters)
        places += [offset] * len(characters)
    return "".join(folded), places
