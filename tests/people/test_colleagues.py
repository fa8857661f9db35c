"""The page of people: who sees it, who changes it, and what nobody can do."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from octavo.people import colleagues, setup
from octavo.people.models import Event, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_admin(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def change(client: Client, user: User, what: str) -> int:
    return client.post(f"/settings/people/{user.pk}/{what}/").status_code


def test_everybody_sees_their_colleagues(client: Client, user: User, admin: User) -> None:
    client.force_login(user)
    page = client.get("/settings/people/").content.decode()
    assert "Grace" in page
    assert "Ada" in page
    assert "/settings/people/invite/" not in page


@pytest.mark.parametrize("what", ["deactivate", "reactivate", "promote", "demote", "password"])
def test_only_administrators_change_people(client: Client, user: User, admin: User, what: str) -> None:
    client.force_login(user)
    assert change(client, admin, what) == 403
    admin.refresh_from_db()
    assert admin.is_admin
    assert admin.is_active


def test_only_administrators_invite(client: Client, user: User) -> None:
    client.force_login(user)
    assert client.post("/settings/people/invite/", {"email": "new@example.org"}).status_code == 403
    assert not setup.invitations().exists()


def test_an_invitation_shows_its_link_once(as_admin: Client) -> None:
    page = as_admin.post("/settings/people/invite/", {"email": "new@example.org"})
    link = re.search(r"http://testserver(/welcome/[^<\s]+/)", page.content.decode())
    assert link
    assert "no-store" in page["Cache-Control"]
    assert link[1] not in as_admin.get("/settings/people/").content.decode()
    assert Client().get(link[1]).status_code == 200


def test_an_invitation_of_somebody_who_is_here_is_refused_in_words(as_admin: Client, user: User) -> None:
    page = as_admin.post("/settings/people/invite/", {"email": user.email})
    assert page.status_code == 422
    assert "A colleague has this address already." in page.content.decode()


def test_a_deactivated_colleague_is_out_at_once_and_can_come_back(as_admin: Client, user: User) -> None:
    theirs = Client()
    theirs.force_login(user)
    change(as_admin, user, "deactivate")
    assert theirs.get("/settings/").status_code == 302
    change(as_admin, user, "reactivate")
    user.refresh_from_db()
    assert user.is_active


def test_the_last_administrator_stays_one(as_admin: Client, admin: User, user: User) -> None:
    change(as_admin, admin, "demote")
    change(as_admin, admin, "deactivate")
    admin.refresh_from_db()
    assert admin.is_admin
    assert admin.is_active
    change(as_admin, user, "promote")
    change(as_admin, admin, "demote")
    admin.refresh_from_db()
    assert not admin.is_admin


def test_a_deactivated_administrator_does_not_count(admin: User, user: User) -> None:
    colleagues.set_admin(admin, user, is_admin=True)
    colleagues.set_active(admin, user, active=False)
    with pytest.raises(colleagues.LastAdministrator):
        colleagues.set_admin(admin, admin, is_admin=False)


def test_each_change_has_its_line_in_the_trail(as_admin: Client, admin: User, user: User) -> None:
    for what in ("promote", "demote", "deactivate", "reactivate"):
        change(as_admin, user, what)
    lines = (
        Event.objects.filter(kind="person", object_id=user.pk, user=admin)
        .order_by("pk")
        .values_list("action", flat=True)
    )
    assert list(lines) == ["made administrator", "unmade administrator", "deactivated", "reactivated"]


def test_preferences_hold_from_the_next_page_on(client: Client, user: User) -> None:
    client.force_login(user)
    chosen = {"name": "Ada L.", "language": "fr", "time_zone": "Europe/Rome", "theme": "dark"}
    assert client.post("/settings/", chosen).status_code == 302
    user.refresh_from_db()
    assert (user.name, user.language, user.time_zone, user.theme) == ("Ada L.", "fr", "Europe/Rome", "dark")
    assert user.letter_keys is False
    page = client.get("/settings/").content.decode()
    assert 'data-theme="dark"' in page
    assert 'lang="fr"' in page


@pytest.mark.parametrize("wrong", [{"time_zone": "Mars/Olympus"}, {"language": "tlh"}, {"theme": "neon"}])
def test_an_impossible_preference_is_refused(client: Client, user: User, wrong: dict[str, str]) -> None:
    client.force_login(user)
    answer = client.post("/settings/", {"name": "Ada", "theme": "light", **wrong})
    assert answer.status_code == 422
    user.refresh_from_db()
    assert user.theme == User.Theme.SYSTEM


def test_nobody_makes_themselves_administrator_by_their_preferences(client: Client, user: User) -> None:
    client.force_login(user)
    client.post("/settings/", {"name": "Ada", "theme": "light", "is_admin": "on", "email": "grace2@example.org"})
    user.refresh_from_db()
    assert user.theme == User.Theme.LIGHT
    assert not user.is_admin
    assert user.email == "ada@example.org"
