from __future__ import annotations

from octavo.kit.limits import Bucket


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_let_through_and_then_the_steady_rate_holds() -> None:
    clock = Clock()
    bucket = Bucket(rate=2, burst=3, monotonic=clock)
    assert [bucket.take("a") for _ in range(4)] == [0, 0, 0, 1]
    clock.now += 0.5
    assert [bucket.take("a") for _ in range(2)] == [0, 1]
    clock.now += 60
    assert [bucket.take("a") for _ in range(4)] == [0, 0, 0, 1]


def test_one_caller_does_not_use_up_what_another_may() -> None:
    bucket = Bucket(rate=1, burst=1, monotonic=Clock())
    assert (bucket.take("a"), bucket.take("a"), bucket.take("b")) == (0, 1, 0)


def test_the_wait_is_told_in_whole_seconds() -> None:
    bucket = Bucket(rate=0.1, burst=1, monotonic=Clock())
    bucket.take("a")
    assert bucket.take("a") == 10


def test_only_the_latest_callers_are_remembered() -> None:
    bucket = Bucket(rate=1, burst=1, remembered=2, monotonic=Clock())
    for caller in "abc":
        bucket.take(caller)
    assert bucket.take("a") == 0
    assert bucket.take("c") == 1
