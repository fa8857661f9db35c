"""The one place time comes from: aware, in UTC, shown in the reader's zone by the pages."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)
