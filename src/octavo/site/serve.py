"""Octavo as a running thing: the web processes, the worker, and `run`, which keeps them and the database alive."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from types import FrameType
from typing import TextIO

import structlog

from octavo.site import options, postgres
from octavo.site.commands.starting import PARENT_PIPE

GRACE_SECONDS = 20.0
"""How long the parts may take to finish what they are doing when Octavo stops."""
PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds to wait before a part that ended is started again: longer each time, from the start when it held out."""
HELD_OUT = 60.0
LISTEN_SOCKET = "OCTAVO_LISTEN_SOCKET"
"""Set for the web processes of `octavo run`: the file descriptor of the socket they share."""

log = structlog.get_logger(__name__)


def migrate() -> int:
    """Bring the database to this version's shape; the number of migrations applied. Two at once wait for each other."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    def plan() -> int:
        executor = MigrationExecutor(connection)
        return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))

    if not plan():
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('octavo migrates'))")
        try:
            waiting = plan()
            if waiting:
                call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtext('octavo migrates'))")
    return waiting


def web() -> int:
    """Serve the pages until told to stop; the exit code."""
    import uvicorn

    chosen = options.load()
    _end_with_parent()
    _read_ahead_of_time()
    server = uvicorn.Server(
        uvicorn.Config(
            "octavo.site.asgi:application",
            host=chosen.host,
            port=chosen.port,
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=bool(chosen.public_url),
            timeout_graceful_shutdown=5,
        )
    )
    given = os.environ.get(LISTEN_SOCKET)
    server.run(sockets=[socket.socket(fileno=int(given))] if given else None)
    return 0 if server.started else 1


def worker() -> int:
    """Do the jobs until told to stop; the exit code."""
    from octavo.site import jobs

    _end_with_parent()
    jobs.work(grace=GRACE_SECONDS - 5)
    return 0


def run(*, demo: bool, said: TextIO = sys.stdout) -> int:
    """Start everything and keep it running until SIGTERM or SIGINT; the exit code."""
    chosen = options.load()
    if complaint := port_taken(chosen.host, chosen.port):
        print(complaint, file=sys.stderr)  # noqa: T201
        return 1
    print(f"Data folder: {chosen.data_dir.resolve()}", file=said, flush=True)
    try:
        postgres.ensure(chosen)
    except postgres.PostgresUnavailable as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    from django.db import OperationalError  # not at the top: `octavo --help` does without Django

    try:
        welcome = _prepare(demo=demo)
    except OperationalError as error:
        print(f"The database does not answer: {error}", file=sys.stderr)  # noqa: T201
        return 1
    with listening(chosen.host, chosen.port) as door:
        webs = [Part("web", door=door.fileno()) for _ in range(chosen.web_processes)]
        keeper = Keeper([*webs, Part("worker")], chosen, said=said)
        keeper.greet(welcome)
        return keeper.keep()


def listening(host: str, port: int) -> socket.socket:
    """The socket at which all web processes answer. Held here, so that none is missed while one of them starts again."""
    door = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind((host.strip("[]"), port))
    return door


def port_taken(host: str, port: int) -> str:
    """What to tell a person who wants to listen where somebody else does; empty where the port is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except PermissionError:
            return f"Port {port} needs more rights than you have; choose one above 1023: octavo run --port 8001"
        except OSError as error:
            if error.errno == socket.EAI_NONAME or isinstance(error, socket.gaierror):
                return f"{host} is no address of this machine; OCTAVO_HOST or --host says where to listen."
            return (
                f"Port {port} on {host} is taken: another program, or another Octavo, listens there ({error.strerror}). "
                f"Stop it, or choose another port: octavo run --port {port + 1}"
            )
    return ""


def address(chosen: options.Options) -> str:
    """Where people find the pages."""
    host = "localhost" if chosen.host in ("0.0.0.0", "::", "127.0.0.1") else chosen.host  # noqa: S104
    return chosen.public_url or f"http://{f'[{host}]' if ':' in host else host}:{chosen.port}"


