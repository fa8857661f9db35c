"""The eight doors of the home page, drawn: words for now against usual, and the points of a small trend line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from octavo.conversations.models import RegisterChoice
from octavo.dispatch.home import Door, Home
from octavo.dispatch.inbox import Filter

WIDTH, HEIGHT = 120, 28
"""Of the trend line, in units of its own."""
MUCH, LITTLE = 1.5, 0.6
"""Where more or less than usual becomes worth a word."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """`level` is `more`, `less` or empty; `line` and `area` are SVG points; `spoken` says the trend to those who do not see."""

    register: str
    words: str
    href: str
    fresh_href: str
    now: int
    against: str
    level: str
    open: int
    oldest: datetime | None
    line: str
    area: str
    dot: tuple[float, float]
    trend: Sequence[int]
    spoken: str


def drawn(look: Home, *, brand: str = "") -> list[Drawn]:
    return [_drawn(door, brand) for door in look.doors]


def _drawn(door: Door, brand: str) -> Drawn:
    chosen = Filter(register=(str(door.register),), brand=(brand,) if brand else ())
    inbox = reverse("inbox")
    points = _points(door.trend)
    level = ""
    if door.ratio is not None and door.usual is not None and abs(door.now - door.usual) >= 3:
        level = "more" if door.ratio >= MUCH else "less" if door.ratio <= LITTLE else ""
    line = " ".join(f"{x:g},{y:g}" for x, y in points)
    return Drawn(
        register=str(door.register),
        words=str(RegisterChoice(door.register).label),
        href=f"{inbox}?{chosen.query()}",
        fresh_href=f"{inbox}?{replace(chosen, period='24h').query()}",
        now=door.now,
        against=against(door.now, door.usual),
        level=level,
        open=door.open,
        oldest=door.oldest,
        line=line,
        area=f"0,{HEIGHT} {line} {WIDTH},{HEIGHT}" if points else "",
        dot=points[-1] if points else (0, 0),
        trend=door.trend,
        spoken=_("Last %(days)d days, oldest first: %(numbers)s")
        % {"days": len(door.trend), "numbers": ", ".join(map(str, door.trend))},
    )


def against(now: int, usual: float | None) -> str:
    """A count beside its usual, in words."""
    if usual is None:
        return _("too early to compare")
    rounded = round(usual)
    if not rounded:
        return _("usually none") if now else _("as usual")
    ratio = now / usual
    if abs(now - usual) < 3 or LITTLE < ratio < MUCH:
        return _("about as usual (%(n)d)") % {"n": rounded}
    if ratio >= MUCH:
        return _("%(times)s × the usual %(n)d") % {"times": f"{ratio:.1f}".removesuffix(".0"), "n": rounded}
    return ngettext("less than the usual %(n)d", "less than the usual %(n)d", rounded) % {"n": rounded}


def _points(trend: Sequence[int]) -> list[tuple[float, float]]:
    """From left to right; zero at the bottom, the highest at the top, two units of air around."""
    if len(trend) < 2:
        return []
    top = max(*trend, 1)
    step = WIDTH / (len(trend) - 1)
    return [(round(place * step, 1), round(HEIGHT - 2 - n / top * (HEIGHT - 4), 1)) for place, n in enumerate(trend)]
