"""Working ahead: the next item is made while the present one is used."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")

SWITCH_SECONDS = 0.0005


def in_thread(items: Iterator[T], *, most: int = 2) -> Iterator[T]:
    """`items`, made in a thread beside; at most `most` exist at a time, the one in use included. Order and errors are kept.

    The thread ends with the items, with an error, or at the item after the one at which the reader stopped.
    """
    before = sys.getswitchinterval()
    made: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()
    room = threading.Semaphore(most)
    stopped = threading.Event()

    def make() -> None:
        try:
            while True:
                room.acquire()
                if stopped.is_set():
                    return
                made.put((next(items), None))
        except StopIteration:
            made.put((None, None))
        except BaseException as error:
            made.put((None, error))

    thread = threading.Thread(target=make, name="ahead", daemon=True)
    thread.start()
    # Each time the database answers, the thread that waited for it asks the other for the interpreter; at Python's usual
    # five milliseconds that would happen so often in a batch that the database would mostly wait for us.
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        while True:
            item, error = made.get()
            if error is not None:
                raise error
            if item is None:
                return
            yield item
            item = None
            room.release()
    finally:
        sys.setswitchinterval(before)
        stopped.set()
        room.release()
