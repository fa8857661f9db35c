"""What every registered channel promises, each shown with payloads of its own kind."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest

import octavo.channels
from octavo.channels.contract import Capability, Describes, Listens, Receives
from octavo.channels.registry import CHANNELS, channel
from octavo.channels.settings import Kind, answer, questions
from octavo.channels.trouble import ChannelError, Trouble
from octavo.vocabulary import Listened, Post, Reject

FOLDER = Path(octavo.channels.__file__).parent
NAMES = sorted(CHANNELS)


@dataclass
class Fixture:
    """How to bring a channel to give `payload`: a turn of it, from a cursor."""

    settings: dict[str, object]
    turn: Callable[[bytes, dict[str, object], int], Listened]


class Feed:
    """A server on loopback that answers with `content`."""

    def __init__(self) -> None:
        self.content = b""
        feed = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/xml")
                self.send_header("Content-Length", str(len(feed.content)))
                self.end_headers()
                self.wfile.write(feed.content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def fixture(name: str, tmp_path: Path) -> Iterator[Fixture]:
    it = channel(name)
    if isinstance(it, Receives):
        yield Fixture({"secret": "s"}, lambda payload, cursor, limit: split(it.parse(payload)))
        return
    assert isinstance(it, Listens)
    if name == "file":
        path = tmp_path / "given.data"

        def read(payload: bytes, cursor: dict[str, object], limit: int) -> Listened:
            path.write_bytes(payload)
            return it.listen(answer(it.settings, {"path": str(path)}), cursor, limit=limit)

        yield Fixture({"path": str(path)}, read)
        return
    feed = Feed()
    url = f"http://127.0.0.1:{feed.server.server_port}/feed"

    def fetch(payload: bytes, cursor: dict[str, object], limit: int) -> Listened:
        feed.content = payload
        return it.listen(answer(it.settings, {"url": url}), cursor, limit=limit, allow_private=True)

    yield Fixture({"url": url}, fetch)
    feed.server.shutdown()
    feed.server.server_close()
    feed.thread.join()


def split(results: Any) -> Listened:
    return Listened(
        [result for result in results if isinstance(result, Post)],
        [result for result in results if isinstance(result, Reject)],
    )


def payload(name: str, items: list[dict[str, object]]) -> bytes:
    """The same items as the channel's own kind of payload."""
    if name != "rss":
        return b"".join(orjson.dumps(item) + b"\n" for item in items) if name == "file" else orjson.dumps(items)
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [
            {"id": item.get("id"), "content_text": item.get("text"), "date_published": item.get("created_at")}
            for item in items
        ],
    }
    return orjson.dumps(feed)


GOOD: list[dict[str, object]] = [
    {"id": f"n{n}", "text": f"message number {n}", "created_at": f"2025-03-04T0{n}:00:00+01:00"} for n in range(1, 6)
]


def test_every_channel_describes_itself(name: str) -> None:
    it = channel(name)
    assert isinstance(it, Describes)
    assert it.name == name
    assert it.capabilities
    assert isinstance(it, Receives) == (Capability.RECEIVE in it.capabilities)
    assert isinstance(it, Listens) == bool({Capability.LISTEN, Capability.IMPORT} & it.capabilities)


def test_every_channel_has_a_page_for_people_and_samples(name: str) -> None:
    readme = (FOLDER / name / "README.md").read_text()
    assert readme.startswith(f"# {name}\n") and len(readme) > 500
    assert any((FOLDER / name / "samples").iterdir())
    for question in questions(channel(name).settings):
        assert question.name in readme, f"{name}/README.md does not speak of {question.name}"


def test_settings_are_asked_for_with_name_kind_and_whether_they_are_required_or_secret(name: str) -> None:
    asked = questions(channel(name).settings)
    assert asked
    assert len({question.name for question in asked}) == len(asked)
    for question in asked:
        assert isinstance(question.kind, Kind)
        assert question.secret == (question.name in ("secret", "password", "token"))


def test_a_source_that_a_page_can_create_never_asks_for_a_file_of_the_server(name: str) -> None:
    it = channel(name)
    if {Capability.LISTEN, Capability.RECEIVE} & it.capabilities:
        assert all(question.kind is not Kind.PATH for question in questions(it.settings))


def test_bad_settings_name_each_field_and_repeat_no_value(name: str) -> None:
    it = channel(name)
    required = [question.name for question in questions(it.settings) if question.required]
    with pytest.raises(ChannelError) as caught:
        answer(it.settings, {"nonsense": "s3cret", **dict.fromkeys(required, "s3cret\x00")})
    assert (caught.value.trouble, caught.value.retry) == (Trouble.BAD_SETTINGS, False)
    assert all(field in caught.value.detail for field in ("nonsense", *required))
    assert "s3cret" not in str(caught.value)
    with pytest.raises(ChannelError) as missing:
        answer(it.settings, {})
    assert all(f"{field}: missing" in missing.value.detail for field in required)