def _prepare(*, demo: bool) -> str:
    """Everything before the parts start, in this process; the one-time link, where there is no administrator yet."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "octavo.site.settings")
    import django

    django.setup()
    from django.db import connections

    from octavo.conversations.models import Brand
    from octavo.people import setup

    migrate()
    try:
        if demo and not Brand.objects.exists():
            _load_demo()
        return setup.make_link(address(options.load()))
    except setup.AlreadySetUp:
        return ""
    finally:
        connections.close_all()


def _load_demo() -> None:
    """The demo brand on a first start, so that a newcomer meets an inbox that lives."""
    from octavo.site import demo_brand

    demo_brand.load(None)


@dataclass(slots=True)
class Part:
    """One process that is kept: `octavo web` or `octavo worker`. `door` is the socket it answers at, where it has one."""

    name: str
    door: int | None = None
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    ended: int = 0
    start_at: float = 0.0

    def start(self, pipe: int) -> None:
        self.began = time.monotonic()
        handed = {PARENT_PIPE: pipe} if self.door is None else {PARENT_PIPE: pipe, LISTEN_SOCKET: self.door}
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "octavo", self.name],
            env={**os.environ, **{name: str(number) for name, number in handed.items()}},
            pass_fds=list(handed.values()),
            process_group=0,  # Ctrl+C reaches the keeper alone, which then stops its parts in order
        )

    def ended_with(self) -> int | None:
        """Its exit code, where it has just ended; sets when it is to be started again."""
        if self.process is None or (code := self.process.poll()) is None:
            return None
        self.process = None
        self.ended = 0 if time.monotonic() - self.began > HELD_OUT else self.ended
        self.start_at = time.monotonic() + PAUSES[min(self.ended, len(PAUSES) - 1)]
        self.ended += 1
        return code


@dataclass(slots=True)
class Keeper:
    """Keeps parts and database running: starts again what ends, waiting longer each time."""

    parts: list[Part]
    chosen: options.Options
    said: TextIO
    _stop: threading.Event = field(default_factory=threading.Event)
    _database_tries: int = 0

    def greet(self, link: str) -> None:
        self._say(f"Octavo:      {address(self.chosen)}")
        if link:
            self._say("")
            self._say("Nobody can sign in yet. This link makes the administrator; it works once, for a day:")
            self._say(f"  {link}")
            self._say("")
        self._say("Stop with Ctrl+C.")

    def keep(self) -> int:
        """Until told to stop; the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._told)
        ours, theirs = os.pipe()
        os.set_inheritable(ours, False)
        # Children hold the reading end; the writing end is ours alone, so it closes when this process ends.
        reading, writing = ours, theirs
        os.set_inheritable(writing, False)
        try:
            while not self._stop.is_set():
                if self._database_runs():
                    self._look_after_parts(reading)
                self._stop.wait(0.5)
        finally:
            self._stop_parts()
            os.close(writing)
            os.close(reading)
        self._say("Octavo has stopped.")
        return 0

    def _look_after_parts(self, pipe: int) -> None:
        now = time.monotonic()
        for part in self.parts:
            code = part.ended_with()
            if code is not None:
                wait = part.start_at - now
                log.error("part ended", part=part.name, code=code, again_in=round(max(wait, 0), 1))
            if part.process is None and now >= part.start_at:
                part.start(pipe)

    def _database_runs(self) -> bool:
        if self.chosen.database_url is not None or postgres.is_running(self.chosen):
            self._database_tries = 0
            return True
        wait = PAUSES[min(self._database_tries, len(PAUSES) - 1)]
        self._database_tries += 1
        log.error("database ended", again_in=wait)
        if self._stop.wait(wait):
            return False
        try:
            postgres.ensure(self.chosen)
        except postgres.PostgresUnavailable as error:
            log.error("database does not start", reason=str(error))
            return False
        log.warning("database runs again")
        return True

    def _told(self, number: int, frame: FrameType | None) -> None:
        self._stop.set()

    def _stop_parts(self) -> None:
        running = [part.process for part in self.parts if part.process is not None and part.process.poll() is None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        until = time.monotonic() + GRACE_SECONDS
        for process in running:
            try:
                process.wait(max(until - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _say(self, line: str) -> None:
        print(line, file=self.said, flush=True)


def _end_with_parent() -> None:
    """Stop this process when the one that started it is gone, even if it was killed."""
    pipe = os.environ.get(PARENT_PIPE)
    if pipe is None:
        return

    def wait() -> None:
        try:
            os.read(int(pipe), 1)
        except OSError:
            return
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent", daemon=True).start()


def _read_ahead_of_time() -> None:
    """Load the fast tier beside the start, so that the first call of a webhook need not wait for it."""

    def load() -> None:
        from octavo.understand import Tier, read
        from octavo.vocabulary import Post

        read([Post(channel="", external_id="", text="hello")], tier=Tier.FAST)

    threading.Thread(target=load, name="warm", daemon=True).start()
