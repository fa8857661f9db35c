"""What every page shows around its content: sections with their counts, the state of alert, views, keys.

Asked for only by templates that draw the shell; then a handful of small queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any

from django.db import connection
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from octavo.alert import listed, rota
from octavo.alert.rota import OnWatch
from octavo.conversations import access, undo
from octavo.conversations.models import UNFINISHED, Brand, Conversation
from octavo.dispatch import views_saved
from octavo.kit import clock
from octavo.listen.models import Source
from octavo.people.models import User
from octavo.site.keys import KEYS
from octavo.vocabulary import REGISTERS, Register

FRESH = timedelta(hours=72)
"""A crisis sign keeps the whole house on watch for so long after its last message."""
CRISIS_FROM = 5
"""So many fresh conversations with a crisis sign are a crisis; fewer are to be watched."""


SECTIONS: Sequence[tuple[str, Any, str, tuple[str, ...]]] = (
    ("home", _lazy("Home"), "house", ("home",)),
    ("inbox", _lazy("Inbox"), "inbox", ("inbox", "conversation")),
    ("alerts", _lazy("Alerts"), "bell", ("alert", "stories", "story")),
    ("sources", _lazy("Sources"), "rss", ("source", "import")),
    ("brands", _lazy("Brands"), "tag", ("brand", "campaign")),
    (
        "settings",
        _lazy("Settings"),
        "settings",
        ("settings", "people", "api-token", "installation", "demo", "account_change"),
    ),
)
"""Of the rail: name of the address, words, icon, beginnings of the names of the pages that belong to it."""


@dataclass(frozen=True, slots=True)
class Item:
    words: str
    href: str
    icon: str
    current: bool = False
    n: int = 0
    n_words: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """`level` is calm, watch or crisis."""

    level: str
    words: str
    href: str


@dataclass(frozen=True, slots=True)
class Action:
    """A link, or with `post` a button that changes something."""

    words: str
    href: str
    main: bool = False
    post: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One of the first steps of a new installation."""

    words: str
    why: str
    done: bool
    actions: Sequence[Action]


@dataclass(frozen=True, slots=True)
class Oldest:
    since: datetime
    href: str


@dataclass(frozen=True, slots=True)
class House:
    """What every page says of the whole house: open conversations, sources that do not deliver, fresh signs of a crisis (100
    at most), and the conversation that has waited longest."""

    open: int
    broken: int
    signs: int
    oldest_since: datetime | None
    oldest: int | None


