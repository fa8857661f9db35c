"""The command line, as a person and as a program meet it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from typer.testing import CliRunner

from octavo.__main__ import app
from octavo.conversations.models import Brand, Mention
from octavo.listen.models import Source
from octavo.site import serve
from octavo.site.commands import console as console_of_commands
from octavo.site.options import Options

runner = CliRunner()


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables as on a wide terminal, so that a test need not care where a line breaks."""
    for console in (console_of_commands.out, console_of_commands.err):
        monkeypatch.setattr(console, "_width", 300)


def said(*command: str, code: int = 0, input: bytes | None = None) -> str:
    """Everything a person sees; with --json, what a program reads."""
    result = runner.invoke(app, list(command), input=input)
    assert result.exit_code == code, result.output + repr(result.exception)
    return result.stdout if "--json" in command else result.output


def lines(path: Path, *items: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(item) + "\n" for item in items))
    return str(path)


def test_the_help_names_every_command_in_a_line_of_words() -> None:
    shown = said("--help")
    for name in (
        "run",
        "migrate",
        "import",
        "replay",
        "sources",
        "brands",
        "settings",
        "worker",
        "web",
        "read",
        "explain",
    ):
        assert re.search(rf"^  {name} +\S+ \S+", shown, re.M), name


def test_the_help_loads_neither_django_nor_a_model() -> None:
    script = (
        "import sys\nsys.argv = ['octavo', '--help']\nfrom octavo.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('django', 'numpy', 'psycopg', 'onnxruntime') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines()[-1] == "[]"


def test_importing_shows_the_columns_and_what_became_of_the_messages(db: None, tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", *({"id": n, "text": f"Tramonto, where is order {n}?"} for n in range(12)))
    shown = said("import", path, "--brand", "Tramonto")
    assert "Brand Tramonto made." in shown
    assert re.search(r"text +text +\d+%", shown)
    assert "12 new, 0 set aside" in shown
    assert "already imported" in said("import", path, "--brand", "tramonto")
    assert Mention.objects.count() == 12


def test_a_program_gets_json_and_nothing_else_on_standard_output(db: None, tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", {"id": 1, "text": "hello there", "brand": "Aurora"}, {"id": 2})
    answer = json.loads(said("import", path, "--json"))
    assert (answer["new"], answer["rejects"], answer["state"], answer["already"]) == (1, 1, "done", False)
    assert answer["brands_made"] == ["Aurora"]
    assert json.loads(said("import", path, "--json"))["already"] is True


def test_a_dry_run_stores_nothing(db: None, tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", {"id": 1, "text": "hello there", "brand": "Aurora"})
    assert "hello there" in said("import", path, "--dry-run")
    assert json.loads(said("import", path, "--dry-run", "--json"))["fields"]["text"]["column"] == "text"
    assert not Mention.objects.exists() and not Brand.objects.exists()


def test_columns_can_be_named_and_a_pipe_be_read(db: None, tmp_path: Path) -> None:
    content = json.dumps({"n": 1, "text": "x", "words": "the words that count", "who": "Aurora"}).encode()
    shown = said("import", "-", "-m", "text=words", "-m", "id=n", "--brand-column", "who", input=content)
    assert "1 new" in shown and "Brands made: Aurora" in shown
    assert Mention.objects.get().text == "the words that count"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["import", "missing.jsonl", "--brand", "A"], "Nothing was found there."),
        (["import", "FILE"], "--brand NAME"),
        (["import", "FILE", "--brand", "A", "-m", "text"], "name=value"),
        (["import", "FILE", "--brand", "A", "-m", "text=nowhere"], "No message could be read"),
        (["import", "FILE", "--brand", "A", "--timezone", "Mars/Olympus"], "timezone"),
        (["replay", "FILE", "--brand", "A", "--speed", "fast"], "above zero"),
        (["sources", "test", "999"], "no source 999"),
        (["sources", "add", "pigeon", "--brand", "A"], "rss"),
        (["sources", "add", "rss", "--brand", "A"], "setting is missing"),
    ],
)
def test_a_mistake_is_answered_in_plain_words(db: None, tmp_path: Path, arguments: list[str], words: str) -> None:
    path = lines(tmp_path / "a.jsonl", {"id": 1, "text": "hello there"})
    shown = said(*[path if argument == "FILE" else argument for argument in arguments], code=1)
    assert words in " ".join(shown.split())
    assert "Traceback" not in shown


def test_replaying_brings_the_past_to_now_and_again_when_asked_again(db: None, tmp_path: Path) -> None:
    items = ({"id": n, "text": f"order {n}", "created_at": f"2015-02-17T10:00:0{n}Z"} for n in range(3))
    path = lines(tmp_path / "a.jsonl", *items)
    assert "3 messages" in said("replay", path, "--brand", "Tramonto", "--speed", "1000x")
    years = set(Mention.objects.values_list("published_at__year", flat=True))
    assert years and min(years) >= 2026
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT external_id) FROM conversations_mention")
        assert cursor.fetchone()[0] == 3


