from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from octavo.channels.settings import Kind, Setting, answer, questions, setting
from octavo.channels.trouble import ChannelError


@dataclass(frozen=True, slots=True)
class Example:
    url: str = setting(Kind.URL)
    token: str = setting(Kind.TEXT, secret=True)
    language: str = setting(Kind.LANGUAGE, default="")
    encoding: str = setting(Kind.ENCODING, default="")
    pause: float = setting(Kind.NUMBER, default=2.0)
    public: bool = setting(Kind.FLAG, default=False)
    columns: dict[str, str] = setting(Kind.MAPPING, default={})  # noqa: RUF009


GOOD: dict[str, object] = {"url": "https://example.com/feed", "token": "t"}


def test_a_form_can_be_built_from_the_questions() -> None:
    asked = questions(Example)
    assert asked[0] == Setting("url", Kind.URL, required=True, secret=False, default=None)
    assert asked[1] == Setting("token", Kind.TEXT, required=True, secret=True, default=None)
    assert [question.default for question in asked[2:]] == ["", "", 2.0, False, {}]


def test_answers_are_checked_and_tidied() -> None:
    given = {**GOOD, "url": "  https://example.com/feed ", "encoding": "Latin1", "pause": "3.5", "public": True}
    settings = answer(Example, {**given, "language": "fr", "columns": {"text": "t"}})
    assert settings == Example("https://example.com/feed", "t", "fr", "iso8859-1", 3.5, True, {"text": "t"})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "javascript:alert(1)"),
        ("url", "example.com"),
        ("url", "https://"),
        ("url", "https://[x/"),
        ("url", "https://a b.example.com/"),
        ("url", 7),
        ("token", "a\0b"),
        ("language", "klingon"),
        ("encoding", "no-such"),
        ("pause", "soon"),
        ("pause", True),
        ("pause", "nan"),
        ("public", "maybe"),
        ("columns", ["text"]),
        ("columns", {"text": 1}),
    ],
)
def test_a_wrong_answer_is_named(field: str, value: Any) -> None:
    with pytest.raises(ChannelError) as caught:
        answer(Example, {**GOOD, field: value})
    assert caught.value.detail.startswith(f"{field}: ")


def test_every_wrong_answer_is_named_at_once() -> None:
    with pytest.raises(ChannelError) as caught:
        answer(Example, {"language": "xx", "pause": "soon"})
    assert [part.split(":")[0] for part in caught.value.detail.split("; ")] == ["url", "token", "language", "pause"]
