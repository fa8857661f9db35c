"""What a message shows as a whole, before any word is understood: how it begins and ends, its length, what it stands
under.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from octavo.understand.words import LONGEST_TEXT
from octavo.vocabulary import Parent, ParentKind

FEATURES: tuple[str, ...] = (
    "begins with a mention", "ends with a question mark", "ends with an exclamation mark", "is relayed or quoted",
    "holds a link", "length", "is very short", "is very long", "under an own advertisement", "under an own post",
    "under an own reply", "under another person's message", "share of words taken from the parent",
)  # fmt: skip
_LONG_WORD = 5
_OWN = {
    kind: 8 + position for position, kind in enumerate((ParentKind.ADVERTISEMENT, ParentKind.POST, ParentKind.REPLY))
}


def features(texts: Sequence[str], parents: Sequence[Parent | None], counts: NDArray[np.int64]) -> NDArray[np.float32]:
    """float32[n, len(FEATURES)], each between 0 and 1. `counts` holds the number of words of each text."""
    table = np.zeros((len(texts), len(FEATURES)), np.float32)
    for row, (text, parent) in enumerate(zip(texts, parents, strict=True)):
        seen = text[:LONGEST_TEXT].strip()
        end = seen[-1:]
        table[row, 0] = seen.startswith((".@", "@"))
        table[row, 1] = end == "?"
        table[row, 2] = end == "!"
        table[row, 3] = seen.startswith(("RT ", "“", '"', "«")) or " RT @" in seen
        table[row, 4] = "http" in seen
        if parent is not None:
            table[row, _OWN[parent.kind] if parent.own else 11] = 1
            table[row, 12] = _taken(seen, parent.text[:LONGEST_TEXT]) if parent.own else 0
    table[:, 5] = np.minimum(np.log1p(counts) / 6, 1)
    table[:, 6] = counts <= 3
    table[:, 7] = counts > 60
    return table


def _taken(text: str, parent: str) -> float:
    """Share of the long words of `text` that stand in `parent`."""
    words = {word for word in text.casefold().split() if len(word) >= _LONG_WORD}
    return len(words.intersection(parent.casefold().split())) / len(words) if words else 0.0
