"""A browser's side of web push, in tests: its keys, and reading what was sealed for it as RFC 8291 says."""

from __future__ import annotations

import secrets

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from octavo.kit.webpush import Subscription, encode


class Browser:
    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = secrets.token_bytes(16)
        form = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        self.point = self._key.public_key().public_bytes(*form)

    def subscription(self, endpoint: str) -> Subscription:
        return Subscription(endpoint, self.point, self._auth)

    def as_given(self, endpoint: str) -> dict[str, str]:
        """What its page sends to ours."""
        return {"endpoint": endpoint, "p256dh": encode(self.point), "auth": encode(self._auth)}

    def read(self, sealed: bytes) -> bytes:
        """What was sealed for it; raises `InvalidTag` for what was not."""
        salt, size, length = sealed[:16], int.from_bytes(sealed[16:20], "big"), sealed[20]
        sender, record = sealed[21 : 21 + length], sealed[21 + length :]
        assert len(sealed) <= size
        shared = self._key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        keying = _derived(shared, self._auth, b"WebPush: info\x00" + self.point + sender, 32)
        key = _derived(keying, salt, b"Content-Encoding: aes128gcm\x00", 16)
        nonce = _derived(keying, salt, b"Content-Encoding: nonce\x00", 12)
        plain = AESGCM(key).decrypt(nonce, record, None)
        content, mark, rest = plain.rpartition(b"\x02")
        assert mark and not rest.strip(b"\x00")
        return content


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)
