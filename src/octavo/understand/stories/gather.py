"""Gathering a stream of messages into stories: in bounded memory, the same for the same batches.

Vectors are those of `understand.meaning`. A message joins the story that a copy of it belongs to, or that shares its link,
or that it is most alike in meaning, if it is alike enough; else it begins one: a seed. Alike is measured as the mean cosine
to the story's messages, after what is usual with the brand was taken away, and it has to be more alike the longer the story
has been silent. A story that grows takes in the seeds that turn out to be part of it; two stories that have come to mean the
same become one.

Everything within a batch follows from the products of its vectors with each other and with the known stories, which are
worked out at once: adding a message to a story changes them linearly, so that no vector is touched twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from octavo.understand.meaning import DIMENSIONS

Floats = NDArray[np.float32]

ALIKE, LONELY = 0.38, 0.12
"""A message belongs to a story from this mean likeness on, and from `LONELY` more where the story has one message (half of
it where it has two, and so on): a mean of few is less sure. Chosen on one half of the duplicate clusters of
docs/reference/stories.md."""
UNSURE = 0.05
"""More is asked for while little is known of what is usual with the brand."""
FADES = 0.12
"""So much more is asked for after `REACH` of silence; before, in proportion."""
REACH = 7 * 86_400.0
"""Seconds before a story's first and after its last message in which another can join it."""
SAME_LINK = -0.05
"""Likeness from which messages that share a link are about the same thing: only where they speak of opposite things are
they not, because some links stand under everything."""
MERGES = 0.8
"""Cosine of two stories' middles from which they are one."""
KEEPS = 0.03
"""More than what joins, for a seed to be taken in later."""
HEAVIEST = 50.0
"""Messages whose mean a story's middle is; of more, the later ones count more."""
PRIOR = 60.0
"""Ordinary messages that stand for what is usual until a brand has its own."""
LEARNT_AT_ONCE = 16
"""After so many messages about nothing known, what is usual is worked out anew."""
LONGEST_USUAL = 5_000.0
"""Messages over which the usual is a mean; beyond, the later ones count more."""


@dataclass(frozen=True, slots=True)
class Message:
    """`at` in seconds; keys as `keys.of` gives them."""

    number: int
    at: float
    text: int
    link: int | None
    tells: bool


@dataclass(slots=True)
class Known:
    """A story, or a seed where `messages` is 1. `centre` float32[DIMENSIONS] is the mean of its messages' vectors."""

    number: int
    first: float
    last: float
    messages: int
    weight: float
    centre: Floats


@dataclass(slots=True)
class Usual:
    """What is usual with a brand: the mean float32[DIMENSIONS] of `seen` messages that were about nothing known."""

    mean: Floats = field(default_factory=lambda: np.zeros(DIMENSIONS, np.float32))
    seen: float = 0.0

    def centre(self) -> Floats:
        return np.asarray(self.mean * np.float32(self.seen / (self.seen + PRIOR)), np.float32)

    def taught(self, vectors: Floats) -> Usual:
        if not len(vectors):
            return self
        n = float(len(vectors))
        mean = (self.mean * np.float32(self.seen) + vectors.sum(axis=0)) / np.float32(self.seen + n)
        return Usual(np.asarray(mean, np.float32), min(self.seen + n, LONGEST_USUAL))


@dataclass(frozen=True, slots=True)
class Gathered:
    """`homes` runs beside the messages: the number of the story, None for one that tells of nothing; a new one is
    -1 - (the row of its first message). `stories` are those that are new or have changed, `merged` says (gone, into)
    of stories that are now part of others, seeds among them."""

    homes: list[int | None]
    stories: list[Known]
    merged: list[tuple[int, int]]
    usual: Usual


def gather(
    messages: Sequence[Message],
    vectors: Floats,
    known: Sequence[Known],
    *,
    usual: Usual,
    copies: Mapping[int, int] | None = None,
    links: Mapping[int, int] | None = None,
) -> Gathered:
    """Find the story of each message, in their order. `vectors` float32[n, DIMENSIONS] are of length one; `copies` and
    `links` say which of the `known` stories hold a message with that key. Nothing given is changed."""
    return _Batch(messages, vectors, known, usual, copies or {}, links or {}).run()


