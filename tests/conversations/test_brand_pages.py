"""Brand pages: names, campaigns, trying a message, reading again, deleting."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from octavo.conversations import erase, profile
from octavo.conversations.models import (
    Author,
    Brand,
    BrandName,
    Campaign,
    Conversation,
    ConversationTally,
    Mention,
    MentionTally,
    MentionVersion,
    PostKey,
    ThreadKey,
)
from octavo.kit import clock
from octavo.listen.collect import due
from octavo.listen.models import Source
from octavo.people.models import Event, User
from octavo.vocabulary import Alias

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_admin(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def form(**changes: Any) -> dict[str, Any]:
    filled = {
        "name": "Orange",
        "about": "Telephones.",
        "names": "Orange: mobile, forfait\nOrange Telecom\n\norange telecom",
        "handles": "@orange\n@orange_help",
        "products": "Livebox\nSosh: forfait",
        "languages": ["fr", "en"],
    }
    return {**filled, **changes}


def test_without_a_brand_the_page_says_what_to_do(as_admin: Client) -> None:
    html = page(as_admin, "/brands/")
    assert "/brands/new/" in html
    assert "/settings/demo/" in html


def test_a_brand_is_made_with_its_names_one_a_line(as_admin: Client) -> None:
    answer = as_admin.post("/brands/new/", form())
    assert answer["Location"] == "/brands/orange/"
    brand = Brand.objects.get()
    assert brand.languages == ["fr", "en"]
    known = profile.of(brand)
    assert set(known.aliases) == {
        Alias("Orange", ("mobile", "forfait")),
        Alias("Orange Telecom"),
        Alias("Sosh", ("forfait",)),
    }
    assert set(known.handles) == {"@orange", "@orange_help"}
    assert known.products == ("Livebox",)
    html = page(as_admin, "/brands/orange/edit/")
    assert "Orange: mobile, forfait" in html


def test_editing_takes_away_what_is_no_longer_there_and_offers_to_read_again(as_admin: Client) -> None:
    as_admin.post("/brands/new/", form())
    answer = as_admin.post("/brands/orange/edit/", form(name="Orange SA", names="Orange SA", products=""))
    assert answer["Location"] == "/brands/orange/?changed", "the address stays, whatever the name"
    assert list(BrandName.objects.exclude(kind="handle").values_list("text", flat=True)) == ["Orange SA"]
    assert "Read them again" in page(as_admin, "/brands/orange/?changed")


def test_a_change_that_no_message_is_read_by_does_not_offer_it(as_admin: Client) -> None:
    as_admin.post("/brands/new/", form(names="Orange Telecom", products="Livebox"))
    sent = form(names="Orange Telecom", products="Livebox", about="Telephones and more.")
    assert as_admin.post("/brands/orange/edit/", sent)["Location"] == "/brands/orange/"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "tramonto"},
        {"name": "x" * 121},
        {"names": ": only, context"},
        {"names": "x" * 121},
        {"handles": "y" * 121},
        {"names": "\n".join(f"name {n}" for n in range(501))},
        {"languages": ["tlh"]},
        {"names": "nul\x00"},
    ],
)
def test_a_brand_that_cannot_be_is_refused_in_words(as_admin: Client, brand: Brand, wrong: dict[str, Any]) -> None:
    answer = as_admin.post("/brands/new/", form(**wrong))
    assert answer.status_code == 422
    assert "errorlist" in answer.content.decode()
    assert Brand.objects.count() == 1


@pytest.mark.parametrize(("name", "slug"), [("New", "new-2"), ("日本", "brand"), ("Tramonto!", "tramonto-2")])
def test_every_name_gets_an_address_of_its_own(as_admin: Client, brand: Brand, name: str, slug: str) -> None:
    assert as_admin.post("/brands/new/", form(name=name))["Location"] == f"/brands/{slug}/"
    page(as_admin, f"/brands/{slug}/")


def test_a_campaign_is_declared_changed_and_deleted(as_admin: Client, brand: Brand) -> None:
    sent = {"name": "Sunset", "hashtags": "#sunset\n#dusk", "slogans": "", "links": "", "starts_on": "2026-03-01"}
    assert as_admin.post("/brands/tramonto/campaigns/new/", sent)["Location"] == "/brands/tramonto/?changed"
    campaign = Campaign.objects.get()
    assert (campaign.hashtags, campaign.starts_on, campaign.ends_on) == (["#sunset", "#dusk"], date(2026, 3, 1), None)
    path = f"/brands/tramonto/campaigns/{campaign.pk}/"
    assert "#dusk" in page(as_admin, path)
    as_admin.post(path, {**sent, "hashtags": "#sunset", "ends_on": "2026-04-01"})
    campaign.refresh_from_db()
    assert (campaign.hashtags, campaign.ends_on) == (["#sunset"], date(2026, 4, 1))
    as_admin.post(f"{path}delete/")
    assert not Campaign.objects.exists()
    assert list(Event.objects.filter(kind="campaign").order_by("pk").values_list("action", flat=True)) == [
        "created", "changed", "deleted"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"hashtags": ""},
        {"starts_on": "2026-03-02", "ends_on": "2026-03-01"},
        {"starts_on": "soon"},
        {"name": "DAWN"},
        {"name": ""},
    ],
)
def test_a_campaign_that_cannot_be_is_refused_in_words(as_admin: Client, brand: Brand, wrong: dict[str, str]) -> None:
    Campaign.objects.create(brand=brand, name="Dawn", hashtags=["#dawn"])
    answer = as_admin.post("/brands/tramonto/campaigns/new/", {"name": "Sunset", "hashtags": "#sunset", **wrong})
    assert answer.status_code == 422
    assert "errorlist" in answer.content.decode()
    assert Campaign.objects.count() == 1


def test_a_campaign_belongs_to_its_brand_alone(as_admin: Client, brand: Brand) -> None:
    other = Brand.objects.create(name="Alba", slug="alba")
    campaign = Campaign.objects.create(brand=other, name="Dawn", hashtags=["#dawn"])
    assert as_admin.get(f"/brands/tramonto/campaigns/{campaign.pk}/").status_code == 404
    assert as_admin.post(f"/brands/tramonto/campaigns/{campaign.pk}/delete/").status_code == 404
    assert Campaign.objects.exists()


def test_colleagues_see_brands_and_change_none(client: Client, user: User, brand: Brand) -> None:
    client.force_login(user)
    html = page(client, "/brands/tramonto/")
    assert "/edit/" not in html
    assert "/delete/" not in html
    for path in ("new/", "tramonto/edit/", "tramonto/delete/", "tramonto/campaigns/new/"):
        assert client.get(f"/brands/{path}").status_code == 403
        assert client.post(f"/brands/{path}", form()).status_code == 403
    assert client.post("/brands/tramonto/read-again/").status_code == 403
    assert Brand.objects.get().name == "Tramonto"


@pytest.mark.parametrize(
    ("text", "about", "why"),
    [
        ("Tramonto never answers", True, "It says your name."),
        ("ask @tramonto_care", True, "It addresses you"),
        ("my bask lamp broke", True, "beside a word that settles it"),
        ("lizards bask in the sun", False, "none of the words that would settle it"),
        ("what a nice evening", False, "none of your names"),
    ],
)
def test_a_message_can_be_tried_and_says_why_it_counts(
    client: Client, user: User, brand: Brand, text: str, about: bool, why: str
) -> None:
    BrandName.objects.create(brand=brand, kind="handle", text="@tramonto_care")
    BrandName.objects.create(brand=brand, kind="product", text="Bask", context=["lamp"])
    client.force_login(user)
    html = client.post("/brands/tramonto/", {"text": text}).content.decode()
    assert ("Not about the brand" in html) is not about
    assert why in html
    assert not Mention.objects.exists()


def test_what_is_tried_is_shown_as_text_and_never_as_html(client: Client, user: User, brand: Brand) -> None:
    client.force_login(user)
    html = client.post("/brands/tramonto/", {"text": "Tramonto <script>alert(1)</script> broken"}).content.decode()
    assert "<script>alert" not in html


def test_reading_again_is_asked_for_once(as_admin: Client, brand: Brand) -> None:
    as_admin.post("/brands/tramonto/read-again/")
    as_admin.post("/brands/tramonto/read-again/")
    job = ProcrastinateJob.objects.get(task_name="octavo.read_again_brand")
    assert job.args == {"brand": brand.pk, "days": 30}


def test_a_brand_goes_only_once_its_name_was_typed(as_admin: Client, brand: Brand, recorded: Any, post: Any) -> None:
    recorded(post(), post(by="ugo"))
    assert "<strong>2 conversations</strong>" in page(as_admin, "/brands/tramonto/delete/")
    assert as_admin.post("/brands/tramonto/delete/", {"name": "tramont"}).status_code == 422
    assert Conversation.objects.count() == 2
    assert as_admin.post("/brands/tramonto/delete/", {"name": "tramonto"})["Location"] == "/brands/"
    assert not Brand.objects.exists()
    assert Event.objects.get(action="deleted").detail == {"name": "Tramonto", "conversations": 2}


def test_everything_of_a_brand_goes_with_it_and_nothing_of_another(
    admin: User, brand: Brand, recorded: Any, post: Any
) -> None:
    other = Brand.objects.create(name="Alba", slug="alba")
    recorded(
        post("Tramonto", by="both", subject="Lamp"),
        post("Tramonto again", by="both", subject="Re: Lamp"),
        post("Tramonto", by="only", external_id="edited"),
    )
    recorded(post("Tramonto, differently", by="only", external_id="edited"))
    recorded(post("Alba", by="both", subject="Lamp"), brand=other)
    assert MentionVersion.objects.count() == 1

    assert erase.brand(admin, brand) == 2
    assert list(Author.objects.values_list("handle", flat=True)) == ["both"]
    for model in (Mention, Conversation, PostKey, ThreadKey):
        assert model.objects.count() == 1, model
    assert not MentionVersion.objects.exists()
    for tally in (ConversationTally, MentionTally):
        assert not tally.objects.exclude(brand=other).exists(), tally
    assert erase.size(other) == 1


class TestALargeBrand:
    @pytest.fixture(autouse=True)
    def two_are_many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(erase, "AT_ONCE", 2)

    def test_is_taken_out_by_a_job_that_shows_how_far_it_is(
        self, as_admin: Client, brand: Brand, recorded: Any, post: Any
    ) -> None:
        recorded(*(post(by=f"somebody {n}") for n in range(5)))
        for _ in range(2):  # asking twice makes one of it
            assert as_admin.post("/brands/tramonto/delete/", {"name": "tramonto"})["Location"] == "/brands/"
        job = ProcrastinateJob.objects.get(task_name=erase.JOB)
        assert job.args == {"brand": brand.pk} and Conversation.objects.count() == 5
        assert "0 of 5 conversations are gone" in page(as_admin, "/brands/")
        bites = erase.bite_by_bite(brand.pk)
        assert next(bites).gone == 2 and Conversation.objects.count() == 3
        assert "2 of 5 conversations are gone" in page(as_admin, "/brands/")
        assert [erasure.gone for erasure in bites] == [4, 5]
        assert not Brand.objects.exists() and "No brand yet" in page(as_admin, "/brands/")
        assert Event.objects.get(action="deleted").detail == {"name": "Tramonto", "conversations": 5}
        assert list(erase.bite_by_bite(brand.pk)) == []

    def test_goes_with_everything_and_nothing_of_another_though_broken_off_in_the_middle(
        self, admin: User, brand: Brand, recorded: Any, post: Any
    ) -> None:
        other = Brand.objects.create(name="Alba", slug="alba")
        recorded(*(post(by=who, external_id=who) for who in ("both", "first", "second", "third", "fourth")))
        recorded(post("edited since", by="first", external_id="first"))
        recorded(post("Alba", by="both"), brand=other)
        erase.ask(admin, brand)
        next(erase.bite_by_bite(brand.pk))
        recorded(post("late", by="late"))
        assert [erasure.gone for erasure in erase.bite_by_bite(brand.pk)] == [4, 6]
        assert list(Author.objects.values_list("handle", flat=True)) == ["both"]
        for model in (Mention, Conversation, PostKey):
            assert model.objects.count() == 1, model
        assert not ThreadKey.objects.exclude(conversation__brand=other).exists()
        assert not MentionVersion.objects.exists()
        assert Brand.objects.get() == other and erase.size(other) == 1

    def test_is_no_longer_listened_to_meanwhile(self, admin: User, brand: Brand) -> None:
        Source.objects.create(brand=brand, channel="rss", name="Blog", next_at=clock.now())
        assert len(due()) == 1
        erase.ask(admin, brand)
        assert due() == []
