from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octavo.kit.html import looks_like_html, to_text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\nTwo"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<ul><li>x</li><li>y</li></ul>", "x\ny"),
        ("Fish &amp; chips &lt;3 &eacute;&#128512;", "Fish & chips <3 é😀"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("<script>alert(1)</script>Hello<style>p{}</style>", "Hello"),
        ('<img src=x onerror="alert(1)">Hi', "Hi"),
        ('Great <img class="emoji" src="x.png" alt="🎉">', "Great 🎉"),
        ("<a href='javascript:alert(1)'>click</a>", "click"),
        ("<b>bold</b> and <i>it</i>", "bold and it"),
        ("<!-- secret -->seen", "seen"),
        ("plain &amp; simple", "plain & simple"),
        ("a  \n\n\n\n  b", "a\n\nb"),
        ("", ""),
    ],
)
def test_html_becomes_the_words_a_person_would_read(markup: str, text: str) -> None:
    assert to_text(markup) == text


def test_nesting_without_end_is_read_however_deep() -> None:
    assert to_text("<div>" * 2000 + "end") == "end"
    assert to_text("<div>" * 90_000 + "cut") == "cut"


@pytest.mark.parametrize("text", ["<p>x</p>", "a<br>b", '<a href="x">y</a>', "<strong>z"])
def test_tags_of_html_are_recognised(text: str) -> None:
    assert looks_like_html(text)


@pytest.mark.parametrize("text", ["I <3 you", "a < b > c", "<brand> is great", "", "5<6"])
def test_signs_that_people_write_are_not_html(text: str) -> None:
    assert not looks_like_html(text)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text())
def test_no_markup_is_left_standing_as_a_tag(text: str) -> None:
    assert "alert" not in to_text(f"<script>alert</script><p {text}>")
