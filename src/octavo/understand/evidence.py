"""The words that weighed most in a reading, with their places in the text as given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from octavo.understand import function_words
from octavo.understand.campaign import Match
from octavo.understand.registers import CAMPAIGN_ECHO
from octavo.understand.words import MARKS, VOCABULARY, Words

SPANS = 5
"""At most so many a message."""

DECLARED = 3.5
"""Log-odds that a declared campaign's own sign adds."""

_LEAST = 0.05
"""Log-odds below which a word is no reason."""

_ADDRESSES = [VOCABULARY + MARKS.index(mark) for mark in ("mention", "link")]

_EDGES = ".,;:…()[]{}\"«»“”„‘’'*_-–—|<>"
"""Stripped from the edges of a word; "?", "!", "#" and "@" are kept, for they say something."""


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """Flat columns: `rows` int32[n+1] points from messages to spans."""

    rows: NDArray[np.int32]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    weight: NDArray[np.float32]
    register: NDArray[np.int8]


def find(
    words: Words,
    columns: NDArray[np.int32],
    table: NDArray[np.float32],
    wanted: NDArray[np.bool_],
    *,
    names: frozenset[str] = frozenset(),
) -> Spans:
    """The heaviest words of each message for the registers `wanted` bool[n, 8], the registers taking turns.

    A word weighs what its pieces, marks and neighbours add to the register's log-odds by `table` float32[bag.COLUMNS,
    8]. Handles, links and the words in `names` say whom a message addresses, and some words only hold a sentence together:
    none of them is a reason for anything, and they are passed over.
    """
    message, register = np.nonzero(wanted)
    return _heaviest(words, message, register, *_weigh(words, columns, table, message, register), names)


def left_out(
    words: Words, lost: NDArray[np.float32], wanted: NDArray[np.bool_], *, names: frozenset[str] = frozenset()
) -> Spans:
    """The same for a single message, when `lost` float32[words, 8] says what each register loses without each word."""
    message, register = np.nonzero(wanted)
    word, pair = _ranges(np.zeros(len(register), np.int64), np.full(len(register), len(lost)))
    return _heaviest(words, message, register, word, lost[word, register[pair]].astype(np.float64), pair, names)


def _heaviest(
    words: Words,
    message: NDArray[np.intp],
    register: NDArray[np.intp],
    word: NDArray[np.int64],
    weight: NDArray[np.float64],
    pair: NDArray[np.int64],
    names: frozenset[str],
) -> Spans:
    """The spans to show, of all words with their weights in (message, register) pairs."""
    weight = np.where((_addresses(words) | _mere_glue(words))[word], 0, weight)
    # A word speaks for the register in which it weighs most.
    heaviest = np.full(len(words.lengths), _LEAST)
    np.maximum.at(heaviest, word, weight)
    kept = np.flatnonzero(weight >= heaviest[word])
    word, weight, pair = word[kept], weight[kept], pair[kept]

    # First the best word of each register of a message, then the second of each, and so on.
    order = np.lexsort((-weight, pair))
    turn = _place_in_group(pair[order])
    order = order[turn < SPANS]
    order = order[np.lexsort((turn[turn < SPANS], message[pair[order]]))]
    order = order[_place_in_group(message[pair[order]]) < SPANS]

    owner = message[pair[order]]
    start, end = _trim(words, owner, word[order])
    if names:
        called = [words.texts[row][a:b].casefold() in names for row, a, b in zip(owner, start, end, strict=True)]
        kept = np.flatnonzero(~np.array(called, bool))
        order, owner, start, end = order[kept], owner[kept], start[kept], end[kept]
    rows = np.zeros(len(words.texts) + 1, np.int32)
    np.cumsum(np.bincount(owner, minlength=len(words.texts)), out=rows[1:])
    return Spans(rows, start, end, weight[order].astype(np.float32), register[pair[order]].astype(np.int8))


