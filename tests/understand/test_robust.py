"""Whatever comes in: any Unicode text of any length, in any mixture of scripts, is read, in bounded time, and the same alone
and among others, also by brands with names, campaigns, topics and a learnt context."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octavo.understand import Readings, Tier, model_version, read, subject
from octavo.vocabulary import (
    HARMS,
    LANGUAGES,
    NO_REGISTER,
    REGISTERS,
    Alias,
    BrandProfile,
    CampaignProfile,
    LearnedContext,
    Parent,
    ParentKind,
    Post,
    TopicProfile,
)

TIERS = pytest.mark.parametrize("tier", list(Tier))

SECONDS = 10.0
"""No message takes longer, however long it is; the slowest here take about a tenth of that."""

LONGEST = 1_000_000

BRAND = BrandProfile(
    name="Orange",
    aliases=(Alias("Orange", ("mobile", "fibre")), Alias("العلامة")),
    handles=("@orange",),
    products=("Livebox",),
    campaigns=(CampaignProfile("Été", ("#étélibre",), ("La liberté n'attend pas", "自由は待たない"), ("https://orange.example/ete",)),),
    topics=(TopicProfile("delivery", ("parcel*", "доставк*"), ("my parcel never came", "colis perdu")),),
    context=LearnedContext(model_version(Tier.DEFAULT), (0.3,) * (subject.WIDTH + 1)),
)  # fmt: skip

SCRIPTS = {
    "latin": "aeioubcdfg ABCéàüßñøł ", "greek": "αβγδε ΩΣς", "cyrillic": "абвгд ЖЩъ", "arabic": "العربية ", "hebrew": "שלום ",
    "devanagari": "हिन्दी ", "thai": "ภาษาไทย", "han": "漢字混合文", "kana": "かなカナー", "hangul": "한국어 ᄒ", "emoji": "😡❤️👩‍👩‍👧🏳️‍🌈🇫🇷",
    "signs": "?!#@/\\.,;:'\"<>&%[](){}|^~`*_-+=", "odd": "\u200b\u200d\ufe0f\u0301\u202e\x00\x1b\n\t\u3000\ufeff\ud800\udfffﬁ㎏İßﷺ",
}  # fmt: skip

WORDS = [
    "orange", "Orange", "#étélibre", "parcel", "https://orange.example/ete?utm_source=x", "la liberté n'attend pas", "mobile",
    "not good", "refund!!!", "lol", "https://", "@orange", "&amp;", "''''", "a" * 300, "é" * 99,
]  # fmt: skip


@st.composite
def mixed(draw: st.DrawFn) -> str:
    """A text of several scripts, words with a meaning to some part of the reader, and any character at all."""
    piece = st.one_of(
        st.sampled_from(list(SCRIPTS)).flatmap(lambda script: st.text(SCRIPTS[script], max_size=40)),
        st.sampled_from(WORDS),
        st.text(st.characters(), max_size=20),
    )
    return draw(st.sampled_from(["", " ", "\n"])).join(draw(st.lists(piece, max_size=12)))


@st.composite
def long(draw: st.DrawFn) -> str:
    """Up to a megabyte, by repeating a mixed text."""
    once = draw(mixed()) or "?"
    return (once * (LONGEST // len(once) + 1))[: draw(st.sampled_from([3_999, 4_001, 50_000, LONGEST]))]


def posts(texts: list[str]) -> list[Post]:
    """Each second one stands under another's words."""
    return [
        Post("test", str(row), text, subject=text[:60] if row % 3 == 0 else "",
             parent=Parent(text[::-1], ParentKind.POST, own=row % 4 == 1) if row % 2 else None)
        for row, text in enumerate(texts)
    ]  # fmt: skip


def must_be_valid(readings: Readings, given: list[Post]) -> None:
    assert len(readings) == len(given)
    for post, reading in zip(given, readings, strict=True):
        assert reading.id == post.external_id
        assert reading.language in (*LANGUAGES, "und")
        assert set(reading.registers) == set(REGISTERS)
        assert all(0 <= chance <= 1 for chance in (*reading.registers.values(), reading.relevance))
        assert reading.relevant == (reading.relevance > 0.5)
        assert 0 <= reading.sentiment.score <= 1 and reading.urgency in range(4)
        assert (reading.primary == NO_REGISTER) == (reading.assigned == ())
        assert set(reading.gravity.kinds) <= set(HARMS)
        assert set(reading.topics) <= {"delivery"} and reading.campaign in ("", "Été")
        for evidence in reading.evidence:
            assert 0 <= evidence.start < evidence.end <= len(post.text)
            assert evidence.weight > 0


@TIERS
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts=st.lists(mixed(), min_size=1, max_size=6))
def test_any_mixture_of_scripts_gives_a_valid_reading_the_same_alone_and_among_others(
    tier: Tier, texts: list[str]
) -> None:
    given = posts(texts)
    together = read(given, brand=BRAND, tier=tier)
    must_be_valid(together, given)
    for row, post in enumerate(given):
        alone = read([post], brand=BRAND, tier=tier)
        must_be_valid(alone, [post])
        one, other = alone[0], together[row]
        assert (one.language, one.campaign, one.relevance) == (
            other.language, other.campaign, pytest.approx(other.relevance, abs=1e-4),
        )  # fmt: skip
        for register in REGISTERS:
            assert one.registers[register] == pytest.approx(other.registers[register], abs=1e-4)


@TIERS
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(text=long())
def test_up_to_a_megabyte_is_read_in_bounded_time(tier: Tier, text: str) -> None:
    given = posts([text, text])[1:]
    began = time.perf_counter()
    readings = read(given, brand=BRAND, tier=tier)
    assert time.perf_counter() - began < SECONDS
    must_be_valid(readings, given)


@TIERS
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_megabyte_of_any_script_is_read_in_bounded_time(tier: Tier, script: str) -> None:
    signs = SCRIPTS[script]
    given = posts([(signs * (LONGEST // len(signs) + 1))[:LONGEST]])
    began = time.perf_counter()
    readings = read(given, brand=BRAND, tier=tier)
    assert time.perf_counter() - began < SECONDS
    must_be_valid(readings, given)
