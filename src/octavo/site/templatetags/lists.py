"""Lists that a page holds by the hundred, drawn by functions: a template of its own for each cell costs ten times as much.

Everything that came from outside passes `escape`; what is put in unescaped is a number, a name of ours, or HTML made safe
before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from django import template
from django.utils.safestring import SafeString, mark_safe

from octavo.dispatch.lines import Line
from octavo.dispatch.panel import Choice
from octavo.site.templatetags.octavo import icon, register_icon, short, when

register = template.Library()


@register.simple_tag
def rows(lines: Iterable[Line], select_words: str = "", mark: str = "") -> SafeString:
    """Conversations as rows; `select_words` draws checkboxes, `mark` begins their ids where a page has a second list."""
    return mark_safe("".join(_row(line, escape(select_words), mark or "c") for line in lines))  # noqa: S308 see above


def _row(line: Line, select_words: str, mark: str) -> str:
    author, urgency = escape(line.author), escape(line.urgency_words)
    pick = (
        f'<label class="pick"><input type="checkbox" name="chosen" value="{line.id}" form="bulk" '
        f'aria-label="{select_words}: {author}"></label>'
        if select_words
        else ""
    )
    guess = f"<small>{escape(line.guess)}</small>" if line.guess else ""
    brand = f" · {escape(line.brand)}" if line.brand else ""
    language = f' · <abbr title="{escape(line.language_words)}">{escape(line.language)}</abbr>' if line.language else ""
    subject = f"<b>{escape(line.subject)}</b> " if line.subject else ""
    return (
        f'<li class="row" id="{mark}{line.id}" data-urgency="{line.urgency}">{pick}'
        f'<span class="urgency" title="{urgency}"><i></i><i></i><i></i><span class="visually-hidden">{urgency}</span></span>'
        f'<span class="guess {line.register}">{register_icon(line.register)}<span>{escape(line.register_words)}</span>{guess}</span>'
        f'<span class="who"><b>{author}</b><span class="by">{escape(line.channel)}{brand}{language}'
        f'<span class="{line.sentiment}"> · {escape(line.sentiment_words)}</span></span></span>'
        f'<a class="go" href="{escape(line.href)}"><span class="say">{subject}{line.text}</span></a>'
        f'<span class="end">{"".join(_ends(line))}<time datetime="{line.iso}" title="{escape(line.exact)}">{escape(line.brief)}</time>'
        "</span></li>"
    )


def _ends(line: Line) -> Iterator[str]:
    if line.why:
        yield f'<span class="chip {line.kind}">{escape(line.why)}</span>'
    if line.alike:
        yield f'<span class="chip alike">{escape(line.alike)}</span>'
    if line.assignee:
        holder = escape(line.assignee)
        yield f'<span class="holder" title="{holder}">{icon("circle-user")}<span class="clip">{holder}</span></span>'
    if line.snoozed_until:
        yield f'<span class="chip">{icon("clock")}{when(line.snoozed_until)}</span>'


@register.simple_tag
def choices(group: str, found: Iterable[Choice]) -> SafeString:
    """Values of a facet as links, with their numbers where these were counted."""
    return mark_safe("".join(_choice(choice, of_registers=group == "register") for choice in found))  # noqa: S308 see above


def _choice(choice: Choice, *, of_registers: bool) -> str:
    current = ' aria-current="true"' if choice.on else ""
    value = f' data-register="{choice.value}"' if of_registers else ""
    mark = register_icon(choice.value) if of_registers else '<i class="tick"></i>'
    number = f'<span class="n">{short(choice.n)}</span>' if choice.n is not None else ""
    return (
        f'<li><a href="{escape(choice.href)}"{current}{value}>{mark}<span class="clip">{escape(choice.words)}</span>'
        f"{number}</a></li>"
    )
