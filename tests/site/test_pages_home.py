"""What the home page and the shell promise."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from by_hand import Says, readings
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client

from octavo.conversations import decide, record
from octavo.conversations.models import Brand, Conversation
from octavo.kit import clock
from octavo.listen.models import Source
from octavo.people.models import User
from octavo.site import keys
from octavo.vocabulary import Author, Post

pytestmark = pytest.mark.django_db
SITE = Path(keys.__file__).parent


@pytest.fixture
def signed_in(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def come(brand: Brand, *says: Says, hours_ago: float = 1) -> None:
    posts = [
        Post(channel="forum", external_id=f"{hours_ago}-{n}", text=f"message {n}", author=Author(f"a{n}-{hours_ago}"),
             created_at=clock.now() - timedelta(hours=hours_ago))
        for n in range(len(says))
    ]  # fmt: skip
    record.record(posts, readings(posts, list(says)), brand=brand.pk)


def home(client: Client, query: str = "") -> str:
    answer = client.get(f"/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


class TestHome:
    def test_the_first_number_is_the_one_that_needs_a_person_and_opens_those(
        self, signed_in: Client, brand: Brand
    ) -> None:
        come(brand, Says(urgency=3), Says(urgency=2), Says(urgency=1), Says(urgency=0))
        shown = home(signed_in)
        number = re.search(r'class="first-number" href="([^"]+)">\s*<span class="big num">(\d+)', shown)
        assert number
        assert number[2] == "2"
        opened = signed_in.get(number[1].replace("&amp;", "&")).content.decode()
        assert opened.count('<li class="row"') == 2

    def test_each_register_is_a_door_to_its_messages(self, signed_in: Client, brand: Brand) -> None:
        come(brand, Says("idea"), Says("idea"), Says("crisis", urgency=3))
        shown = home(signed_in)
        doors = re.findall(r'<a class="whole" href="/inbox/\?register=(\w+)">', shown)
        assert len(doors) == 8
        idea = shown[shown.index("register=idea") :]
        assert "2 open" in idea[: idea.index("</li>")]

    def test_every_trend_line_has_words_and_a_table_beside_it(self, signed_in: Client, brand: Brand) -> None:
        come(brand, Says("idea"))
        shown = home(signed_in)
        assert shown.count('class="trend"') == shown.count('role="img" aria-label="Last 14 days') == 8
        assert "The same as a table" in shown

    def test_an_imported_past_says_at_which_moment_the_page_stands(self, signed_in: Client, brand: Brand) -> None:
        come(brand, Says("idea"), hours_ago=24 * 400)
        assert "As of" in home(signed_in)

    def test_one_brand_at_a_time(self, signed_in: Client, brand: Brand) -> None:
        other = Brand.objects.create(name="Aurora", slug="aurora")
        come(brand, Says(urgency=3))
        come(other, Says(urgency=3), Says(urgency=3))
        assert '<span class="big num">3<' in home(signed_in)
        assert '<span class="big num">2<' in home(signed_in, "?brand=aurora")
        assert '<span class="big num">3<' in home(signed_in, "?brand=unknown")

    def test_my_conversations_are_a_list_of_its_own_and_their_number_opens_them(
        self, signed_in: Client, user: User, brand: Brand
    ) -> None:
        come(brand, Says(urgency=3), Says())
        assert "See what nobody has taken" in home(signed_in)
        decide.assign(user, [Conversation.objects.order_by("pk")[0].pk], user)
        shown = home(signed_in)
        mine = shown[shown.index('id="mine-title"') :]
        assert mine.count('<li class="row"') == 1
        link = re.search(r'href="([^"]+)">1 open', mine)
        assert link
        assert signed_in.get(link[1]).content.decode().count('<li class="row"') == 1
        identifiers = re.findall(r'\bid="([^"]+)"', shown)
        assert len(identifiers) == len(set(identifiers))

    def test_a_new_installation_shows_the_first_steps_in_the_page(self, signed_in: Client) -> None:
        shown = home(signed_in)
        for words in ("Name your brand", "Connect a source", "Import a file", "Load the demo brand"):
            assert words in shown

    def test_steps_taken_are_ticked_off(self, signed_in: Client, brand: Brand) -> None:
        assert re.search(r'class="card is-done">.*?Name your brand', home(signed_in), re.S)


class TestTheShell:
    @pytest.mark.parametrize(("signs", "level"), [(0, "calm"), (2, "watch"), (6, "crisis")])
    def test_open_crisis_signs_set_the_state_of_alert(
        self, signed_in: Client, brand: Brand, signs: int, level: str
    ) -> None:
        come(brand, Says("idea"), *[Says("crisis", urgency=3)] * signs)
        assert f'class="state {level}"' in home(signed_in)

    def test_old_crisis_signs_of_an_imported_past_alarm_nobody(self, signed_in: Client, brand: Brand) -> None:
        come(brand, *[Says("crisis", urgency=3)] * 6, hours_ago=24 * 30)
        assert 'class="state calm"' in home(signed_in)

    def test_sources_that_do_not_deliver_are_told_on_every_page(self, signed_in: Client, brand: Brand) -> None:
        Source.objects.create(brand=brand, channel="rss", name="Blog", failing_since=clock.now())
        assert "1 source broken" in signed_in.get("/inbox/").content.decode()

    def test_nobody_sees_anything_without_signing_in(self, client: Client) -> None:
        for address in ("/", "/inbox/", "/c/1/", "/places/"):
            assert client.get(address)["Location"].startswith("/sign-in/")

    def test_pages_need_no_inline_script_or_style(self, signed_in: Client, brand: Brand) -> None:
        come(brand, Says("problem", spans=((0, 3),)))
        number = re.search(r'href="(/c/\d+/)', home(signed_in))
        assert number
        for address in ("/", "/inbox/", number[1], "/settings/", "/sources/", "/brands/"):
            answer = signed_in.get(address)
            shown = answer.content.decode()
            assert not re.search(r"<script(?![^>]*\bsrc=)", shown), address
            assert not re.search(r"<style|\sstyle=|\son\w+=", shown), address
            assert "script-src 'self'" in answer["Content-Security-Policy"]
            assert "unsafe" not in answer["Content-Security-Policy"]

    def test_nothing_comes_from_another_host_and_every_file_is_there(self, signed_in: Client, brand: Brand) -> None:
        come(brand, Says("problem"))
        shown = home(signed_in)
        links = re.findall(r'(?:src|href)="([^"#]+)', shown)
        assert not [link for link in links if link.startswith(("http:", "https:", "//"))]
        for link in {link for link in links if link.startswith(settings.STATIC_URL)}:
            assert finders.find(link.removeprefix(settings.STATIC_URL)), link

    @pytest.mark.parametrize("theme", ["light", "dark", "system"])
    def test_the_theme_is_the_persons_choice(self, client: Client, user: User, theme: str) -> None:
        User.objects.filter(pk=user.pk).update(theme=theme)
        client.force_login(user)
        assert f'data-theme="{theme}"' in home(client)

    def test_single_letter_keys_can_be_switched_off(self, client: Client, user: User) -> None:
        User.objects.filter(pk=user.pk).update(letter_keys=False)
        client.force_login(user)
        assert 'data-letter-keys="off"' in home(client)

    def test_the_command_bar_knows_pages_brands_registers_and_views(self, signed_in: Client, brand: Brand) -> None:
        signed_in.post("/inbox/views/", {"name": "Night shift", "query": "urgency=3"})
        shown = signed_in.get("/places/").content.decode()
        for words in ("Home", "Inbox: mine", "Tramonto", "Crisis", "Night shift"):
            assert words in shown


class TestKeys:
    def test_every_key_is_listed_once_on_the_page_of_keys(self, signed_in: Client) -> None:
        shown = home(signed_in)
        listed = re.findall(r'data-key="([^"]+)"', shown)
        wanted = [key.keys for group in keys.KEYS for key in group.keys]
        assert listed == wanted

    def test_every_action_a_key_names_is_known_to_a_script(self) -> None:
        scripts = "".join(path.read_text() for path in (SITE / "static" / "octavo").glob("*.js"))
        for group in keys.KEYS:
            for key in group.keys:
                if key.action:
                    spelled = {
                        f'on("{key.action}"',
                        f'"octavo:{key.action}"',
                        f'action === "{key.action}"',
                        f'openDialog("{key.action}")',
                    }
                    known = [words for words in spelled if words in scripts]
                    assert known or key.action == "register", key.action

    def test_no_key_means_two_things_on_one_page(self) -> None:
        everywhere = [key.keys for key in keys.KEYS[0].keys]
        for group in keys.KEYS[1:]:
            found = [key.keys for key in group.keys] + everywhere
            assert len(found) == len(set(found))


class TestErrors:
    def test_what_is_not_there_gets_a_page_of_ours(self, signed_in: Client) -> None:
        answer = signed_in.get("/nothing/here/")
        assert answer.status_code == 404
        assert "Nothing here" in answer.content.decode()

    def test_a_form_from_an_old_page_is_explained(self, user: User) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(user)
        answer = strict.post("/inbox/act/", {"do": "done"})
        assert answer.status_code == 403
        assert "grown old" in answer.content.decode()

    def test_only_posts_change_anything(self, signed_in: Client) -> None:
        for address in ("/inbox/act/", "/undo/", "/c/1/status/", "/c/1/assign/", "/c/1/notes/", "/m/1/correct/"):
            assert signed_in.get(address).status_code == 405


class TestTheDesign:
    def test_the_page_about_design_names_every_token(self) -> None:
        tokens = (SITE / "static" / "octavo" / "tokens.css").read_text()
        page = (SITE.parents[2] / "docs" / "reference" / "design.md").read_text()
        assert set(re.findall(r"(--[a-z0-9_-]+):", tokens)) == set(
            re.findall(r"^\| `(--[a-z0-9_-]+)`", page, re.MULTILINE)
        )

    def test_no_colour_is_written_outside_the_tokens(self) -> None:
        for name in ("base.css", "parts.css"):
            text = (SITE / "static" / "octavo" / name).read_text()
            assert not re.search(r"#[0-9a-f]{3,8}\b|oklch\(|rgb\(", text.split("url(")[0]), name

    def test_every_token_that_is_used_exists(self) -> None:
        folder = SITE / "static" / "octavo"
        defined = set(re.findall(r"(--[a-z0-9_-]+):", "".join(path.read_text() for path in folder.glob("*.css"))))
        used = set(re.findall(r"var\((--[a-z0-9_-]+)", "".join(path.read_text() for path in folder.glob("*.css"))))
        assert used <= defined | {"--bar"}

    def test_every_icon_a_page_asks_for_is_in_the_sprite(self, signed_in: Client, brand: Brand) -> None:
        come(brand, *[Says(register) for register in ("idea", "crisis", "none")])
        sprite = set(
            re.findall(r'<symbol id="([^"]+)"', (SITE / "static" / "vendor" / "lucide" / "icons.svg").read_text())
        )
        templates = "".join(path.read_text() for path in (SITE / "templates").rglob("*.html"))
        shown = "".join(signed_in.get(address).content.decode() for address in ("/", "/inbox/", "/places/"))
        asked = {*re.findall(r'{% icon "([^"]+)"', templates), *re.findall(r"icons\.svg#([a-z0-9-]+)", shown)}
        assert asked <= sprite
