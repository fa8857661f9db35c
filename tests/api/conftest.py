"""Callers of the API, with tokens of their own."""

from __future__ import annotations

from typing import Any

import pytest
from calling import Caller

from octavo.conversations.models import Brand
from octavo.people import tokens
from octavo.people.models import User
from octavo.people.tokens import Scope


@pytest.fixture
def caller(user: User) -> Caller:
    """A colleague's program that may do everything a colleague's program may."""
    scopes = [scope for scope in Scope if scope not in tokens.FOR_ADMINISTRATORS]
    return Caller(tokens.create(user, name="test", scopes=scopes)[1])


@pytest.fixture
def admin_caller(admin: User) -> Caller:
    return Caller(tokens.create(admin, name="test", scopes=list(Scope))[1])


@pytest.fixture
def batch(brand: Brand) -> dict[str, Any]:
    """Two messages of a brand, as a program sends them."""
    return {
        "brand": brand.slug,
        "messages": [
            {"id": "a", "text": "Tramonto, my parcel never came and nobody answers!", "author": "lina"},
            {
                "id": "b",
                "text": "Tramonto is lovely, thank you",
                "channel": "forum",
                "created_at": "2026-03-02T09:00:00Z",
            },
        ],
    }
