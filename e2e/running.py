"""An Octavo of one's own: `octavo run` on a free loopback port, with a data folder that is gone afterwards."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

START_SECONDS = 180
STOP_SECONDS = 60


class DidNotStart(RuntimeError):
    """Octavo ended, or did not answer in time. The message carries its log."""


class Running:
    """`with Running(...) as octavo:` starts it and waits until its pages answer; leaving stops it as Ctrl+C does."""

    def __init__(self, *arguments: str, **settings: str) -> None:
        """`arguments` go to `octavo run`, `settings` are named as in the environment, without `OCTAVO_`, in small letters."""
        self.folder = Path(tempfile.mkdtemp(prefix="octavo-e2e-"))
        self.folder.chmod(0o755)  # run by root, the embedded PostgreSQL changes to a user of its own
        self.port = _free_port()
        self.address = f"http://localhost:{self.port}"
        self._arguments = arguments
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._last_words = ""

    def __enter__(self) -> Running:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("OCTAVO_")}
        ours = {"data_dir": str(self.folder / "data"), "port": str(self.port), **self._settings}
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "octavo", "run", *self._arguments],
                env={**inherited, **{f"OCTAVO_{name.upper()}": value for name, value in ours.items()}},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl+C in the terminal is for the tests, which then stop it in order
            )
        try:
            self._await_pages()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._last_words = self.log()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """What it has said; also after its end."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else self._last_words

    @contextmanager
    def held(self, part: str) -> Iterator[None]:
        """Its `worker` or `web`, stopped in mid-stride and let go on afterwards: for what can be seen only meanwhile."""
        assert self._process is not None
        mine = [child for child in psutil.Process(self._process.pid).children() if child.cmdline()[-1:] == [part]]
        assert mine, f"there is no {part}"
        for child in mine:
            child.suspend()
        try:
            yield
        finally:
            for child in mine:
                child.resume()

    @property
    def link(self) -> str:
        """The one-time link it printed for the first administrator."""
        found = re.search(r"^ +(http\S+/welcome/\S+)$", self.log(), re.MULTILINE)
        assert found, f"no link was printed:\n{self.log()}"
        return found[1]

    def _await_pages(self) -> None:
        assert self._process is not None
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise DidNotStart(self.log())
            try:
                with urllib.request.urlopen(f"{self.address}/sign-in/", timeout=10):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        raise DidNotStart(self.log())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number
