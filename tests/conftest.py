"""The test suite runs on the embedded PostgreSQL, in a data folder of its own, without waiting for the disk.

`make test` names that folder; run by hand, say `OCTAVO_DATA_DIR=var/test .venv/bin/pytest`.
"""

from __future__ import annotations

import pytest

_SERVER: pytest.StashKey[object] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    """Start the server once, before the parallel workers; they find it by the folder's name."""
    from octavo.site import options, postgres

    chosen = options.load()
    if chosen.database_url is None and "test" not in chosen.data_dir.name:
        pytest.exit("The tests switch off PostgreSQL's safety: run `make test`, or set OCTAVO_DATA_DIR=var/test.", 2)
    if not hasattr(config, "workerinput"):
        config.stash[_SERVER] = postgres.ensure(chosen, for_tests=True)
