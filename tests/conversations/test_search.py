"""Messages are found by their words, in their own language, however people spell them."""

from __future__ import annotations

import pytest
from by_hand import Says, readings
from conftest import MakesPosts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octavo.conversations import search
from octavo.conversations.models import Brand, Conversation, Mention
from octavo.conversations.record import record

pytestmark = pytest.mark.django_db


def keep(brand: Brand, post: MakesPosts, language: str, *texts: str, subject: str = "") -> None:
    posts = [post(text, subject=subject, external_id=f"{language} {text[:200]}", by=text[:20]) for text in texts]
    record(posts, readings(posts, Says(language=language)), brand=brand.pk)


def found(words: str) -> set[str]:
    mentions = {mention.text for mention in search.mentions(Mention.objects.all(), words)}
    conversations = search.matching(Conversation.objects.all(), words)
    assert {mention.text for mention in Mention.objects.filter(conversation__in=conversations)} == mentions
    return mentions


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("en", "They were delaying us", "delays"),
        ("fr", "Nos chevaux attendaient", "cheval"),
        ("it", "Hanno cancellato i voli", "volo"),
        ("es", "Perdieron mis maletas", "maleta"),
        ("de", "Die Züge waren verspätet", "Zug"),
        ("pt", "As malas perdidas", "mala"),
        ("nl", "De vertragingen duurden", "vertraging"),
        ("und", "Zug zug zug", "ZUG"),
    ],
)
def test_a_word_is_found_in_its_other_forms(
    brand: Brand, post: MakesPosts, language: str, text: str, words: str
) -> None:
    keep(brand, post, language, text, "xyzzy")
    assert found(words) == {text}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("C'était réservé à Orléans", "reserve orleans"),
        ("C'était réservé à Orléans", "RÉSERVÉ"),
        ("C'etait reserve a Orleans", "réservé Orléans"),
        ("les clients remboursées", "remboursé"),
        ("les clients remboursées", "remboursees"),
    ],
)
def test_accents_may_be_left_out_on_either_side(brand: Brand, post: MakesPosts, text: str, words: str) -> None:
    keep(brand, post, "fr", text)
    assert found(words) == {text}


class TestTheWayToAsk:
    LATE, LATE_GATE, GATE_LATE, REFUND = "late tonight", "late gate change", "a change of gate, late", "late, refunded"

    @pytest.fixture(autouse=True)
    def messages(self, brand: Brand, post: MakesPosts) -> None:
        keep(brand, post, "en", self.LATE, self.LATE_GATE, self.GATE_LATE, self.REFUND)

    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            ("late", {LATE, LATE_GATE, GATE_LATE, REFUND}),
            ("late gate", {LATE_GATE, GATE_LATE}),
            ('"gate change"', {LATE_GATE}),
            ("late -refund", {LATE, LATE_GATE, GATE_LATE}),
            ("late -refunds", {LATE, LATE_GATE, GATE_LATE}),
            ("-refunding -tonight late", {LATE_GATE, GATE_LATE}),
            ('late -"gate change"', {LATE, GATE_LATE, REFUND}),
            ('late -"gate change', {LATE, GATE_LATE, REFUND}),
            ("-gate", {LATE, REFUND}),
            ("tonight or refunds", {LATE, REFUND}),
            ("refund or -late", set()),
            ("--refund late", {LATE, LATE_GATE, GATE_LATE}),
            ("late - tonight", {LATE}),
            ('"late -tonight"', {LATE}),
            ("late nothing-of-the-kind", set()),
            ("", set()),
            ("🔥", set()),
            ("!!! ... ---", set()),
            ("the", set()),
        ],
    )
    def test_is_that_of_search_engines(self, words: str, expected: set[str]) -> None:
        assert found(words) == expected


def test_a_minus_shuts_out_words_with_and_without_accents(brand: Brand, post: MakesPosts) -> None:
    keep(brand, post, "fr", "billet réservé", "billet reserve", "billet perdu")
    assert found("billet -réservé") == {"billet perdu"}
    assert found("billet -reserve") == {"billet perdu"}


def test_a_message_is_asked_by_the_dictionary_of_its_own_language(brand: Brand, post: MakesPosts) -> None:
    keep(brand, post, "en", "The vols are small animals")
    keep(brand, post, "fr", "Les vols sont annulés")
    assert found("vol -annulé") == {"The vols are small animals"}
    assert found("the") == set()


def test_the_subject_is_searched_too(brand: Brand, post: MakesPosts) -> None:
    keep(brand, post, "en", "Please help.", subject="Lost luggage")
    assert found("luggage") == {"Please help."}


def test_links_are_not_searched_but_what_stands_beside_them_is(brand: Brand, post: MakesPosts) -> None:
    text = "broken https://shop.example/lamps?x=sofa lamp http://t.example/y"
    keep(brand, post, "en", text)
    assert found("sofa") == found("shop") == found("example") == found("http") == set()
    assert found("broken lamp") == {text}


def test_words_between_emoji_and_signs_are_found(brand: Brand, post: MakesPosts) -> None:
    text = "🔥burned🔥 my #lamp @acme…"
    keep(brand, post, "en", text)
    assert found("burned") == found("lamp") == found("#lamp") == found("@acme") == {text}


def test_a_long_text_is_found_by_its_first_hundred_thousand_characters(brand: Brand, post: MakesPosts) -> None:
    text = "beginning " + "é word " * 20_000 + "ending"
    keep(brand, post, "en", text)
    assert found("beginning") == {text} and found("ending") == set()


@pytest.mark.parametrize(
    "words",
    [
        "'; DROP TABLE x; --", "a & | ! <-> :*", "((((", "'''''", '"', '""""', "\\", "%s %(x)s %", "\x00", "a\x00b",
        "-" * 1000, "- -- ---", "or or or", "or", "not", "a" * 100_000, "x " * 50_000, '"a ' * 30_000, "-a " * 30_000,
        "\u202e\u200b\ufeff", "🔥" * 1000, "é" * 3000, "{}", "$1", "<script>", "http://x.example/?q=a&b",
    ],
)  # fmt: skip
def test_no_query_is_an_error(brand: Brand, post: MakesPosts, words: str) -> None:
    keep(brand, post, "en", "late again")
    assert found(words) <= {"late again"}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.text('ab "-or', max_size=40))
def test_no_text_is_an_error(brand: Brand, words: str) -> None:
    assert found(words) == set()