class Shell:
    """Each part is worked out when a template first asks for it."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @cached_property
    def rail(self) -> Sequence[Item]:
        match = self.request.resolver_match
        name = (match.url_name or "") if match else ""
        open_words = ngettext("%(n)s open conversation", "%(n)s open conversations", self._open)
        broken_words = ngettext("%(n)s source does not deliver", "%(n)s sources do not deliver", self._broken)
        ringing = self._standing.open
        ringing_words = ngettext(
            "%(n)s alert that nobody has acknowledged", "%(n)s alerts that nobody has acknowledged", ringing
        )
        counts = {
            "inbox": (self._open, open_words),
            "alerts": (ringing, ringing_words),
            "sources": (self._broken, broken_words),
        }
        items = []
        for place, words, icon, begins in SECTIONS:
            href = address(place)
            n, n_words = counts.get(place, (0, ""))
            if href:
                current = name.startswith(begins)
                items.append(Item(str(words), href, icon, current, n, n_words % {"n": n} if n_words else ""))
        return items

    @cached_property
    def account(self) -> Sequence[Item]:
        wanted = (("preferences", _("Preferences"), "sliders-horizontal"), ("people", _("Colleagues"), "users"))
        return [Item(words, href, icon) for name, words, icon in wanted if (href := address(name))]

    @cached_property
    def sign_out(self) -> str:
        return address("account_logout")

    @cached_property
    def views(self) -> Sequence[Item]:
        user = self.request.user
        assert isinstance(user, User)
        here = self.request.get_full_path()
        inbox = reverse("inbox")
        return [
            Item(view.name, f"{inbox}?{view.query}", "bookmark", current=here == f"{inbox}?{view.query}")
            for view in views_saved.of(user)
        ]

    @property
    def keys(self) -> SafeString:
        """The table of keys as a dialog."""
        return _keys(get_language() or "")

    @cached_property
    def alert(self) -> Alert:
        """What rings and nobody has acknowledged; else whether there are fresh signs of a crisis."""
        if n := self._standing.open:
            words = ngettext("%(n)s alert", "%(n)s alerts", n) % {"n": n}
            return Alert(listed.level(self._standing.worst), words, reverse("alerts"))
        href = f"{reverse('inbox')}?register={Register.CRISIS}"
        n = self._house.signs
        if n >= CRISIS_FROM:
            return Alert("crisis", ngettext("Crisis: %(n)s sign", "Crisis: %(n)s signs", n) % {"n": n}, href)
        if n:
            return Alert("watch", ngettext("Watch: %(n)s crisis sign", "Watch: %(n)s crisis signs", n) % {"n": n}, href)
        return Alert("calm", _("Calm"), href)

    @cached_property
    def rang_at(self) -> str:
        """When the last of the alerts rang that nobody has acknowledged, as ISO text; the present where there is none."""
        return (self._standing.newest or clock.now()).isoformat()

    @cached_property
    def watches(self) -> Sequence[OnWatch]:
        """Who has the watch of each brand that has a rota."""
        user = self.request.user
        assert isinstance(user, User)
        brands = access.brands_for(user).filter(alert_rota__isnull=False)
        return [each for each in rota.of(brands, clock.now()) if each.any]

    @cached_property
    def oldest(self) -> Oldest | None:
        """Who has waited longest for an answer, register `none` aside."""
        since, number = self._house.oldest_since, self._house.oldest
        return Oldest(since, reverse("conversation", args=[number])) if since else None

    @cached_property
    def broken(self) -> Item | None:
        if not self._broken:
            return None
        words = ngettext("%(n)s source broken", "%(n)s sources broken", self._broken) % {"n": self._broken}
        return Item(words, address("sources") or "#", "rss")

    @cached_property
    def first_steps(self) -> Sequence[Step]:
        """What a new installation needs before the first message can come."""
        brand = Brand.objects.exists()
        source = Source.objects.exists()
        name_it = _("How people call it, its handles, products and campaigns: so that Octavo knows what is about you.")
        listen = _("Follow a feed, let another program call, or import a file of messages you have.")
        look = _(
            "The demo brand brings 400 messages of a month in three languages, with a story that is just beginning. "
            "It is removed in one action."
        )
        return [
            Step(_("Name your brand"), name_it, brand, _actions(("brand-new", _("Add a brand")), main=not brand)),
            Step(
                _("Listen"),
                listen,
                source,
                _actions(
                    ("source-new", _("Connect a source")), ("import", _("Import a file")), main=brand and not source
                ),
            ),
            Step(
                _("Or look around first"),
                look,
                False,
                _actions(("demo-load", _("Load the demo brand")), main=brand and source, post=True),
            ),
        ]

    @cached_property
    def last_message(self) -> datetime | None:
        return Conversation.objects.order_by("-last_at").values_list("last_at", flat=True).first()

    @cached_property
    def alive_words(self) -> str:
        """Proof that somebody listens: how many sources deliver."""
        alive = Source.objects.filter(state=Source.State.ACTIVE, failing_since=None, next_at__isnull=False).count()
        return (
            ngettext("%(n)d source is listening.", "%(n)d sources are listening.", alive) % {"n": alive}
            if alive
            else ""
        )

    @cached_property
    def undo(self) -> undo.Offer | None:
        return undo.take(self.request)

    @cached_property
    def _standing(self) -> listed.Standing:
        user = self.request.user
        assert isinstance(user, User)
        return listed.standing(user)

    @property
    def _open(self) -> int:
        return self._house.open

    @property
    def _broken(self) -> int:
        return self._house.broken

    @cached_property
    def _house(self) -> House:
        return _look_around()


_HOUSE = """
SELECT
    (SELECT coalesce(sum(n), 0) FROM conversations_conversationtally WHERE status = ANY(%(unfinished)s) AND relevant)::bigint,
    (SELECT count(*) FROM listen_source WHERE failing_since IS NOT NULL AND state = %(active)s),
    (SELECT count(*) FROM (
        SELECT FROM conversations_conversation WHERE register = 'crisis' AND status IN ('open', 'pending') AND urgency >= 2
        AND last_at > %(since)s AND relevant LIMIT 100
    ) AS fresh),
    longest.*
FROM (SELECT) AS one LEFT JOIN LATERAL (
    SELECT each.* FROM unnest(%(registers)s::text[]) AS r (register), LATERAL (
        SELECT waiting_since, id FROM conversations_conversation AS c WHERE c.register = r.register
        AND waiting_since IS NOT NULL AND relevant AND status IN ('open', 'pending') ORDER BY waiting_since LIMIT 1
    ) AS each ORDER BY 1 LIMIT 1
) AS longest ON true
"""
"""One question for all of it. Who waits longest is one step into an index for each register, `none` aside."""


def _look_around() -> House:
    asked: dict[str, Any] = {
        "unfinished": list(UNFINISHED),
        "active": Source.State.ACTIVE,
        "since": clock.now() - FRESH,
        "registers": [str(register) for register in REGISTERS],
    }
    with connection.cursor() as cursor:
        cursor.execute(_HOUSE, asked)
        return House(*cursor.fetchone())


@lru_cache(maxsize=16)
def _keys(_language: str) -> SafeString:
    """Drawn once a language: it says the same on every page. Keys of pages this installation does not have are left out."""
    groups = [
        {
            "where": group.where,
            "words": group.words,
            "keys_shown": [
                {"key": key, "href": address(key.place) if key.place else ""}
                for key in group.keys
                if not key.place or address(key.place)
            ],
        }
        for group in KEYS
    ]
    return SafeString(render_to_string("partials/keys.html", {"groups": groups}))


def _actions(*wanted: tuple[str, str], main: bool, post: bool = False) -> list[Action]:
    """The first of them as the main one, where this step is the next; those without an address left out."""
    return [
        Action(words, href, main=main and not place, post=post)
        for place, (name, words) in enumerate(wanted)
        if (href := address(name))
    ]


def address(name: str) -> str:
    """The address of a named page, or nothing where this installation has none."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def shell(request: HttpRequest) -> dict[str, Shell]:
    """Context processor."""
    return {"shell": Shell(request)}
