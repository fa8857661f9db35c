"""Web push: a message sealed for one browser (RFC 8291, in the coding of RFC 8188) and the proof of who sends it (RFC 8292).

Bytes and keys alone: what is sent, and where, is the caller's.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import orjson
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CURVE = ec.SECP256R1()
RECORD = 4096
"""Bytes of the one record a message is; push services take no more."""
MOST = RECORD - 86 - 17
"""Bytes of content that fit: the record without its header, its tag and the delimiter."""
PROVED_FOR = timedelta(hours=12)
"""RFC 8292 lets a proof hold for 24 hours at most."""


class BadSubscription(ValueError):
    """What a browser gave is no address to push to: its key is no point of the curve, or its secret has not 16 bytes."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where a browser is reached: the push service's address, the browser's public key (65 bytes) and its secret (16)."""

    endpoint: str
    key: bytes
    auth: bytes

    def __post_init__(self) -> None:
        if len(self.auth) != 16:
            raise BadSubscription("the secret has 16 bytes")
        try:
            ec.EllipticCurvePublicKey.from_encoded_point(CURVE, self.key)
        except ValueError as error:
            raise BadSubscription("the key is no point of P-256") from error


def new_key() -> str:
    """A key pair of a sender, as text that has to be kept secret."""
    key = ec.generate_private_key(CURVE)
    return encode(key.private_numbers().private_value.to_bytes(32, "big"))


def public_key(private: str) -> bytes:
    """The half of a key pair that browsers are given: an uncompressed point, 65 bytes."""
    return _point(_private(private))


def encrypt(
    content: bytes,
    to: Subscription,
    *,
    salt: bytes | None = None,
    sender: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """`content` (`MOST` bytes at most) so that only that browser can read it. Salt and sender's key are made for each message;
    tests name them."""
    if len(content) > MOST:
        raise ValueError(f"more than {MOST} bytes")
    salt = salt or secrets.token_bytes(16)
    sender = sender or ec.generate_private_key(CURVE)
    mine = _point(sender)
    shared = sender.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, to.key))
    keying = _hkdf(shared, salt=to.auth, info=b"WebPush: info\x00" + to.key + mine, length=32)
    key = _hkdf(keying, salt=salt, info=b"Content-Encoding: aes128gcm\x00", length=16)
    nonce = _hkdf(keying, salt=salt, info=b"Content-Encoding: nonce\x00", length=12)
    header = salt + RECORD.to_bytes(4, "big") + bytes([len(mine)]) + mine
    return header + AESGCM(key).encrypt(nonce, content + b"\x02", None)  # 2 marks the last record


def authorization(endpoint: str, *, private: str, contact: str, now: datetime) -> str:
    """The Authorization header that proves to a push service who sends; `contact` is a mailto: or https: address."""
    parts = urlsplit(endpoint)
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": int((now + PROVED_FOR).timestamp()), "sub": contact}
    signed = f"{encode(orjson.dumps({'typ': 'JWT', 'alg': 'ES256'}))}.{encode(orjson.dumps(claims))}"
    r, s = decode_dss_signature(_private(private).sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    token = f"{signed}.{encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
    return f"vapid t={token}, k={encode(public_key(private))}"


def encode(content: bytes) -> str:
    """Base64 for addresses, without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """What `encode` was given, padded or not. Raises `ValueError`."""
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64url") from error


def _private(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(decode(text), "big"), CURVE)


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def _hkdf(secret: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)
