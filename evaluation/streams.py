"""Crises put into real streams of messages, seen as the application sees them: messages and voices, of all, negative and each register.

The streams' own messages are read by the fast tier. A crisis adds messages of known onset and height; what they are made of is
written here (`MADE_OF`) and in the document, because no stream of a real crisis with its onset is at hand.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluation.crises import DAY, HEIGHTS, RISES, shape
from octavo.detect import FIVE_MINUTES
from octavo.understand import Tier, read
from octavo.vocabulary import REGISTERS, Author, Post, Sentiment

Counts = NDArray[np.float64]
ALL, NEGATIVE, COMPLAINT = "all", "negative", "register:complaint"
WITHIN = 6 * 12
"""Bins within which alerts of one rule are one alert, as the application joins them."""
LEAST = 6
"""Messages, or voices, of an hour below which nothing rings, as the rule begins."""


@dataclass(frozen=True, slots=True)
class MadeOf:
    """What a crisis's messages are: shares that are negative, complaints, copies of `texts` texts, and by authors seen before."""

    negative: float = 0.8
    complaint: float = 0.5
    copies: float = 0.4
    texts: int = 3
    repeated: float = 0.1


MADE_OF = MadeOf()


@dataclass(frozen=True, slots=True)
class Stream:
    """One brand's messages in bins of five minutes: for each key, messages and voices."""

    brand: str
    start: datetime
    messages: Mapping[str, Counts]
    voices: Mapping[str, Counts]

    def __len__(self) -> int:
        return len(self.messages[ALL])

    @property
    def days(self) -> float:
        return len(self) / DAY


def load(file: Path) -> list[Stream]:
    """The streams of a file, by brand."""
    rows = [json.loads(line) for line in file.open(encoding="utf-8")]
    posts = [
        Post(
            channel=row["channel"],
            external_id=row["id"],
            text=row["text"],
            created_at=datetime.fromisoformat(row["created_at"]).astimezone(UTC),
            author=Author(row["author"]) if row.get("author") else None,
        )
        for row in rows
    ]
    readings = read(posts, tier=Tier.FAST)
    negative = list(Sentiment).index(Sentiment.NEGATIVE)
    by: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        by.setdefault(row["brand"], []).append(place)
    streams = []
    for brand, places in by.items():
        moments = [_moment(posts[place]) for place in places]
        first = min(moments)
        start = first.replace(minute=first.minute - first.minute % 5, second=0, microsecond=0)
        bins = int((max(moments) - start) / FIVE_MINUTES) + 1
        heard: dict[str, dict[int, tuple[set[int], set[int], list[int]]]] = {}
        for place, at in zip(places, moments, strict=True):
            author = posts[place].author
            who = zlib.crc32(author.handle.encode()) if author else place
            said = fingerprint(posts[place].text, who)
            primary = int(readings.primary[place])
            keys = [ALL, *([NEGATIVE] if readings.sentiment[place] == negative else [])]
            keys += [f"register:{REGISTERS[primary]}"] if primary >= 0 else []
            for key in keys:
                of_bin = heard.setdefault(key, {}).setdefault(int((at - start) / FIVE_MINUTES), (set(), set(), []))
                people, texts, every = of_bin
                people.add(who)
                texts.add(said)
                every.append(place)
        streams.append(
            Stream(
                brand,
                start,
                {
                    key: _laid_out(bins, {at: len(every) for at, (_, _, every) in of.items()})
                    for key, of in heard.items()
                },
                {
                    key: _laid_out(bins, {at: min(len(who), len(what)) for at, (who, what, _) in of.items()})
                    for key, of in heard.items()
                },
            )
        )
    return streams


def _laid_out(bins: int, counts: Mapping[int, int]) -> Counts:
    row = np.zeros(bins)
    row[list(counts)] = list(counts.values())
    return row


def fingerprint(text: str, author: int) -> int:
    """What a text is known by, as the database does it (migration `alert/0003`), without stems: three words that hash lowest."""
    words = {word for word in re.findall(r"[^\W_]+", re.sub(r"\w+://\S+", " ", text.lower())) if len(word) >= 3}
    hashes = sorted(zlib.crc32(word.encode()) for word in words if not any(sign.isdigit() for sign in word))
    return hash((author,)) if len(hashes) < 4 else hash(tuple(hashes[: 6 if len(hashes) < 7 else 3]))


