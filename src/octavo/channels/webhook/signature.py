"""Proof of who calls: HMAC-SHA256 over `timestamp.body`, as `Octavo-Signature: t=1735689600,v1=<hex>`."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from octavo.channels.trouble import ChannelError, Trouble

HEADER = "Octavo-Signature"
TOLERANCE = 300
"""Seconds a signature may be old (or ahead of our clock), so that a recorded call cannot be replayed tomorrow."""
_MAX_HEADER = 2000
_MAX_SIGNATURES = 8


def sign(secret: str, body: bytes, now: datetime) -> dict[str, str]:
    """The header that proves that whoever knows `secret` sent `body` at `now` (aware). For clients and tests."""
    stamp = int(now.timestamp())
    return {HEADER: f"t={stamp},v1={_mac(secret, stamp, body)}"}


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Raises `ChannelError`: BAD_SIGNATURE where the header is absent, malformed or does not fit, STALE where it fits
    but is older or newer than `TOLERANCE`. Several `v1` may be given, so that a secret can be changed without a gap."""
    if not secret:
        raise _bad("no secret is set")
    stamp, signatures = _read(headers)
    expected = _mac(secret, stamp, body)
    # Every signature is compared, in constant time, whether or not one has fitted already.
    if not sum([hmac.compare_digest(expected.encode(), given.encode()) for given in signatures]):
        raise _bad("no signature fits the body")
    age = now.timestamp() - stamp
    if abs(age) > TOLERANCE:
        raise ChannelError(Trouble.STALE, detail=f"signed {age:.0f} s ago, {TOLERANCE} s allowed", retry=False)


def _read(headers: Mapping[str, str]) -> tuple[int, list[str]]:
    value = next((value for name, value in headers.items() if name.lower() == HEADER.lower()), "")
    if not value:
        raise _bad(f"no {HEADER} header")
    if len(value) > _MAX_HEADER:
        raise _bad("the header is too long")
    pairs = [part.strip().partition("=") for part in value.split(",")]
    stamps = [text for name, _, text in pairs if name == "t"]
    signatures = [text for name, _, text in pairs if name == "v1"][:_MAX_SIGNATURES]
    if len(stamps) != 1 or not (stamps[0].isascii() and stamps[0].isdigit() and len(stamps[0]) <= 12):
        raise _bad("the header names no time")
    if not signatures:
        raise _bad("the header holds no v1 signature")
    return int(stamps[0]), signatures


def _mac(secret: str, stamp: int, body: bytes) -> str:
    return hmac.new(secret.encode(), b"%d." % stamp + body, sha256).hexdigest()


def _bad(detail: str) -> ChannelError:
    return ChannelError(Trouble.BAD_SIGNATURE, detail=detail, retry=False)
