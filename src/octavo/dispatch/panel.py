"""What stands around the list: tabs, facets, chips of what is set. Every one of them a link that works alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from octavo.conversations import stories, words
from octavo.conversations.models import RegisterChoice, SentimentChoice, UrgencyChoice
from octavo.dispatch.inbox import FACETS, TABS, Counts, Filter, usual_order

MOST_CHOICES = 12
"""Values of a facet shown at once; those chosen are always among them."""


@dataclass(frozen=True, slots=True)
class Choice:
    """`n` is None where it was not counted."""

    value: str
    words: str
    href: str
    on: bool = False
    n: int | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """One facet. `hidden` are further choices beyond the first ones."""

    name: str
    words: str
    choices: Sequence[Choice]
    hidden: Sequence[Choice] = ()

    @property
    def on(self) -> bool:
        return any(choice.on for choice in (*self.choices, *self.hidden))


def href(chosen: Filter) -> str:
    return f"?{chosen.query()}"


def tabs(chosen: Filter, counts: Counts) -> list[Choice]:
    names = {
        "all": _("All"),
        "mine": _("Mine"),
        "unassigned": _("Unassigned"),
        "snoozed": pgettext("conversations", "Snoozed"),
        "done": pgettext("conversations", "Done"),
    }
    order = ("mine", "unassigned", "all", "snoozed", "done")
    assert set(order) == set(TABS)
    return [
        Choice(
            value=tab,
            words=names[tab],
            # The order that fits a tab comes with it: what is done is read newest first.
            href=href(replace(chosen, tab=tab, sort=usual_order(tab, chosen.q), after="")),
            on=tab == chosen.tab,
            n=counts.tabs.get(tab, 0) if chosen.countable else None,
        )
        for tab in order
    ]


def groups(
    chosen: Filter,
    counts: Counts,
    brands: Mapping[str, str],
    topics: Mapping[str, str],
    about: Mapping[str, int] | None,
) -> list[Group]:
    """The facets with the values that occur, most frequent first; registers and urgency in their own order. `topics` are
    names by slug, `about` how many conversations speak of each, None where that was not counted."""
    found = [
        _group(chosen, counts, "register", _("Register"), dict(RegisterChoice.choices), fixed=True),
        _group(
            chosen, counts, "urgency", _("Urgency"), {str(k): v for k, v in reversed(UrgencyChoice.choices)}, fixed=True
        ),
        _group(chosen, counts, "sentiment", _("Sentiment"), dict(SentimentChoice.choices), fixed=True),
        _group(
            chosen,
            counts,
            "language",
            _("Language"),
            {code: words.language_name(code) for code in _seen(chosen, counts, "language")},
        ),
        _group(
            chosen,
            counts,
            "channel",
            _("Channel"),
            {name: words.channel_name(name) for name in _seen(chosen, counts, "channel")},
        ),
    ]
    if topics:
        found.append(_topics(chosen, topics, about))
    if len(brands) > 1:
        found.append(_group(chosen, counts, "brand", _("Brand"), dict(brands)))
    found.append(
        Group(
            "period",
            _("Period"),
            [
                Choice(
                    value, label, href(replace(chosen, period="" if chosen.period == value else value, since=None, until=None, after="")),
                    on=chosen.period == value,
                )
                for value, label in (("24h", _("Last 24 hours")), ("7d", _("Last 7 days")), ("30d", _("Last 30 days")))
            ],
        )
    )  # fmt: skip
    found.append(
        Group(
            "about",
            _("About the brand"),
            [
                Choice(value, label, href(replace(chosen, about=value, after="")), on=chosen.about == value)
                for value, label in (("yes", _("Yes")), ("no", _("No")), ("any", _("Either")))
            ],
        )
    )
    return [group for group in found if group.choices]


def chips(chosen: Filter, brands: Mapping[str, str], topics: Mapping[str, str]) -> list[Choice]:
    """What is set, each with the address without it."""
    return list(_chips(chosen, brands, topics))


def _chips(chosen: Filter, brands: Mapping[str, str], topics: Mapping[str, str]) -> Iterator[Choice]:
    for name in FACETS:
        for value in getattr(chosen, name):
            words = topics.get(value, value) if name == "topic" else label(name, value, brands)
            yield Choice(value, words, href(chosen.toggled(name, value)), on=True)
    periods = {"24h": _("Last 24 hours"), "7d": _("Last 7 days"), "30d": _("Last 30 days")}
    if chosen.period:
        yield Choice("period", periods[chosen.period], href(chosen.without("period")), on=True)
    if chosen.since:
        day = date_format(chosen.since, "SHORT_DATE_FORMAT")
        yield Choice("since", _("From %(day)s") % {"day": day}, href(chosen.without("since")), on=True)
    if chosen.until:
        day = date_format(chosen.until, "SHORT_DATE_FORMAT")
        yield Choice("until", _("Until %(day)s") % {"day": day}, href(chosen.without("until")), on=True)
    if chosen.about != "yes":
        said = _("Not about the brand") if chosen.about == "no" else _("About the brand or not")
        yield Choice("about", said, href(chosen.without("about")), on=True)
    if chosen.story:
        yield Choice("story", stories.name(int(chosen.story)), href(chosen.without("story")), on=True)
    if chosen.q:
        yield Choice("q", f"“{chosen.q}”", href(chosen.without("q")), on=True)


def label(name: str, value: str, brands: Mapping[str, str]) -> str:
    """A facet's value in words."""
    if name == "register":
        return str(RegisterChoice(value).label)
    if name == "sentiment":
        return str(SentimentChoice(value).label)
    if name == "urgency":
        return str(UrgencyChoice(int(value)).label)
    if name == "language":
        return words.language_name(value)
    if name == "brand":
        return brands.get(value, value)
    return words.channel_name(value)


def _seen(chosen: Filter, counts: Counts, name: str) -> list[str]:
    return list(dict.fromkeys((*counts.facets.get(name, {}), *getattr(chosen, name))))


def _group(
    chosen: Filter, counts: Counts, name: str, title: str, names: Mapping[str, object], *, fixed: bool = False
) -> Group:
    numbers = counts.facets.get(name, {})
    values = list(names)
    if not fixed:
        values.sort(key=lambda value: (-numbers.get(value, 0), str(names[value])))
    on = getattr(chosen, name)
    choices = [
        Choice(
            value, str(names[value]), f"?{query}", on=value in on,
            n=numbers.get(value, 0) if chosen.countable else None,
        )
        for value, query in zip(values, chosen.toggles(name, values), strict=True)
    ]  # fmt: skip
    return _folded(name, title, choices)


def _topics(chosen: Filter, topics: Mapping[str, str], about: Mapping[str, int] | None) -> Group:
    """The topics, those most spoken of first."""
    numbers = about or {}
    values = sorted(topics, key=lambda value: (-numbers.get(value, 0), topics[value].casefold()))
    choices = [
        Choice(
            value, topics[value], href(chosen.toggled("topic", value)), on=value in chosen.topic,
            n=None if about is None else numbers.get(value, 0),
        )
        for value in values
    ]  # fmt: skip
    return _folded("topic", _("Topic"), choices)


def _folded(name: str, title: str, choices: Sequence[Choice]) -> Group:
    first = [choice for place, choice in enumerate(choices) if place < MOST_CHOICES or choice.on]
    return Group(name, title, first, [choice for choice in choices if choice not in first])
