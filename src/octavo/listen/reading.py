"""A file's messages, batch by batch, read by the fast tier and written as rows in so far as that needs no database.

All of it can be done in another process: nothing here knows Django, and what is handed over packs itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from octavo.channels.file import Options, Position, open_file
from octavo.conversations.rows import Prepared, prepare
from octavo.kit.garbage import collecting_later
from octavo.kit.text import excerpt
from octavo.listen import parcel
from octavo.understand import Readings, Tier, read
from octavo.vocabulary import BrandProfile, Post, Reject

AT_ONCE = 5000
"""Items of a batch, which is one transaction."""
MOST_BRANDS = 500
"""Brands one file may bring: a file with more has another column mapped by mistake."""


@dataclass(frozen=True, slots=True)
class Group:
    """Posts read with the same profile. `brands` names the brand of each."""

    prepared: Prepared
    brands: Sequence[str]

    @property
    def posts(self) -> Sequence[Post]:
        return self.prepared.posts

    def __reduce__(self) -> tuple[Callable[..., Group], tuple[Any, ...]]:
        prepared = self.prepared
        return _unpacked, (
            parcel.pack(prepared.posts),
            prepared.readings,
            prepared.mentions,
            prepared.heads,
            self.brands,
        )


def _unpacked(
    posts: parcel.Parcel, readings: Readings, mentions: list[str], heads: list[str], brands: Sequence[str]
) -> Group:
    return Group(Prepared(parcel.unpack(posts), readings, mentions, heads), brands)


@dataclass(frozen=True, slots=True)
class Ready:
    """A batch that has been read and waits to be recorded."""

    groups: Sequence[Group]
    rejects: Sequence[Reject]
    warnings: Mapping[str, int]
    position: Position
    bytes_read: int


@dataclass(frozen=True, slots=True)
class Errand:
    """Everything needed to read a file ahead. `profiles` are those of brands with campaigns, by folded name; all other
    brands read alike. `brand` holds where no column names one."""

    path: str
    options: Options
    brand: str
    position: Position
    profiles: Mapping[str, BrandProfile]


def batches(errand: Errand) -> Iterator[Ready]:
    """The batches of a file, read and ready to be recorded. Raises `ChannelError`."""
    homes = _Homes(errand)
    with open_file(errand.path, errand.options) as reader:
        for batch in reader.batches(size=AT_ONCE, start=errand.position):
            groups: dict[int, tuple[list[Post], list[str]]] = {}
            rejects = list(batch.rejects)
            for post in batch.posts:
                home = homes.of(post.brand)
                if home is None:
                    rejects.append(_no_brand(post))
                    continue
                name, known = home
                posts, names = groups.setdefault(known, ([], []))
                posts.append(post)
                names.append(name)
            with collecting_later():
                read_groups = [
                    Group(prepare(posts, read(posts, brand=homes.profiles[known], tier=Tier.FAST)), names)
                    for known, (posts, names) in groups.items()
                ]
            yield Ready(read_groups, rejects, batch.warnings, batch.position, batch.bytes_read)


class _Homes:
    """Which brand a message belongs to, and which of `profiles` it is read with; all brands without campaigns share one."""

    def __init__(self, errand: Errand) -> None:
        self.profiles = [BrandProfile()]
        self._errand = errand
        self._found: dict[str, tuple[str, int] | None] = {}  # by the brand as the file writes it
        self._brands: set[str] = set()

    def of(self, written: str) -> tuple[str, int] | None:
        """The brand's name and the place of its profile; None where there is none, or one too many."""
        try:
            return self._found[written]
        except KeyError:
            home = self._home(self._errand.brand or written.strip()[:120])
            if len(self._found) < 100 * MOST_BRANDS:
                self._found[written] = home
            return home

    def _home(self, name: str) -> tuple[str, int] | None:
        folded = name.casefold()
        if not name or (folded not in self._brands and len(self._brands) >= MOST_BRANDS):
            return None
        self._brands.add(folded)
        profile = self._errand.profiles.get(folded, self.profiles[0])
        if profile not in self.profiles:
            self.profiles.append(profile)
        return name, self.profiles.index(profile)


def _no_brand(post: Post) -> Reject:
    reason = f"more than {MOST_BRANDS} brands in one file" if post.brand.strip() else "no brand"
    return Reject(place=post.external_id[:120], reason=reason, excerpt=excerpt(post.text))
