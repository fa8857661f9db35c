"""Bad days: the importer, the worker and PostgreSQL are killed in the middle, the disk fills up; then Octavo goes on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

pytestmark = pytest.mark.slow

MESSAGES, BRANDS = 30_000, 3


class House:
    """An installation of its own in a folder, with a real PostgreSQL that waits for the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("OCTAVO_")},
            "OCTAVO_DATA_DIR": str(folder),
            "OCTAVO_LOG_LEVEL": "WARNING",
            "OCTAVO_WORKER_TIER": "fast",
        }
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, *command: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "octavo", *command],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.processes.append(process)
        return process

    def say(self, *command: str, code: int = 0) -> str:
        """Run a command to its end; its output. The exit code must be `code`."""
        process = self.start(*command)
        said, _ = process.communicate(timeout=600)
        assert process.returncode == code, said
        return said

    def hold(self) -> None:
        """Keep PostgreSQL running between two commands: it stops with the last process that uses it."""
        holding = "from octavo.site import options, postgres; postgres.ensure(options.load()); print('held', flush=True); input()"
        holder = subprocess.Popen(
            [sys.executable, "-c", holding],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.processes.append(holder)
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"

    def ask(self, sql: str) -> Any:
        """The first value of the answer; None while the database does not answer."""
        try:
            with psycopg.connect(dbname="octavo", user="postgres", host=str(self.folder / "postgres")) as connection:
                row = connection.execute(sql).fetchone()
                return row[0] if row else None
        except psycopg.Error:
            return None

    def postmaster(self) -> int:
        return int((self.folder / "postgres" / "postmaster.pid").read_text().split()[0])

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()
        try:
            os.kill(self.postmaster(), signal.SIGTERM)
        except (OSError, ValueError):
            return
        until(lambda: not (self.folder / "postgres" / "postmaster.pid").exists(), seconds=20)


def until(holds: Callable[[], Any], *, seconds: float = 400) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    # Short, because a socket's address may not be long; readable for the user PostgreSQL runs as.
    folder = tmp_path_factory.mktemp("house")
    for parent in (folder, *folder.parents[:2]):
        if parent.stat().st_uid == os.getuid():
            parent.chmod(0o755)
    made = House(folder)
    yield made
    made.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stream") / "stream.jsonl"
    with path.open("w") as file:
        for n in range(MESSAGES):
            item = {
                "id": f"m-{n}",
                "text": f"Tramonto, order {n} came late and the box was open #{n % 97}",
                "created_at": f"2026-03-{n % 28 + 1:02}T10:{n % 60:02}:00Z",
                "author": f"p{n % 5000}",
                "brand": ("Tramonto", "Aurora", "Lumio")[n % BRANDS],
                # one conversation of a hundred messages now and then, so that threads are crossed by the cut as well
                **({"thread": f"t-{n // 1000}"} if n % 1000 < 100 else {}),
            }
            file.write(json.dumps(item) + "\n")
    return path


def check_each_message_is_there_once(house: House) -> None:
    assert house.ask("SELECT count(*) FROM conversations_mention") == MESSAGES
    assert house.ask("SELECT count(DISTINCT external_id) FROM conversations_mention") == MESSAGES
    assert house.ask("SELECT count(*) FROM conversations_postkey") == MESSAGES
    # Every tally agrees with what it counts, and every conversation with its messages.
    counted = "SELECT count(*) FROM conversations_mention WHERE relevant AND NOT own AND deleted_at IS NULL"
    assert house.ask("SELECT sum(n) FROM conversations_mentiontally") == house.ask(counted)
    conversations = house.ask("SELECT count(*) FROM conversations_conversation")
    assert house.ask("SELECT sum(n) FROM conversations_conversationtally") == conversations
    assert house.ask("SELECT sum(mentions_count) FROM conversations_conversation") == MESSAGES
    # A hundred messages of each thousand belong together, brand by brand.
    assert conversations == MESSAGES - MESSAGES // 1000 * (100 - BRANDS)
    state = "SELECT state || ' ' || new_count || ' ' || known_count FROM listen_fileimport"
    assert house.ask(state) == f"done {MESSAGES} 0"
    assert house.ask("SELECT count(*) FROM listen_fileimport") == 1


def some_are_in(house: House, at_least: int) -> Callable[[], bool]:
    return lambda: (house.ask("SELECT max(new_count) FROM listen_fileimport") or 0) >= at_least


def test_an_importer_killed_again_and_again_leaves_each_message_exactly_once(house: House, stream: Path) -> None:
    house.say("migrate")
    house.hold()
    for kept in (1, 10_000, 15_000):
        importer = house.start("import", str(stream), "--json")
        until(some_are_in(house, kept))
        importer.send_signal(signal.SIGKILL)
        importer.wait()
        before = house.ask("SELECT count(*) FROM conversations_mention")
        assert 0 < before < MESSAGES
        assert before == house.ask("SELECT new_count FROM listen_fileimport")
    said = json.loads(house.say("import", str(stream), "--json").splitlines()[-1])
    assert said["state"] == "done" and said["new"] == MESSAGES and not said["already"]
    check_each_message_is_there_once(house)
    assert "already imported" in house.say("import", str(stream))


def test_postgresql_killed_during_an_import_loses_nothing_and_the_same_command_goes_on(
    house: House, stream: Path
) -> None:
    house.say("migrate")
    importer = house.start("import", str(stream), "--json")
    until(some_are_in(house, 10_000))
    os.kill(house.postmaster(), signal.SIGKILL)
    said, _ = importer.communicate(timeout=400)
    assert importer.returncode == 75
    assert "run the same command again" in said and "Traceback" not in said
    house.hold()
    house.say("import", str(stream), "--json")
    check_each_message_is_there_once(house)


def test_a_worker_killed_during_an_import_is_started_again_and_goes_on(house: House, stream: Path) -> None:
    """The whole of `octavo run`: its worker, its PostgreSQL and its web server are killed one after the other."""
    house.environment["OCTAVO_PORT"] = "8119"
    house.say("migrate")
    importer = house.start("import", str(stream))
    until(some_are_in(house, 1))
    importer.kill()
    importer.wait()
    keeper = house.start("run", "--no-demo")
    running = "SELECT count(*) FROM procrastinate_workers"
    until(lambda: house.ask(running))
    until(answers)
    # The page's button "Go on" leaves this job.
    house.ask(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, args, status) "
        "SELECT 'default', 'octavo.run_import', 30, 'run_import', json_build_object('number', id), 'todo' "
        "FROM listen_fileimport RETURNING id"
    )
    until(some_are_in(house, 10_000))
    os.kill(part_of(keeper, "web"), signal.SIGKILL)
    for _ in range(4):  # the other process answers; what came to the dead one's turn waits at the socket
        assert answers()
    os.kill(part_of(keeper, "worker"), signal.SIGKILL)
    time.sleep(1)
    os.kill(house.postmaster(), signal.SIGKILL)
    until(lambda: house.ask("SELECT state FROM listen_fileimport") == "done", seconds=400)
    check_each_message_is_there_once(house)
    keeper.send_signal(signal.SIGTERM)
    said, _ = keeper.communicate(timeout=120)
    assert keeper.returncode == 0 and "Octavo has stopped." in said
    assert not (house.folder / "postgres" / "postmaster.pid").exists()


