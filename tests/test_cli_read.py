"""`octavo read` and `octavo explain`, as programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from octavo.cli import app

COMMAND = [sys.executable, "-m", "octavo.cli"]


@dataclass(frozen=True)
class Result:
    returncode: int
    stdout: bytes
    stderr: bytes


def octavo(*arguments: str, given: bytes = b"") -> Result:
    """The command in this process, which has the model in memory already."""
    result = CliRunner().invoke(app, arguments, input=given)
    return Result(result.exit_code, result.stdout_bytes, result.stderr_bytes)


def answers(result: Result | subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def line(**message: object) -> bytes:
    return json.dumps(message).encode() + b"\n"


def test_every_message_gets_its_reading_in_the_order_given() -> None:
    given = b"".join(
        line(id=f"m{n}", text="Thank you, the new shoes are perfect!" if n % 2 else "It broke", brand=f"B{n % 3}")
        for n in range(700)
    )

    result = octavo("read", "--tier", "fast", given=given)

    assert result.returncode == 0
    said = answers(result)
    assert [each["id"] for each in said] == [f"m{n}" for n in range(700)]
    assert list(said[0]) == [
        "id", "language", "relevant", "relevance", "primary", "assigned", "registers", "runner_up", "sentiment",
        "urgency", "gravity", "campaign", "topics", "evidence", "abstained", "model",
    ]  # fmt: skip
    assert said[1]["primary"] == "compliment"
    assert len(said[1]["registers"]) == 8
    assert b"700 read, 0 set aside" in result.stderr


def test_a_bad_line_gives_one_error_in_its_place_and_never_a_stop() -> None:
    bad = [
        b"{",
        b"[]",
        b'{"id": 1}',
        b'{"id": 1, "text": 5}',
        b"\xff\xfe",
        b"[" * 50_000,
        b'{"text": "x", "parent": 1}',
        b'"x"',
    ]
    given = line(id=1, text="Merci") + b"\n".join(bad) + b"\n\n  \n" + line(id=2, text="Merci")[:-1]

    result = octavo("read", "--tier", "fast", given=given)

    said = answers(result)
    assert result.returncode == 0
    assert [each.get("id") for each in (said[0], said[-1])] == [1, 2]
    assert [each["line"] for each in said[1:-1]] == list(range(2, 2 + len(bad)))
    assert all(isinstance(each["error"], str) and set(each) == {"error", "line"} for each in said[1:-1])
    assert b"2 read, 8 set aside" in result.stderr


def test_strange_texts_and_fields_are_read() -> None:
    given = b'{"id": null, "text": "\\ud800 broken \\u0000 half"}\n' + line(id={"a": 1}, text="x" * 1_000_000)
    given += line(text="", created_at="yesterday", author={"handle": 3}, lang="fr", parent=None, more=[1])

    said = answers(octavo("read", "--tier", "fast", given=given))

    assert [each["id"] for each in said] == [None, {"a": 1}, None]
    assert said[2]["primary"] == "none"


def test_a_slow_pipe_is_answered_at_once() -> None:
    with subprocess.Popen(
        [*COMMAND, "read", "--tier", "fast"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        for number in range(3):
            program.stdin.write(line(id=number, text="Where is my parcel?"))
            program.stdin.flush()
            assert json.loads(program.stdout.readline())["id"] == number
        program.stdin.close()
        assert program.wait() == 0


def test_no_input_gives_no_output() -> None:
    result = octavo("read", "--tier", "fast")

    assert (result.returncode, result.stdout) == (0, b"")


def test_whoever_reads_may_stop_reading() -> None:
    with subprocess.Popen(
        [*COMMAND, "read", "--tier", "fast"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.close()
        program.stdin.write(line(id=1, text="Thanks") * 20)
        program.stdin.close()
        complaint = program.stderr.read()
        assert program.wait() == 0
    assert b"Traceback" not in complaint


def test_a_brand_profile_judges_relevance_and_campaigns_and_a_bare_name_does_not_exclude(tmp_path: Path) -> None:
    profile = tmp_path / "brand.json"
    profile.write_text(
        json.dumps({"name": "Valdore", "aliases": ["Val d'Or"], "campaigns": [{"name": "Été", "hashtags": ["#ete"]}]})
    )
    given = line(id=1, text="Merci Valdore #ete") + line(id=2, text="Merci") + line(id=3, text="Merci", brand="Other")

    said = answers(octavo("read", "--tier", "fast", "--brand-profile", str(profile), given=given))

    assert [each["relevant"] for each in said] == [True, False, True]
    assert [each["campaign"] for each in said] == ["Été", "", ""]


@pytest.mark.parametrize("text", ["{", "[]", '{"name": 3}', '{"nom": "x"}', '{"campaigns": [{"starts_on": "soon"}]}'])
def test_a_wrong_brand_profile_is_refused_with_a_reason(tmp_path: Path, text: str) -> None:
    profile = tmp_path / "brand.json"
    profile.write_text(text)

    result = octavo("read", "--brand-profile", str(profile))

    assert result.returncode == 2
    assert b"Traceback" not in result.stderr


def test_explain_shows_the_registers_and_the_words_that_weighed() -> None:
    shown = octavo("explain", "Merci à Marta, adorable et compétente", "--tier", "fast").stdout.decode()
    said = json.loads(octavo("explain", "--json", "--tier", "fast", "Merci à Marta, adorable et compétente").stdout)

    assert "● compliment" in shown
    assert "\x1b" not in shown
    assert said["primary"] == "compliment"
    assert {"Merci", "adorable"} & {
        "Merci à Marta, adorable et compétente"[e["start"] : e["end"]] for e in said["evidence"]
    }


def test_an_encoder_that_cannot_be_prepared_is_said_clearly_and_leaves_the_fast_tier(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    environment = {**os.environ, "OCTAVO_MODEL_CACHE": str(blocked)}

    def run(tier: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*COMMAND, "read", "--tier", tier],
            input=line(id=1, text="Merci"),
            capture_output=True,
            env=environment,
            check=False,
        )

    refused, read = run("default"), run("fast")
    assert refused.returncode == 1
    assert b"OCTAVO_MODEL_CACHE" in refused.stderr
    assert b"Traceback" not in refused.stderr
    assert read.returncode == 0
    assert len(answers(read)) == 1
