"""Webhook: systems that call Octavo with signed JSON. See README.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from octavo.channels.contract import Capability
from octavo.channels.settings import Kind, setting
from octavo.channels.webhook.payload import MAX_BODY, MAX_ITEMS, parse
from octavo.channels.webhook.signature import HEADER, TOLERANCE, sign, verify
from octavo.vocabulary import Post, Reject

__all__ = [
    "HEADER",
    "MAX_BODY",
    "MAX_ITEMS",
    "TOLERANCE",
    "WebhookChannel",
    "WebhookSettings",
    "parse",
    "sign",
    "verify",
]


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """`secret` is shared with the caller and never shown again."""

    secret: str = setting(Kind.TEXT, secret=True)


class WebhookChannel:
    """Receives messages from whoever knows the secret."""

    name = "webhook"
    capabilities = frozenset({Capability.RECEIVE})
    settings = WebhookSettings

    def verify(self, secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        verify(secret, headers, body, now)

    def parse(self, body: bytes) -> Sequence[Post | Reject]:
        return parse(body)
