"""Web push: telling a person in their browser, also while no page of ours is open.

A push service carries the message and cannot read it: it is sealed for that browser alone (`kit.webpush`), and holds no
message of anybody's. The address a browser gives is called under the same guard as hooks. A device whose push service says
that it is gone is removed.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

import orjson
from django.conf import settings
from django.db import IntegrityError, transaction

from octavo.alert import words
from octavo.alert.hooks import BadHook, address_host
from octavo.alert.models import Device, PushKey
from octavo.alert.payloads import Notice
from octavo.alert.undelivered import Undelivered
from octavo.kit import clock, http, seal, webpush
from octavo.kit.webpush import BadSubscription, Subscription
from octavo.people import audit
from octavo.people.models import User

KEPT = timedelta(hours=4)
"""As long as a push service keeps a message for a device that is off."""
URGENT_FROM = 4
MOST_DEVICES = 20
LONGEST_ADDRESS = 2000
TITLE, BODY = 120, 600
"""Characters that are shown, and that fit however many bytes they have."""
_KEY_PURPOSE = b"octavo: web push key, version 1"
_DEVICE_PURPOSE = b"octavo: push devices, version 1"


class BadDevice(ValueError):
    """What was given is no device that can be told, or the person has too many already."""


def public_key() -> bytes:
    """What a browser needs to subscribe to us."""
    return webpush.public_key(_private_key())


def register(person: User, *, endpoint: str, key: str, auth: str, name: str) -> Device:
    """Tell a person in this browser from now on; the same browser again is the same device, whoever used it before. Raises
    `BadDevice`."""
    try:
        host = address_host(endpoint)
        subscription = Subscription(endpoint, webpush.decode(key), webpush.decode(auth))
    except (BadHook, BadSubscription, ValueError) as error:
        raise BadDevice("no subscription") from error
    secure = endpoint.startswith("https://") or settings.OCTAVO_OPTIONS.allow_private_feeds
    if not secure or len(endpoint) > LONGEST_ADDRESS:
        raise BadDevice("no address")
    digest = hashlib.sha256(endpoint.encode()).hexdigest()
    if Device.objects.filter(person=person).exclude(digest=digest).count() >= MOST_DEVICES:
        raise BadDevice("too many")
    with transaction.atomic():
        device, new = Device.objects.update_or_create(
            digest=digest,
            defaults={"person": person, "host": host, "name": name[:80], "sealed": _seal(subscription)},
        )
        if new:
            audit.log(person, "added device", kind="alert device", object_id=device.pk, host=host)
    return device


def remove(person: User, device: Device) -> None:
    with transaction.atomic():
        audit.log(person, "removed device", kind="alert device", object_id=device.pk, host=device.host)
        device.delete()


def send(device: Device | None, notice: Notice) -> None:
    """Tell it. Raises `Undelivered`; a device that is gone is removed."""
    alone = notice.alerts[0] if len(notice.alerts) == 1 else None
    body = notice.lead or (words.reason(alone) if alone else "")
    worst = max((alert.severity for alert in notice.alerts), default=1)
    content = {
        "title": notice.title[:TITLE],
        "body": body[:BODY],
        "url": words.path(alone),
        "tag": f"alert-{alone.pk}" if alone else "alerts",
        "stays": worst >= URGENT_FROM,
    }
    headers = {"Urgency": "high" if worst >= URGENT_FROM else "normal"}
    if alone:  # takes the place of what has not arrived yet about the same
        headers["Topic"] = f"alert-{alone.pk}"
    _push(device, orjson.dumps(content), headers)


def try_out(device: Device, *, title: str, body: str) -> None:
    """Send a word to see that it arrives. Raises `Undelivered`."""
    content = {"title": title[:TITLE], "body": body[:BODY], "url": words.path(None), "tag": "test", "stays": False}
    _push(device, orjson.dumps(content), {"Urgency": "high"})


def _push(device: Device | None, content: bytes, headers: dict[str, str]) -> None:
    if device is None:
        raise Undelivered("the device was removed", retry=False)
    subscription = _unseal(device)
    proof = webpush.authorization(subscription.endpoint, private=_private_key(), contact=_contact(), now=clock.now())
    asked = {
        "Authorization": proof,
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(KEPT // timedelta(seconds=1)),
        **headers,
    }
    private = settings.OCTAVO_OPTIONS.allow_private_feeds
    try:
        http.send(subscription.endpoint, webpush.encrypt(content, subscription), headers=asked, allow_private=private)
    except http.FetchError as error:
        if error.failure in (http.Failure.NOT_FOUND, http.Failure.GONE):
            Device.objects.filter(pk=device.pk).delete()
            raise Undelivered("the browser takes no messages any more; it was removed", retry=False) from error
        after = None if error.retry_after is None else timedelta(seconds=error.retry_after)
        raise Undelivered(error.detail, retry=error.retry, after=after) from error
    Device.objects.filter(pk=device.pk).update(told_at=clock.now())


def _contact() -> str:
    """Whom a push service may write to about us."""
    options = settings.OCTAVO_OPTIONS
    nowhere = options.mail_from.endswith("@localhost") and options.public_url.startswith("https://")
    return options.public_url if nowhere else f"mailto:{options.mail_from}"


def _private_key() -> str:
    """Ours, made once; made anew where the installation's key has changed, after which browsers have to subscribe again."""
    kept = PushKey.objects.first()
    if kept is not None:
        try:
            return seal.unseal(bytes(kept.sealed), keys=_keys(), purpose=_KEY_PURPOSE).decode()
        except seal.Unreadable:
            kept.delete()
    made = seal.seal(webpush.new_key().encode(), keys=_keys(), purpose=_KEY_PURPOSE)
    try:
        with transaction.atomic():
            PushKey.objects.create(sealed=made)
    except IntegrityError:
        pass  # somebody else was quicker
    return seal.unseal(bytes(PushKey.objects.get().sealed), keys=_keys(), purpose=_KEY_PURPOSE).decode()


def _seal(subscription: Subscription) -> bytes:
    content = {
        "endpoint": subscription.endpoint,
        "key": webpush.encode(subscription.key),
        "auth": webpush.encode(subscription.auth),
    }
    return seal.seal(orjson.dumps(content), keys=_keys(), purpose=_DEVICE_PURPOSE)


def _unseal(device: Device) -> Subscription:
    try:
        opened = orjson.loads(seal.unseal(bytes(device.sealed), keys=_keys(), purpose=_DEVICE_PURPOSE))
    except seal.Unreadable as error:
        raise Undelivered("sealed with another installation key; add the device again", retry=False) from error
    return Subscription(opened["endpoint"], webpush.decode(opened["key"]), webpush.decode(opened["auth"]))


def _keys() -> list[str | bytes]:
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
