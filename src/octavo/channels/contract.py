"""What Octavo asks of a channel: small promises, kept by whichever folder can keep them.

Every channel `Describes` itself. One that Octavo asks for news `Listens`; one that is told news `Receives`. `Replies`
waits for the first channel that can.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from octavo.vocabulary import Listened, Post, Reject


class Capability(StrEnum):
    """What can be done with a channel, and so where the pages offer it."""

    LISTEN = "listen"  # a source that is asked again and again
    RECEIVE = "receive"  # a source that calls us
    IMPORT = "import"  # a file handed in once
    REPLY = "reply"


@runtime_checkable
class Describes(Protocol):
    """What a channel is called, what it can do, and what it must be told (a dataclass: see `channels.settings`)."""

    @property
    def name(self) -> str: ...
    @property
    def capabilities(self) -> frozenset[Capability]: ...
    @property
    def settings(self) -> type[Any]: ...


@runtime_checkable
class Listens(Describes, Protocol):
    """A channel that is asked for what is new.

    `listen` gives at most `limit` posts not given before `cursor` (empty: the first time), oldest first, and the cursor
    to go on from; `more` says that the rest can be fetched at once. The same cursor may be used again after a crash: it
    gives the same posts or newer ones. The cursor is plain JSON; its key `wait`, where present, is the number of
    seconds the other side would like to be left alone. `test` shows the last five posts and stores nothing. One bad
    item is a `Reject`; anything worse raises `ChannelError`. `allow_private` lets a channel fetch from inside this
    network."""

    def listen(
        self, settings: Any, cursor: Mapping[str, object], *, limit: int, allow_private: bool = False
    ) -> Listened: ...
    def test(self, settings: Any, *, allow_private: bool = False) -> Listened: ...


@runtime_checkable
class Receives(Describes, Protocol):
    """A channel that calls us: `verify` proves who calls (or raises `ChannelError`), `parse` reads what they brought,
    one `Post` or `Reject` for each item, in order."""

    def verify(self, secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None: ...
    def parse(self, body: bytes) -> Sequence[Post | Reject]: ...


class Replies(Describes, Protocol):
    """A channel that can carry an answer. Sending the same `key` twice sends once; gives the answer's external id."""

    def reply(self, settings: Any, to: Post, text: str, *, key: str) -> str: ...
