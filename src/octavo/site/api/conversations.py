"""Conversations: see them, change their status, give them to a colleague."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest
from ninja import Query, Router

from octavo.conversations import access, decide
from octavo.conversations.models import Conversation
from octavo.dispatch import inbox
from octavo.kit import clock
from octavo.people.models import User
from octavo.people.tokens import Scope
from octavo.site.api import cursors
from octavo.site.api.problems import invalid
from octavo.site.api.schemas import (
    ConversationChange,
    ConversationFilter,
    ConversationOut,
    ConversationPage,
)
from octavo.site.api.tokens import Bearer, owner

router = Router(tags=["Conversations"])


@router.get(
    "/conversations",
    auth=Bearer(Scope.CONVERSATIONS_READ, query=ConversationFilter),
    response=ConversationPage,
    by_alias=True,
    summary="List conversations",
    operation_id="list_conversations",
)
def list_conversations(request: HttpRequest, chosen: Query[ConversationFilter]) -> dict[str, Any]:
    """Conversations as in the inbox: the same filters, the same orders. Paged by key: one that moves to the top while
    you page is not repeated."""
    given = chosen.dict(exclude={"limit", "cursor", "q"}, by_alias=True)
    facets = {name: tuple(map(str, value)) for name, value in given.items() if isinstance(value, list)}
    asked = inbox.Filter(
        **{**given, **facets},
        q=" ".join(chosen.q.split()),
        after=cursors.place(chosen.cursor, urgent=chosen.sort == "urgent") if chosen.cursor else "",
    )
    page = inbox.page(owner(request), asked, size=chosen.limit)
    return {
        "items": [conversation(row) for row in page.rows],
        "next": cursors.of_place(page.next) if page.next else None,
    }


@router.get(
    "/conversations/{int:number}",
    auth=Bearer(Scope.CONVERSATIONS_READ),
    response=ConversationOut,
    by_alias=True,
    summary="One conversation",
    operation_id="get_conversation",
)
def get_conversation(request: HttpRequest, number: int) -> dict[str, Any]:
    """A conversation by its number. Its messages: GET /messages?conversation=…&about=any."""
    return conversation(access.get_for(owner(request), number))


@router.patch(
    "/conversations/{int:number}",
    auth=Bearer(Scope.CONVERSATIONS_WRITE),
    response=ConversationOut,
    by_alias=True,
    summary="Change a conversation",
    operation_id="change_conversation",
)
def change_conversation(request: HttpRequest, number: int, change: ConversationChange) -> dict[str, Any]:
    """Change status and assignee, together or one of them. The audit trail names the token's owner."""
    user = owner(request)
    row = access.get_for(user, number)
    given = change.model_fields_set
    if not given:
        raise invalid("Give status or assignee.", pointer="#")
    if "snoozed_until" in given and "status" not in given:
        raise invalid("snoozed_until goes with the status snoozed.", pointer="#/snoozed_until")
    assignee = _colleague(change.assignee) if "assignee" in given else None
    with transaction.atomic():
        if "status" in given:
            _set_status(user, row, change)
        if "assignee" in given:
            decide.assign(user, [row.pk], assignee)
    return conversation(access.get_for(user, number))


def conversation(row: Conversation) -> dict[str, Any]:
    """A conversation as `ConversationOut`."""
    assignee = row.assignee
    return {
        "id": row.pk,
        "brand": row.brand.slug,
        "channel": row.channel,
        "subject": row.subject,
        "status": row.status,
        "assignee": assignee and {"email": assignee.email, "name": assignee.name},
        "snoozed_until": row.snoozed_until,
        "first_at": row.first_at,
        "last_at": row.last_at,
        "waiting_since": row.waiting_since,
        "resolved_at": row.resolved_at,
        "messages": row.mentions_count,
        "head": row.head,
        "author_name": row.author_name,
        "register": row.register,
        "register_probability": row.register_score / 1000,
        "sentiment": row.sentiment,
        "urgency": row.urgency,
        "relevant": row.relevant,
        "language": row.language,
        "excerpt": row.excerpt,
    }


def _set_status(user: User, row: Conversation, change: ConversationChange) -> None:
    if change.status is None:
        raise invalid("A conversation has a status.", pointer="#/status")
    until = change.snoozed_until
    if (change.status == "snoozed") != (until is not None):
        raise invalid("snoozed_until goes with the status snoozed, and only with it.", pointer="#/snoozed_until")
    if until is not None and until <= clock.now():
        raise invalid("snoozed_until has to be in the future.", pointer="#/snoozed_until")
    decide.set_status(user, [row.pk], Conversation.Status(change.status), until=until)


def _colleague(email: str | None) -> User | None:
    if email is None:
        return None
    found = User.objects.filter(email=email.replace("\x00", "").lower(), is_active=True).first()
    if found is None:
        raise invalid("No colleague has this address.", pointer="#/assignee")
    return found
