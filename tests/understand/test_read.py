"""What `understand.read` promises, with the models as shipped."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octavo.understand import Readings, Tier, explain, model_version, read
from octavo.understand.readings import join
from octavo.vocabulary import (
    HARMS,
    LANGUAGES,
    NO_REGISTER,
    REGISTERS,
    BrandProfile,
    Harm,
    Parent,
    ParentKind,
    Post,
    Register,
    Sentiment,
)

TIERS = pytest.mark.parametrize("tier", list(Tier))

ANY_TEXT = st.one_of(
    st.text(max_size=300),
    st.text(st.characters(), max_size=60),  # with halves of surrogate pairs
    st.text("aeé ’'?!#@😡❤️👩‍👩‍👧\u200b\u200d\ufe0f\u0301\x00\n\t\u3000ﬁ㎏İßﷺ", max_size=80),
)


def posts(*texts: str) -> list[Post]:
    return [Post("test", str(number), text) for number, text in enumerate(texts)]


@TIERS
@settings(max_examples=60, deadline=None)
@given(texts=st.lists(ANY_TEXT, max_size=5))
def test_any_text_is_read_and_every_column_stays_within_its_bounds(tier: Tier, texts: list[str]) -> None:
    readings = read(posts(*texts), tier=tier)

    assert len(readings) == len(texts)
    for text, reading in zip(texts, readings, strict=True):
        assert reading.language in (*LANGUAGES, "und")
        assert set(reading.registers) == set(REGISTERS)
        assert all(0 <= chance <= 1 for chance in reading.registers.values())
        assert 0 <= reading.sentiment.score <= 1
        assert reading.urgency in range(4)
        assert (reading.primary == NO_REGISTER) == (reading.assigned == ())
        assert reading.primary == (reading.assigned[0] if reading.assigned else NO_REGISTER)
        assert reading.runner_up != reading.primary
        assert reading.gravity.score == reading.registers[Register.CRISIS]
        assert set(reading.gravity.kinds) <= set(HARMS)
        assert not (reading.abstained and reading.language == "und" and not text.strip())
        assert len(reading.evidence) <= 5
        for evidence in reading.evidence:
            assert 0 <= evidence.start < evidence.end <= len(text)
            assert evidence.weight > 0


@settings(max_examples=150, deadline=None)
@given(before=ANY_TEXT, after=ANY_TEXT)
def test_evidence_points_at_whole_words_of_the_text_as_given(before: str, after: str) -> None:
    text = f"{before}\nThe parcel is broken, I want a refund 😡😡 thank you so much\u3000{after}"

    for evidence in explain(text, tier=Tier.FAST).evidence:
        marked = text[evidence.start : evidence.end]
        assert marked == marked.strip()
        assert not any(sign.isspace() for sign in marked)
        outside = text[evidence.start - 1 : evidence.start] + text[evidence.end : evidence.end + 1]
        assert not (marked[0].isalnum() and outside[:1].isalnum() and evidence.start > 0 and marked.isascii())


@TIERS
def test_whom_a_message_addresses_is_no_reason_for_its_reading(tier: Tier) -> None:
    brand = BrandProfile(name="Lumora Bank", handles=("lumora",))
    text = "@lumora Lumora Bank your app crashes every time I open it, fix it! https://example.com/x"

    for said in (explain(text, brand=brand, tier=tier), read(posts(text), brand=brand, tier=tier)[0]):
        marked = {text[each.start : each.end].casefold() for each in said.evidence}
        assert marked
        assert not marked & {"@lumora", "lumora", "bank", "https://example.com/x"}


def test_evidence_is_found_behind_signs_that_change_length_when_normalised() -> None:
    text = "ﷺ ㎏ e\u0301te\u0301 👩‍👩‍👧\u200b\n\n  Merci beaucoup, équipe adorable et compétente !"

    marked = {text[each.start : each.end] for each in explain(text, tier=Tier.FAST).evidence}

    assert marked & {"Merci", "adorable", "compétente"}


@TIERS
@pytest.mark.parametrize("text", ["", "   \n\t ", "\x00\x00", "\ud800", "\u200b\u200b", "����"])
def test_what_nobody_can_read_has_no_register_and_no_language(tier: Tier, text: str) -> None:
    reading = explain(text, tier=tier)

    assert (reading.primary, reading.language, reading.urgency) == (NO_REGISTER, "und", 0)
    assert reading.sentiment.label == Sentiment.NEUTRAL
    assert reading.evidence == ()


@TIERS
@pytest.mark.parametrize("text", ["a" * 1_000_000, "no! " * 250_000, "😡" * 300_000, " " * 1_000_000 + "why?"])
def test_a_megabyte_is_read_by_its_beginning(tier: Tier, text: str) -> None:
    assert all(each.end <= 5_000 for each in explain(text, tier=tier).evidence)


@TIERS
def test_a_message_reads_the_same_alone_and_among_others(tier: Tier) -> None:
    texts = ["Mon colis n'est jamais arrivé", "Bravo !", "x" * 300, "", "Where can I buy one? " * 40] * 3
    together = read(posts(*texts), tier=tier)

    for number, text in enumerate(texts):
        alone = read([Post("test", str(number), text)], tier=tier)
        assert np.allclose(alone.registers[0], together.registers[number], atol=1e-5)
        assert alone[0].primary == together[number].primary
        assert [(e.start, e.end) for e in alone[0].evidence] == [(e.start, e.end) for e in together[number].evidence]


@TIERS
@pytest.mark.parametrize(
    ("text", "register"),
    [
        ("Grazie mille a Paola, gentilissima e bravissima!", Register.COMPLIMENT),
        ("L'appli plante à chaque ouverture depuis la mise à jour, message d'erreur 503", Register.PROBLEM),
        ("Do you ship to Norway?", Register.QUESTION),
        ("Es wäre toll, wenn ihr einen Dunkelmodus einbauen könntet", Register.IDEA),
        ("The charger caught fire in my daughter's room, she has burns. The press should know.", Register.CRISIS),
    ],
)
def test_plain_messages_carry_their_register_with_a_reason_for_it(tier: Tier, text: str, register: Register) -> None:
    reading = explain(text, tier=tier)

    assert register in reading.assigned
    assert any(each.register == register for each in reading.evidence)


def test_a_crisis_is_primary_and_a_campaign_echo_only_where_nothing_else_is() -> None:
    texts = [
        "My kid is in hospital after eating your yoghurt, I called a lawyer. Terrible product, broken seal, refund!"
    ]
    texts += ["Love your new ad with the dancing dog", "That ad again", "Your spot is awful, boycott"]

    for reading in read(posts(*texts), tier=Tier.FAST):
        if Register.CRISIS in reading.assigned:
            assert reading.primary == Register.CRISIS
        if reading.primary == Register.CAMPAIGN_ECHO:
            assert reading.assigned == (Register.CAMPAIGN_ECHO,)


def test_what_a_message_stands_under_changes_how_it_is_read() -> None:
    text = "that dog again"
    under = Post("test", "1", text, parent=Parent("Our new spot is out!", ParentKind.ADVERTISEMENT, own=True))

    echo = REGISTERS.index(Register.CAMPAIGN_ECHO)
    both = read([under, *posts(text)], tier=Tier.FAST)
    assert both.registers[0, echo] > both.registers[1, echo]


def test_language_is_read_and_a_hint_settles_short_texts() -> None:
    given = ["The train is late again today", "Le train est encore en retard", "Il treno è di nuovo in ritardo", "ok"]
    hinted = [
        Post("test", "", "ok", language="fr-CA"),
        Post("test", "", "Il treno è di nuovo in ritardo oggi", language="fr"),
    ]

    assert read(posts(*given[:3]), tier=Tier.FAST).language == ["en", "fr", "it"]
    assert read(hinted, tier=Tier.FAST).language == ["fr", "it"]


def test_readings_behave_as_a_sequence_and_name_their_model() -> None:
    readings = read(posts("Thank you!", "It broke", "Where?"), tier=Tier.FAST)

    assert isinstance(readings, Readings)
    assert [reading.id for reading in readings] == ["0", "1", "2"]
    assert readings[-1].id == "2"
    assert [reading.id for reading in readings[1:]] == ["1", "2"]
    with pytest.raises(IndexError):
        readings[3]
    assert readings.model == readings[0].model == model_version(Tier.FAST)
    assert model_version(Tier.FAST) != model_version(Tier.DEFAULT)
    assert len(read([], tier=Tier.FAST)) == 0


def test_joined_readings_keep_the_evidence_of_each_row() -> None:
    texts = ["Thank you so much!", "", "The app crashes", "Do you deliver to Bari?"]
    whole = read(posts(*texts), tier=Tier.FAST)

    joined = join([read(posts(*texts[:2]), tier=Tier.FAST), read(posts(*texts[2:]), tier=Tier.FAST)])

    assert [reading.evidence for reading in joined] == [reading.evidence for reading in whole]
    assert joined.evidence_rows.dtype == np.int32


def test_a_message_that_names_harm_says_which() -> None:
    said = explain(
        "The car seat buckle opened while driving and my son was injured. My lawyer and the press will hear of this."
    )

    assert said.primary == Register.CRISIS
    assert Harm.SAFETY in said.gravity.kinds
    assert said.gravity.score > 10 * explain("My seat was a little dirty.").gravity.score
