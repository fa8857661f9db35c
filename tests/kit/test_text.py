from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.kit.text import excerpt, fold, storable


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_can_be_stored_and_keeps_its_offsets(text: str) -> None:
    stored = storable(text)
    assert len(stored) == len(text)
    assert "\0" not in stored
    assert stored.encode().decode() == stored


def test_sound_text_is_left_alone() -> None:
    assert storable("Però 😀 \u202e\u200b") == "Però 😀 \u202e\u200b"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("created_at", "created_at"),
        ("Créé le", "cree_le"),
        ("user.screenName", "user_screen_name"),
        ("  Data di pubblicazione ", "data_di_pubblicazione"),
        ("TWEET-TEXT", "tweet_text"),
        ("日付", ""),
    ],
)
def test_names_written_differently_fold_to_one_key(name: str, key: str) -> None:
    assert fold(name) == key


def test_an_excerpt_is_short_on_one_line_and_storable() -> None:
    assert excerpt("a\n b\0") == "a b\ufffd"
    assert len(excerpt("x" * 5000)) == 200
    assert excerpt(b"caf\xe9 au lait") == "caf\ufffd au lait"
