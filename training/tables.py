"""Pages of figures and the tables in them, as the reference shows them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; every cell is text already. What would break a row is put so that it does not."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def publish(about: str, make: Callable[[], str], path: Path) -> None:
    """The command line of a page of figures: make it, print it, and keep it unless it is a dry run."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--dry-run", action="store_true", help="print the page, write nothing")
    dry = parser.parse_args().dry_run
    text = make()
    print(text)
    if not dry:
        path.write_text(text, encoding="utf-8")
