"""What must not be read where it is stored: encrypted with a key derived, for one purpose, from the installation's own."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Unreadable(ValueError):
    """Sealed with another key than any of those given."""


def seal(content: bytes, *, keys: Sequence[str | bytes], purpose: bytes) -> bytes:
    """`content` as what may be stored; the first of `keys` seals."""
    return _fernet(keys, purpose).encrypt(content)


def unseal(sealed: bytes, *, keys: Sequence[str | bytes], purpose: bytes) -> bytes:
    """What `seal` was given, with any of `keys`. Raises `Unreadable`."""
    try:
        return _fernet(keys, purpose).decrypt(sealed)
    except InvalidToken as error:
        raise Unreadable("sealed with another key") from error


def _fernet(keys: Sequence[str | bytes], purpose: bytes) -> MultiFernet:
    return MultiFernet([_derived(key, purpose) for key in keys])


def _derived(key: str | bytes, purpose: bytes) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(
        key if isinstance(key, bytes) else key.encode()
    )
    return Fernet(base64.urlsafe_b64encode(derived))
