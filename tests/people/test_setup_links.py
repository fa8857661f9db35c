"""The one-time links: the first administrator, invitations, forgotten passwords."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client

from octavo.people import colleagues, setup
from octavo.people.models import Event, SetupLink, User

BASE = "http://testserver"
PASSWORD = "seven quiet herons"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def form(**changes: str) -> dict[str, str]:
    filled = {"name": "Ada", "email": "Ada@Example.org", "password": PASSWORD, "again": PASSWORD, "language": "fr"}
    return {**filled, **changes}


def path(link: str) -> str:
    return urlsplit(link).path


def test_the_first_link_makes_the_administrator_and_signs_them_in(client: Client) -> None:
    link = setup.make_link(BASE)
    assert link.startswith(f"{BASE}/welcome/")
    assert client.get(path(link)).status_code == 200
    answer = client.post(path(link), form())
    assert answer.status_code == 302
    ada = User.objects.get()
    assert (ada.email, ada.name, ada.language, ada.is_admin) == ("ada@example.org", "Ada", "fr", True)
    assert client.session["_auth_user_id"] == str(ada.pk)
    assert client.get("/settings/").status_code == 200


def test_a_link_works_once(client: Client) -> None:
    link = setup.make_link(BASE)
    client.post(path(link), form())
    stranger = Client()
    assert stranger.get(path(link)).status_code == 410
    assert stranger.post(path(link), form(email="eve@example.org")).status_code == 410
    assert User.objects.count() == 1


def test_a_link_ends_after_a_day(client: Client) -> None:
    with time_machine.travel(NOW, tick=False) as moment:
        link = setup.make_link(BASE)
        moment.shift(timedelta(hours=23, minutes=59))
        assert client.get(path(link)).status_code == 200
        moment.shift(timedelta(minutes=1))
        assert client.post(path(link), form()).status_code == 410
    assert not User.objects.exists()


def test_a_new_link_ends_the_older_one(client: Client) -> None:
    older, newer = setup.make_link(BASE), setup.make_link(BASE)
    assert client.get(path(older)).status_code == 410
    assert client.get(path(newer)).status_code == 200


def test_no_first_link_is_made_or_honoured_once_there_is_an_administrator(client: Client) -> None:
    link = setup.make_link(BASE)
    User.objects.create_user("grace@example.org", PASSWORD, is_admin=True)
    with pytest.raises(setup.AlreadySetUp):
        setup.make_link(BASE)
    assert client.post(path(link), form()).status_code == 410


def test_the_token_of_a_link_is_not_kept() -> None:
    token = path(setup.make_link(BASE)).split("/")[2]
    kept = SetupLink.objects.get()
    assert token.encode() not in bytes(kept.digest)
    assert len(bytes(kept.digest)) == 32


@pytest.mark.parametrize(
    "changes",
    [
        {"again": "something else entirely"},
        {"password": "short", "again": "short"},
        {"password": "password123", "again": "password123"},
        {"email": "not an address"},
        {"name": ""},
    ],
)
def test_a_form_with_a_mistake_makes_nobody_and_leaves_the_link_good(client: Client, changes: dict[str, str]) -> None:
    link = setup.make_link(BASE)
    answer = client.post(path(link), form(**changes))
    assert answer.status_code == 200
    assert not User.objects.exists()
    assert client.post(path(link), form()).status_code == 302


@pytest.mark.parametrize("token", ["x", "a" * 500, "%00", "é", "../../etc"])
def test_an_invented_link_is_answered_like_a_used_one(client: Client, token: str) -> None:
    assert client.get(f"/welcome/{token}/").status_code in (404, 410)


def test_an_invitation_gives_its_own_address_and_rights_whatever_the_form_says(client: Client, admin: User) -> None:
    link = setup.invite(admin, "New@Example.org", is_admin=False, base_url=BASE)
    client.post(path(link), form(email="other@example.org", is_admin="on"))
    newcomer = User.objects.get(email="new@example.org")
    assert not newcomer.is_admin
    assert not User.objects.filter(email="other@example.org").exists()


def test_somebody_who_is_here_cannot_be_invited_again(admin: User, user: User) -> None:
    with pytest.raises(setup.AddressTaken):
        setup.invite(admin, user.email.upper(), is_admin=False, base_url=BASE)


def test_inviting_again_ends_the_earlier_invitation_of_that_address_only(client: Client, admin: User) -> None:
    first = setup.invite(admin, "new@example.org", is_admin=False, base_url=BASE)
    other = setup.invite(admin, "other@example.org", is_admin=False, base_url=BASE)
    setup.invite(admin, "new@example.org", is_admin=True, base_url=BASE)
    assert client.get(path(first)).status_code == 410
    assert client.get(path(other)).status_code == 200


def test_a_withdrawn_invitation_no_longer_works(client: Client, admin: User) -> None:
    link = setup.invite(admin, "new@example.org", is_admin=False, base_url=BASE)
    setup.withdraw_invitation(admin, setup.invitations().get().pk)
    assert client.get(path(link)).status_code == 410


def test_invitations_end_with_the_access_of_who_made_them(client: Client, admin: User) -> None:
    boss = User.objects.create_user("boss@example.org", is_admin=True)
    link = setup.invite(admin, "new@example.org", is_admin=True, base_url=BASE)
    colleagues.set_active(boss, admin, active=False)
    assert client.get(path(link)).status_code == 410


def test_a_password_link_changes_the_password_and_ends_other_sessions(client: Client, admin: User, user: User) -> None:
    elsewhere = Client()
    elsewhere.force_login(user)
    link = setup.offer_password(admin, user, base_url=BASE)
    answer = client.post(path(link), {"password": PASSWORD, "again": PASSWORD})
    assert answer.status_code == 302
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert client.session["_auth_user_id"] == str(user.pk)
    assert elsewhere.get("/settings/").status_code == 302


def test_a_password_link_is_no_way_in_for_a_deactivated_colleague(client: Client, admin: User, user: User) -> None:
    link = setup.offer_password(admin, user, base_url=BASE)
    colleagues.set_active(admin, user, active=False)
    assert client.get(path(link)).status_code == 410


def test_links_leave_a_line_in_the_audit_trail_without_their_token(admin: User) -> None:
    link = setup.invite(admin, "new@example.org", is_admin=False, base_url=BASE)
    event = Event.objects.get(action="invited")
    assert event.user == admin
    assert path(link).split("/")[2] not in str(event.detail)