class _Batch:
    """Row j below `len(known)` is a known story, row `len(known) + i` the one that message i begins, if it does."""

    def __init__(
        self,
        messages: Sequence[Message],
        vectors: Floats,
        known: Sequence[Known],
        usual: Usual,
        copies: Mapping[int, int],
        links: Mapping[int, int],
    ) -> None:
        n, k = len(messages), len(known)
        self.messages, self.vectors, self.usual, self.k = messages, vectors, usual, k
        self.number = [story.number for story in known] + [-1 - row for row in range(n)]
        self.centre = np.zeros((k + n, DIMENSIONS), np.float32)
        for row, story in enumerate(known):
            self.centre[row] = story.centre
        self.centre[k:] = vectors
        self.product = self.centre @ vectors.T
        self._know()
        times = np.array([message.at for message in messages], np.float64)
        self.first = np.concatenate([[story.first for story in known], times])
        self.last = np.concatenate([[story.last for story in known], times])
        self.weight = np.concatenate([[story.weight for story in known], np.ones(n)])
        self.count = np.concatenate([[story.messages for story in known], np.ones(n, np.int64)]).astype(np.int64)
        self.active = np.arange(k + n) < k
        row_of = {number: row for row, number in enumerate(self.number)}
        self.copies = {key: row_of[number] for key, number in copies.items() if number in row_of}
        self.links = {key: row_of[number] for key, number in links.items() if number in row_of}
        self.into: dict[int, int] = {}
        self.changed: set[int] = set()

    def _know(self) -> None:
        """Take in what is usual by now: everything else is measured from there."""
        middle = self.usual.centre()
        self.from_usual = self.centre @ middle
        self.mine = self.vectors @ middle
        self.usual_squared = float(middle @ middle)
        self.scale = float(np.sqrt(max(1 - self.usual_squared, 0.1)))
        self.length = np.sqrt(np.maximum(1 - 2 * self.mine + self.usual_squared, 0.01)) * self.scale
        self.asked = ALIKE + UNSURE * PRIOR / (PRIOR + self.usual.seen)

    def run(self) -> Gathered:
        homes: list[int | None] = []
        merged: list[int] = []
        fresh: list[int] = []
        for row, message in enumerate(self.messages):
            if not message.tells and message.link is None:
                homes.append(None)
                continue
            home = self._home(row, message)
            if home is None:
                home = self.k + row
                self.active[home] = True
                fresh += [row] if message.tells else []
                if len(fresh) == LEARNT_AT_ONCE:
                    self.usual, fresh = self.usual.taught(self.vectors[fresh]), []
                    self._know()
            else:
                self._join(home, row)
            self.changed.add(home)
            if message.tells:
                self.copies.setdefault(message.text, home)
            if message.link is not None:
                self.links.setdefault(message.link, home)
            homes.append(home)
            if _worth_a_look(int(self.count[home])):
                merged += self._merge(home)
        return Gathered(
            homes=[None if home is None else self.number[self._final(home)] for home in homes],
            stories=[self._story(row) for row in sorted(self.changed) if self.active[row]],
            merged=[(self.number[gone], self.number[self._final(gone)]) for gone in merged],
            usual=self.usual.taught(self.vectors[fresh]),
        )

    def _home(self, row: int, message: Message) -> int | None:
        likeness = (self.product[:, row] - self.mine[row] - self.from_usual + self.usual_squared) / self.length[row]
        gap = np.maximum(np.maximum(self.first - message.at, message.at - self.last), 0.0)
        near = self.active & (gap <= REACH)
        if message.tells and (copy := self.copies.get(message.text)) is not None and near[copy := self._final(copy)]:
            return copy
        if message.link is not None and (shared := self.links.get(message.link)) is not None:
            shared = self._final(shared)
            if near[shared] and (not message.tells or likeness[shared] >= SAME_LINK):
                return shared
        if not message.tells:
            return None
        over = np.where(near, likeness - self.asked - LONELY / self.weight - FADES * gap / REACH, -1.0)
        best = int(over.argmax())
        return best if over[best] >= 0 else None

    def _join(self, home: int, row: int) -> None:
        weight = np.float32(self.weight[home])
        share = np.float32(1) / (weight + 1)
        new = self.k + row
        for values in (self.product, self.centre):
            values[home] += (values[new] - values[home]) * share
        self.from_usual[home] += (self.from_usual[new] - self.from_usual[home]) * share
        self.weight[home] = min(weight + 1, HEAVIEST)
        self._spans(home, new)

    def _spans(self, home: int, other: int) -> None:
        self.count[home] += self.count[other]
        self.first[home] = min(self.first[home], self.first[other])
        self.last[home] = max(self.last[home], self.last[other])

    def _merge(self, home: int) -> list[int]:
        """Take in what has turned out to be the same as this story; the rows that are gone."""
        mine = self.centre[home]
        cross = self.centre @ mine - self.from_usual - self.from_usual[home] + self.usual_squared
        squared = np.einsum("ij,ij->i", self.centre, self.centre) - 2 * self.from_usual + self.usual_squared
        sizes = np.sqrt(np.maximum(squared, 1e-6))
        gap = np.maximum(np.maximum(self.first - self.last[home], self.first[home] - self.last), 0.0)
        others = self.active & (gap <= REACH)
        others[home] = False
        alone = self.count == 1
        asked = self.asked + KEEPS + LONELY / self.weight[home] + FADES * gap / REACH
        seeds = others & alone & (cross >= asked * sizes * self.scale)
        same = others & ~alone & (cross >= MERGES * sizes * sizes[home])
        found: list[int] = []
        for other in np.flatnonzero(seeds | same).tolist():
            into, gone = home, other
            if same[other] and (self.first[other], other) < (self.first[home], home):
                into, gone = other, home  # the story that is known longer keeps its name
            self._take_in(into, gone)
            found.append(gone)
            home = into
        return found

    def _take_in(self, into: int, gone: int) -> None:
        share = np.float32(self.weight[gone] / (self.weight[gone] + self.weight[into]))
        for values in (self.product, self.centre):
            values[into] += (values[gone] - values[into]) * share
        self.from_usual[into] += (self.from_usual[gone] - self.from_usual[into]) * share
        self.weight[into] = min(self.weight[into] + self.weight[gone], HEAVIEST)
        self._spans(into, gone)
        self.active[gone] = False
        self.into[gone] = into
        self.changed |= {into}

    def _final(self, row: int) -> int:
        while row in self.into:
            row = self.into[row]
        return row

    def _story(self, row: int) -> Known:
        return Known(
            self.number[row],
            float(self.first[row]),
            float(self.last[row]),
            int(self.count[row]),
            float(self.weight[row]),
            self.centre[row].copy(),
        )


def _worth_a_look(messages: int) -> bool:
    """Whether to see what else belongs to a story of this size: at 2, 3, 4, 6, 8, 12, 16 ..."""
    while messages > 3 and messages % 2 == 0:
        messages //= 2
    return messages in (2, 3)
