"""What can go wrong between Octavo and a channel, as a word the pages translate."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import partial


class Trouble(StrEnum):
    """Why a channel gave nothing. The pages hold the human words, and what to do, under these keys."""

    # the address or the account
    BAD_ADDRESS = "bad_address"
    NOT_FOUND = "not_found"
    GONE = "gone"
    FORBIDDEN = "forbidden"
    BAD_CREDENTIALS = "bad_credentials"
    PRIVATE_ADDRESS = "private_address"
    # the way there
    UNREACHABLE = "unreachable"
    BAD_CERTIFICATE = "bad_certificate"
    TIMEOUT = "timeout"
    TOO_SLOW = "too_slow"
    TOO_LARGE = "too_large"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    SERVER_ERROR = "server_error"
    RATE_LIMITED = "rate_limited"
    REFUSED = "refused"
    # what came back, or was handed in
    WRONG_TYPE = "wrong_type"
    NOT_A_FEED = "not_a_feed"
    MALFORMED = "malformed"
    EMPTY = "empty"
    TOO_MANY_ITEMS = "too_many_items"
    TOO_MANY_COLUMNS = "too_many_columns"
    NO_TEXT = "no_text"
    UNKNOWN_COLUMN = "unknown_column"
    UNKNOWN_ENCODING = "unknown_encoding"
    COMPRESSED_BOMB = "compressed_bomb"
    DANGEROUS_XML = "dangerous_xml"
    # the signature of a webhook
    BAD_SIGNATURE = "bad_signature"
    STALE = "stale"
    # what a person entered
    BAD_SETTINGS = "bad_settings"


class ChannelError(Exception):
    """A channel could not do what was asked; says why (`trouble`), and whether and when to try again.

    `detail` is technical, for the log and the small print; it never holds a secret, a query string or a message's text.
    `retry` is false where only a person can mend it. `retry_after` is in seconds, where the other side or the kind of
    trouble suggests a wait.
    """

    def __init__(self, trouble: Trouble, *, detail: str = "", retry: bool, retry_after: float | None = None) -> None:
        super().__init__(f"{trouble}: {detail}" if detail else str(trouble))
        self.trouble = trouble
        self.detail = detail
        self.retry = retry
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[Callable[[], ChannelError], tuple[()]]:
        """Errors go from process to process, and Python rebuilds an exception from what it prints."""
        known = partial(ChannelError, self.trouble, detail=self.detail, retry=self.retry, retry_after=self.retry_after)
        return known, ()
