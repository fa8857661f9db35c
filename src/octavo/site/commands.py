"""The commands of the application. Django is started inside each command, so that `octavo --help` answers at once."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from octavo.channels.trouble import ChannelError
    from octavo.conversations.models import Brand
    from octavo.listen.importing import Preview
    from octavo.listen.models import FileImport, Source
    from octavo.listen.running import Progress

app = typer.Typer()
sources_app = typer.Typer(help="Sources: what is followed.", no_args_is_help=True)
brands_app = typer.Typer(help="Brands: whom you speak for.", no_args_is_help=True)
app.add_typer(sources_app, name="sources")
app.add_typer(brands_app, name="brands")
demo_app = typer.Typer(help="The demo brand: invented, and gone in one action.", no_args_is_help=True)
app.add_typer(demo_app, name="demo")

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

PARENT_PIPE = "OCTAVO_PARENT_PIPE"
"""Set for the parts of `octavo run`: the file descriptor whose end tells them that it is gone, however it went."""
TRY_LATER = 75
"""Exit code (EX_TEMPFAIL) where the same command can be run again and goes on."""

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
BrandOption = Annotated[str, typer.Option("--brand", "-b", help="Whose messages these are.", metavar="NAME")]


@app.command()
def run(
    host: Annotated[str, typer.Option(help="Address to listen on (OCTAVO_HOST).")] = "",
    port: Annotated[int, typer.Option(help="Port to listen on (OCTAVO_PORT).", min=0, max=65535)] = 0,
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="Load the demo brand on a first start.")] = True,
) -> None:
    """Start Octavo: database, web pages and worker, kept running until Ctrl+C."""
    _given(host=host, port=port)
    from octavo.site import serve

    raise typer.Exit(serve.run(demo=demo))


@app.command()
def web(
    host: Annotated[str, typer.Option(help="Address to listen on (OCTAVO_HOST).")] = "",
    port: Annotated[int, typer.Option(help="Port to listen on (OCTAVO_PORT).", min=0, max=65535)] = 0,
) -> None:
    """Serve the web pages alone (part of `run`)."""
    _given(host=host, port=port)
    with _octavo(migrate=False):
        from octavo.site import serve

        raise typer.Exit(serve.web())


@app.command()
def worker() -> None:
    """Collect, import and read again in the background (part of `run`)."""
    with _octavo(migrate=False):
        from octavo.site import serve

        raise typer.Exit(serve.worker())


@app.command()
def migrate() -> None:
    """Bring the database to this version's shape."""
    with _octavo(migrate=False):
        from octavo.site import serve

        done = serve.migrate()
        out.print(f"{done} migrations applied." if done else "The database is up to date.")


