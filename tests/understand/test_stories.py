"""Which messages are about the same thing: keys, gathering, splitting, titles, on streams written for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octavo.understand import encoder, meaning, runtime
from octavo.understand.meaning import DIMENSIONS
from octavo.understand.stories import gather, keys, split, title
from octavo.understand.stories.gather import Gathered, Known, Message, Usual

DAY = 86_400.0
ORIGINAL = "Tramonto recalls 40,000 kettles after a valve burst, the authority says"


@pytest.mark.parametrize(
    "copy",
    [
        f"RT @paper: {ORIGINAL}",
        f"So true!! RT @paper: {ORIGINAL} https://t.example/9",
        f"{ORIGINAL[:58]}…",
        f"@friend {ORIGINAL} #recall #kettle",
        f"“@paper: {ORIGINAL}”",
        ORIGINAL.upper(),
        f"{ORIGINAL} via @paper",
    ],
)
def test_copies_share_a_key(copy: str) -> None:
    assert keys.of(copy).text == keys.of(ORIGINAL).text


def test_other_words_have_another_key() -> None:
    assert keys.of("Tramonto recalls 10,000 teapots after a handle broke").text != keys.of(ORIGINAL).text


def test_a_page_is_the_same_however_it_is_shared() -> None:
    pages = [
        "look https://www.paper.example/a/kettle?id=7&utm_source=mail#top",
        "http://paper.example/a/kettle/?fbclid=1&id=7 hm",
        "(see m.paper.example: https://m.paper.example/a/kettle?id=7).",
    ]
    assert len({keys.of(page).link for page in pages}) == 1 and keys.of(pages[0]).link is not None
    assert keys.of("see https://paper.example/").link is None


@pytest.mark.parametrize("text", ["", "ok", "😡😡😡", "@tramonto", "ah ok grazie", "RT", "…", "https://t.example/1"])
def test_what_says_next_to_nothing_tells_of_nothing(text: str) -> None:
    assert not keys.of(text).tells


@settings(deadline=None)
@given(st.text(max_size=300), st.integers(1, 3000))
def test_any_text_has_keys_and_perhaps_a_title(text: str, times: int) -> None:
    found = keys.of(text * times)
    assert -(2**63) <= found.text < 2**63 and found == keys.of(text * times)
    chosen = title.choose([text * times, ORIGINAL])
    assert chosen is not None and title.SHORTEST_TITLE <= len(chosen.text) <= title.LONGEST_TITLE + 1


def test_a_title_is_a_phrase_of_the_messages_that_says_what_most_say() -> None:
    texts = [
        "Hello @tramonto! The lid of my kettle broke again. What a day 😡 https://t.example/1",
        "RT @x: lid of the kettle broke",
        "My kettle's lid broke, who can help me with it? I have been waiting for an answer since Monday morning at nine",
        "I like trains.",
    ]
    chosen = title.choose(texts)
    assert chosen is not None and chosen.text in ("The lid of my kettle broke again", "Lid of the kettle broke")
    assert title.choose(["😡", "@tramonto https://t.example/1", "ok"]) is None


def _vectors(seed: int, topics: Sequence[int]) -> np.ndarray:
    """Messages of topics: alike (about 0.7) within one, unlike across."""
    chance = np.random.default_rng(seed)
    middles = meaning.unit(chance.normal(size=(max(topics) + 1, DIMENSIONS)).astype(np.float32))
    noise = meaning.unit(chance.normal(size=(len(topics), DIMENSIONS)).astype(np.float32))
    return meaning.unit(middles[list(topics)] * 0.84 + noise * 0.54)


def _messages(n: int, *, first: int = 0, every: float = 60.0) -> list[Message]:
    return [Message(first + row, (first + row) * every, 10_000 + first + row, None, True) for row in range(n)]


def _partition(homes: Sequence[int | None], topics: Sequence[int]) -> bool:
    """Whether messages share a story exactly where they share a topic."""
    pairs = {(home, topic) for home, topic in zip(homes, topics, strict=True)}
    return len(pairs) == len(set(homes)) == len(set(topics))


def _stream(vectors: np.ndarray, cut: int) -> list[int]:
    """Gather a stream in batches as the application does: what is known is written down in half precision in between."""
    known: dict[int, Known] = {}
    homes: dict[int, int] = {}
    usual, following = Usual(), 1
    for start in range(0, len(vectors), cut):
        part = vectors[start : start + cut]
        found = gather.gather(_messages(len(part), first=start), part, list(known.values()), usual=usual)
        usual = found.usual
        numbers: dict[int, int] = {}
        for story in found.stories:
            if story.number < 0:
                numbers[story.number], following = following, following + 1
                story.number = numbers[story.number]
            story.centre = story.centre.astype(np.float16).astype(np.float32)
            known[story.number] = story
        for gone, into in found.merged:
            known.pop(gone, None)
            homes = {row: numbers.get(into, into) if home == gone else home for row, home in homes.items()}
        for row, home in enumerate(found.homes):
            assert home is not None
            homes[start + row] = numbers.get(home, home)
    return [homes[row] for row in range(len(vectors))]


@pytest.mark.parametrize("cut", [1, 7, 64, 400])
def test_a_stream_falls_into_its_topics_however_it_is_cut(cut: int) -> None:
    topics = np.random.default_rng(5).integers(0, 12, 400).tolist()
    assert _partition(_stream(_vectors(1, topics), cut), topics)


def test_the_same_batch_gives_the_same_stories_and_changes_nothing_given() -> None:
    vectors = _vectors(2, [0, 1, 0, 2, 1, 0])
    known = [Known(7, 0.0, 60.0, 3, 3.0, vectors[0].copy())]
    before = vectors.copy(), known[0].centre.copy()
    one, two = (gather.gather(_messages(6), vectors, known, usual=Usual()) for _ in range(2))
    assert one.homes == two.homes and one.homes[0] == one.homes[2] == 7
    assert (vectors == before[0]).all() and (known[0].centre == before[1]).all() and known[0].messages == 3


def _one(message: Message, vector: np.ndarray, known: Known, **more: dict[int, int]) -> Gathered:
    return gather.gather([message], vector[None], [known], usual=Usual(), **more)


def test_after_a_long_silence_the_same_is_another_story() -> None:
    vector = _vectors(3, [0])[0]
    known = Known(7, 0.0, 0.0, 5, 5.0, vector)
    assert _one(Message(1, 2 * DAY, 1, None, True), vector, known).homes == [7]
    assert _one(Message(1, 8 * DAY, 1, None, True), vector, known).homes == [-1]
    before = Known(7, 9 * DAY, 9 * DAY, 5, 5.0, vector)
    assert _one(Message(1, 8 * DAY, 1, None, True), vector, before).homes == [7]  # a backlog comes backwards


def test_a_copy_and_a_shared_link_lead_to_their_story_whatever_the_vectors_say() -> None:
    mine, other = _vectors(4, [0, 1])
    known = Known(7, 0.0, 0.0, 2, 2.0, other)
    assert _one(Message(1, 60.0, 5, None, True), mine, known, copies={5: 7}).homes == [7]
    assert _one(Message(1, 60.0, 5, 9, False), mine, known, links={9: 7}).homes == [7]
    assert _one(Message(1, 60.0, 5, None, False), mine, known, copies={5: 7}).homes == [None]  # "thanks!" is no story


def test_a_crisis_does_not_become_what_is_usual() -> None:
    topics = [0] * 300 + [1, 2, 3, 4]
    homes = _stream(_vectors(6, topics), 50)
    assert len(set(homes[:300])) == 1 and _partition(homes, topics)


def test_a_story_of_two_things_falls_into_halves_and_one_of_one_does_not() -> None:
    topics = [0] * 9 + [1] * 6
    later = split.halves(_vectors(7, topics), np.zeros(DIMENSIONS, np.float32))
    assert later is not None and later.tolist() == [False] * 9 + [True] * 6
    assert split.halves(_vectors(8, [0] * 15), np.zeros(DIMENSIONS, np.float32)) is None
    assert split.halves(_vectors(7, [0] * 4 + [1] * 2), np.zeros(DIMENSIONS, np.float32)) is None


def test_what_is_compared_goes_with_the_encoder_that_ships() -> None:
    assert meaning.load().made_for == runtime.fingerprint(encoder.WEIGHTS)


def test_the_same_thing_in_other_languages_is_alike_and_another_thing_is_not() -> None:
    valve, valvola, soupape, invoice = meaning.of_texts(
        [
            "The safety valve of my kettle broke and boiling water went everywhere",
            "La valvola di sicurezza del bollitore si è rotta, acqua bollente dappertutto",
            "La soupape de sécurité de la bouilloire a cassé, de l'eau bouillante partout",
            "How do I change the address on my invoice?",
        ]
    )
    assert min(valve @ valvola, valve @ soupape) > 0.5 > 0.35 > max(valve @ invoice, valvola @ invoice)
