from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octavo.channels.trouble import ChannelError, Trouble
from octavo.channels.webhook import HEADER, MAX_BODY, MAX_ITEMS, parse, sign, verify
from octavo.vocabulary import Parent, ParentKind, Post, Reject

SAMPLES = Path(__file__).parent / "samples"
NOW = datetime(2025, 3, 4, 12, 0, tzinfo=UTC)
SECRET = "correct horse battery staple"


def refusal(headers: dict[str, str], body: bytes = b"{}", *, secret: str = SECRET, now: datetime = NOW) -> Trouble:
    with pytest.raises(ChannelError) as caught:
        verify(secret, headers, body, now)
    assert caught.value.retry is False
    return caught.value.trouble


def test_a_call_signed_with_the_secret_is_let_in_whatever_the_case_of_the_header() -> None:
    body = b'{"text": "hello"}'
    headers = sign(SECRET, body, NOW)
    verify(SECRET, headers, body, NOW)
    verify(SECRET, {HEADER.lower(): headers[HEADER]}, body, NOW + timedelta(seconds=299))


def test_another_secret_another_body_or_another_time_is_refused() -> None:
    headers = sign(SECRET, b"{}", NOW)
    assert refusal(headers, secret="other") is Trouble.BAD_SIGNATURE
    assert refusal(headers, b"{ }") is Trouble.BAD_SIGNATURE
    moved = headers[HEADER].replace(str(int(NOW.timestamp())), str(int(NOW.timestamp()) + 1))
    assert refusal({HEADER: moved}) is Trouble.BAD_SIGNATURE


@pytest.mark.parametrize("seconds", [301, -301, 86400])
def test_a_recorded_call_cannot_be_replayed_later_nor_one_from_the_future(seconds: int) -> None:
    assert refusal(sign(SECRET, b"{}", NOW), now=NOW + timedelta(seconds=seconds)) is Trouble.STALE


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=,v1=",
        "v1=abc",
        "t=1741089600",
        "t=soon,v1=abc",
        "t=1741089600,t=1741089600,v1=ab",
        "t=٣,v1=ab",
        "t=1741089600,v1=é",
        "t=" + "9" * 5000 + ",v1=ab",
        "nonsense",
    ],
)
def test_a_header_that_is_no_signature_is_refused(header: str) -> None:
    assert refusal({HEADER: header}) is Trouble.BAD_SIGNATURE


def test_a_missing_header_or_an_empty_secret_never_lets_anyone_in() -> None:
    assert refusal({}) is Trouble.BAD_SIGNATURE
    assert refusal(sign("", b"{}", NOW), secret="") is Trouble.BAD_SIGNATURE


