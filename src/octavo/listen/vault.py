"""Secrets of sources, encrypted at rest with a key derived from the installation's own."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from octavo.channels.trouble import ChannelError, Trouble

_PURPOSE = b"octavo: secrets of sources, version 1"


def seal(secrets: Mapping[str, str]) -> bytes | None:
    """Secret settings by name, as what may be stored; None where there are none."""
    return _fernet().encrypt(orjson.dumps(dict(secrets))) if secrets else None


def unseal(sealed: bytes | memoryview | None) -> dict[str, str]:
    """What `seal` was given. Raises `ChannelError(BAD_CREDENTIALS)` where the installation's key has changed since."""
    if not sealed:
        return {}
    try:
        opened = _fernet().decrypt(bytes(sealed))
    except InvalidToken as error:
        detail = "sealed with another installation key; enter the secret again"
        raise ChannelError(Trouble.BAD_CREDENTIALS, detail=detail, retry=False) from error
    return {str(name): str(value) for name, value in orjson.loads(opened).items()}


def _fernet() -> MultiFernet:
    """The first key seals; keys that were replaced (`SECRET_KEY_FALLBACKS`) still open."""
    return MultiFernet([_derived(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _derived(key: str | bytes) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(
        key if isinstance(key, bytes) else key.encode()
    )
    return Fernet(base64.urlsafe_b64encode(derived))
