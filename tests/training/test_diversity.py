"""What the corpus's own measures say of texts whose answer is plain."""

from __future__ import annotations

from training.diversity import growth, near_duplicates

PARCEL = "the third parcel in a row left in the rain by your driver"


def test_the_same_words_in_other_dress_are_a_near_duplicate() -> None:
    assert near_duplicates([PARCEL, "something else entirely", f"@brand {PARCEL.upper()}!! https://example.com/x"]) == [
        (0, 2)
    ]


def test_one_word_changed_in_a_long_message_is_a_near_duplicate_and_in_a_short_one_is_not() -> None:
    assert near_duplicates([PARCEL, PARCEL.replace("third", "fourth")]) == [(0, 1)]
    assert near_duplicates(["my parcel is late", "my train is late"]) == []


def test_messages_of_one_word_or_emoji_alone_are_compared_whole() -> None:
    assert near_duplicates(["Primo!", "primo", "secondo", "😂😂", "😂😂", "https://example.com/a", ""]) == [
        (0, 1),
        (3, 4),
    ]


def test_pairs_with_other_texts_name_the_place_in_each() -> None:
    assert near_duplicates(["hello there you", PARCEL], [PARCEL, "no", PARCEL]) == [(1, 0), (1, 2)]


def test_growth_counts_different_words_and_says_where_there_are_too_few() -> None:
    assert growth(["a b a", "B a @someone https://example.com/x"], steps=(5, 6), orders=2) == [2, None]
    assert growth(["one two three four"], steps=(1, 3), orders=1) == [1, 3]
