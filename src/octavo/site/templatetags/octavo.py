"""What templates say often: icons, moments in words, percentages, evidence marked in a text, addresses with a change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, Select
from django.http import QueryDict
from django.templatetags.static import static
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from octavo.conversations import words
from octavo.conversations.marked import marked
from octavo.conversations.models import RegisterChoice, SentimentChoice, UrgencyChoice
from octavo.conversations.thread import Score
from octavo.kit import clock
from octavo.vocabulary import NO_REGISTER

register = template.Library()

ICONS = "vendor/lucide/icons.svg"
REGISTER_ICONS = {
    "complaint": "frown",
    "problem": "wrench",
    "question": "circle-question-mark",
    "idea": "lightbulb",
    "opportunity": "handshake",
    "compliment": "heart",
    "crisis": "siren",
    "campaign_echo": "megaphone",
    "none": "circle-dashed",
}


@register.simple_tag
@lru_cache(maxsize=256)
def icon(name: str, classes: str = "") -> SafeString:
    """An icon of the sprite as decoration; the words beside it say what it means."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        f" {classes}" if classes else "",
        static(ICONS),
        name,
    )


@register.simple_tag
def register_icon(name: str) -> SafeString:
    return icon(REGISTER_ICONS[str(name)], str(name))


@register.filter
def register_label(name: str) -> str:
    return str(RegisterChoice(name).label)


@register.filter
def sentiment_label(name: str) -> str:
    return str(SentimentChoice(name).label)


@register.filter
def lookup(several: Any, key: Any) -> Any:
    """What stands at `key`, in a mapping or a sequence; nothing where there is nothing."""
    try:
        return several[key]
    except (KeyError, IndexError):
        return ""


register.filter("channel_name", words.channel_name)
register.filter("language_read", words.language_name)  # Django has a `language_name`, of interface languages
register.filter("status_name", words.status_name)


@register.filter
def age(moment: datetime | None) -> str:
    """How old a moment is: "now", "12 min", "3 h 05", "2 d"."""
    return "" if moment is None else words.age(moment, clock.now())


@register.filter
def ago(moment: datetime | None) -> str:
    """The same in a sentence: "just now", "3 h 05 ago", "in 2 d"."""
    return "" if moment is None else words.ago(moment, clock.now())


@register.filter
def when(moment: datetime | None) -> SafeString:
    """A moment as <time>, brief, with day and time in its title."""
    if moment is None:
        return SafeString("")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        words.exact(moment),
        words.brief(moment, clock.now()),
    )


@register.filter
def moment(value: datetime | None) -> SafeString:
    """Day and time as <time>, how long ago in its title."""
    if value is None:
        return SafeString("")
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), ago(value), words.exact(value))


@register.filter
def coming(moment: datetime) -> str:
    """When something in the next days is: "at 18:00", "on Monday at 9:00"."""
    return words.coming(moment, clock.now())


@register.filter
def names(people: Sequence[object]) -> str:
    """Several names in a sentence."""
    return ", ".join(map(str, people))


@register.simple_tag
def weekdays(days: Sequence[int]) -> str:
    """Days of the week in a few letters: "Mon–Fri", "Tue, Sat"."""
    return words.weekdays(days)


@register.filter
def weblink(address: str) -> str:
    """An address from outside, if it leads to the web; nothing for `javascript:` and the like."""
    return address if address.startswith(("https://", "http://")) else ""


@register.filter
def percent(thousandths: int | float | None) -> str:
    """720 gives "72 %": probabilities are kept in thousandths."""
    return "" if thousandths is None else _("%(n)d %%") % {"n": round(thousandths / 10)}


@register.filter
def share(part: float) -> str:
    """0.72 gives "72 %"."""
    return _("%(n)d %%") % {"n": round(part * 100)}


@register.filter
def span(length: timedelta | None) -> str:
    """A length of time: "12 min", "3 h 05", "2 d"."""
    return "" if length is None else words.span(length)


@register.filter
def short(number: int) -> str:
    """A count in four letters at most: 999, 1.2k, 14k, 1.1M."""
    if number < 1000:
        return str(number)
    for size, letter in ((1_000_000, "M"), (1000, "k")):
        if number >= size:
            value = number / size
            return f"{value:.1f}".removesuffix(".0") + letter if value < 9.95 else f"{value:.0f}{letter}"
    return str(number)


@register.simple_tag(name="marked")
def marked_tag(text: str, evidence: Sequence[int]) -> SafeString:
    """The text with its evidence marked."""
    return marked(text, evidence)


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: Any) -> str:
    """The present query string with these parameters changed; None or an empty value removes one."""
    present: QueryDict = context["request"].GET.copy()
    for name, value in changes.items():
        if value in (None, ""):
            present.pop(name, None)
        else:
            present[name] = value
    return f"?{present.urlencode()}" if present else "?"


