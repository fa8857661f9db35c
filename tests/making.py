"""What a process beside makes in tests. Knows no Django, because such a process does not."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

from octavo.channels.trouble import ChannelError, Trouble


def counting(last: int) -> Iterator[int]:
    yield from range(last)


def failing(first: int) -> Iterator[int]:
    yield first
    raise ChannelError(Trouble.NOT_FOUND, detail="gone", retry=False)


def dying(first: int) -> Iterator[int]:
    yield first
    os.kill(os.getpid(), signal.SIGKILL)