@app.command("import")
def import_(
    file: Annotated[
        str, typer.Argument(help="JSON Lines, JSON, CSV or TSV, plain or gzip; - reads from a pipe.", metavar="FILE")
    ],
    brand: BrandOption = "",
    brand_column: Annotated[
        str, typer.Option(help="Column that names the brand; brands are made where they are missing.", metavar="COLUMN")
    ] = "",
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            "-m",
            help="Which column fills a field, such as text=tweet_text (text= leaves it empty). Again for each.",
            metavar="FIELD=COLUMN",
        ),
    ] = None,
    encoding: Annotated[str, typer.Option(help="Encoding of the file, where the guess is wrong.")] = "",
    delimiter: Annotated[str, typer.Option(help="Character between columns, where the guess is wrong.")] = "",
    zone: Annotated[str, typer.Option("--timezone", help="Zone of times that name none, such as Europe/Rome.")] = "UTC",
    day_first: Annotated[
        bool | None,
        typer.Option("--day-first/--month-first", help="How 03/04/2025 is meant, where the file does not tell."),
    ] = None,
    channel: Annotated[str, typer.Option(help="Where the messages were written, where no column says it.")] = "file",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show how the file would be read; store nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Import a file of messages. Interrupted, the same command goes on where it stopped."""  # fmt: skip
    columns = _pairs(mapping or [])
    if brand_column:
        columns["brand"] = brand_column
    with _octavo(), _path(file) as (path, ours):
        from octavo.channels.trouble import ChannelError
        from octavo.listen import importing, running

        choices = importing.Choices(
            columns=columns,
            encoding=encoding,
            delimiter=_delimiter(delimiter),
            zone=zone,
            day_first=day_first,
            channel=channel,
        )
        try:
            whose = _brand(brand, make=False) if brand else None
            seen = importing.look(path, choices, brand=whose)
            if not as_json:
                _show_preview(seen, brand=brand)
            if dry_run:
                _dry(seen, as_json=as_json)
                return
            if seen.rejects and not seen.posts:
                _fail(f"No message could be read ({seen.rejects[0].reason}). Say which columns hold what with --map.")
            whose = _brand(brand) if brand else None
            begun = importing.begin(
                path, choices=choices, brand=whose, filename="" if file != "-" else "pipe", kept_here=ours
            )
            _run_import(begun, as_json=as_json)
        except ChannelError as error:
            _explain(error)
        except importing.NoBrand:
            _fail(
                "Whose messages are these? Say it with --brand NAME, or name the column that does with --brand-column COLUMN."
            )
        except running.AlreadyRunning:
            _fail("This file is being imported by another process right now.", code=TRY_LATER)


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="A file as `import` takes it.", metavar="FILE")],
    brand: BrandOption = "",
    speed: Annotated[str, typer.Option(help="60 or 60x: an hour of the past takes a minute.")] = "1x",
    mapping: Annotated[
        list[str] | None, typer.Option("--map", "-m", help="As for `import`.", metavar="FIELD=COLUMN")
    ] = None,
    channel: Annotated[str, typer.Option(help="As for `import`.")] = "file",
) -> None:
    """Live a past stream through again: its messages arrive now, with their pauses divided by the speed."""
    with _octavo():
        from octavo import flow
        from octavo.channels.file import parse_speed
        from octavo.channels.trouble import ChannelError
        from octavo.listen import importing

        try:
            factor = parse_speed(speed)
        except ValueError:
            _fail("The speed is a number above zero, such as 60 or 60x.")
        count = 0
        try:
            choices = importing.Choices(columns=_pairs(mapping or []), channel=channel)
            with err.status("Waiting for the first message") as status:
                for _, number in flow.replay(
                    file, choices=choices, brand=_brand(brand) if brand else None, speed=factor
                ):
                    count += number
                    status.update(f"{count:,} messages")
        except importing.NoBrand:
            _fail("Whose messages are these? Say it with --brand NAME.")
        except ChannelError as error:
            _explain(error)
        out.print(f"{count:,} messages lived through again.")


@sources_app.command("list")
def sources_list(as_json: JsonOption = False) -> None:
    """All sources, and how they feel."""
    with _octavo():
        from octavo.listen import sources, words
        from octavo.listen.models import Source

        rows = [(source, sources.health(source)) for source in Source.objects.select_related("brand")]
        if as_json:
            _print_json([_source_json(source, health) for source, health in rows])
            return
        if not rows:
            out.print("No source yet. Add one with `octavo sources add rss --brand NAME --set url=https://...`.")
            return
        table = _table("no", "name", "channel", "brand", "state", "since", "messages", "what to do")
        for source, health in rows:
            table.add_row(
                str(source.pk), escape(source.name), source.channel, escape(source.brand.name if source.brand else "several"),
                str(words.PULSES[health.pulse]), _moment(health.since), f"{source.posts_count:,}", str(words.advice(health)),
            )  # fmt: skip
        out.print(table)


@sources_app.command("add")
def sources_add(
    channel: Annotated[str, typer.Argument(help="rss or webhook.")],
    brand: BrandOption,
    name: Annotated[str, typer.Option(help="What you call it.")] = "",
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", "-s", help="A setting of the channel, such as url=https://...", metavar="NAME=VALUE"),
    ] = None,
    minutes: Annotated[float, typer.Option(help="How often it is asked, in minutes.")] = 5,
    dedicated: Annotated[bool, typer.Option("--dedicated", help="Everything from here is about the brand.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Follow something. For a page that names its feed, the feed is found."""  # fmt: skip
    given: dict[str, object] = dict(_pairs(setting or []))
    with _octavo():
        from octavo.channels.trouble import ChannelError
        from octavo.listen import sources

        if channel not in sources.followable():
            _fail(f"There is no channel {channel!r}; there are {', '.join(sources.followable())}.")
        try:
            given, found = sources.found_out(channel, given)
            made = sources.create(
                None,
                brand=_brand(brand),
                channel_name=channel,
                name=name or found or channel,
                given=given,
                dedicated=dedicated,
                every=timedelta(minutes=minutes),
            )
        except ChannelError as error:
            _explain(error)
        except sources.NameTaken:
            _fail("This brand has a source of that name already; choose another with --name.")
        if as_json:
            _print_json(
                _source_json(made.source, sources.health(made.source))
                | ({"secret": made.secret} if made.secret else {})
            )
            return
        out.print(f"Source {made.source.pk}, {escape(made.source.name)}, is followed.")
        if made.source.channel == "webhook":
            out.print(f"Address: {_address()}/hooks/{made.source.key}/")
            if made.secret:
                out.print(f"Secret (shown only now): {made.secret}")


