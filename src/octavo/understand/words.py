"""Texts to words with their places, and words to what the model knows: word pieces and marks.

A word is what stands between spaces, or a run of emoji. Its pieces come from the sentence encoder's tokeniser, which
never joins two words, so that each word is looked up once and remembered. Marks are signs that the tokeniser does not
know or that mean more than their letters: emoji by feeling, "?", "!", capitals, links, numbers, negation.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

import numpy as np
import sentencepiece
from numpy.typing import NDArray

from octavo.understand.encoder import resources

VOCABULARY = 128_000
"""Number of word pieces; marks are numbered from here on."""

LONGEST_TEXT = 4_000
"""Characters of a text that the model sees; the rest is left unread."""

LONGEST_WORD = 80
"""Characters of a word that the model sees."""

_UNKNOWN, _SPACE = 0, 6
_REMEMBERED = 50_000
"""Words kept in memory before those not met again since as many others are forgotten: about 30 MB at most."""

_FEELINGS: dict[str, str] = {
    "laugh": "😂🤣😹😆",
    "joy": "😀😃😄😁😊🙂😇😋🤗☺😌😸😺🙃😉😎🥹",
    "love": "❤♥🥰😍😘💕💖💗💓💞💘💝💛💚💙💜🖤🤍🤎🧡😻💋🫶💟❣",
    "applause": "👏👍🙌💪🔥💯🎉🥳✨⭐🌟🏆🤩👌🎊🚀🙏🤝",
    "sad": "😢😭😞😔☹🙁😟😥😿💔😩😫🥺😣😖",
    "anger": "😡😠🤬👿💢😤🖕👎💩🤡",
    "disgust": "🤢🤮😷🤧🤒",
    "fear": "😱😨😰😳😬🫣",
    "doubt": "🤔🙄😒😑😐🤨🧐🤷🤦😏😕🥴🫤",
    "alarm": "🚨⚠🆘☠💀🔴🛑❌⛔☣☢🩸🚒🚑",
}
_EMOTICONS: dict[str, str] = {
    **dict.fromkeys([":)", ":-)", "=)", "^^", ":]", ";)", ";-)", ":D", ":-D", "=D", "(:"], "joy"),
    **dict.fromkeys(
        ["xD", "XD", "xd", "lol", "LOL", "mdr", "MDR", "ptdr", "ahah", "ahahah", "haha", "hahaha"], "laugh"
    ),
    **dict.fromkeys(["<3", "♡"], "love"),
    **dict.fromkeys([":(", ":-(", "=(", ":'(", ":/", ":-/", ":["], "sad"),
}
_NEGATIONS = frozenset(
    """
    not no never none nothing neither nor without cannot cant dont doesnt didnt isnt wont ne pas jamais
    rien aucun aucune sans ni non mai niente nessun nessuno nessuna senza né nicht kein keine keinen
    keinem keiner nie nichts ohne nunca nada sin ningún ninguna ningun não sem nenhum nenhuma niet geen
    nooit niets zonder
    """.split()  # noqa: SIM905
)
MARKS: tuple[str, ...] = (
    *_FEELINGS, "emoji", "link", "mention", "hashtag", "capitals", "stretched", "number", "money", "negation",
    "question", "exclamation", "exclamations", "ellipsis", "quotation",
)  # fmt: skip
"""What a word can carry besides its pieces; mark i has the number `VOCABULARY + i`."""

_NUMBER_OF = {name: VOCABULARY + position for position, name in enumerate(MARKS)}
_FEELING_OF = {ord(sign): _NUMBER_OF[feeling] for feeling, signs in _FEELINGS.items() for sign in signs}
_EMOJI = "\U0001f000-\U0001faff\u2600-\u27bf\u2b50\u2b55\u2122\u231a\u231b\u23e9-\u23fa\u2665\u2661"
_WORD = re.compile(rf"(?:[{_EMOJI}][{_EMOJI}\ufe0f\u200d\U000e0020-\U000e007f]*|[^\s{_EMOJI}]+)\s*")
"""A word with the spaces after it, so that the words of a text follow each other without a gap."""

_ASCII_WORD = re.compile(r"\S+\s*")
"""The same where there can be no emoji, in half the time."""

_EMOJI_RUN = re.compile(f"[{_EMOJI}]")
_LINK = re.compile(r"(?:https?://|www\.)\S", re.IGNORECASE)
_MENTION = re.compile(r"[.(«\"“]?@\w")
_CAMEL = re.compile(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
_QUOTATION = re.compile('[«»“”"„]')
_MONEY = re.compile("[€$£]")
_MONEY_WORDS = ("euro", "euros", "CHF")
_TELLING = re.compile(r'[?!"$0-9]|\.\.|[^\x00-\x7f]')
"""What a word must hold for any of its signs to matter, letters aside."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of n texts, in columns.

    `first_word` int64[n+1] points from texts to words, `first_piece` int64[words+1] from words to pieces. Word w of
    text i starts at `starts[w]` (int32) of that text as given and reaches, with the spaces after it, to `starts[w] +
    lengths[w]`. `pieces` int32 are numbers below `VOCABULARY + len(MARKS)`.
    """

    texts: Sequence[str]
    first_word: NDArray[np.int64]
    starts: NDArray[np.int32]
    lengths: NDArray[np.int32]
    first_piece: NDArray[np.int64]
    pieces: NDArray[np.int32]

    def first_piece_of_text(self) -> NDArray[np.int64]:
        """int64[n+1]: row pointer from texts to pieces."""
        return self.first_piece[self.first_word]


def split(texts: Sequence[str]) -> Words:
    """The words of each text. Never raises: what cannot be read is a word without pieces."""
    found: list[str] = []
    first_word = np.zeros(len(texts) + 1, np.int64)
    indents = np.zeros(len(texts), np.int32)
    for row, text in enumerate(texts):
        seen = text[:LONGEST_TEXT].lstrip()
        indents[row] = min(len(text), LONGEST_TEXT) - len(seen)
        found += (_ASCII_WORD if seen.isascii() else _WORD).findall(seen)
        first_word[row + 1] = len(found)
    pieces = _look_up(found)
    lengths = np.fromiter(map(len, found), np.int32, len(found))
    first_piece = np.zeros(len(found) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, pieces), np.int64, len(pieces)), out=first_piece[1:])
    flat = np.fromiter(chain.from_iterable(pieces), np.int32, int(first_piece[-1]))
    return Words(texts, first_word, _starts(first_word, lengths, indents), lengths, first_piece, flat)


def _starts(first_word: NDArray[np.int64], lengths: NDArray[np.int32], indents: NDArray[np.int32]) -> NDArray[np.int32]:
    """Words follow each other without a gap, so that their starts are the running sum of their lengths."""
    before = np.concatenate([[0], np.cumsum(lengths)])
    counts = np.diff(first_word)
    return (before[:-1] - np.repeat(before[first_word[:-1]] - indents, counts)).astype(np.int32)


_met: dict[str, tuple[int, ...]] = {}
_met_before: dict[str, tuple[int, ...]] = {}
"""What words mean to the model. Most words of a stream come once (links, names) and a few thousand all the time: when the
first memory is full it becomes the second, from which what is met again returns."""


def _look_up(words: list[str]) -> list[tuple[int, ...]]:
    global _met, _met_before
    met, before = _met, _met_before  # another thread may turn them over meanwhile
    different = set(words)
    missing = different.difference(met)
    if len(met) + len(missing) > _REMEMBERED:
        met, before = {}, met
        _met, _met_before = met, before
        missing = different
    returning = missing.intersection(before)
    met.update((word, before[word]) for word in returning)
    unknown = list(missing - returning)
    met.update(zip(unknown, _read(unknown), strict=True))
    return list(map(met.__getitem__, words))


def _read(words: list[str]) -> list[tuple[int, ...]]:
    read = [_signs(word[:LONGEST_WORD].rstrip()) for word in words]
    encoded = iter(_tokeniser().encode([letters for letters, _ in read if letters], num_threads=1))
    return [(*_meaningful(next(encoded)), *signs) if letters else signs for letters, signs in read]


def _meaningful(pieces: list[int]) -> list[int]:
    """Without what the tokeniser does not know, and nothing where only the space before the word is known."""
    if _UNKNOWN in pieces:
        pieces = [piece for piece in pieces if piece != _UNKNOWN]
    return [] if pieces == [_SPACE] else pieces


def _signs(word: str) -> tuple[str, tuple[int, ...]]:
    """The letters of a word as the tokeniser is to see them, and the marks it carries."""
    if word in _EMOTICONS:
        return "", (_NUMBER_OF[_EMOTICONS[word]],)
    if word.isalpha():
        return _shaped(word, [], word.casefold())
    if _LINK.match(word):
        return "", _A_LINK
    if _MENTION.match(word):
        return "", _A_MENTION
    if not word.isascii():
        # Half of a surrogate pair is not a character, and the tokeniser takes UTF-8.
        word = word.encode("utf-8", "ignore").decode()
        if _EMOJI_RUN.match(word):
            return "", tuple(_FEELING_OF.get(ord(sign), _NUMBER_OF["emoji"]) for sign in word if _EMOJI_RUN.match(sign))
    if "&" in word:
        word = html.unescape(word)
    word = word.replace("’", "'")
    names: list[str] = []
    if word.startswith("#") and len(word) > 1:
        names.append("hashtag")
        word = _CAMEL.sub(" ", word[1:])
    if _TELLING.search(word):
        if "?" in word:
            names.append("question")
        if "!" in word:
            names.append("exclamations" if word.count("!") + word.count("?") > 1 else "exclamation")
        if "…" in word or ".." in word:
            names.append("ellipsis")
        if _QUOTATION.search(word):
            names.append("quotation")
        if any(map(str.isdigit, word)):
            names.append("number")
        if _MONEY.search(word):
            names.append("money")
    return _shaped(word, names, word.casefold().strip('.,;:!?()"«»'))


_A_LINK, _A_MENTION = (_NUMBER_OF["link"],), (_NUMBER_OF["mention"],)


def _shaped(word: str, names: list[str], bare: str) -> tuple[str, tuple[int, ...]]:
    """The word without capitals and stretched letters, its marks completed; `bare` is it folded and without punctuation."""
    if word in _MONEY_WORDS and "money" not in names:
        names.append("money")
    if word.isupper() and sum(map(str.isalpha, word)) > 3:
        names.append("capitals")
        word = word.lower()
    if _STRETCHED.search(word):
        names.append("stretched")
        word = _STRETCHED.sub(r"\1", word)
        bare = word.casefold().strip('.,;:!?()"«»')
    if bare in _NEGATIONS or bare.endswith("n't") or bare.startswith(("n'", "n’")):
        names.append("negation")
    return word, tuple(map(_NUMBER_OF.__getitem__, names))


@cache
def _tokeniser() -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_file=str(resources() / "sp.model"))
