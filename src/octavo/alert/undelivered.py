"""Why something could not be delivered, and whether trying again makes sense."""

from __future__ import annotations

from datetime import timedelta


class Undelivered(Exception):
    """Nobody was told. `str` says why without an address or a secret; `retry` whether it may work later, and not before
    `after`, where the other side said so."""

    def __init__(self, why: str, *, retry: bool, after: timedelta | None = None) -> None:
        super().__init__(why)
        self.retry = retry
        self.after = after