def answers() -> bool:
    try:
        with urllib.request.urlopen("http://127.0.0.1:8119/sign-in/", timeout=60) as page:
            return bool(page.status == 200)
    except OSError:
        return False


def part_of(keeper: subprocess.Popen[str], name: str) -> int:
    import psutil

    found: list[int] = []

    def there() -> bool:
        with suppress(psutil.Error):  # one ended at this very moment: look again
            children = psutil.Process(keeper.pid).children()
            living = [child for child in children if child.status() != psutil.STATUS_ZOMBIE]
            found[:] = [child.pid for child in living if name in child.cmdline()]
        return bool(found)

    until(there)
    return found[0]


def test_a_full_disk_gives_a_clear_message_damages_nothing_and_the_import_goes_on_when_there_is_room(
    house: House, stream: Path
) -> None:
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("needs the right to mount a small disk")
    if subprocess.run([mount, "-t", "tmpfs", "-o", "size=300m", "tmpfs", house.folder], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        house.say("migrate")
        ballast = house.folder / "ballast"
        free = shutil.disk_usage(house.folder).free
        with ballast.open("wb") as file:
            for _ in range(max(0, free - 24_000_000) // 1_000_000):
                file.write(b"\0" * 1_000_000)
        said = house.say("import", str(stream), code=75)
        assert "disk is full" in said.lower() or "does not answer" in said
        assert "run the same command again" in said and "Traceback" not in said
        ballast.unlink()
        house.hold()
        house.say("import", str(stream), "--json")
        check_each_message_is_there_once(house)
    finally:
        house.close()
        subprocess.run(["umount", "-l", house.folder], check=False)
