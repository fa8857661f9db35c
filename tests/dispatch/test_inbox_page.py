"""What the inbox promises: every filter is a link that works, nothing is hidden, decisions can be taken back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from by_hand import Says, readings
from django.test import Client
from django.utils.html import escape

from octavo.conversations import decide, record
from octavo.conversations.models import Brand, Conversation, Correction
from octavo.dispatch.models import SavedView
from octavo.kit import clock
from octavo.people.models import Event, User
from octavo.vocabulary import Author, Harm, Post

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


class Writes:
    """Records messages with readings written by hand, one conversation each, the last one newest."""

    def __init__(self, brand: Brand) -> None:
        self.brand = brand
        self.n = 0

    def __call__(self, *said: tuple[str, Says], **fields: Any) -> list[Conversation]:
        posts = []
        for text, _ in said:
            self.n += 1
            given: dict[str, Any] = {
                "channel": "forum",
                "created_at": clock.now() - timedelta(minutes=500 - self.n),
                "author": Author(f"writer{self.n}", f"Writer {self.n}"),
            }
            posts.append(Post(text=text, external_id=f"m{self.n}", **{**given, **fields}))
        new = record.record(posts, readings(posts, [says for _, says in said]), brand=self.brand.pk).new
        by_head = {row.head: row for row in Conversation.objects.filter(head__in=new)}
        return [by_head[number] for number in new]


@pytest.fixture
def write(brand: Brand) -> Writes:
    return Writes(brand)


def body(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def order(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<li class="row" id="c(\d+)"', page)]


def tabs(page: str) -> dict[str, int]:
    found = re.findall(r'<a href="\?[^"]*"[^>]*>(Mine|Unassigned|All|Snoozed|Done) <span class="n">(\d+)', page)
    return {name: int(n) for name, n in found}


class TestTheList:
    def test_the_most_urgent_stands_first_then_the_newest(self, signed_in: Client, write: Writes) -> None:
        old, grave, new = write(("a", Says(urgency=1)), ("b", Says(urgency=3)), ("c", Says(urgency=1)))
        assert order(body(signed_in, "/inbox/")) == [grave.pk, new.pk, old.pk]
        assert order(body(signed_in, "/inbox/?sort=newest")) == [new.pk, grave.pk, old.pk]

    def test_a_row_says_who_what_where_and_how_sure_the_reading_is(self, signed_in: Client, write: Writes) -> None:
        write(("The lid came off", Says("problem", urgency=2, sentiment="negative", language="en", score=0.72)))
        page = body(signed_in, "/inbox/")
        for words in ("Writer 1", "Forum", "EN", "Negative", "Problem", "72 %", "Today", "The lid came off"):
            assert words in page

    def test_a_crisis_says_what_harm_it_names(self, signed_in: Client, write: Writes) -> None:
        named = Says("crisis", 3, harms=(Harm.SAFETY, Harm.LAW, Harm.PRESS))
        write(("The lid burst in my face", named), ("The lid burst", Says("crisis", 3)))
        page = body(signed_in, "/inbox/")
        assert re.findall(r'<span class="chip bad">([^<]*)</span>', page) == ["Crisis sign", "Safety, Law"]

    def test_nothing_from_outside_is_html_in_a_row(
        self, signed_in: Client, user: User, brand: Brand, write: Writes
    ) -> None:
        Brand.objects.create(name="Other", slug="other")
        Brand.objects.filter(pk=brand.pk).update(name="<u>brand</u>")
        text = "far off " * 20 + "<s>why</s>"
        says = Says("complaint", spans=((len(text) - 10, len(text)),))
        author = Author("a", '"><img src=x>')
        (row,) = write((text, says), author=author, channel="<i>channel</i>", subject="<b>subject</b>")
        colleague = User.objects.create_user("bob@example.org", name="<em>Bob</em>")
        decide.assign(user, [row.pk], colleague)
        page = body(signed_in, "/inbox/")
        assert page.count('<li class="row"') == 1
        for harm in ("<u>brand", "<s>why", "<img src=x", "<i>channel", "<b>subject", "<em>Bob"):
            assert harm not in page and escape(harm) in page, harm

    def test_words_that_spoke_are_marked_and_hostile_text_stays_text(self, signed_in: Client, write: Writes) -> None:
        text = "<script>alert(1)</script> broken"
        write((text, Says(spans=((26, 32),))))
        page = body(signed_in, "/inbox/")
        assert "<script>alert" not in page
        assert escape("<script>alert(1)</script> ") + '<mark class="complaint">broken</mark>' in page

    def test_every_conversation_can_be_reached_page_by_page(self, signed_in: Client, write: Writes) -> None:
        everything = {row.pk for row in write(*[(f"message {n}", Says(urgency=n % 4)) for n in range(120)])}
        seen: list[int] = []
        address: str | None = "/inbox/"
        while address:
            page = body(signed_in, address)
            seen += order(page)
            found = re.search(r'href="(\?[^"]+)" rel="next"', page)
            address = "/inbox/" + found[1].replace("&amp;", "&") if found else None
        assert len(seen) == len(set(seen)) == 120
        assert set(seen) == everything

    def test_counts_of_tabs_follow_what_people_decide(self, signed_in: Client, user: User, write: Writes) -> None:
        mine, done, _other = write(("a", Says()), ("b", Says()), ("c", Says()))
        signed_in.post("/inbox/act/", {"do": "assign:me", "chosen": mine.pk})
        signed_in.post("/inbox/act/", {"do": "done", "chosen": done.pk})
        assert tabs(body(signed_in, "/inbox/")) == {"Mine": 1, "Unassigned": 1, "All": 2, "Snoozed": 0, "Done": 1}


class TestFilters:
    @pytest.mark.parametrize(
        "query",
        [
            "register=problem",
            "language=it",
            "sentiment=positive",
            "urgency=2",
            "channel=forum&language=it",
            "brand=tramonto&register=problem",
            "q=gocciola",
            "period=24h&language=it",
            "about=any&language=it",
        ],
    )
    def test_each_filter_shows_what_matches_and_nothing_else(
        self, signed_in: Client, write: Writes, query: str
    ) -> None:
        wanted, _ = write(
            ("La bottiglia gocciola", Says("problem", urgency=2, sentiment="positive", language="it")),
            ("I like the colours", Says("compliment", urgency=1, sentiment="neutral", language="en")),
        )
        assert order(body(signed_in, f"/inbox/?{query}")) == [wanted.pk]

    def test_values_of_one_facet_add_up_and_facets_narrow_each_other(self, signed_in: Client, write: Writes) -> None:
        a, b, _ = write(
            ("a", Says("problem", language="it")), ("b", Says("idea", language="it")), ("c", Says("idea", language="en"))
        )  # fmt: skip
        assert set(order(body(signed_in, "/inbox/?register=problem&register=idea&language=it"))) == {a.pk, b.pk}

    def test_empty_and_unknown_parameters_change_nothing(self, signed_in: Client, write: Writes) -> None:
        rows = write(("a", Says()), ("b", Says()))
        page = body(
            signed_in, "/inbox/?register=&language=&q=&urgency=9&sort=odd&tab=nowhere&period=&since=yesterday&page=4"
        )
        assert len(order(page)) == len(rows)

    def test_each_active_filter_can_be_removed_alone(self, signed_in: Client, write: Writes) -> None:
        write(("a", Says("problem", language="it")))
        page = body(signed_in, "/inbox/?register=problem&language=it")
        chips = re.findall(r'class="chip info off" href="([^"]*)"[^>]*>([^<]+)<', page)
        assert {words: address for address, words in chips} == {
            "Problem": "?language=it",
            "Italian": "?register=problem",
        }

    def test_facets_count_what_choosing_them_would_show(self, signed_in: Client, write: Writes) -> None:
        write(
            ("a", Says("problem", language="it")),
            ("b", Says("idea", language="it")),
            ("c", Says("idea", language="en")),
        )
        page = body(signed_in, "/inbox/?language=it")
        assert re.search(r'data-register="idea".*?<span class="n">1</span>', page)
        assert re.search(r'<span class="clip">English</span><span class="n">1</span>', page)

    def test_what_is_not_about_the_brand_is_kept_apart_and_can_be_seen(self, signed_in: Client, write: Writes) -> None:
        ours, other = write(("a", Says()), ("b", Says(relevant=False)))
        assert order(body(signed_in, "/inbox/")) == [ours.pk]
        assert order(body(signed_in, "/inbox/?about=no")) == [other.pk]

    def test_a_filter_without_matches_says_so_and_never_that_the_inbox_is_empty(
        self, signed_in: Client, write: Writes
    ) -> None:
        write(*[(f"m{n}", Says(sentiment="positive", language="en")) for n in range(3)])
        page = body(signed_in, "/inbox/?sentiment=negative&language=it")
        assert "0 of 3 match" in page
        assert "Clear all" in page
        assert "All answered" not in page


class TestEmptyInbox:
    def test_a_new_installation_is_led_to_its_first_steps(self, signed_in: Client) -> None:
        assert "First steps" in body(signed_in, "/inbox/")

    def test_when_all_is_answered_it_says_when_the_last_message_came(self, signed_in: Client, write: Writes) -> None:
        row = write(("a", Says()))[0]
        signed_in.post("/inbox/act/", {"do": "done", "chosen": row.pk})
        page = body(signed_in, "/inbox/")
        assert "All answered" in page
        assert "Last message" in page


class TestDecisions:
    def test_done_is_undone_by_the_form_of_the_next_page(self, signed_in: Client, write: Writes) -> None:
        rows = write(("a", Says()), ("b", Says()))
        signed_in.post("/inbox/act/", {"do": "done", "chosen": [row.pk for row in rows]})
        assert Conversation.objects.filter(status="resolved").count() == 2
        page = body(signed_in, "/inbox/")
        assert "2 conversations done" in page
        token = re.search(r'name="before" value="([^"]+)"', page)
        assert token
        signed_in.post("/undo/", {"before": token[1]})
        assert Conversation.objects.filter(status="open", waiting_since__isnull=False).count() == 2

    def test_the_offer_to_undo_is_made_once(self, signed_in: Client, write: Writes) -> None:
        row = write(("a", Says()))[0]
        signed_in.post("/inbox/act/", {"do": "done", "chosen": row.pk})
        assert 'name="before"' in body(signed_in, "/inbox/")
        assert 'name="before"' not in body(signed_in, "/inbox/")

    def test_nobody_undoes_with_another_persons_token(
        self, client: Client, user: User, admin: User, write: Writes
    ) -> None:
        row = write(("a", Says()))[0]
        client.force_login(user)
        client.post("/inbox/act/", {"do": "done", "chosen": row.pk})
        token = re.search(r'name="before" value="([^"]+)"', body(client, "/inbox/"))
        assert token
        client.force_login(admin)
        assert "Too late" in client.post("/undo/", {"before": token[1]}, follow=True).content.decode()
        row.refresh_from_db()
        assert row.status == "resolved"

    @pytest.mark.parametrize("choice", ["hour", "tonight", "tomorrow", "week"])
    def test_snoozed_conversations_come_back_later_not_earlier(
        self, signed_in: Client, write: Writes, choice: str
    ) -> None:
        row = write(("a", Says()))[0]
        signed_in.post("/inbox/act/", {"do": f"snooze:{choice}", "chosen": row.pk})
        row.refresh_from_db()
        assert row.status == "snoozed"
        assert row.snoozed_until is not None
        assert timedelta(minutes=50) < row.snoozed_until - clock.now() < timedelta(days=8)
        assert order(body(signed_in, "/inbox/")) == []
        assert order(body(signed_in, "/inbox/?tab=snoozed")) == [row.pk]

    def test_assigning_to_a_colleague_and_to_nobody(self, signed_in: Client, admin: User, write: Writes) -> None:
        row = write(("a", Says()))[0]
        signed_in.post("/inbox/act/", {"do": f"assign:{admin.pk}", "chosen": row.pk})
        row.refresh_from_db()
        assert row.assignee_id == admin.pk
        signed_in.post("/inbox/act/", {"do": "assign:none", "chosen": row.pk})
        row.refresh_from_db()
        assert row.assignee_id is None

    def test_setting_the_register_of_many_is_kept_as_corrections_and_undone(
        self, signed_in: Client, write: Writes
    ) -> None:
        rows = write(("a", Says("complaint")), ("b", Says("complaint")))
        signed_in.post("/inbox/act/", {"do": "register:idea", "chosen": [row.pk for row in rows]})
        assert set(Conversation.objects.values_list("register", flat=True)) == {"idea"}
        page = body(signed_in, "/inbox/")
        assert "2 messages corrected" in page
        assert "80 %" not in page  # what a person said is no guess
        token = re.search(r'name="before" value="([^"]+)"', page)
        assert token
        signed_in.post("/undo/", {"before": token[1]})
        assert set(Conversation.objects.values_list("register", flat=True)) == {"complaint"}
        assert Correction.objects.filter(withdrawn_at=None).count() == 0

    def test_a_decision_can_be_about_all_a_filter_shows(self, signed_in: Client, write: Writes) -> None:
        write(*[(f"m{n}", Says("idea")) for n in range(60)], ("other", Says("problem")))
        signed_in.post("/inbox/act/", {"do": "done", "whole": "1", "query": "register=idea"})
        assert Conversation.objects.filter(status="resolved").count() == 60

    def test_every_decision_leaves_a_line_in_the_trail(self, signed_in: Client, user: User, write: Writes) -> None:
        row = write(("a", Says()))[0]
        signed_in.post("/inbox/act/", {"do": "assign:me", "chosen": row.pk})
        signed_in.post("/inbox/act/", {"do": "done", "chosen": row.pk})
        trail = Event.objects.filter(kind="conversation", object_id=row.pk, user=user).order_by("pk")
        assert [event.action for event in trail] == ["assigned", "resolved"]

    def test_a_list_as_long_as_the_law_allows_is_cut_and_nonsense_is_refused(
        self, signed_in: Client, write: Writes
    ) -> None:
        row = write(("a", Says()))[0]
        assert signed_in.post("/inbox/act/", {"do": "explode", "chosen": row.pk}).status_code == 400
        assert signed_in.post("/inbox/act/", {"do": "snooze:never", "chosen": row.pk}).status_code == 400
        assert signed_in.post("/inbox/act/", {"do": "assign:999999", "chosen": row.pk}).status_code == 400
        assert signed_in.post("/inbox/act/", {"do": "register:poem", "chosen": row.pk}).status_code == 400
        answer = signed_in.post("/inbox/act/", {"do": "done", "chosen": ["x", "99999999999999999999"]}, follow=True)
        assert "Nothing is selected" in answer.content.decode()

    def test_going_back_after_a_decision_never_leads_away_from_the_site(self, signed_in: Client, write: Writes) -> None:
        row = write(("a", Says()))[0]
        answer = signed_in.post("/inbox/act/", {"do": "done", "chosen": row.pk, "next": "https://evil.example.org/"})
        assert answer["Location"] == "/inbox/"


class TestSavedViews:
    def test_a_view_keeps_the_filter_and_opens_it(self, signed_in: Client, user: User) -> None:
        signed_in.post("/inbox/views/", {"name": " Urgent  Italian ", "query": "language=it&urgency=3&after=x&odd=1"})
        view = SavedView.objects.get()
        assert (view.name, view.query, view.shared) == ("Urgent Italian", "language=it&urgency=3", False)
        assert 'href="/inbox/?language=it&amp;urgency=3"' in body(signed_in, "/inbox/")

    def test_a_shared_view_is_everybodys_and_a_private_one_is_not(
        self, client: Client, user: User, admin: User
    ) -> None:
        client.force_login(admin)
        client.post("/inbox/views/", {"name": "For all", "query": "urgency=3", "shared": "on"})
        client.post("/inbox/views/", {"name": "Only mine", "query": "urgency=2"})
        client.force_login(user)
        page = body(client, "/inbox/")
        assert '<span class="clip">For all' in page
        assert '<span class="clip">Only mine' not in page

    def test_only_the_owner_or_an_administrator_deletes_a_view(self, client: Client, user: User, admin: User) -> None:
        client.force_login(admin)
        client.post("/inbox/views/", {"name": "For all", "query": "urgency=3", "shared": "on"})
        number = SavedView.objects.get().pk
        client.force_login(user)
        assert client.post(f"/inbox/views/{number}/delete/").status_code == 404
        client.force_login(admin)
        client.post(f"/inbox/views/{number}/delete/")
        assert not SavedView.objects.exists()

    def test_a_view_without_a_name_is_refused_in_words(self, signed_in: Client) -> None:
        answer = signed_in.post("/inbox/views/", {"name": "  ", "query": "urgency=3"}, follow=True)
        assert "A view needs a name" in answer.content.decode()


def test_the_inbox_asks_the_database_no_more_for_fifty_rows_than_for_one(
    signed_in: Client, write: Writes, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    write(("a", Says()))
    signed_in.get("/inbox/")
    with django_assert_max_num_queries(20) as one:
        signed_in.get("/inbox/")
    write(*[(f"m{n}", Says()) for n in range(60)])
    with django_assert_num_queries(len(one.captured_queries)):
        signed_in.get("/inbox/")


def test_snoozing_says_when_in_the_persons_own_zone() -> None:
    from zoneinfo import ZoneInfo

    from octavo.conversations import snooze

    rome = ZoneInfo("Europe/Rome")
    friday_noon = datetime(2026, 3, 6, 12, 0, tzinfo=rome)
    assert snooze.until("hour", friday_noon) == datetime(2026, 3, 6, 13, 0, tzinfo=rome)
    assert snooze.until("tonight", friday_noon) == datetime(2026, 3, 6, 18, 0, tzinfo=rome)
    assert snooze.until("tonight", datetime(2026, 3, 6, 17, 30, tzinfo=rome)) == datetime(
        2026, 3, 6, 19, 30, tzinfo=rome
    )
    assert snooze.until("tomorrow", friday_noon) == datetime(2026, 3, 7, 9, 0, tzinfo=rome)
    assert snooze.until("week", friday_noon).astimezone(UTC) == datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
