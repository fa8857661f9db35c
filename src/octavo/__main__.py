"""The command `octavo`: the commands that read text alone (`octavo.cli`) and those of the application, side by side."""

from __future__ import annotations

import typer

from octavo import cli
from octavo.site import commands

app = typer.Typer(
    help="Octavo: listening and answering for people who speak for a brand.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(commands.app)
app.add_typer(cli.app)


def main() -> None:
    """Run the command line."""
    app(prog_name="octavo")


if __name__ == "__main__":
    main()