# The page of a long thread holds hundreds of these: worked out once for each language and choice, not once a message.


@register.simple_tag
def register_options(current: str) -> SafeString:
    """The nine choices of the register picker, with the digits that choose them."""
    return _register_options(current, get_language() or "")


@lru_cache(maxsize=64)
def _register_options(current: str, _language: str) -> SafeString:
    return format_html_join(
        "",
        '<button name="register" value="{0}" data-digit="{1}"{2}>{3}{4}<kbd>{1}</kbd></button>',
        (
            (value, 0 if value == NO_REGISTER else digit, _current(value == current), register_icon(value), words)
            for digit, (value, words) in enumerate(RegisterChoice.choices, start=1)
        ),
    )


@register.simple_tag
def register_bars(scores: Sequence[Score]) -> SafeString:
    """All eight probabilities as bars, most probable first."""
    return mark_safe("".join(_bar(s.register, s.score, s.assigned, get_language() or "") for s in scores))  # noqa: S308


@lru_cache(maxsize=20_000)
def _bar(name: str, score: int, assigned: bool, _language: str) -> SafeString:  # noqa: FBT001
    return format_html(
        '<li class="{}{}"><span>{}{}</span><meter min="0" max="1000" value="{}" aria-label="{}">{}</meter>'
        '<span class="num">{}</span></li>',
        name,
        " is-on" if assigned else "",
        register_icon(name),
        register_label(name),
        score,
        register_label(name),
        percent(score),
        percent(score),
    )


@register.simple_tag
def correction_buttons(sentiment: str, urgency: int, relevant: bool) -> SafeString:  # noqa: FBT001
    """Buttons that correct sentiment, urgency and relevance; what stands is pressed."""
    return _correction_buttons(sentiment, urgency, relevant, get_language() or "")


@lru_cache(maxsize=128)
def _correction_buttons(sentiment: str, urgency: int, relevant: bool, _language: str) -> SafeString:  # noqa: FBT001
    rows = (
        ("sentiment", _("Sentiment"), [(value, words, value == sentiment) for value, words in SentimentChoice.choices]),
        ("urgency", _("Urgency"), [(value, words, value == urgency) for value, words in UrgencyChoice.choices]),
        ("relevant", _("About the brand"), [("yes", _("Yes"), relevant), ("no", _("No"), not relevant)]),
    )
    return format_html_join(
        "",
        '<span>{}</span><span class="buttons">{}</span>',
        (
            (
                title,
                format_html_join(
                    "",
                    '<button class="button small{}" name="{}" value="{}"{}>{}</button>',
                    ((" is-on" if on else "", field, value, _current(on), words) for value, words, on in choices),
                ),
            )
            for field, title, choices in rows
        ),
    )


def _current(there: bool) -> SafeString:  # noqa: FBT001
    return SafeString(' aria-current="true"' if there else "")


@register.simple_tag
def field(bound: BoundField, help: str = "") -> SafeString:
    """A form's field as the design wants it: label, control, help, errors, joined for screen readers."""
    identifier = bound.id_for_label
    help_text = help or bound.help_text
    described = " ".join(
        name for name, there in ((f"{identifier}-help", help_text), (f"{identifier}-errors", bound.errors)) if there
    )
    attributes: dict[str, Any] = {}
    if described:
        attributes["aria-describedby"] = described
    if bound.errors:
        attributes["aria-invalid"] = "true"
    control = bound.as_widget(attrs=attributes)
    label = conditional_escape(bound.label)
    parts = [format_html('<span class="help" id="{}-help">{}</span>', identifier, help_text)] if help_text else []
    if bound.errors:
        lines = format_html_join("", "<li>{}</li>", ((error,) for error in bound.errors))
        parts.append(format_html('<ul class="errorlist" id="{}-errors">{}</ul>', identifier, lines))
    rest = mark_safe("".join(parts))  # noqa: S308 built by format_html above
    if isinstance(bound.field.widget, CheckboxInput):
        return format_html(
            '<div class="field"><label class="check" for="{}">{} <span>{}</span></label>{}</div>',
            identifier,
            control,
            label,
            rest,
        )
    # A list of choices has an answer in any case.
    free = not bound.field.required and not isinstance(bound.field.widget, Select)
    optional = "" if not free else format_html(' <span class="muted">{}</span>', _("(optional)"))
    return format_html(
        '<div class="field"><label for="{}">{}{}</label>{}{}</div>', identifier, label, optional, control, rest
    )
