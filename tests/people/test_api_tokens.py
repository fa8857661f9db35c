"""API tokens: shown once, kept as a digest, ended at once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from octavo.people import colleagues, tokens
from octavo.people.models import ApiToken, User
from octavo.people.tokens import Scope

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def made(user: User, *scopes: str, **more: datetime) -> str:
    return tokens.create(user, name="till", scopes=scopes or [Scope.MESSAGES_READ], **more)[1]


def test_a_token_is_found_by_its_text_and_kept_only_as_a_digest(user: User) -> None:
    text = made(user)
    assert text.startswith("octavo_")
    assert len(text) >= 50
    found = tokens.find(text)
    assert found is not None
    assert found.user == user
    kept = ApiToken.objects.values().get()
    assert text not in str(kept)
    assert len(bytes(kept["digest"])) == 32


@pytest.mark.parametrize("text", ["", "octavo_", "octavo_nothing", "Bearer", "octavo_" + "x" * 10_000, "octavo_é\x00"])
def test_an_invented_token_is_nobodys(db: None, text: str) -> None:
    assert tokens.find(text) is None


def test_a_token_ends_when_it_was_said_to(user: User) -> None:
    with time_machine.travel(NOW, tick=False) as moment:
        text = made(user, expires_at=NOW + timedelta(days=30))
        assert tokens.find(text)
        moment.shift(timedelta(days=30))
        assert tokens.find(text) is None


def test_a_token_ends_with_its_owners_access(admin: User, user: User) -> None:
    text = made(user)
    colleagues.set_active(admin, user, active=False)
    assert tokens.find(text) is None


def test_a_scope_for_administrators_counts_while_the_owner_is_one(admin: User, user: User) -> None:
    token = tokens.find(made(admin, Scope.SOURCES_WRITE))
    assert token
    assert tokens.allows(token, Scope.SOURCES_WRITE)
    assert not tokens.allows(token, Scope.SOURCES_READ)
    token.user.is_admin = False
    assert not tokens.allows(token, Scope.SOURCES_WRITE)


def test_its_last_use_is_noted_at_most_once_a_minute(user: User) -> None:
    with time_machine.travel(NOW, tick=False) as moment:
        text = made(user)
        tokens.find(text)
        moment.shift(timedelta(seconds=59))
        tokens.find(text)
        assert ApiToken.objects.get().last_used_at == NOW
        moment.shift(timedelta(seconds=2))
        tokens.find(text)
        assert ApiToken.objects.get().last_used_at == NOW + timedelta(seconds=61)


def test_the_page_shows_a_new_token_once(client: Client, user: User) -> None:
    client.force_login(user)
    page = client.post("/settings/tokens/", {"name": "till", "scopes": ["messages:write"], "lasts": "90"})
    text = re.search(r"octavo_[\w-]{40,}", page.content.decode())
    assert text
    assert "no-store" in page["Cache-Control"]
    found = tokens.find(text[0])
    assert found
    assert found.scopes == ["messages:write"]
    later = client.get("/settings/tokens/").content.decode()
    assert text[0] not in later
    assert f"octavo_{text[0][7:11]}" in later


@pytest.mark.parametrize(
    "form", [{"name": "till"}, {"name": "", "scopes": "messages:read"}, {"name": "x", "scopes": "all"}]
)
def test_a_token_needs_a_name_and_a_known_scope(client: Client, user: User, form: dict[str, str]) -> None:
    client.force_login(user)
    assert client.post("/settings/tokens/", form).status_code == 422
    assert not ApiToken.objects.exists()


def test_a_colleague_is_not_offered_what_only_administrators_may(client: Client, user: User) -> None:
    client.force_login(user)
    assert client.post("/settings/tokens/", {"name": "x", "scopes": ["sources:write"]}).status_code == 422
    assert not ApiToken.objects.exists()


def test_others_tokens_are_out_of_sight_and_reach(client: Client, user: User, admin: User) -> None:
    theirs, _text = tokens.create(admin, name="the archive robot", scopes=[Scope.MESSAGES_READ])
    client.force_login(user)
    assert "the archive robot" not in client.get("/settings/tokens/").content.decode()
    assert client.post(f"/settings/tokens/{theirs.pk}/revoke/").status_code == 404
    assert ApiToken.objects.filter(pk=theirs.pk).exists()


def test_an_administrator_can_end_the_token_of_a_colleague(client: Client, user: User, admin: User) -> None:
    text = made(user)
    client.force_login(admin)
    assert "Ada" in client.get("/settings/tokens/").content.decode()
    client.post(f"/settings/tokens/{ApiToken.objects.get().pk}/revoke/")
    assert tokens.find(text) is None
