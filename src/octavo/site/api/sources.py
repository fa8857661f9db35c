"""Sources and how they are; pausing and resuming them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router

from octavo.listen import access
from octavo.listen import sources as listening
from octavo.listen.models import Source
from octavo.people.tokens import Scope
from octavo.site.api import cursors
from octavo.site.api.schemas import SourceChange, SourceFilter, SourceOut, SourcePage
from octavo.site.api.tokens import Bearer, owner

router = Router(tags=["Sources"])


@router.get(
    "/sources",
    auth=Bearer(Scope.SOURCES_READ, query=SourceFilter),
    response=SourcePage,
    summary="List sources",
    operation_id="list_sources",
)
def list_sources(request: HttpRequest, chosen: Query[SourceFilter]) -> dict[str, Any]:
    """Sources with their health, the newest first."""
    found = access.sources_for(owner(request))
    return cursors.page(
        "s", found, cursor=chosen.cursor, limit=chosen.limit, items=lambda rows: [source(row) for row in rows]
    )


@router.get(
    "/sources/{int:number}",
    auth=Bearer(Scope.SOURCES_READ),
    response=SourceOut,
    summary="One source",
    operation_id="get_source",
)
def get_source(request: HttpRequest, number: int) -> dict[str, Any]:
    """A source by its number."""
    return source(access.source_for(owner(request), number))


@router.patch(
    "/sources/{int:number}",
    auth=Bearer(Scope.SOURCES_WRITE),
    response=SourceOut,
    summary="Pause or resume a source",
    operation_id="change_source",
)
def change_source(request: HttpRequest, number: int, change: SourceChange) -> dict[str, Any]:
    """Pause or resume a source. Only with the token of an administrator."""
    user = owner(request)
    row = access.source_for(user, number)
    (listening.pause if change.state == "paused" else listening.resume)(user, row)
    return source(access.source_for(user, number))


def source(row: Source) -> dict[str, Any]:
    """A source as `SourceOut`: never its settings, which may hold addresses with keys in them, nor its secret."""
    health = listening.health(row)
    return {
        "id": row.pk,
        "brand": row.brand.slug if row.brand else None,
        "channel": row.channel,
        "name": row.name,
        "state": row.state,
        "dedicated": row.dedicated,
        "created_at": row.created_at,
        "last_try_at": row.last_try_at,
        "last_success_at": row.last_success_at,
        "last_post_at": row.last_post_at,
        "messages": row.posts_count,
        "rejected": row.rejects_count,
        "health": {
            "pulse": str(health.pulse),
            "since": health.since,
            "delay_seconds": health.delay.total_seconds() if health.delay is not None else None,
            "trouble": str(health.trouble) if health.trouble else None,
            "next_at": health.next_at,
        },
    }