def test_a_source_is_added_listed_paused_resumed_and_removed(db: None) -> None:
    added = json.loads(said("sources", "add", "webhook", "--brand", "Tramonto", "--name", "Desk", "--json"))
    assert added["secret"].startswith("whsec_") and added["address"].endswith("/")
    number = str(added["id"])
    (listed,) = json.loads(said("sources", "list", "--json"))
    assert (listed["name"], listed["health"], listed["advice"]) == ("Desk", "never", "call_hook")
    assert "secret" not in listed
    assert "Desk" in said("sources", "list")
    said("sources", "pause", number)
    assert json.loads(said("sources", "list", "--json"))[0]["health"] == "paused"
    said("sources", "resume", number)
    said("sources", "remove", number)
    assert not Source.objects.exists()
    assert "No source yet" in said("sources", "list")


def test_brands_are_listed(brand: Brand) -> None:
    assert "Tramonto" in said("brands", "list")
    assert json.loads(said("brands", "list", "--json"))[0]["slug"] == "tramonto"


def test_every_setting_stands_on_the_printed_page() -> None:
    page = said("settings")
    for name in Options.model_fields:
        assert f"| `OCTAVO_{name.upper()}` |" in page


def test_a_port_that_is_taken_is_told_with_the_way_out() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        complaint = serve.port_taken("127.0.0.1", port)
    assert str(port) in complaint and f"--port {port + 1}" in complaint
    assert serve.port_taken("127.0.0.1", port) == ""
    assert "no address of this machine" in serve.port_taken("nowhere.invalid", port)


def test_run_ends_at_once_where_the_port_is_taken(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        environment = {**os.environ, "OCTAVO_DATA_DIR": str(tmp_path), "OCTAVO_PORT": str(other.getsockname()[1])}
        ended = subprocess.run(
            [sys.executable, "-m", "octavo", "run"], env=environment, capture_output=True, text=True, timeout=60
        )
    assert ended.returncode == 1 and "is taken" in ended.stderr
    assert not (tmp_path / "postgres" / "PG_VERSION").exists()


def test_wrong_settings_are_told_all_at_once_before_anything_starts(tmp_path: Path) -> None:
    environment = {**os.environ, "OCTAVO_DATA_DIR": str(tmp_path), "OCTAVO_PORT": "none", "OCTAVO_LANGUAGE": "xx"}
    ended = subprocess.run(
        [sys.executable, "-m", "octavo", "brands", "list"], env=environment, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 2
    assert "OCTAVO_PORT" in ended.stderr and "OCTAVO_LANGUAGE" in ended.stderr and "Traceback" not in ended.stderr


def test_migrating_says_when_there_is_nothing_to_do(db: None) -> None:
    assert "up to date" in said("migrate")


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OCTAVO_DATA_DIR", raising=False)
    usual = Options().data_dir
    monkeypatch.setenv("OCTAVO_DATA_DIR", "")
    assert Options().data_dir == usual != Path()
