"""What every command of the application stands on: Django set up, a database that runs, its troubles in plain words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from octavo.site.commands.console import TRY_LATER, fail

PARENT_PIPE = "OCTAVO_PARENT_PIPE"
"""Set for the parts of `octavo run`: the file descriptor whose end tells them that it is gone, however it went."""

_DISK_FULL = "The disk is full. Nothing is damaged, and what was kept before stays. Free some space, then run the same command again."


@contextmanager
def octavo(*, migrate: bool = True) -> Iterator[None]:
    """Django, set up, with a database that runs and (the embedded one) is up to date; its troubles in plain words."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "octavo.site.settings")
    from octavo.site import options, postgres

    chosen = options.load()
    if PARENT_PIPE not in os.environ:  # the parts of `run` leave the database to it
        try:
            postgres.ensure(chosen)
        except postgres.PostgresUnavailable as error:
            fail(str(error), code=TRY_LATER)
    import django
    from django.db import OperationalError, ProgrammingError
    from django.utils import translation

    django.setup()
    try:
        if migrate and chosen.database_url is None:
            from octavo.site import serve

            serve.migrate()
        with translation.override("en"):  # as the commands themselves
            yield
    except (OperationalError, ProgrammingError) as error:
        fail(_database_trouble(error), code=TRY_LATER)
    except OSError as error:
        import errno

        if error.errno != errno.ENOSPC:
            raise
        fail(_DISK_FULL, code=TRY_LATER)


def _database_trouble(error: Exception) -> str:
    from psycopg import errors

    cause = error.__cause__
    if isinstance(cause, errors.DiskFull) or "No space left on device" in str(error):
        return _DISK_FULL
    if isinstance(cause, errors.UndefinedTable | errors.UndefinedColumn):
        return "The database has the shape of another version. Run `octavo migrate`."
    if (
        isinstance(cause, errors.AdminShutdown | errors.CrashShutdown | errors.CannotConnectNow)
        or cause is None
        or not getattr(cause, "sqlstate", None)
    ):
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        return f"The database does not answer ({first}). Once it does, run the same command again: it goes on where it stopped."
    raise error


def given(*, host: str, port: int) -> None:
    """What was said on the command line, as settings for this process and its children."""
    if host:
        os.environ["OCTAVO_HOST"] = host
    if port:
        os.environ["OCTAVO_PORT"] = str(port)


def address() -> str:
    from octavo.site import options

    chosen = options.load()
    return chosen.public_url or f"http://{chosen.host}:{chosen.port}"
