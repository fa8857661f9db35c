"""Secrets of sources, encrypted at rest with a key derived from the installation's own."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from django.conf import settings

from octavo.channels.trouble import ChannelError, Trouble
from octavo.kit import seal as sealing

_PURPOSE = b"octavo: secrets of sources, version 1"


def seal(secrets: Mapping[str, str]) -> bytes | None:
    """Secret settings by name, as what may be stored; None where there are none."""
    return sealing.seal(orjson.dumps(dict(secrets)), keys=_keys(), purpose=_PURPOSE) if secrets else None


def unseal(sealed: bytes | memoryview | None) -> dict[str, str]:
    """What `seal` was given. Raises `ChannelError(BAD_CREDENTIALS)` where the installation's key has changed since."""
    if not sealed:
        return {}
    try:
        opened = sealing.unseal(bytes(sealed), keys=_keys(), purpose=_PURPOSE)
    except sealing.Unreadable as error:
        detail = "sealed with another installation key; enter the secret again"
        raise ChannelError(Trouble.BAD_CREDENTIALS, detail=detail, retry=False) from error
    return {str(name): str(value) for name, value in orjson.loads(opened).items()}


def _keys() -> list[str | bytes]:
    """The first key seals; keys that were replaced (`SECRET_KEY_FALLBACKS`) still open."""
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
