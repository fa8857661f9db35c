"""The test suite runs on the embedded PostgreSQL, in a data folder of its own, without waiting for the disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[1] / "var" / "test"


def pytest_configure(config: pytest.Config) -> None:
    """Start the server once, before the workers; they find it by the folder's name."""
    if hasattr(config, "workerinput"):
        return
    from octavo.site import options, postgres

    config.stash[_SERVER] = postgres.ensure(options.load(), for_tests=True)


_SERVER: pytest.StashKey[object] = pytest.StashKey()

os.environ.setdefault("OCTAVO_DATA_DIR", str(DATA))
