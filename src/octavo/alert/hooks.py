"""Webhooks: addresses that are called when an alert rings, with what the other side understands.

A plain hook gets signed JSON: the same `Octavo-Signature` as calls to Octavo bear (`channels.webhook.signature`), and an
`Octavo-Delivery` that stays the same when the call is repeated. Slack and Teams take a message with a link (`payloads`); there
the address itself is the secret, which is why addresses are encrypted at rest and shown only by their host.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from django.db import IntegrityError, transaction

from octavo.alert import payloads
from octavo.alert.models import Hook
from octavo.alert.payloads import Notice
from octavo.alert.undelivered import Undelivered
from octavo.channels.webhook.signature import sign
from octavo.conversations.models import Brand
from octavo.kit import clock, http, seal
from octavo.people import audit
from octavo.people.models import User

_PURPOSE = b"octavo: alert hooks, version 1"


class BadHook(ValueError):
    """A hook that cannot be: its name is taken, or its address is none."""


def create(user: User, brand: Brand, *, name: str, kind: Hook.Kind, url: str, least: int) -> tuple[Hook, str]:
    """A new hook and its secret, which is shown once. Raises `BadHook`."""
    host = address_host(url)
    secret = secrets.token_urlsafe(32)
    try:
        with transaction.atomic():
            hook = Hook.objects.create(
                brand=brand, name=name, kind=kind, host=host, sealed=_seal(url, secret), least=least
            )
            audit.log(user, "added hook", kind="alert hook", object_id=hook.pk, brand=brand.pk, host=host)
    except IntegrityError as error:
        raise BadHook("name") from error
    return hook, secret


def remove(user: User, hook: Hook) -> None:
    with transaction.atomic():
        audit.log(user, "removed hook", kind="alert hook", object_id=hook.pk, brand=hook.brand_id, host=hook.host)
        hook.delete()


def switch(user: User, hook: Hook, *, on: bool) -> None:
    with transaction.atomic():
        Hook.objects.filter(pk=hook.pk).update(on=on)
        audit.log(user, "switched hook", kind="alert hook", object_id=hook.pk, on=on)


def address_host(url: str) -> str:
    """The host of a hook's address. Raises `BadHook` for what is no https or http address."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise BadHook("url") from error
    if parts.scheme not in ("https", "http") or not host or parts.username or parts.password:
        raise BadHook("url")
    return host[:255]


def call(hook: Hook, notice: Notice) -> None:
    """Call a hook. Raises `Undelivered`."""
    url, secret = _unseal(hook)
    body = payloads.of(notice, hook.kind)
    headers = {"Content-Type": "application/json", "Octavo-Delivery": str(notice.key)}
    if hook.kind == Hook.Kind.PLAIN:
        headers |= sign(secret, body, clock.now())
    try:
        http.send(url, body, headers=headers, allow_private=settings.OCTAVO_OPTIONS.allow_private_feeds)
    except http.FetchError as error:
        # A page that is not there today may be there tomorrow, but nobody repairs an address that is none.
        after = None if error.retry_after is None else timedelta(seconds=error.retry_after)
        raise Undelivered(error.detail, retry=error.retry, after=after) from error


def _seal(url: str, secret: str) -> bytes:
    return seal.seal(orjson.dumps({"url": url, "secret": secret}), keys=_keys(), purpose=_PURPOSE)


def _unseal(hook: Hook) -> tuple[str, str]:
    try:
        opened = orjson.loads(seal.unseal(bytes(hook.sealed), keys=_keys(), purpose=_PURPOSE))
    except seal.Unreadable as error:
        raise Undelivered("sealed with another installation key; enter the address again", retry=False) from error
    return opened["url"], opened["secret"]


def _keys() -> list[str | bytes]:
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
