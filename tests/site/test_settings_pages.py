"""Settings of the installation, and the demo brand."""

from __future__ import annotations

import pytest
from django.test import Client
from pydantic import SecretStr

from octavo.conversations.models import Author, Brand, Conversation, Mention, Note
from octavo.people.models import User
from octavo.site import demo_brand
from octavo.site.options import Options
from octavo.site.settings_pages import shown


def test_options_are_shown_with_where_they_come_from_and_without_their_secrets() -> None:
    options = Options(
        secret_key=SecretStr("k" * 40),
        port=9000,
        database_url="postgresql://me:hunter2@db.example.org:5432/octavo?sslpassword=hunter2",
    )
    rows = {row.variable: row for row in shown(options)}
    assert set(rows) == {f"OCTAVO_{name.upper()}" for name in Options.model_fields}
    everything = " ".join(row.value for row in rows.values())
    assert "hunter2" not in everything
    assert "me:" not in everything
    assert "kkk" not in everything
    assert rows["OCTAVO_DATABASE_URL"].value == "postgresql://db.example.org:5432/octavo"
    assert (rows["OCTAVO_PORT"].value, rows["OCTAVO_PORT"].given) == ("9000", True)
    assert rows["OCTAVO_HOST"].given is False
    assert all(row.about for row in rows.values())


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/settings/installation/", "/settings/demo/"])
def test_the_installation_is_the_administrators_business(client: Client, user: User, admin: User, path: str) -> None:
    client.force_login(user)
    assert client.get(path).status_code == 403
    client.force_login(admin)
    assert client.get(path).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["load", "remove"])
def test_a_colleague_neither_loads_nor_removes_the_demo(client: Client, user: User, what: str) -> None:
    client.force_login(user)
    assert client.post(f"/settings/demo/{what}/").status_code == 403
    assert not Brand.objects.exists()


@pytest.mark.django_db
def test_the_demo_is_loaded_in_one_action_and_twice_is_once(client: Client, admin: User) -> None:
    client.force_login(admin)
    assert client.post("/settings/demo/load/").status_code == 302
    messages, conversations, notes = Mention.objects.count(), Conversation.objects.count(), Note.objects.count()
    assert messages >= 350
    assert notes >= 4
    statuses = set(Conversation.objects.values_list("status", flat=True))
    assert statuses == {"open", "pending", "snoozed", "resolved"}
    client.post("/settings/demo/load/")
    assert (Mention.objects.count(), Conversation.objects.count(), Note.objects.count()) == (
        messages,
        conversations,
        notes,
    )
    assert client.get("/settings/demo/").status_code == 200


@pytest.mark.django_db
def test_removing_the_demo_leaves_the_house_as_it_was(client: Client, admin: User, recorded, post) -> None:  # type: ignore[no-untyped-def]
    recorded(post(by="lina"))
    before = (Brand.objects.count(), Mention.objects.count(), Author.objects.count())
    demo_brand.load(admin)
    client.force_login(admin)
    client.post("/settings/demo/remove/")
    assert (Brand.objects.count(), Mention.objects.count(), Author.objects.count()) == before
    client.post("/settings/demo/remove/")
    assert Brand.objects.get().slug == "tramonto"


@pytest.mark.django_db
def test_a_real_brand_of_the_demos_name_is_left_alone(admin: User) -> None:
    real = Brand.objects.create(name="Sorsella", slug="sorsella")
    loaded = demo_brand.load(admin)
    assert loaded != real
    demo_brand.remove(admin)
    assert Brand.objects.get() == real
