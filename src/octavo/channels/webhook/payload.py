"""What a call brings: one message, an array of them, or `{"messages": [...]}`."""

from __future__ import annotations

import json
from typing import Any

import orjson

from octavo.channels.item import ItemReader, read_items
from octavo.channels.trouble import ChannelError, Trouble
from octavo.vocabulary import Post, Reject

MAX_BODY = 5_000_000
"""Bytes a call may bring."""
MAX_ITEMS = 1_000
"""Messages a call may bring."""


def parse(body: bytes) -> list[Post | Reject]:
    """A `Post` or `Reject` for each message, in order; a reject's place is the message's number, from 1.

    Raises `ChannelError` where the call as a whole cannot be taken: TOO_LARGE, TOO_MANY_ITEMS, EMPTY or MALFORMED.
    """
    if len(body) > MAX_BODY:
        raise ChannelError(Trouble.TOO_LARGE, detail=f"{len(body)} bytes, {MAX_BODY} allowed", retry=False)
    if not body.strip():
        raise ChannelError(Trouble.EMPTY, detail="the body is empty", retry=False)
    items = _items(_decode(body))
    if not items:
        raise ChannelError(Trouble.EMPTY, detail="no message in the body", retry=False)
    if len(items) > MAX_ITEMS:
        raise ChannelError(Trouble.TOO_MANY_ITEMS, detail=f"{len(items)} messages, {MAX_ITEMS} allowed", retry=False)
    return read_items(items, ItemReader(channel="webhook"))


def _decode(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as strict:
        try:
            # Lone surrogates and raw control characters are one message's fault; the item reader mends them.
            return json.loads(body.decode(), strict=False)
        except (ValueError, RecursionError):
            raise ChannelError(Trouble.MALFORMED, detail=f"not JSON in UTF-8: {strict}", retry=False) from strict


def _items(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        inner = value.get("messages")
        return inner if isinstance(inner, list) else [value]
    raise ChannelError(Trouble.MALFORMED, detail="neither an object nor an array", retry=False)
