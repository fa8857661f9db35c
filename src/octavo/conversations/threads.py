"""Which posts belong together. Pure: labels in, groups out.

A post carries labels; posts that share one belong to one conversation. Its own id is a label, so is the id it answers
(whether or not that message is known yet), the channel's thread id, and, where the channel gives none, author and subject.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b

from octavo.vocabulary import Post

_REPLY_PREFIX = re.compile(r"^(?:(?:re|r|aw|sv|rif|fw|fwd|tr|i|wg|rv|enc) ?(?:\[\d+\])? ?: ?)+", re.IGNORECASE)


def label(brand: int, channel: str, kind: str, *values: str) -> str:
    """128-bit digest, in hex, that names one thing on a channel of a brand. `kind` is `post`, `thread` or `subject`."""
    parts = "\x1f".join((str(brand), channel, kind, *values))
    return blake2b(parts.encode("utf-8", "replace"), digest_size=16).hexdigest()


def post_label(brand: int, channel: str, external_id: str) -> str:
    return label(brand, channel, "post", external_id)


def bare_subject(subject: str) -> str:
    """A subject without its reply marks ("Re: Tr: Invoice" and "invoice " are one), at most 300 characters."""
    plain = " ".join(subject[:1000].split())  # bounded and without runs of spaces, on which the pattern would be slow
    return _REPLY_PREFIX.sub("", plain).casefold()[:300]


def thread_labels(brand: int, post: Post) -> list[str]:
    """Labels that join a post to others, its own id aside."""
    labels = []
    if post.reply_to:
        labels.append(post_label(brand, post.channel, post.reply_to))
    if post.thread:
        labels.append(label(brand, post.channel, "thread", post.thread))
    elif post.subject and post.author:
        subject = bare_subject(post.subject)
        if subject:
            labels.append(label(brand, post.channel, "subject", post.author.handle, subject))
    return labels


def keys_array(keys: Iterable[str]) -> str:
    """Keys as an array literal."""
    return "{" + ",".join(keys) + "}"