@sources_app.command("test")
def sources_test(
    number: Annotated[int, typer.Argument(help="Number of the source.")], as_json: JsonOption = False
) -> None:
    """Show the last five messages of a source. Stores nothing."""
    with _octavo():
        from octavo.channels.trouble import ChannelError
        from octavo.listen import sources

        try:
            listened = sources.test(_source(number))
        except ChannelError as error:
            _explain(error)
        if as_json:
            _print_json([_post_json(post) for post in listened.posts])
            return
        _show_posts(listened.posts)
        for reject in listened.rejects:
            err.print(f"[yellow]set aside[/] {escape(reject.place)}: {escape(reject.reason)}")
        if not listened.posts:
            out.print("Nothing there yet.")


@sources_app.command("pause")
def sources_pause(number: Annotated[int, typer.Argument(help="Number of the source.")]) -> None:
    """Stop asking a source until it is resumed."""
    with _octavo():
        from octavo.listen import sources

        sources.pause(None, _source(number))
        out.print(f"Source {number} is paused.")


@sources_app.command("resume")
def sources_resume(number: Annotated[int, typer.Argument(help="Number of the source.")]) -> None:
    """Ask a paused source again, from now on."""
    with _octavo():
        from octavo.listen import sources

        sources.resume(None, _source(number))
        out.print(f"Source {number} is followed again.")


@sources_app.command("remove")
def sources_remove(number: Annotated[int, typer.Argument(help="Number of the source.")]) -> None:
    """Follow a source no longer. The messages it brought stay."""
    with _octavo():
        from octavo.listen import sources

        sources.remove(None, _source(number))
        out.print(f"Source {number} is removed; its messages stay.")


@brands_app.command("list")
def brands_list(as_json: JsonOption = False) -> None:
    """All brands."""
    with _octavo():
        from octavo.conversations.models import Brand

        brands = list(Brand.objects.prefetch_related("names", "campaigns"))
        if as_json:
            _print_json(
                [
                    {"id": b.pk, "name": b.name, "slug": b.slug, "languages": b.languages, "demo": b.is_demo}
                    for b in brands
                ]
            )
            return
        table = _table("no", "name", "names", "campaigns")
        for brand in brands:
            names = ", ".join(name.text for name in brand.names.all())
            table.add_row(str(brand.pk), escape(brand.name), escape(names), str(len(brand.campaigns.all())))
        out.print(table)


