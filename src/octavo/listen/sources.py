"""What people do with sources: add, change, pause, resume, remove, try out; and how a source feels."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import transaction

from octavo.channels import rss
from octavo.channels.contract import Listens, Receives
from octavo.channels.registry import CHANNELS, channel
from octavo.channels.settings import answer, questions
from octavo.channels.trouble import ChannelError, Trouble
from octavo.conversations.models import Brand
from octavo.kit import clock
from octavo.listen import vault
from octavo.listen.models import FileImport, Source
from octavo.people import audit
from octavo.people.models import User
from octavo.vocabulary import Listened

EVERY = timedelta(minutes=5)
"""How often a source is asked where nobody said otherwise."""
OFTENEST = timedelta(minutes=1)
FORGOTTEN = timedelta(minutes=5)
"""A source that is due for longer than this has been forgotten: nobody is collecting."""


class NameTaken(ValueError):
    """The brand has another source of that name; choose another."""


class Pulse(StrEnum):
    """How a source feels. `late`: it is due, and nobody asks it. `never`: nothing has come yet."""

    ALIVE = "alive"
    LATE = "late"
    FAILING = "failing"
    PAUSED = "paused"
    NEVER = "never"


class Advice(StrEnum):
    """What to do about it; `words` says it to people. `TROUBLE`: what the source's trouble calls for."""

    NOTHING = "nothing"
    TROUBLE = "trouble"
    START_WORKER = "start_worker"
    RESUME = "resume"
    CALL_HOOK = "call_hook"
    WAIT = "wait"
    CHECK_COLUMNS = "check_columns"


@dataclass(frozen=True, slots=True)
class Health:
    """`since` is when the source began to feel like this; `delay` lies between writing and arrival of its latest message."""

    pulse: Pulse
    since: datetime | None
    delay: timedelta | None
    advice: Advice
    trouble: Trouble | None = None
    detail: str = ""
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """A new source; `secret` is to be shown once, where one was made."""

    source: Source
    secret: str = ""


def followable() -> list[str]:
    """Names of the channels a source can be made of by hand."""
    return [
        name for name, described in CHANNELS.items() if isinstance(described, Listens | Receives) and name != "file"
    ]


def create(
    user: User | None,
    *,
    brand: Brand,
    channel_name: str,
    name: str,
    given: Mapping[str, object],
    dedicated: bool = False,
    every: timedelta | None = None,
) -> Created:
    """Follow something. `given` are the channel's settings as entered; a webhook's secret is made where none is given.

    Raises `ChannelError(BAD_SETTINGS)` or `NameTaken`.
    """
    described = channel(channel_name)
    made = ""
    if isinstance(described, Receives) and not given.get("secret"):
        made = _new_secret()
        given = {**given, "secret": made}
    answer(described.settings, given)
    plain, secret = _parted(described.settings, given)
    listens = isinstance(described, Listens)
    with transaction.atomic():
        _must_be_free(brand, name)
        source = Source.objects.create(
            brand=brand,
            channel=channel_name,
            name=name.strip(),
            dedicated=dedicated,
            settings=plain,
            secret=vault.seal(secret),
            every=_often(every) if listens else None,
            next_at=clock.now() if listens else None,
        )
        audit.log(user, "added", kind="source", object_id=source.pk, channel=channel_name)
    return Created(source, made)


def change(
    user: User | None,
    source: Source,
    *,
    name: str,
    given: Mapping[str, object],
    dedicated: bool,
    every: timedelta | None = None,
) -> None:
    """Give a source other settings; a secret left empty stays as it is. Raises `ChannelError(BAD_SETTINGS)`, `NameTaken`."""
    described = channel(source.channel)
    plain, secret = _parted(described.settings, given)
    kept = {**vault.unseal(source.secret), **secret} if source.secret else secret
    answer(described.settings, {**plain, **kept})
    with transaction.atomic():
        source = Source.objects.select_for_update(of=("self",)).get(pk=source.pk)
        if source.brand is not None:
            _must_be_free(source.brand, name, besides=source)
        if source.settings != plain:
            source.cursor = {}  # another address: nothing of it is known
            _well_again(source)
        source.name, source.settings, source.dedicated = name.strip(), plain, dedicated
        source.secret = vault.seal(kept)
        if source.every is not None:
            source.every = _often(every)
            source.next_at = clock.now()
        source.save()
        audit.log(user, "changed", kind="source", object_id=source.pk)


def renew_secret(user: User | None, source: Source) -> str:
    """A new secret for a webhook, to be shown once; the old one is void from now on."""
    made = _new_secret()
    with transaction.atomic():
        Source.objects.filter(pk=source.pk).update(secret=vault.seal({"secret": made}))
        audit.log(user, "renewed secret", kind="source", object_id=source.pk)
    return made


def pause(user: User | None, source: Source) -> None:
    """Ask (or take) nothing more until `resume`."""
    with transaction.atomic():
        if Source.objects.filter(pk=source.pk, state=Source.State.ACTIVE).update(state=Source.State.PAUSED):
            audit.log(user, "paused", kind="source", object_id=source.pk)


