"""Working ahead: the next item is made while the present one is used."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import TypeVar

A = TypeVar("A")
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


class Ended(RuntimeError):
    """The process beside was ended from outside, for example because memory ran out. Going on later may help."""


def in_process(make: Callable[[A], Iterator[T]], given: A) -> Iterator[T]:
    """The items of `make(given)`, made in a process of their own, so that two cores work on them; order and errors are kept.

    Everything handed over must be picklable. One item waits to be fetched, while the next is being made. The process ends
    with the items, with an error, when the reader stops, or when this process is gone. Raises `Ended`.
    """
    context = multiprocessing.get_context("spawn")  # a copy of this process would share its connections to the database
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(make, given, sending), name="ahead", daemon=True)
    process.start()
    sending.close()
    try:
        while True:
            try:
                item, error = receiving.recv()
            except EOFError:
                raise Ended("the process that reads ahead was ended") from None
            if error is not None:
                raise error
            if item is None:
                return
            yield item
    finally:
        receiving.close()
        process.terminate()
        process.join()


def _send(make: Callable[[A], Iterator[T]], given: A, sending: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches the whole group; whoever fetches decides
    try:
        for item in make(given):
            sending.send((item, None))
        sending.send((None, None))
    except BrokenPipeError:
        return  # nobody fetches any more
    except Exception as error:
        sending.send((None, error))
