"""What becomes of posts that are recorded: each exactly once, whatever it contains and however often it comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from by_hand import PLAIN, Says, readings
from conftest import MakesPosts
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octavo.conversations import record as recorder
from octavo.conversations import threads
from octavo.conversations.models import Author as Writer
from octavo.conversations.models import Brand, Conversation, Mention, MentionVersion
from octavo.conversations.record import Recorded
from octavo.kit import clock
from octavo.vocabulary import Author, Parent, Post

pytestmark = pytest.mark.django_db


def record(brand: Brand, *posts: Post, says: Says | list[Says] = PLAIN, **options: Any) -> Recorded:
    return recorder.record(posts, readings(posts, says), brand=brand.pk, **options)


def only() -> Mention:
    return Mention.objects.get()


class TestAgain:
    def test_a_post_that_comes_again_is_kept_once(self, brand: Brand, post: MakesPosts) -> None:
        posts = [post(), post("Another")]
        first, second = record(brand, *posts), record(brand, *posts)
        assert first.outcomes == ["new", "new"] and len(first.new) == 2
        assert second.outcomes == ["known", "known"] and second.known == 2 and not second.new
        assert Mention.objects.count() == 2 and Conversation.objects.count() == 2

    def test_a_post_repeated_in_one_batch_is_kept_once(self, brand: Brand, post: MakesPosts) -> None:
        said = post()
        assert record(brand, said, said, said).outcomes == ["new", "known", "known"]
        assert Mention.objects.count() == 1

    def test_two_brands_keep_the_same_post_each_for_itself(self, brand: Brand, post: MakesPosts) -> None:
        other = Brand.objects.create(name="Other", slug="other")
        said = post()
        assert record(brand, said).outcomes == record(other, said).outcomes == ["new"]
        assert set(Mention.objects.values_list("brand", flat=True)) == {brand.pk, other.pk}

    def test_posts_of_several_brands_come_in_one_batch(self, brand: Brand, post: MakesPosts) -> None:
        other = Brand.objects.create(name="Other", slug="other")
        said = post()
        result = recorder.record([said, said], readings([said, said]), brand=[brand.pk, other.pk])
        assert result.outcomes == ["new", "new"]
        assert list(Mention.objects.order_by("id").values_list("brand", flat=True)) == [brand.pk, other.pk]

    def test_the_same_id_on_another_channel_is_another_post(self, brand: Brand, post: MakesPosts) -> None:
        record(brand, post(channel="forum", external_id="1"), post(channel="reviews", external_id="1"))
        assert Mention.objects.count() == 2

    def test_nothing_comes_of_nothing(self, brand: Brand) -> None:
        assert record(brand).outcomes == []

    def test_as_many_readings_as_posts_are_asked_for(self, brand: Brand, post: MakesPosts) -> None:
        with pytest.raises(ValueError, match="each post"):
            recorder.record([post()], readings([]), brand=brand.pk)

    def test_mentions_are_numbered_in_the_order_of_the_batch(self, brand: Brand, post: MakesPosts) -> None:
        posts = [post(f"message {n}") for n in range(40)]
        result = record(brand, *posts)
        assert result.new == sorted(result.new)
        in_order = [mention.external_id for mention in Mention.objects.order_by("published_at", "id")]
        assert in_order == [said.external_id for said in posts]

    def test_a_failure_in_the_middle_leaves_nothing(self, brand: Brand, post: MakesPosts) -> None:
        posts = [post(), post(channel="forum")]
        impossible = readings(posts, [PLAIN, Says(urgency=7)])
        with pytest.raises(Exception, match="urgency"), transaction.atomic():
            recorder.record(posts, impossible, brand=brand.pk)
        assert not Mention.objects.exists() and not Conversation.objects.exists() and not Writer.objects.exists()
        assert record(brand, *posts).outcomes == ["new", "new"]


class TestEdits:
    def test_other_words_under_the_same_id_replace_the_old_which_are_kept(self, brand: Brand, post: MakesPosts) -> None:
        record(brand, post("It broke.", external_id="1", subject="Lamp"))
        result = record(
            brand, post("It broke and burned me.", external_id="1", subject="Lamp!"), says=Says("crisis", urgency=3)
        )
        assert result.outcomes == ["edited"] and result.edited == [only().pk]
        assert (only().text, only().subject) == ("It broke and burned me.", "Lamp!")
        assert (only().register, only().urgency) == ("crisis", 3)
        version = MentionVersion.objects.get()
        assert (version.mention, version.text, version.subject) == (only().pk, "It broke.", "Lamp")
        shown = Conversation.objects.get()
        assert (shown.excerpt, shown.register, shown.subject) == ("It broke and burned me.", "crisis", "Lamp!")

    def test_an_edited_message_is_found_by_its_new_words_alone(self, brand: Brand, post: MakesPosts) -> None:
        from octavo.conversations import search

        record(brand, post("A lamp", external_id="1"))
        record(brand, post("A candle", external_id="1"))
        assert search.mentions(Mention.objects.all(), "candle").exists()
        assert not search.mentions(Mention.objects.all(), "lamp").exists()

    def test_an_edit_older_than_the_known_one_is_ignored(self, brand: Brand, post: MakesPosts) -> None:
        noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
        record(brand, post("first", external_id="1"))
        record(brand, post("third", external_id="1", edited_at=noon))
        late = record(brand, post("second", external_id="1", edited_at=noon - timedelta(hours=1)))
        assert late.outcomes == ["known"] and only().text == "third"

    def test_a_post_first_seen_edited_is_not_put_back(self, brand: Brand, post: MakesPosts) -> None:
        noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
        record(brand, post("third", external_id="1", edited_at=noon))
        assert record(brand, post("second", external_id="1", edited_at=noon - timedelta(hours=1))).outcomes == ["known"]
        assert only().text == "third" and only().edited_at == noon

    def test_a_file_read_again_takes_no_edit_back(self, brand: Brand, post: MakesPosts) -> None:
        before, after = post("before", external_id="1"), post("after", external_id="1")
        assert record(brand, before, after).outcomes == ["new", "edited"]
        assert record(brand, before, after).outcomes == ["known", "known"]
        assert only().text == "after" and MentionVersion.objects.count() == 1

    def test_several_edits_in_one_batch_all_leave_a_version(self, brand: Brand, post: MakesPosts) -> None:
        record(brand, *(post(text, external_id="1") for text in ("a", "b", "c", "c", "d")))
        assert only().text == "d"
        assert list(MentionVersion.objects.order_by("id").values_list("text", flat=True)) == ["a", "b", "c"]

    def test_an_edit_said_to_come_from_the_future_does_not_shut_out_later_ones(
        self, brand: Brand, post: MakesPosts
    ) -> None:
        record(brand, post("one", external_id="1"))
        record(brand, post("two", external_id="1", edited_at=datetime(9999, 1, 1, tzinfo=UTC)))
        record(brand, post("three", external_id="1", edited_at=clock.now() + timedelta(minutes=1)))
        assert only().text == "three"

    def test_what_a_person_corrected_outlives_an_edit(self, brand: Brand, post: MakesPosts) -> None:
        record(brand, post("one", external_id="1"))
        Mention.objects.update(register="idea", assigned=["idea"], corrected=["register"])
        record(brand, post("two", external_id="1"), says=Says("crisis", urgency=3))
        assert (only().register, only().urgency) == ("idea", 3)


class TestDeletions:
    def test_a_deleted_message_is_marked_and_its_words_and_versions_are_gone(
        self, brand: Brand, post: MakesPosts
    ) -> None:
        parent = Parent("Buy our lamps")
        record(brand, post("secret one", external_id="1", subject="secret", url="https://x.example/1", parent=parent))
        record(brand, post("secret two", external_id="1", subject="secret"))
        result = record(brand, post("", external_id="1", deleted=True))
        assert result.outcomes == ["deleted"] and result.deleted == [only().pk]
        assert only().deleted_at is not None
        with connection.cursor() as cursor:
            for table in ("mention", "mentionversion", "conversation"):
                cursor.execute(f"SELECT count(*) FROM conversations_{table} AS t WHERE t::text ILIKE '%secret%'")
                assert cursor.fetchone() == (0,), table

    def test_a_deleted_message_does_not_come_back(self, brand: Brand, post: MakesPosts) -> None:
        said = post("one", external_id="1")
        record(brand, said)
        record(brand, post(external_id="1", deleted=True))
        assert record(brand, said, post("two", external_id="1")).outcomes == ["known", "known"]
        assert record(brand, post(external_id="1", deleted=True)).outcomes == ["known"]
        assert only().text == "" and not MentionVersion.objects.exists()

    def test_a_message_deleted_before_it_came_never_comes(self, brand: Brand, post: MakesPosts) -> None:
        assert record(brand, post(external_id="1", deleted=True)).outcomes == ["deleted"]
        assert record(brand, post("late", external_id="1")).outcomes == ["known"]
        assert not Mention.objects.exists() and not Conversation.objects.exists()

    def test_written_and_deleted_in_one_batch_leaves_no_words(self, brand: Brand, post: MakesPosts) -> None:
        assert record(brand, post("x", external_id="1"), post(external_id="1", deleted=True)).outcomes == [
            "new",
            "deleted",
        ]
        assert only().text == "" and Conversation.objects.get().excerpt == ""


HOSTILE = {
    "NUL": "a\x00b",
    "lone surrogate": "a\ud800b",
    "tabs, newlines, backslashes": "a\tb\nc\r\nd\\e\\\\n\\.\n\\N",
    "right to left and zero width": "\u202eevil\u202c \u200bx\u200d\ufeff",
    "emoji": "🔥👨‍👩‍👧‍👦🇮🇹",
    "a copy's end": "\\.",
    "a null of copy": "\\N",
    "quotes and braces": "\"{}'${{}}%s",
    "nothing": "",
    "spaces": "  \n ",
}


class TestHostileText:
    @pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
    def test_every_field_keeps_what_can_be_kept(self, brand: Brand, post: MakesPosts, text: str) -> None:
        expected = text.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")
        said = post(
            text,
            external_id=f"id{text}",
            subject=text,
            url=text,
            thread=text,
            author=Author(f"h{text}", text, text, followers=-3),
            parent=Parent(text),
            reach=-5,
        )
        assert record(brand, said, post("beside")).outcomes == ["new", "new"]
        assert record(brand, said).outcomes == ["known"]
        kept = Mention.objects.select_related("author").exclude(text="beside").get()
        assert (kept.text, kept.subject, kept.url, kept.external_id) == (expected, expected, expected, f"id{expected}")
        assert kept.parent["text"] == expected and kept.reach == 0
        assert kept.author is not None and (kept.author.handle, kept.author.name) == (f"h{expected}", expected)
        assert Conversation.objects.get(pk=kept.conversation_id).excerpt == expected

    def test_offsets_stay_right_where_characters_were_replaced(self, brand: Brand, post: MakesPosts) -> None:
        record(brand, post("\x00\ud800 broken lamp"), says=Says(spans=((3, 9),)))
        start, end, *_ = only().evidence
        assert only().text[start:end] == "broken"
        shown = Conversation.objects.get()
        assert shown.excerpt[shown.marks[0] : shown.marks[1]] == "broken"

    @pytest.mark.parametrize(
        "text",
        [
            "x" * 2**20,
            "word " * 200_000,
            " ".join(f"ü{n:x}" for n in range(150_000)),
            "𐌰𐌱 " * 300_000,
            "a://" * 250_000,
        ],
        ids=["one word", "many words", "all different", "letters of four bytes", "nothing but links"],
    )
    def test_a_text_of_a_megabyte_is_kept_whole(self, brand: Brand, post: MakesPosts, text: str) -> None:
        record(brand, post(text), says=Says(spans=((len(text) - 4, len(text)),)))
        assert only().text == text
        assert Conversation.objects.get().marks == []  # the evidence lies beyond the excerpt

    def test_numbers_beyond_all_measure_are_held(self, brand: Brand, post: MakesPosts) -> None:
        record(brand, post(reach=10**30, author=Author("a", followers=10**30)))
        assert only().reach == Writer.objects.get().followers == 2**63 - 1

    def test_fields_longer_than_their_column_are_cut_and_still_told_apart(self, brand: Brand, post: MakesPosts) -> None:
        long = "x" * 5000
        record(brand, post(external_id=long + "1", channel="c" * 60, subject=long, url=long, author=Author(long, long)))
        record(brand, post(external_id=long + "2", channel="c" * 60, subject=long, url=long, author=Author(long, long)))
        assert Mention.objects.count() == 2 and Writer.objects.count() == 1

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(text=st.text(max_size=40), name=st.text(max_size=20))
    def test_any_text_comes_out_as_it_went_in(self, brand: Brand, post: MakesPosts, text: str, name: str) -> None:
        said = post(text, external_id=f"{text}-{name}", author=Author("h", name), parent=Parent(text))
        mentions = record(brand, said).new
        for mention in Mention.objects.filter(pk__in=mentions):
            assert mention.text == text.replace("\x00", "\ufffd")
            assert mention.parent["text"] == mention.text


RECEIVED = datetime(2026, 3, 10, 12, tzinfo=UTC)


class TestDates:
    @pytest.mark.parametrize(
        ("said", "kept"),
        [
            (None, RECEIVED),
            (datetime(1, 1, 1, tzinfo=UTC), RECEIVED),
            (datetime.min.replace(tzinfo=timezone(timedelta(hours=14))), RECEIVED),
            (datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))), RECEIVED),
            (datetime(1970, 1, 1, tzinfo=UTC), RECEIVED),
            (datetime(2526, 1, 1, tzinfo=UTC), RECEIVED),
            (RECEIVED + timedelta(hours=3), RECEIVED + timedelta(hours=3)),
            (RECEIVED + timedelta(days=2), RECEIVED),
            (datetime(1994, 6, 1, tzinfo=UTC), datetime(1994, 6, 1, tzinfo=UTC)),
            (datetime(2026, 3, 1, 9), datetime(2026, 3, 1, 9, tzinfo=UTC)),  # noqa: DTZ001
            (
                datetime(2026, 3, 1, 0, 30, tzinfo=timezone(timedelta(hours=2))),
                datetime(2026, 2, 28, 22, 30, tzinfo=UTC),
            ),
        ],
        ids=[
            "missing",
            "the first year",
            "before the first moment",
            "after the last moment",
            "the epoch",
            "centuries ahead",
            "a clock that goes ahead",
            "two days ahead",
            "before 2000",
            "without a zone",
            "another month in UTC",
        ],
    )
    def test_a_message_has_a_believable_moment(
        self, brand: Brand, post: MakesPosts, said: datetime | None, kept: datetime
    ) -> None:
        record(brand, post(created_at=said), received_at=RECEIVED)
        assert only().published_at == kept
        assert Conversation.objects.get().last_at == kept

    def test_each_month_has_its_partition(self, brand: Brand, post: MakesPosts) -> None:
        moments = [
            datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
            datetime(2000, 1, 1, tzinfo=UTC),
            datetime(2025, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
            datetime(2026, 1, 1, tzinfo=UTC),
        ]
        record(brand, *(post(created_at=at) for at in moments), received_at=RECEIVED)
        with connection.cursor() as cursor:
            cursor.execute("SELECT tableoid::regclass::text FROM conversations_mention ORDER BY published_at")
            places = [row[0].removeprefix("conversations_mention_") for row in cursor.fetchall()]
        assert places == ["before_2000", "2000_01", "2025_12", "2026_01"]

    def test_a_month_whose_batch_was_given_up_can_still_come(self, brand: Brand, post: MakesPosts) -> None:
        said = post(created_at=datetime(2011, 5, 5, tzinfo=UTC))
        with pytest.raises(RuntimeError), transaction.atomic():
            record(brand, said)
            raise RuntimeError
        assert record(brand, said).outcomes == ["new"]


class TestPeople:
    def test_authors_are_known_again_and_renamed(self, brand: Brand, post: MakesPosts) -> None:
        record(brand, post(author=Author("lina", "Lina", "https://x.example/lina", 10)))
        record(brand, post(author=Author("lina", "Lina B.")), post(author=Author("lina")))
        writer = Writer.objects.get()
        assert (writer.handle, writer.name, writer.url, writer.followers) == (
            "lina",
            "Lina B.",
            "https://x.example/lina",
            10,
        )
        assert writer.mentions.count() == 3

    def test_the_same_handle_on_two_channels_is_two_people(self, brand: Brand, post: MakesPosts) -> None:
        record(brand, post(channel="forum"), post(channel="reviews"))
        assert Writer.objects.count() == 2

    def test_a_post_without_an_author_is_kept(self, brand: Brand, post: MakesPosts) -> None:
        record(brand, post(by=""))
        assert only().author is None and Conversation.objects.get().author_name == ""

    def test_messages_stay_when_their_author_goes(self, brand: Brand, post: MakesPosts) -> None:
        record(brand, post())
        Writer.objects.all().delete()
        assert only().author is None and Conversation.objects.get().author is None

    def test_nobody_waits_for_an_answer_to_our_own_message(self, brand: Brand, post: MakesPosts) -> None:
        record(brand, post("We are open on Sunday.", own=True))
        assert only().own and Conversation.objects.get().waiting_since is None


class TestSubjects:
    @pytest.mark.parametrize(
        "subject",
        ["Invoice 12", "Re: Invoice 12", "RE : Tr: invoice  12", "R: I: Invoice 12", "AW: WG: Fwd: Re[2]: INVOICE 12 "],
    )
    def test_reply_marks_do_not_make_another_subject(self, subject: str) -> None:
        assert threads.bare_subject(subject) == "invoice 12"

    @pytest.mark.parametrize("subject", ["Retour: Invoice 12", "Recipe", "Irene: hello", "12: Re"])
    def test_a_word_that_begins_alike_is_no_reply_mark(self, subject: str) -> None:
        assert threads.bare_subject(subject) == subject.casefold()

    @pytest.mark.parametrize("subject", ["re" + " " * 10**6, "re: " * 10**6, "\t\n" * 10**6, "re[" + "1" * 10**6])
    def test_a_hostile_subject_is_read_at_once(self, subject: str) -> None:
        assert len(threads.bare_subject(subject)) <= 300
