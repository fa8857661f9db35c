"""The two ways of reading: one that keeps up with any backlog, one that reads better when there is time."""

from __future__ import annotations

from enum import StrEnum


class Tier(StrEnum):
    FAST = "fast"
    DEFAULT = "default"
