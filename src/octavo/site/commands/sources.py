"""Sources: what is followed, whether it delivers, and what it would bring."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from octavo.site.commands.brands import brand_named
from octavo.site.commands.console import (
    BrandOption,
    JsonOption,
    err,
    explain,
    fail,
    iso,
    moment,
    out,
    pairs,
    print_json,
    table,
)
from octavo.site.commands.posts import post_json, show_posts
from octavo.site.commands.starting import address, octavo

if TYPE_CHECKING:
    from octavo.listen.models import Source

app = typer.Typer(help="Sources: what is followed.", no_args_is_help=True)


@app.command("list")
def sources_list(as_json: JsonOption = False) -> None:
    """All sources, and how they feel."""
    with octavo():
        from octavo.listen import sources, words
        from octavo.listen.models import Source

        rows = [(source, sources.health(source)) for source in Source.objects.select_related("brand")]
        if as_json:
            print_json([_source_json(source, health) for source, health in rows])
            return
        if not rows:
            out.print("No source yet. Add one with `octavo sources add rss --brand NAME --set url=https://...`.")
            return
        shown = table("no", "name", "channel", "brand", "state", "since", "messages", "what to do")
        for source, health in rows:
            shown.add_row(
                str(source.pk), escape(source.name), source.channel, escape(source.brand.name if source.brand else "several"),
                str(words.PULSES[health.pulse]), moment(health.since), f"{source.posts_count:,}", str(words.advice(health)),
            )  # fmt: skip
        out.print(shown)


@app.command("add")
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
    given: dict[str, object] = dict(pairs(setting or []))
    with octavo():
        from octavo.channels.trouble import ChannelError
        from octavo.listen import sources

        if channel not in sources.followable():
            fail(f"There is no channel {channel!r}; there are {', '.join(sources.followable())}.")
        try:
            given, found = sources.found_out(channel, given)
            made = sources.create(
                None,
                brand=brand_named(brand),
                channel_name=channel,
                name=name or found or channel,
                given=given,
                dedicated=dedicated,
                every=timedelta(minutes=minutes),
            )
        except ChannelError as error:
            explain(error)
        except sources.NameTaken:
            fail("This brand has a source of that name already; choose another with --name.")
        if as_json:
            print_json(
                _source_json(made.source, sources.health(made.source))
                | ({"secret": made.secret} if made.secret else {})
            )
            return
        out.print(f"Source {made.source.pk}, {escape(made.source.name)}, is followed.")
        if made.source.channel == "webhook":
            out.print(f"Address: {address()}/hooks/{made.source.key}/")
            if made.secret:
                out.print(f"Secret (shown only now): {made.secret}")


@app.command("test")
def sources_test(
    number: Annotated[int, typer.Argument(help="Number of the source.")], as_json: JsonOption = False
) -> None:
    """Show the last five messages of a source. Stores nothing."""
    with octavo():
        from octavo.channels.trouble import ChannelError
        from octavo.listen import sources

        try:
            listened = sources.test(_source(number))
        except ChannelError as error:
            explain(error)
        if as_json:
            print_json([post_json(post) for post in listened.posts])
            return
        show_posts(listened.posts)
        for reject in listened.rejects:
            err.print(f"[yellow]set aside[/] {escape(reject.place)}: {escape(reject.reason)}")
        if not listened.posts:
            out.print("Nothing there yet.")


@app.command("pause")
def sources_pause(number: Annotated[int, typer.Argument(help="Number of the source.")]) -> None:
    """Stop asking a source until it is resumed."""
    with octavo():
        from octavo.listen import sources

        sources.pause(None, _source(number))
        out.print(f"Source {number} is paused.")


@app.command("resume")
def sources_resume(number: Annotated[int, typer.Argument(help="Number of the source.")]) -> None:
    """Ask a paused source again, from now on."""
    with octavo():
        from octavo.listen import sources

        sources.resume(None, _source(number))
        out.print(f"Source {number} is followed again.")


@app.command("remove")
def sources_remove(number: Annotated[int, typer.Argument(help="Number of the source.")]) -> None:
    """Follow a source no longer. The messages it brought stay."""
    with octavo():
        from octavo.listen import sources

        sources.remove(None, _source(number))
        out.print(f"Source {number} is removed; its messages stay.")


def _source_json(source: Source, health: Any) -> dict[str, Any]:
    return {
        "id": source.pk, "name": source.name, "channel": source.channel, "brand": source.brand.name if source.brand else None,
        "state": source.state, "health": str(health.pulse), "since": iso(health.since), "next_at": iso(health.next_at),
        "trouble": health.trouble, "advice": str(health.advice), "posts": source.posts_count, "rejects": source.rejects_count,
        "address": f"{address()}/hooks/{source.key}/" if source.channel == "webhook" else None,
    }  # fmt: skip


def _source(number: int) -> Source:
    from octavo.listen.models import Source

    found = Source.objects.select_related("brand").filter(pk=number).first()
    if found is None:
        fail(f"There is no source {number}; `octavo sources list` shows them.")
    return found