@demo_app.command("load")
def demo_load() -> None:
    """Load the demo brand with a month of messages. Where it is loaded already, it stays as it is."""
    with _octavo():
        from octavo.site import demo_brand

        brand = demo_brand.load(None)
        out.print(f"The demo brand {escape(brand.name)} is there.")


@demo_app.command("remove")
def demo_remove() -> None:
    """Take the demo brand out, with everything it brought."""
    with _octavo():
        from octavo.site import demo_brand

        out.print(f"Removed, with {demo_brand.remove(None)} conversations.")


@app.command("password")
def password(email: Annotated[str, typer.Argument(help="E-mail address of the colleague.")]) -> None:
    """Print a one-time link by which somebody who forgot their password sets a new one."""
    with _octavo():
        from octavo.people import setup
        from octavo.people.models import User
        from octavo.site import options

        user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
        if user is None:
            _fail(f"No active colleague has the address {email}.")
        chosen = options.load()
        base = chosen.public_url or f"http://localhost:{chosen.port}"
        out.print(setup.offer_password(user, user, base_url=base), soft_wrap=True)


@app.command()
def settings() -> None:
    """Print the settings of an installation as a Markdown page."""
    from octavo.site import options

    print(options.page(), end="")  # noqa: T201


@contextmanager
def _octavo(*, migrate: bool = True) -> Iterator[None]:
    """Django, set up, with a database that runs and (the embedded one) is up to date; its troubles in plain words."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "octavo.site.settings")
    from octavo.site import options, postgres

    chosen = options.load()
    if PARENT_PIPE not in os.environ:  # the parts of `run` leave the database to it
        try:
            postgres.ensure(chosen)
        except postgres.PostgresUnavailable as error:
            _fail(str(error), code=TRY_LATER)
    import django
    from django.db import OperationalError, ProgrammingError
    from django.utils import translation

    django.setup()
    try:
        if migrate and chosen.database_url is None:
            from octavo.site import serve

            serve.migrate()
        with translation.override("en"):  # as the commands themselves
            yield
    except (OperationalError, ProgrammingError) as error:
        _fail(_database_trouble(error), code=TRY_LATER)
    except OSError as error:
        import errno

        if error.errno != errno.ENOSPC:
            raise
        _fail(_DISK_FULL, code=TRY_LATER)


_DISK_FULL = "The disk is full. Nothing is damaged, and what was kept before stays. Free some space, then run the same command again."


def _database_trouble(error: Exception) -> str:
    from psycopg import errors

    cause = error.__cause__
    if isinstance(cause, errors.DiskFull) or "No space left on device" in str(error):
        return _DISK_FULL
    if isinstance(cause, errors.UndefinedTable | errors.UndefinedColumn):
        return "The database has the shape of another version. Run `octavo migrate`."
    if (
        isinstance(cause, errors.AdminShutdown | errors.CrashShutdown | errors.CannotConnectNow)
        or cause is None
        or not getattr(cause, "sqlstate", None)
    ):
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        return f"The database does not answer ({first}). Once it does, run the same command again: it goes on where it stopped."
    raise error


def _given(*, host: str, port: int) -> None:
    """What was said on the command line, as settings for this process and its children."""
    if host:
        os.environ["OCTAVO_HOST"] = host
    if port:
        os.environ["OCTAVO_PORT"] = str(port)


def _run_import(begun: Any, *, as_json: bool) -> None:
    from octavo.listen.models import FileImport

    job: FileImport = begun.job
    if begun.again and job.state == FileImport.State.DONE:
        if as_json:
            _print_json(_import_json(job, already=True))
        else:
            out.print(
                f"This very file was already imported on {_moment(job.ended_at)}: {job.new_count:,} messages. Nothing to do."
            )
        return
    if begun.again and job.position and not as_json:
        err.print(f"Going on where it stopped, after line {job.position['number']:,}.")
    if as_json or not err.is_terminal:
        for progress in _import(job):  # noqa: B007 (the last one is shown below)
            pass
    else:
        progress = _with_bar(job)
    if as_json:
        _print_json(_import_json(job, already=False) | {"rate": round(progress.rate)})
    else:
        _show_result(job, progress)


def _import(job: FileImport) -> Iterator[Progress]:
    from octavo import flow

    return flow.import_file(job)


def _with_bar(job: FileImport) -> Progress:
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    bar = Bar(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[done]:,} messages"), TextColumn("{task.fields[rate]:,.0f}/s"),
        TextColumn("{task.fields[left]}"), console=err, transient=True,
    )  # fmt: skip
    progress = None
    with bar:
        task = bar.add_task("Importing", total=job.total_bytes, completed=job.read_bytes, done=0, rate=0.0, left="")
        for progress in _import(job):
            bar.update(
                task, completed=progress.read_bytes, done=progress.done, rate=progress.rate, left=_left(progress)
            )
    assert progress is not None  # there is always the last one
    return progress


def _left(progress: Progress) -> str:
    if progress.seconds_left is None:
        return ""
    seconds = round(progress.seconds_left)
    return f"{seconds} s left" if seconds < 90 else f"{seconds / 60:.0f} min left"


def _show_result(job: FileImport, progress: Progress) -> None:
    from octavo.listen import words

    parts = [f"{job.new_count:,} new"]
    if job.known_count:
        parts.append(f"{job.known_count:,} known before")
    if job.edited_count:
        parts.append(f"{job.edited_count:,} changed")
    parts.append(f"{job.rejects_count:,} set aside")
    out.print(f"Imported: {', '.join(parts)}; {progress.rate:,.0f} messages a second.")
    for name, count in job.warnings.items():
        out.print(f"  {count:,} {words.WARNINGS.get(name, name)}")
    if job.brands_made:
        out.print(f"Brands made: {escape(', '.join(job.brands_made))}")
    if job.rejects_count and job.source is not None:
        out.print("Set aside:")
        for reject in job.source.rejected.order_by("pk")[:10]:
            out.print(f"  line {escape(reject.place)}: {escape(reject.reason)}")
        out.print(f"  all of them, with their text: {_address()}/sources/{job.source_id}/")


def _show_preview(seen: Preview, *, brand: str) -> None:
    size = f"{seen.total_bytes / 1e6:,.1f} MB" if seen.total_bytes >= 1e5 else f"{seen.total_bytes:,} bytes"
    err.print(f"{seen.format}, {seen.encoding}, {size}")
    table = _table("field", "column", "sure", "for example")
    for column in seen.fields:
        if brand and column.field == "brand":
            continue
        table.add_row(
            column.field, escape(column.column), f"{column.confidence:.0%}", escape(" | ".join(column.samples))[:100]
        )
    err.print(table)
    if seen.unused:
        err.print(f"Not read: {escape(', '.join(seen.unused))}")
    if not seen.day_first_sure:
        err.print(
            "[yellow]Day and month cannot be told apart; read as day first. Say --month-first if that is wrong.[/]"
        )
    if seen.brands_missing and not brand:
        err.print(f"Brands that will be made (more may follow): {escape(', '.join(seen.brands_missing))}")


def _dry(seen: Preview, *, as_json: bool) -> None:
    if as_json:
        fields = {c.field: {"column": c.column, "confidence": c.confidence, "samples": c.samples} for c in seen.fields}
        _print_json(
            {"format": seen.format, "encoding": seen.encoding, "fields": fields, "unused": seen.unused,
             "brands": seen.brands, "posts": [_post_json(post) for post in seen.posts],
             "rejects": [{"line": r.place, "reason": r.reason, "excerpt": r.excerpt} for r in seen.rejects]}
        )  # fmt: skip
        return
    _show_posts(seen.posts)
    for reject in seen.rejects[:10]:
        out.print(f"[yellow]set aside[/] line {escape(reject.place)}: {escape(reject.reason)}")


def _show_posts(posts: Any) -> None:
    for post in posts:
        who = post.author.name or post.author.handle if post.author else "?"
        out.print(f"[bold]{escape(who)}[/], {_moment(post.created_at)}: {escape(' '.join(post.text.split())[:300])}")


def _import_json(job: FileImport, *, already: bool) -> dict[str, Any]:
    return {
        "id": job.pk, "source": job.source_id, "state": job.state, "already": already, "new": job.new_count,
        "known": job.known_count, "edited": job.edited_count, "rejects": job.rejects_count, "warnings": job.warnings,
        "brands_made": job.brands_made, "position": job.position, "trouble": job.trouble,
    }  # fmt: skip


def _source_json(source: Source, health: Any) -> dict[str, Any]:
    return {
        "id": source.pk, "name": source.name, "channel": source.channel, "brand": source.brand.name if source.brand else None,
        "state": source.state, "health": str(health.pulse), "since": _iso(health.since), "next_at": _iso(health.next_at),
        "trouble": health.trouble, "advice": str(health.advice), "posts": source.posts_count, "rejects": source.rejects_count,
        "address": f"{_address()}/hooks/{source.key}/" if source.channel == "webhook" else None,
    }  # fmt: skip


def _post_json(post: Any) -> dict[str, Any]:
    return {
        "id": post.external_id, "text": post.text, "created_at": _iso(post.created_at),
        "author": post.author.handle if post.author else None, "url": post.url, "subject": post.subject, "brand": post.brand,
    }  # fmt: skip


def _brand(name: str, *, make: bool = True) -> Brand:
    from octavo.listen import brands

    found = brands.find(name)
    if found is None:
        if not make:
            from octavo.conversations.models import Brand

            return Brand(name=name.strip())
        found = brands.make(name)
        err.print(f"Brand {escape(found.name)} made.")
    return found


def _source(number: int) -> Source:
    from octavo.listen.models import Source

    found = Source.objects.select_related("brand").filter(pk=number).first()
    if found is None:
        _fail(f"There is no source {number}; `octavo sources list` shows them.")
    return found


@contextmanager
def _path(file: str) -> Iterator[tuple[Path, bool]]:
    """The file's path, and whether it is a copy of ours: what comes through a pipe is kept until it has been read."""
    if file != "-":
        yield Path(file), False
        return
    from django.conf import settings as django_settings

    with tempfile.NamedTemporaryFile(dir=django_settings.FILE_UPLOAD_TEMP_DIR, prefix="import-", delete=False) as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy, 1 << 20)
    yield Path(copy.name), True


def _pairs(given: list[str]) -> dict[str, str]:
    pairs = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            _fail(f"{text!r} is not of the form name=value.")
        pairs[name.strip()] = value.strip()
    return pairs


def _delimiter(given: str) -> str:
    return {"tab": "\t", r"\t": "\t"}.get(given.lower(), given)


def _address() -> str:
    from octavo.site import options

    chosen = options.load()
    return chosen.public_url or f"http://{chosen.host}:{chosen.port}"


def _explain(error: ChannelError) -> NoReturn:
    from octavo.listen import words

    said = words.of_trouble(str(error.trouble))
    detail = f"\n({error.detail})" if error.detail else ""
    _fail(f"{said.happened} {said.next}{detail}")


def _fail(message: str, *, code: int = 1) -> NoReturn:
    err.print(escape(message), style="red")
    raise typer.Exit(code)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", justify="right" if column in ("no", "messages", "sure") else "left")
    return table


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, default=str))  # noqa: T201


def _moment(at: Any) -> str:
    return at.strftime("%Y-%m-%d %H:%M") if at else "-"


def _iso(at: Any) -> str | None:
    return at.isoformat() if at else None