def test_settings_survive_being_stored_as_json(name: str, fixture: Fixture) -> None:
    it = channel(name)
    again = answer(it.settings, json.loads(json.dumps(fixture.settings)))
    assert again == answer(it.settings, fixture.settings)


def test_posts_have_unique_ids_and_moments_in_utc(name: str, fixture: Fixture) -> None:
    posts = fixture.turn(payload(name, GOOD), {}, 100).posts
    assert [post.text for post in posts] == [str(item["text"]) for item in GOOD]
    assert len({post.external_id for post in posts}) == len(GOOD)
    for hour, post in enumerate(posts):
        assert post.created_at is not None and post.created_at.tzinfo is UTC and post.created_at.hour == hour
        assert post.channel


def test_the_same_cursor_gives_the_same_posts_and_the_next_none_of_them(name: str, fixture: Fixture) -> None:
    first = fixture.turn(payload(name, GOOD), {}, 2 if Capability.RECEIVE not in channel(name).capabilities else 100)
    again = fixture.turn(payload(name, GOOD), {}, 2 if Capability.RECEIVE not in channel(name).capabilities else 100)
    assert first == again
    if Capability.RECEIVE in channel(name).capabilities:
        return
    seen = [post.external_id for post in first.posts]
    cursor = json.loads(json.dumps(dict(first.cursor)))
    more = first.more
    assert more
    while more:
        turn = fixture.turn(payload(name, GOOD), cursor, 2)
        assert len(turn.posts) <= 2
        seen += [post.external_id for post in turn.posts]
        cursor, more = json.loads(json.dumps(dict(turn.cursor))), turn.more
    assert seen == [item["id"] for item in GOOD]
    assert not fixture.turn(payload(name, GOOD), cursor, 2).posts


@pytest.mark.parametrize(
    "cursor", [{"offset": -1}, {"offset": "x", "number": None}, {"seen": [1]}, {"seen": "x", "etag": 5}]
)
def test_a_cursor_that_makes_no_sense_begins_again(name: str, fixture: Fixture, cursor: dict[str, object]) -> None:
    assert len(fixture.turn(payload(name, GOOD), cursor, 100).posts) == len(GOOD)


def test_one_bad_item_is_set_aside_with_its_place_and_reason(name: str, fixture: Fixture) -> None:
    turn = fixture.turn(payload(name, [*GOOD[:2], {"id": "bad"}, *GOOD[2:]]), {}, 100)
    assert len(turn.posts) == len(GOOD)
    (bad,) = turn.rejects
    assert bad.place == "3" and bad.reason and "bad" in bad.excerpt and len(bad.excerpt) <= 200


HOSTILE = [
    "\0",
    "a\0b",
    "<script>alert(1)</script>fine",
    "\u202egnirts\u202c",
    "\u200b\u200b x",
    "😡" * 50,
    "x" * 900_000,
    "' OR 1=1; --",
    "{{ 7*7 }}",
    "a\r\nb\tc",
]


def test_hostile_texts_are_kept_as_text_that_can_be_stored(name: str, fixture: Fixture) -> None:
    items: list[dict[str, object]] = [{"id": f"h{n}\0", "text": text} for n, text in enumerate(HOSTILE)]
    turn = fixture.turn(payload(name, items), {}, 100)
    assert len(turn.posts) + len(turn.rejects) == len(HOSTILE)
    assert len(turn.posts) >= len(HOSTILE) - 1
    for post in turn.posts:
        stored = "".join(
            (post.external_id, post.text, post.subject, post.url, post.author.handle if post.author else "")
        )
        assert "\0" not in stored
        stored.encode()


@pytest.mark.parametrize("content", [b"", b"\0\0\0", b"\xff\xfe\xfa", b"<", b"[", b"{", b"[]", b"null", b"PK\x03\x04"])
def test_a_payload_that_cannot_be_read_at_all_says_why(name: str, fixture: Fixture, content: bytes) -> None:
    try:
        turn = fixture.turn(content, {}, 10)
    except ChannelError as error:
        assert error.trouble in Trouble
    else:
        assert not turn.posts


def test_the_last_five_are_shown(name: str, fixture: Fixture) -> None:
    it = channel(name)
    if not isinstance(it, Listens):
        return
    fixture.turn(payload(name, [*GOOD, {"id": "n6", "text": "one more", "created_at": "2025-03-05"}]), {}, 100)
    shown = it.test(answer(it.settings, fixture.settings), allow_private=True)
    assert len(shown.posts) == 5
    assert not shown.cursor
