"""Who wrote: found by channel and handle, made where they are new, renamed where the channel gives another name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from octavo.conversations import rows
from octavo.vocabulary import Author, Post


def of(posts: Sequence[Post]) -> tuple[list[int | None], dict[int, str]]:
    """Ids of the authors of `posts`, made where they are new, renamed where the channel gives another name; and what
    each is called."""
    asked = [(post.channel, post.author.handle) if post.author else None for post in posts]
    given: dict[tuple[str, str], Author] = {}
    for key, post in zip(asked, posts, strict=True):
        if key and post.author and (post.author.name or key not in given):
            given[key] = post.author
    stored = {key: (rows.storable(key[0][:40]), rows.storable(key[1][:200])) for key in given}
    wanted = {stored[key]: author for key, author in given.items()}
    if not wanted:
        return [None] * len(posts), {}
    found: dict[tuple[str, str], int] = {}
    names: dict[int, str] = {}
    everyone = sorted(wanted)
    with connection.cursor() as cursor:
        renamed = []
        # Held, so that nobody removes them before they are written down; those made below nobody else can see.
        for channel, handle, number, name in _known(cursor, everyone, hold="FOR KEY SHARE OF a"):
            found[channel, handle] = number
            new_name = rows.storable(wanted[channel, handle].name[:200])
            if new_name and new_name != name:
                renamed.append((number, new_name))
            names[number] = new_name or name or handle
        if renamed:
            renamed.sort()
            cursor.execute(
                "UPDATE conversations_author AS a SET name = g.name "
                "FROM unnest(%s::bigint[], %s::text[]) AS g (id, name) WHERE a.id = g.id",
                [[number for number, _ in renamed], [name for _, name in renamed]],
            )
        missing = [identity for identity in everyone if identity not in found]
        if missing:
            _make(cursor, missing, wanted)
            for channel, handle, number, name in _known(cursor, missing):
                found[channel, handle] = number
                names[number] = name or handle
    return [found[stored[key]] if key else None for key in asked], names


def _known(cursor: Any, identities: Sequence[tuple[str, str]], *, hold: str = "") -> list[tuple[str, str, int, str]]:
    cursor.execute(
        "SELECT a.channel, a.handle, a.id, a.name FROM conversations_author a "  # noqa: S608 names of our own
        "JOIN unnest(%s::text[], %s::text[]) AS g (channel, handle) ON a.channel = g.channel AND a.handle = g.handle "
        f"ORDER BY a.id {hold}",
        [rows.texts(channel for channel, _ in identities), rows.texts(handle for _, handle in identities)],
    )
    return list(cursor.fetchall())


def _make(cursor: Any, identities: Sequence[tuple[str, str]], wanted: Mapping[tuple[str, str], Author]) -> None:
    authors = [wanted[identity] for identity in identities]
    cursor.execute(
        "INSERT INTO conversations_author (channel, handle, name, url, followers) "
        "SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[]) ON CONFLICT DO NOTHING",
        [
            rows.texts(channel for channel, _ in identities),
            rows.texts(handle for _, handle in identities),
            rows.texts(rows.storable(author.name[:200]) for author in authors),
            rows.texts(rows.storable(author.url[:500]) for author in authors),
            [rows.count(author.followers) for author in authors],
        ],
    )