def resume(user: User | None, source: Source) -> None:
    """Go on where `pause` stopped, at once."""
    with transaction.atomic():
        source = Source.objects.select_for_update(of=("self",)).get(pk=source.pk)
        if source.state != Source.State.PAUSED:
            return
        source.state = Source.State.ACTIVE
        _well_again(source)
        if source.every is not None:
            source.next_at = clock.now()
        source.save()
        audit.log(user, "resumed", kind="source", object_id=source.pk)


def ask_now(user: User | None, source: Source) -> None:
    """Let the worker ask a source at its next look, without waiting for its time."""
    with transaction.atomic():
        if Source.objects.filter(pk=source.pk, every__isnull=False).update(next_at=clock.now()):
            audit.log(user, "asked now", kind="source", object_id=source.pk)


def remove(user: User | None, source: Source) -> None:
    """Follow it no longer and forget its settings and rejects. The messages it brought stay."""
    with transaction.atomic():
        audit.log(user, "removed", kind="source", object_id=source.pk, channel=source.channel, name=source.name)
        source.delete()


def try_out(channel_name: str, given: Mapping[str, object]) -> Listened:
    """The last five messages a source with these settings would bring; nothing is stored. Raises `ChannelError`."""
    described = channel(channel_name)
    asked = answer(described.settings, given)
    if not isinstance(described, Listens):
        return Listened(())
    return described.test(asked, allow_private=allow_private())


def test(source: Source) -> Listened:
    """The same for a source that exists. Raises `ChannelError`."""
    return try_out(source.channel, {**source.settings, **vault.unseal(source.secret)})


def found_out(channel_name: str, given: Mapping[str, object]) -> tuple[dict[str, object], str]:
    """Settings with the address of a page replaced by that of its feed, and what the feed calls itself.

    Raises `ChannelError(NOT_A_FEED)` where the page has none, and whatever keeps the page from being fetched.
    """
    if channel_name != "rss" or not given.get("url"):
        return dict(given), ""
    answer(channel(channel_name).settings, given)
    found = feeds_at(str(given["url"]))
    if not found:
        raise ChannelError(Trouble.NOT_A_FEED, detail="the page names no feed", retry=False)
    return {**given, "url": found[0].url}, found[0].title[:120]


def feeds_at(address: str) -> list[rss.FoundFeed]:
    """The feeds that the page at `address` names. Raises `ChannelError`."""
    return list(rss.discover(address, allow_private=allow_private()))


def settings_of(source: Source) -> Any:
    """The channel's settings of a source, secrets and all. Raises `ChannelError`."""
    return answer(channel(source.channel).settings, {**source.settings, **vault.unseal(source.secret)})


def allow_private() -> bool:
    """Whether this installation lets sources fetch from private addresses."""
    return bool(settings.OCTAVO_OPTIONS.allow_private_feeds)


def health(source: Source, *, now: datetime | None = None) -> Health:
    """How a source feels, since when, and what to do. Asks nothing of the database but, for a file, its import."""
    now = now or clock.now()
    delay = source.last_delay
    if source.state == Source.State.PAUSED:
        return Health(Pulse.PAUSED, None, delay, Advice.RESUME)
    if source.failing_since is not None:
        trouble = next((known for known in Trouble if known == source.trouble), None)  # a newer version may know more
        return Health(
            Pulse.FAILING, source.failing_since, delay, Advice.TROUBLE, trouble, source.trouble_detail, source.next_at
        )
    if source.next_at is not None and source.next_at + FORGOTTEN < now:
        return Health(Pulse.LATE, source.next_at, delay, Advice.START_WORKER, next_at=source.next_at)
    if source.last_success_at is None:
        return Health(Pulse.NEVER, source.created_at, None, _first_step(source), next_at=source.next_at)
    return Health(Pulse.ALIVE, source.last_success_at, delay, Advice.NOTHING, next_at=source.next_at)


def _first_step(source: Source) -> Advice:
    if source.channel == "file":
        waits = source.imports.filter(state=FileImport.State.MAPPING).exists()
        return Advice.CHECK_COLUMNS if waits else Advice.WAIT
    return Advice.WAIT if source.every is not None else Advice.CALL_HOOK


def _new_secret() -> str:
    return "whsec_" + secrets.token_urlsafe(32)


def _often(every: timedelta | None) -> timedelta:
    return max(every or EVERY, OFTENEST)


def _parted(asked: type, given: Mapping[str, object]) -> tuple[dict[str, object], dict[str, str]]:
    """Settings that may be read, and those that may not; empty ones left out."""
    secret = {question.name for question in questions(asked) if question.secret}
    filled = {name: value for name, value in given.items() if value not in (None, "")}
    return (
        {name: value for name, value in filled.items() if name not in secret},
        {name: str(value) for name, value in filled.items() if name in secret},
    )


def _must_be_free(brand: Brand, name: str, *, besides: Source | None = None) -> None:
    taken = Source.objects.filter(brand=brand, name=name.strip())
    if (taken.exclude(pk=besides.pk) if besides else taken).exists():
        raise NameTaken(name)


def _well_again(source: Source) -> None:
    source.failing_since, source.failures, source.trouble, source.trouble_detail = None, 0, "", ""


__all__ = [
    "Advice", "ChannelError", "Created", "Health", "NameTaken", "Pulse", "ask_now", "change", "create", "feeds_at",
    "followable", "health", "pause", "remove", "renew_secret", "resume", "settings_of", "test", "try_out",
]  # fmt: skip
