"""What the commands say and how: two consoles, tables, JSON, moments, and how a command fails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from octavo.channels.trouble import ChannelError

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

TRY_LATER = 75
"""Exit code (EX_TEMPFAIL) where the same command can be run again and goes on."""

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
BrandOption = Annotated[str, typer.Option("--brand", "-b", help="Whose messages these are.", metavar="NAME")]


def fail(message: str, *, code: int = 1) -> NoReturn:
    err.print(escape(message), style="red")
    raise typer.Exit(code)


def explain(error: ChannelError) -> NoReturn:
    from octavo.listen import words

    said = words.of_trouble(str(error.trouble))
    detail = f"\n({error.detail})" if error.detail else ""
    fail(f"{said.happened} {said.next}{detail}")


def table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", justify="right" if column in ("no", "messages", "sure") else "left")
    return table


def print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, default=str))  # noqa: T201


def moment(at: Any) -> str:
    return at.strftime("%Y-%m-%d %H:%M") if at else "-"


def iso(at: Any) -> str | None:
    return at.isoformat() if at else None


def pairs(given: list[str]) -> dict[str, str]:
    pairs = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            fail(f"{text!r} is not of the form name=value.")
        pairs[name.strip()] = value.strip()
    return pairs
