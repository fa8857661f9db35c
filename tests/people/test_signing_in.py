"""Signing in and out: closed to strangers, slow for guessers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import get_resolver

from octavo.people.models import User

PASSWORD = "seven quiet herons"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_has_tried_yet() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada@example.org", PASSWORD, name="Ada")


def sign_in(client: Client, password: str = PASSWORD, email: str = "ada@example.org", **more: str) -> int:
    return client.post("/sign-in/", {"login": email, "password": password, **more}).status_code


def test_the_right_password_lets_in_whatever_the_case_of_the_address(client: Client, ada: User) -> None:
    assert sign_in(client, email="Ada@Example.org") == 302
    assert client.get("/settings/").status_code == 200


def test_a_wrong_password_does_not(client: Client, ada: User) -> None:
    assert sign_in(client, "wrong") == 200
    assert client.get("/settings/").status_code == 302


def test_passwords_are_kept_with_argon2(ada: User) -> None:
    assert ada.password.startswith("argon2$argon2id$")


def test_guessing_is_stopped_after_five_attempts_at_one_account(client: Client, ada: User) -> None:
    for _ in range(5):
        assert sign_in(client, "wrong") == 200
    sign_in(client)
    assert client.get("/settings/").status_code == 302, "even the right password waits"


def test_guessing_many_accounts_from_one_address_is_stopped(client: Client, ada: User) -> None:
    for n in range(10):
        sign_in(client, "wrong", email=f"somebody{n}@example.org")
    sign_in(client)
    assert client.get("/settings/").status_code == 302


def test_a_stranger_is_led_to_the_sign_in_and_back(client: Client, ada: User) -> None:
    answer = client.get("/settings/people/")
    assert answer.status_code == 302
    assert answer["Location"] == "/sign-in/?next=/settings/people/"
    back = client.post("/sign-in/", {"login": ada.email, "password": PASSWORD, "next": "/settings/people/"})
    assert back["Location"] == "/settings/people/"


def test_nobody_is_led_out_of_the_house(client: Client, ada: User) -> None:
    answer = client.post("/sign-in/", {"login": ada.email, "password": PASSWORD, "next": "https://evil.example"})
    assert answer["Location"] == "/"


def test_nobody_signs_up_alone(client: Client) -> None:
    names = {name for name in get_resolver().reverse_dict if isinstance(name, str)}
    assert "account_login" in names
    assert not names & {"account_signup", "account_reset_password", "account_email"}


def test_a_deactivated_colleague_is_told_so_and_stays_out(client: Client, ada: User) -> None:
    ada.is_active = False
    ada.save()
    answer = client.post("/sign-in/", {"login": ada.email, "password": PASSWORD}, follow=True)
    assert answer.redirect_chain[-1][0] == "/sign-in/inactive/"
    assert client.get("/settings/").status_code == 302


def test_signing_out_takes_a_confirmation_and_then_ends_the_session(client: Client, ada: User) -> None:
    client.force_login(ada)
    assert client.get("/sign-out/").status_code == 200
    assert client.get("/settings/").status_code == 200
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert client.get("/settings/").status_code == 302


def test_changing_the_password_keeps_this_session_and_ends_the_others(client: Client, ada: User) -> None:
    elsewhere = Client()
    elsewhere.force_login(ada)
    client.force_login(ada)
    chosen = "nine louder herons"
    form = {"oldpassword": PASSWORD, "password1": chosen, "password2": chosen}
    assert client.post("/settings/password/", form)["Location"] == "/settings/"
    assert client.get("/settings/").status_code == 200
    assert elsewhere.get("/settings/").status_code == 302
    ada.refresh_from_db()
    assert ada.check_password(chosen)


def test_a_sign_in_form_of_another_site_is_refused(ada: User) -> None:
    assert sign_in(Client(enforce_csrf_checks=True)) == 403
