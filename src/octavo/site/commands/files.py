"""Files of messages: imported, or lived through again."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from octavo.site.commands.brands import brand_named
from octavo.site.commands.console import (
    TRY_LATER,
    BrandOption,
    JsonOption,
    err,
    explain,
    fail,
    moment,
    out,
    pairs,
    print_json,
    table,
)
from octavo.site.commands.posts import post_json, show_posts
from octavo.site.commands.starting import address, octavo

if TYPE_CHECKING:
    from octavo.listen.importing import Preview
    from octavo.listen.models import FileImport
    from octavo.listen.running import Progress

app = typer.Typer()


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
    columns = pairs(mapping or [])
    if brand_column:
        columns["brand"] = brand_column
    with octavo(), _path(file) as (path, ours):
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
            whose = brand_named(brand, make=False) if brand else None
            seen = importing.look(path, choices, brand=whose)
            if not as_json:
                _show_preview(seen, brand=brand)
            if dry_run:
                _dry(seen, as_json=as_json)
                return
            if seen.rejects and not seen.posts:
                fail(f"No message could be read ({seen.rejects[0].reason}). Say which columns hold what with --map.")
            whose = brand_named(brand) if brand else None
            begun = importing.begin(
                path, choices=choices, brand=whose, filename="" if file != "-" else "pipe", kept_here=ours
            )
            _run_import(begun, as_json=as_json)
        except ChannelError as error:
            explain(error)
        except importing.NoBrand:
            fail(
                "Whose messages are these? Say it with --brand NAME, or name the column that does with --brand-column COLUMN."
            )
        except running.AlreadyRunning:
            fail("This file is being imported by another process right now.", code=TRY_LATER)


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
    with octavo():
        from octavo import flow
        from octavo.channels.file import parse_speed
        from octavo.channels.trouble import ChannelError
        from octavo.listen import importing

        try:
            factor = parse_speed(speed)
        except ValueError:
            fail("The speed is a number above zero, such as 60 or 60x.")
        count = 0
        try:
            choices = importing.Choices(columns=pairs(mapping or []), channel=channel)
            with err.status("Waiting for the first message") as status:
                for _, number in flow.replay(
                    file, choices=choices, brand=brand_named(brand) if brand else None, speed=factor
                ):
                    count += number
                    status.update(f"{count:,} messages")
        except importing.NoBrand:
            fail("Whose messages are these? Say it with --brand NAME.")
        except ChannelError as error:
            explain(error)
        out.print(f"{count:,} messages lived through again.")


def _run_import(begun: Any, *, as_json: bool) -> None:
    from octavo.listen.models import FileImport

    job: FileImport = begun.job
    if begun.again and job.state == FileImport.State.DONE:
        if as_json:
            print_json(_import_json(job, already=True))
        else:
            out.print(
                f"This very file was already imported on {moment(job.ended_at)}: {job.new_count:,} messages. Nothing to do."
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
        print_json(_import_json(job, already=False) | {"rate": round(progress.rate)})
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
        out.print(f"  all of them, with their text: {address()}/sources/{job.source_id}/")


def _show_preview(seen: Preview, *, brand: str) -> None:
    size = f"{seen.total_bytes / 1e6:,.1f} MB" if seen.total_bytes >= 1e5 else f"{seen.total_bytes:,} bytes"
    err.print(f"{seen.format}, {seen.encoding}, {size}")
    shown = table("field", "column", "sure", "for example")
    for column in seen.fields:
        if brand and column.field == "brand":
            continue
        shown.add_row(
            column.field, escape(column.column), f"{column.confidence:.0%}", escape(" | ".join(column.samples))[:100]
        )
    err.print(shown)
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
        print_json(
            {"format": seen.format, "encoding": seen.encoding, "fields": fields, "unused": seen.unused,
             "brands": seen.brands, "posts": [post_json(post) for post in seen.posts],
             "rejects": [{"line": r.place, "reason": r.reason, "excerpt": r.excerpt} for r in seen.rejects]}
        )  # fmt: skip
        return
    show_posts(seen.posts)
    for reject in seen.rejects[:10]:
        out.print(f"[yellow]set aside[/] line {escape(reject.place)}: {escape(reject.reason)}")


def _import_json(job: FileImport, *, already: bool) -> dict[str, Any]:
    return {
        "id": job.pk, "source": job.source_id, "state": job.state, "already": already, "new": job.new_count,
        "known": job.known_count, "edited": job.edited_count, "rejects": job.rejects_count, "warnings": job.warnings,
        "brands_made": job.brands_made, "position": job.position, "trouble": job.trouble,
    }  # fmt: skip


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


def _delimiter(given: str) -> str:
    return {"tab": "\t", r"\t": "\t"}.get(given.lower(), given)