def with_echoes(spans: Spans, matches: Sequence[Match | None]) -> Spans:
    """The same spans with the place that shows a declared campaign first, in place of the words inside it."""
    echoed = np.array([row for row, match in enumerate(matches) if match is not None and match.shown], np.int64)
    if not len(echoed):
        return spans
    bounds = np.zeros((len(matches), 2), np.int32)
    bounds[echoed] = [(match.start, match.end) for match in matches if match is not None and match.shown]
    owner = np.repeat(np.arange(len(matches)), np.diff(spans.rows))
    apart = np.flatnonzero((spans.end <= bounds[owner, 0]) | (spans.start >= bounds[owner, 1]))

    owner = np.concatenate([echoed, owner[apart]])
    order = np.argsort(owner, kind="stable")
    order = order[_place_in_group(owner[order]) < SPANS]
    rows = np.zeros_like(spans.rows)
    np.cumsum(np.bincount(owner[order], minlength=len(matches)), out=rows[1:])
    return Spans(
        rows,
        np.concatenate([bounds[echoed, 0], spans.start[apart]])[order],
        np.concatenate([bounds[echoed, 1], spans.end[apart]])[order],
        np.concatenate([np.full(len(echoed), DECLARED, np.float32), spans.weight[apart]])[order],
        np.concatenate([np.full(len(echoed), CAMPAIGN_ECHO, np.int8), spans.register[apart]])[order],
    )


def _weigh(
    words: Words,
    columns: NDArray[np.int32],
    table: NDArray[np.float32],
    message: NDArray[np.intp],
    register: NDArray[np.intp],
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Every word of every wanted (message, register) pair: its number, its weight, and the pair."""
    first = words.first_piece_of_text()
    lengths = np.diff(first)[message]
    piece, pair_of_piece = _ranges(first[message], lengths)
    at = columns[piece] * np.int32(table.shape[1]) + register[pair_of_piece, None].astype(np.int32)
    added = table.ravel().take(at).sum(axis=1) * (1 / np.sqrt(np.maximum(lengths, 1)))[pair_of_piece]

    counts = np.diff(words.first_word)[message]
    word, pair = _ranges(words.first_word[message], counts)
    word_of_piece = np.repeat(np.arange(len(words.lengths)), np.diff(words.first_piece))
    slot = (np.cumsum(counts) - counts - words.first_word[message])[pair_of_piece] + word_of_piece[piece]
    return word, np.bincount(slot, added, minlength=len(word)).astype(np.float64), pair


def _addresses(words: Words) -> NDArray[np.bool_]:
    """bool[words]: is the word a handle or a link?"""
    found = np.zeros(len(words.lengths), bool)
    marked = np.flatnonzero(np.isin(words.pieces, _ADDRESSES))
    found[np.searchsorted(words.first_piece, marked, side="right") - 1] = True
    return found


def _mere_glue(words: Words) -> NDArray[np.bool_]:
    """bool[words]: does the word only hold the sentence together?"""
    glue = function_words.pieces()[words.pieces]
    count = np.diff(words.first_piece)
    of_word = np.repeat(np.arange(len(count)), count)
    found: NDArray[np.bool_] = (count > 0) & (np.bincount(of_word, glue, minlength=len(count)) == count)
    return found


def _ranges(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The numbers of all ranges start, start + 1, ... one after the other, and for each the range it is of."""
    owner = np.repeat(np.arange(len(lengths)), lengths)
    return np.arange(len(owner)) - (np.cumsum(lengths) - lengths - starts)[owner], owner


def _place_in_group(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, 2 ... within each group; members of a group stand together."""
    begins = np.flatnonzero(np.diff(groups, prepend=-1))
    return np.arange(len(groups)) - np.repeat(begins, np.diff(np.append(begins, len(groups))))


def _trim(
    words: Words, messages: NDArray[np.int64], chosen: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Places of the words without the spaces and the punctuation around them; all-punctuation words keep theirs."""
    starts: list[int] = []
    ends: list[int] = []
    texts = words.texts
    begins, lengths = words.starts[chosen].tolist(), words.lengths[chosen].tolist()
    for message, begin, length in zip(messages.tolist(), begins, lengths, strict=True):
        given = texts[message][begin : begin + length].rstrip()
        bare = given.strip(_EDGES) or given
        start = begin if len(bare) == len(given) else begin + given.find(bare)
        starts.append(start)
        ends.append(start + len(bare))
    return np.array(starts, np.int32), np.array(ends, np.int32)
