"""Working ahead: the next item is made while the present one is used."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")


def in_thread(items: Iterator[T], *, most: int = 2) -> Iterator[T]:
    """`items`, made in a thread beside; at most `most` exist at a time, the one in use included. Order and errors are kept.

    The thread ends with the items, with an error, or at the item after the one at which the reader stopped.
    """
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
        stopped.set()
        room.release()