@dataclass(frozen=True, slots=True)
class Onset:
    """A crisis in a stream: its height in mean messages a bin before it, its rise in bins, the bin it begins in, and what it adds
    to each key's messages and voices from there on, for a day."""

    stream: int
    height: int
    rise: int
    onset: int
    messages: Mapping[str, Counts]
    voices: Mapping[str, Counts]


def onsets(streams: Sequence[Stream], *, settled: int, repeats: int, least: float, seed: int = 5) -> list[Onset]:
    """`repeats` crises of each height and rise for each stream, not before its bin `settled`."""
    chance = np.random.default_rng(seed)
    found = []
    for height in HEIGHTS:
        for rise in RISES:
            for number, stream in enumerate(streams):
                for _ in range(repeats if len(stream) > settled + DAY else 0):
                    begin = int(chance.integers(settled, len(stream) - DAY))
                    usual = max(float(stream.messages[ALL][max(begin - 7 * DAY, 0) : begin].mean()), least)
                    added = chance.poisson(usual * height * shape(rise, DAY))
                    found.append(Onset(number, height, rise, begin, *_made(added, chance)))
    return found


def _made(added: NDArray[np.int64], chance: np.random.Generator) -> tuple[dict[str, Counts], dict[str, Counts]]:
    """What `added` messages a bin are to each key: messages, and voices."""
    negative = chance.binomial(added, MADE_OF.negative)
    complaint = chance.binomial(negative, MADE_OF.complaint / MADE_OF.negative)
    messages = {ALL: added, NEGATIVE: negative, COMPLAINT: complaint}
    voices = {}
    for key, n in messages.items():
        own = chance.binomial(n, 1 - MADE_OF.copies)
        texts = own + np.minimum(n - own, MADE_OF.texts)
        people = n - chance.binomial(n, MADE_OF.repeated)
        voices[key] = np.minimum(texts, people).astype(float)
    return {key: n.astype(float) for key, n in messages.items()}, voices


def columns(stream: Stream, keys: Sequence[str], *, voices: bool) -> list[Counts]:
    """The series of a stream: messages of the keys, and with `voices` their voices after them."""
    empty = np.zeros(len(stream))
    both = [stream.messages, *([stream.voices] if voices else [])]
    return [of.get(key, empty) for of in both for key in keys]


def with_crisis(stream: Stream, crisis: Onset, keys: Sequence[str], *, voices: bool) -> list[Counts]:
    """The same with a crisis in it, up to a day after its onset."""
    end = crisis.onset + DAY
    both = [(stream.messages, crisis.messages), *([(stream.voices, crisis.voices)] if voices else [])]
    found = []
    for of, added in both:
        for key in keys:
            series = of.get(key, np.zeros(len(stream)))[:end].copy()
            if key in added:
                series[crisis.onset :] += added[key]
            found.append(series)
    return found


def enough(series: Counts, alerts: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The alerts for which an hour held enough to ring."""
    hours = np.convolve(series, np.ones(12))[: len(series)]
    return np.asarray(alerts & (hours >= LEAST), bool)


def together(alerts: Sequence[NDArray[np.bool_]]) -> list[int]:
    """The bins in which a rule rings that follows several series: what comes within hours of the last ringing is the same."""
    rang: list[int] = []
    for row in np.flatnonzero(np.logical_or.reduce(list(alerts))):
        if not rang or row - rang[-1] > WITHIN:
            rang.append(int(row))
    return rang


def earliest(usual: float, height: float, rise: int = RISES[0], *, once_in: int = 30 * DAY) -> float:
    """Minutes from the onset to when a detector that knows the usual number of a bin could tell, in half of the cases: so many
    messages since the onset come by chance once in `once_in` bins."""
    added = np.cumsum(usual * height * shape(rise, DAY))
    for bins in range(1, DAY):
        expected = usual * bins
        if poisson_tail(round(expected + float(added[bins - 1])), expected) <= 1 / once_in:
            return bins * 5.0
    return math.inf


def poisson_tail(least: int, mean: float) -> float:
    """The chance of `least` or more."""
    return 1.0 - math.fsum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(least))


def _moment(post: Post) -> datetime:
    assert post.created_at is not None
    return post.created_at
