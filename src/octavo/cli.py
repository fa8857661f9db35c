"""The library on the command line: lines in, lines out; no database, no Django.

Nothing is imported before it is needed, so that `octavo --help` is quick.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

if TYPE_CHECKING:
    from io import BufferedReader

    from rich.text import Text

    from octavo.vocabulary import BrandProfile, Reading

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)

TierOption = Annotated[
    Literal["fast", "default", "accurate"],
    typer.Option(
        help="fast: many thousands of messages a second; default: reads better; accurate: reads best, slower."
    ),
]
ProfileOption = Annotated[
    Path | None,
    typer.Option("--brand-profile", exists=True, dir_okay=False, help="JSON: names, handles, campaigns, topics."),
]


@app.command()
def read(tier: TierOption = "default", brand_profile: ProfileOption = None) -> None:
    """Read messages: JSON lines on standard input, one reading a line on standard output, in the same order.

    In: id, text and, where known, brand, created_at, author, channel, lang, parent {own, kind, text}. A line that
    cannot be read gives {"error", "line"} in its place and never a stop. A message whose brand is only a name counts
    as being about it, named or not: only a profile, which knows the brand's other names, can tell that a message is
    about something else. Counts go to standard error.
    """
    from octavo.understand import EncoderUnavailable, Tier, json_lines

    profile = _profile(brand_profile)
    counts = {False: 0, True: 0}
    try:
        for batch in json_lines.answers(cast("BufferedReader", sys.stdin.buffer), tier=Tier(tier), brand=profile):
            for answer in batch:
                counts[answer.error] += 1
            sys.stdout.buffer.write(b"".join(answer.line + b"\n" for answer in batch))
            sys.stdout.buffer.flush()
    except EncoderUnavailable as cause:
        typer.echo(f"octavo: {cause}", err=True)
        raise typer.Exit(1) from cause
    except BrokenPipeError:
        # Whoever reads has read enough. Python would complain once more while closing its output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    typer.echo(f"{counts[False]} read, {counts[True]} set aside", err=True)


@app.command()
def explain(
    text: str,
    tier: TierOption = "default",
    brand_profile: ProfileOption = None,
    lang: Annotated[str, typer.Option(help="Language of the text, where it is known.")] = "",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="The reading as JSON.")] = False,
) -> None:
    """Read one text and show why: the registers, and the words that weighed most."""
    import json

    from octavo import understand
    from octavo.understand import json_lines

    try:
        reading = understand.explain(text, brand=_profile(brand_profile), tier=understand.Tier(tier), hint=lang)
    except understand.EncoderUnavailable as cause:
        typer.echo(f"octavo: {cause}", err=True)
        raise typer.Exit(1) from cause
    if as_json:
        typer.echo(json.dumps(json_lines.reading("", reading), indent=2))
    else:
        _show(text, reading)


@app.command()
def detect(
    interval: Annotated[str, typer.Option(help="How far apart the lines are: 30s, 5m, 1h.")] = "5m",
    missing: Annotated[
        Literal["unknown", "zero"], typer.Option(help="What bins without a line are: not known, or nothing in them.")
    ] = "unknown",
) -> None:
    """Score counts over time: `timestamp,value` on standard input, `timestamp,value,score,alert` on standard output.

    One line out for each line in, as soon as it comes; a header is optional. A score of s is what happens once in
    10 ** s times five minutes; alert is 1 where somebody should look. Only the past is used. A line that cannot be
    taken (no time, no count, a time that is over) gets an empty score, alert 0, and one line on standard error.
    """
    from octavo.detect import csv_lines

    try:
        every = csv_lines.interval(interval)
    except ValueError as cause:
        raise typer.BadParameter(str(cause), param_hint="--interval") from cause
    scored = alerts = aside = 0
    try:
        for batch in csv_lines.answers(cast("BufferedReader", sys.stdin.buffer), every=every, missing=missing):
            for answer in batch:
                scored += not (answer.header or answer.error)
                alerts += answer.alert
                aside += bool(answer.error)
                if answer.error:
                    typer.echo(f"octavo: line {answer.number}: {answer.error}", err=True)
            sys.stdout.buffer.write(b"".join(answer.line + b"\n" for answer in batch))
            sys.stdout.buffer.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    typer.echo(f"{scored} scored, {alerts} alerts, {aside} set aside", err=True)


@app.command()
def prepare() -> None:
    """Convert the encoders' weights for the default and the accurate tier, once, and say where they are."""
    from octavo.understand import EncoderUnavailable, Tier, within_reach
    from octavo.understand import prepare as convert

    try:
        typer.echo(convert())
    except EncoderUnavailable as cause:
        typer.echo(f"octavo: {cause}", err=True)
        raise typer.Exit(1) from cause
    if within_reach(Tier.ACCURATE) is not Tier.ACCURATE:
        typer.echo(
            "octavo: the accurate tier is not to be had on this machine; the default one reads instead", err=True
        )


def _profile(path: Path | None) -> BrandProfile | None:
    import json

    from octavo.understand import json_lines

    if path is None:
        return None
    try:
        return json_lines.profile(json.loads(path.read_bytes()))
    except ValueError as cause:
        raise typer.BadParameter(f"{path}: {cause}", param_hint="--brand-profile") from cause


_COLOURS = {
    "complaint": "red", "problem": "yellow", "question": "cyan", "idea": "bright_magenta", "opportunity": "green",
    "compliment": "bright_green", "crisis": "bright_red", "campaign_echo": "blue",
}  # fmt: skip
_URGENCY = ("nothing to do", "answer when possible", "answer today", "wake somebody up")
_BAR = 30


def _show(text: str, reading: Reading) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    console.print(_marked(text, reading))
    console.print()
    for register, chance in reading.registers.items():
        colour = _COLOURS[register]
        sign = "●" if register == reading.primary else "○" if register in reading.assigned else " "
        bar = Text(f"{sign} {register:<14}", style=f"bold {colour}" if register in reading.assigned else "")
        bar.append("█" * round(chance * _BAR), style=colour)
        bar.append("·" * (_BAR - round(chance * _BAR)), style="dim")
        console.print(bar.append(f" {chance:4.0%}"))
    console.print()
    for evidence in reading.evidence:
        word = text[evidence.start : evidence.end].encode("utf-8", "replace").decode()
        console.print(Text(f"  {evidence.weight:+.2f}  {evidence.register:<14}{word}"))
    console.print(
        Text(
            f"\nlanguage {reading.language} · sentiment {reading.sentiment.label} ({reading.sentiment.score:.0%}) · "
            f"urgency {reading.urgency} ({_URGENCY[reading.urgency]}) · "
            f"{'relevant' if reading.relevant else 'not relevant'} ({reading.relevance:.0%})"
            f"{f' · campaign {reading.campaign}' if reading.campaign else ''} · {reading.model}"
        )
    )


def _marked(text: str, reading: Reading) -> Text:
    """The text with its evidence underlined in the colour of the register it speaks for."""
    from rich.text import Text

    marked = Text()
    place = 0
    for evidence in sorted(reading.evidence, key=lambda each: each.start):
        marked.append(text[place : evidence.start])
        marked.append(text[evidence.start : evidence.end], style=f"bold underline {_COLOURS[evidence.register]}")
        place = evidence.end
    marked.append(text[place:])
    # A terminal takes no half characters, and no control characters from a stranger.
    marked.plain = "".join(
        sign if sign.isprintable() or sign == "\n" else "\N{REPLACEMENT CHARACTER}" for sign in marked.plain
    )
    return marked


if __name__ == "__main__":
    app()
