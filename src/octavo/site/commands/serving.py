"""Octavo as a running thing: `run` and its parts, the shape of the database, settings, a forgotten password."""

from __future__ import annotations

from typing import Annotated

import typer

from octavo.site.commands.console import fail, out
from octavo.site.commands.starting import given, octavo

app = typer.Typer()


@app.command()
def run(
    host: Annotated[str, typer.Option(help="Address to listen on (OCTAVO_HOST).")] = "",
    port: Annotated[int, typer.Option(help="Port to listen on (OCTAVO_PORT).", min=0, max=65535)] = 0,
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="Load the demo brand on a first start.")] = True,
) -> None:
    """Start Octavo: database, web pages and worker, kept running until Ctrl+C."""
    given(host=host, port=port)
    from octavo.site import serve

    raise typer.Exit(serve.run(demo=demo))


@app.command()
def web(
    host: Annotated[str, typer.Option(help="Address to listen on (OCTAVO_HOST).")] = "",
    port: Annotated[int, typer.Option(help="Port to listen on (OCTAVO_PORT).", min=0, max=65535)] = 0,
) -> None:
    """Serve the web pages alone (part of `run`)."""
    given(host=host, port=port)
    with octavo(migrate=False):
        from octavo.site import serve

        raise typer.Exit(serve.web())


@app.command()
def worker() -> None:
    """Collect, import and read again in the background (part of `run`)."""
    with octavo(migrate=False):
        from octavo.site import serve

        raise typer.Exit(serve.worker())


@app.command()
def migrate() -> None:
    """Bring the database to this version's shape."""
    with octavo(migrate=False):
        from octavo.site import serve

        done = serve.migrate()
        out.print(f"{done} migrations applied." if done else "The database is up to date.")


@app.command()
def settings() -> None:
    """Print the settings of an installation as a Markdown page."""
    from octavo.site import options

    print(options.page(), end="")  # noqa: T201


@app.command("password")
def password(email: Annotated[str, typer.Argument(help="E-mail address of the colleague.")]) -> None:
    """Print a one-time link by which somebody who forgot their password sets a new one."""
    with octavo():
        from octavo.people import setup
        from octavo.people.models import User
        from octavo.site import options

        user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
        if user is None:
            fail(f"No active colleague has the address {email}.")
        chosen = options.load()
        base = chosen.public_url or f"http://localhost:{chosen.port}"
        out.print(setup.offer_password(user, user, base_url=base), soft_wrap=True)
