"""When Python looks for garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collecting_later() -> Iterator[None]:
    """Holds the garbage collector off while a batch is made: it would walk over what is new again and again, to find that
    none of it is garbage (a quarter of the time of parsing, a tenth of that of reading, measured)."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
