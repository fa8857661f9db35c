"""The commands of the application, by what they are about. Django is started inside each command, so that `octavo --help`
answers at once."""

from __future__ import annotations

import typer

from octavo.site.commands import brands, files, serving, sources

app = typer.Typer()
app.add_typer(serving.app)
app.add_typer(files.app)
app.add_typer(sources.app, name="sources")
app.add_typer(brands.app, name="brands")
app.add_typer(brands.demo_app, name="demo")