def test_while_a_secret_is_changed_a_call_may_carry_both_signatures() -> None:
    old, new = sign("old", b"{}", NOW)[HEADER], sign("new", b"{}", NOW)[HEADER]
    both = {HEADER: f"{old},{new.split(',')[1]}"}
    verify("old", both, b"{}", NOW)
    verify("new", both, b"{}", NOW)
    assert refusal(both, secret="older") is Trouble.BAD_SIGNATURE


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_the_shell_recipe_of_the_readme_makes_the_same_signature(tmp_path: Path) -> None:
    (tmp_path / "body.json").write_bytes(SAMPLES.joinpath("one.json").read_bytes())
    recipe = "(printf '%s.' \"$t\"; cat body.json) | openssl dgst -sha256 -hmac \"$SECRET\" -r | cut -d' ' -f1"
    stamp = str(int(NOW.timestamp()))
    environment = {"t": stamp, "SECRET": SECRET, "PATH": "/usr/bin:/bin:/usr/local/bin"}
    made = subprocess.run(
        ["sh", "-c", recipe], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    verify(SECRET, {HEADER: f"t={stamp},v1={made.stdout.strip()}"}, (tmp_path / "body.json").read_bytes(), NOW)


def test_one_object_gives_one_post_with_all_its_fields() -> None:
    (post,) = parse((SAMPLES / "one.json").read_bytes())
    assert isinstance(post, Post)
    assert (post.external_id, post.channel, post.brand, post.language) == ("rv-2041", "reviews", "Lumio", "en")
    assert post.created_at == datetime(2025, 3, 4, 7, 12, tzinfo=UTC)
    assert post.author is not None
    assert (post.author.handle, post.author.name, post.author.followers) == ("nadia.b", "Nadia B.", 212)


def test_results_come_in_order_and_one_bad_message_costs_one_message() -> None:
    results = parse((SAMPLES / "messages.json").read_bytes())
    assert [type(result) for result in results] == [Post, Post, Post, Reject, Post]
    asked, answered, echo, bad, edited = results
    assert isinstance(answered, Post) and answered.own and answered.reply_to == "c-1" and answered.thread == "c-1"
    assert isinstance(echo, Post)
    assert echo.parent == Parent("Accendi la sera con Lumio", ParentKind.ADVERTISEMENT, own=True)
    assert isinstance(bad, Reject) and bad.place == "4" and "text" in bad.reason and "c-4" in bad.excerpt
    assert isinstance(edited, Post) and edited.edited_at == datetime(2025, 3, 5, 7, tzinfo=UTC) and edited.reach == 1800
    assert isinstance(asked, Post) and asked.channel == "webhook"


def test_an_array_is_taken_and_a_deletion_needs_no_text() -> None:
    first, gone = parse((SAMPLES / "array.json").read_bytes())
    assert isinstance(first, Post) and first.external_id
    assert isinstance(gone, Post) and gone.deleted and gone.external_id == "gone-7"


def test_the_same_call_twice_gives_the_same_ids_even_where_none_were_sent() -> None:
    body = (SAMPLES / "array.json").read_bytes()
    assert parse(body) == parse(body)


@pytest.mark.parametrize(
    ("body", "trouble"),
    [
        (b"", Trouble.EMPTY),
        (b"  \n", Trouble.EMPTY),
        (b"[]", Trouble.EMPTY),
        (b'{"messages": []}', Trouble.EMPTY),
        (b'{"text": ', Trouble.MALFORMED),
        (b"\xff\xfe{}", Trouble.MALFORMED),
        (b'"text"', Trouble.MALFORMED),
        (b"[" * 100_000, Trouble.MALFORMED),
        (b" " * (MAX_BODY + 1), Trouble.TOO_LARGE),
        (orjson.dumps([{"text": "x"}] * (MAX_ITEMS + 1)), Trouble.TOO_MANY_ITEMS),
    ],
)
def test_a_call_that_cannot_be_taken_as_a_whole_says_why(body: bytes, trouble: Trouble) -> None:
    with pytest.raises(ChannelError) as caught:
        parse(body)
    assert (caught.value.trouble, caught.value.retry) == (trouble, False)


def test_lone_surrogates_and_nul_become_visible_replacement_characters() -> None:
    (post,) = parse(b'{"id": "a\\u0000b", "text": "bad \\ud83d here \\u0000", "author": {"handle": "x\\u0000"}}')
    assert isinstance(post, Post) and post.author is not None
    assert (post.text, post.external_id, post.author.handle) == ("bad \ufffd here \ufffd", "a\ufffdb", "x\ufffd")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
fields = (
    "id",
    "text",
    "created_at",
    "author",
    "author_name",
    "author_followers",
    "url",
    "lang",
    "brand",
    "channel",
    "subject",
)
more = ("reply_to", "thread", "reach", "parent", "parent_text", "parent_kind", "edited_at", "deleted", "own")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.dictionaries(st.sampled_from(fields + more), json_values), min_size=1, max_size=5))
def test_no_value_in_any_field_stops_the_others(items: list[dict[str, object]]) -> None:
    try:
        body = orjson.dumps({"messages": items})
    except TypeError:  # an integer beyond 64 bits, or a lone surrogate
        body = json.dumps({"messages": items}).encode()
    results = parse(body)
    assert len(results) == len(items)
    for result in results:
        assert isinstance(result, Post | Reject)
        if isinstance(result, Post):
            assert result.external_id and result.channel
            assert result.created_at is None or result.created_at.tzinfo is UTC
            "".join((result.text, result.external_id, result.subject, result.brand)).encode()
