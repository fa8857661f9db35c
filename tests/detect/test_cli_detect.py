"""`octavo detect`, as a program."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from typer.testing import CliRunner

from octavo.cli import app
from octavo.detect import Detector

START = datetime(2025, 3, 3, tzinfo=UTC)


def octavo(given: bytes, *arguments: str) -> tuple[list[str], str, int]:
    result = CliRunner().invoke(app, ["detect", *arguments], input=given)
    return result.stdout.splitlines(), result.stderr, result.exit_code


def rows(counts: list[float], *, every: timedelta = timedelta(minutes=5)) -> list[str]:
    return [f"{START + n * every:%Y-%m-%d %H:%M:%S},{count:g}" for n, count in enumerate(counts)]


def given(lines: list[str]) -> bytes:
    return "\n".join(lines).encode() + b"\n"


def test_every_line_is_answered_with_its_own_words_its_score_and_whether_it_rings() -> None:
    counts = [*np.random.default_rng(1).poisson(20, 700).tolist(), 800, 900, 950]
    lines = rows(counts)

    said, errors, code = octavo(given(["timestamp,value", *lines]))

    assert code == 0
    assert said[0] == "timestamp,value,score,alert"
    assert [",".join(line.split(",")[:2]) for line in said[1:]] == lines
    assert [line.split(",")[3] for line in said[1:]].count("1") == 1
    assert said[-3].endswith(",1") or said[-2].endswith(",1") or said[-1].endswith(",1")
    assert "703 scored, 1 alerts, 0 set aside" in errors


def test_the_program_and_the_library_say_the_same() -> None:
    counts = np.random.default_rng(2).poisson(7, 300).tolist()
    detector = Detector()
    detector.add(1)

    said, _, _ = octavo(given(rows(counts)))

    alone = [detector.step([count], START + n * timedelta(minutes=5)) for n, count in enumerate(counts)]
    assert [line.split(",")[2] for line in said] == [f"{float(step.scores[0]):.4f}" for step in alone]


@pytest.mark.parametrize(
    "form", ["2025-03-03 00:05:00", "2025-03-03T00:05:00Z", "2025-03-03T02:05:00.000+02:00", "2025-03-03T00:05"]
)
def test_times_may_be_written_in_several_ways_and_stay_as_written(form: str) -> None:
    said, _, _ = octavo(given(["2025-03-03 00:00:00,3", f"{form},4"]))

    assert said[1].startswith(f"{form},4,")
    assert said[1].split(",")[2] != ""


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("yesterday,3", "not a time"),
        ("2025-03-03 00:10:00,many", "not a number"),
        ("2025-03-03 00:10:00,-1", "from 0"),
        ("2025-03-03 00:10:00,nan", "from 0"),
        ("2025-03-03 00:10:00,1e99", "from 0"),
        ("2025-03-03 00:10:00", "1 field"),
        ("2025-03-03 00:10:00,1,2", "3 fields"),
        ("", "0 fields"),
        ('"2025-03-03', "1 field"),
        ("2025-03-03 00:05:00,3", "its bin is over"),
        ("2025-03-02 00:00:00,3", "its bin is over"),
        ("\x00\udcff,\udcfe", "not a time"),
        ("9" * 70_000, "longer than"),
    ],
)
def test_a_bad_line_gives_one_reason_an_empty_score_and_never_a_stop(line: str, reason: str) -> None:
    good = ["2025-03-03 00:00:00,3", "2025-03-03 00:05:00,3"]
    after = "2025-03-03 00:10:00,3"
    content = "\n".join([*good, line, after]).encode("utf-8", "surrogateescape")

    result = CliRunner().invoke(app, ["detect"], input=content)

    said = result.stdout_bytes.decode("utf-8", "surrogateescape").split("\n")
    assert result.exit_code == 0
    assert len(said) == 5
    assert said[2].split(",")[-2:] == ["", "0"]
    assert said[3].startswith("2025-03-03 00:10:00,3,0.")
    assert result.stderr.count("octavo: line 3: ") == 1
    assert reason in result.stderr
    assert "3 scored, 0 alerts, 1 set aside" in result.stderr


def test_lines_that_are_set_aside_change_no_score() -> None:
    lines = rows(np.random.default_rng(3).poisson(9, 60).tolist())
    mixed = [each for line in lines for each in (line, line, "nonsense")]

    clean, _, _ = octavo(given(lines))
    said, _, _ = octavo(given(mixed))

    assert said[::3] == clean


def test_missing_bins_are_unknown_unless_they_are_said_to_be_nothing() -> None:
    lines = rows(np.random.default_rng(4).poisson(30, 600).tolist())
    holed = lines[:400] + lines[460:]

    unknown, _, _ = octavo(given(holed))
    zero, _, _ = octavo(given(holed), "--missing", "zero")
    written, _, _ = octavo(given(lines[:400] + [line.split(",")[0] + ",0" for line in lines[400:460]] + lines[460:]))

    assert not any(line.endswith(",1") for line in unknown[400:])
    assert zero == written[:400] + written[460:]
    assert unknown != zero


def test_a_clock_set_back_is_believed_after_an_hour() -> None:
    lines = rows(np.random.default_rng(5).poisson(30, 300).tolist())
    wrong = "2099-01-01 00:00:00,30"

    said, errors, _ = octavo(given([*lines[:100], wrong, *lines[100:]]))

    assert [line.split(",")[2] == "" for line in said[101:]] == [True] * 12 + [False] * 188
    assert "12 set aside" in errors


def test_a_carriage_return_and_a_mark_of_byte_order_are_no_part_of_the_text() -> None:
    said, errors, _ = octavo(b"\xef\xbb\xbftimestamp,value\r\n2025-03-03 00:00:00,3\r\n")

    assert said == ["timestamp,value,score,alert", "2025-03-03 00:00:00,3,0.0000,0"]
    assert "1 scored" in errors


def test_no_input_gives_no_output() -> None:
    assert octavo(b"")[0] == []


@pytest.mark.parametrize("interval", ["5", "0m", "m", "2d", "-5m", "5 minutes"])
def test_an_interval_that_is_none_is_refused(interval: str) -> None:
    _, errors, code = octavo(b"", "--interval", interval)

    assert code == 2
    assert "--interval" in errors


def test_hourly_counts_are_taken_with_their_interval() -> None:
    said, errors, _ = octavo(given(rows([3.0] * 50, every=timedelta(hours=1))), "--interval", "1h")

    assert len(said) == 50
    assert "50 scored, 0 alerts, 0 set aside" in errors


def test_a_slow_pipe_is_answered_at_once_and_whoever_reads_may_stop() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "octavo.cli", "detect"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ},
    ) as program:  # fmt: skip
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stderr is not None
        for line in rows([3, 4]):
            program.stdin.write(line.encode() + b"\n")
            program.stdin.flush()
            assert program.stdout.readline().startswith(line.encode())
        program.stdout.close()
        program.stdin.write(given(rows([3] * 20)))
        program.stdin.close()
        complaint = program.stderr.read()
        assert program.wait() == 0
    assert b"Traceback" not in complaint
