from __future__ import annotations

import contextlib
import gzip
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from octavo.channels.rss import RssChannel, RssSettings, discover, parse_feed
from octavo.channels.trouble import ChannelError, Trouble
from octavo.kit.http import FetchLimits
from octavo.vocabulary import Author, Listened

SAMPLES = Path(__file__).parent / "samples"
Answer = Callable[[BaseHTTPRequestHandler], None]


class Site:
    """A real web server on loopback whose pages a test writes."""

    def __init__(self) -> None:
        self.pages: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                answer = site.pages.get(self.path, status(404))
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def page(content: bytes, kind: str = "application/xml", **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        if (tag := headers.get("ETag")) and request.headers.get("If-None-Match") == tag:
            request.send_response(304)
            request.end_headers()
            return
        request.send_response(200)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(content)

    return answer


def status(code: int, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


def listen(site: Site, path: str = "/feed", cursor: dict[str, object] | None = None, limit: int = 100) -> Listened:
    channel = RssChannel(FetchLimits(seconds=5, pause=5))
    return channel.listen(RssSettings(site.url(path)), cursor or {}, limit=limit, allow_private=True)


def trouble(site: Site, path: str = "/feed", limits: FetchLimits | None = None) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        RssChannel(limits or FetchLimits(seconds=5, pause=5)).listen(
            RssSettings(site.url(path)), {}, limit=10, allow_private=True
        )
    return caught.value


def rss(*items: tuple[str, str]) -> bytes:
    body = "".join(f"<item><guid>{guid}</guid><description>{text}</description></item>" for guid, text in items)
    return f'<rss version="2.0"><channel><title>t</title>{body}</channel></rss>'.encode()


# What feeds say


def test_an_rss_feed_becomes_posts_with_text_author_link_language_and_time() -> None:
    feed = parse_feed((SAMPLES / "blog.rss").read_bytes(), url="https://blog.example.com/feed")
    assert feed.title == "Lampes & compagnie"
    assert feed.wait == 1800
    post = feed.posts[0]
    assert post.external_id == "post-31"
    assert post.text == "Trois soirs de suite, la mienne clignote !\nLe service client ne répond pas 😡"
    assert post.subject == "La Lumio 3 clignote : que faire ?"
    assert post.author is not None and post.author.handle == "Hélène"
    assert post.url == "https://blog.example.com/2025/03/lumio-3"
    assert post.language == "fr"
    assert post.created_at == datetime(2025, 3, 4, 8, 30, tzinfo=UTC)


def test_a_title_alone_is_the_text_and_an_item_without_any_is_set_aside() -> None:
    feed = parse_feed((SAMPLES / "blog.rss").read_bytes(), url="https://blog.example.com/feed")
    assert (feed.posts[1].text, feed.posts[1].subject) == ("Sans texte, seulement un titre", "")
    assert [(reject.place, reject.reason) for reject in feed.rejects] == [("3", "neither title nor text")]


def test_a_date_far_ahead_is_dropped_and_the_post_kept() -> None:
    feed = parse_feed((SAMPLES / "blog.rss").read_bytes(), url="https://blog.example.com/feed")
    assert feed.posts[2].external_id == "post-28"
    assert feed.posts[2].created_at is None


def test_atom_entries_know_what_they_answer_and_when_they_were_edited() -> None:
    feed = parse_feed((SAMPLES / "comments.atom").read_bytes(), url="https://forum.example.com/t/9.atom")
    answer, question = feed.posts
    assert answer.reply_to == question.external_id == "tag:forum.example.com,2025:c1"
    assert answer.text == "A me è arrivata in due giorni & tutto ok"
    assert answer.edited_at == datetime(2025, 3, 5, 7, 45, tzinfo=UTC)
    assert answer.author == Author("Tiziana", "Tiziana", "https://forum.example.com/u/tiziana")
    assert question.created_at == datetime(2025, 3, 4, 20, 12, tzinfo=UTC)
    assert question.edited_at is None and question.language == "it"


def test_json_feed_items_are_posts_and_what_is_no_item_is_set_aside() -> None:
    feed = parse_feed((SAMPLES / "notes.json").read_bytes(), url="https://notes.example.com/feed.json")
    first, second = feed.posts
    assert first.text == "The Lumio hums. Softly, but it hums."
    assert first.edited_at == datetime(2025, 3, 5, 12, tzinfo=UTC)
    assert (second.external_id, second.language) == ("1", "en")
    assert second.author is not None and second.author.handle == "R. Okafor"
    assert [reject.place for reject in feed.rejects] == ["3", "4"]


def test_a_feed_that_is_not_well_formed_is_read_all_the_same() -> None:
    broken = b'<rss version="2.0"><channel><item><guid>1</guid><description>Caf\xe9 & cr\xe8me</description></item>'
    (post,) = parse_feed(broken, url="https://e.example.com/").posts
    assert post.text == "Café & crème"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252"])
def test_a_feed_is_read_in_the_encoding_it_declares(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><rss version="2.0"><channel><item><guid>1</guid>'
    text += "<description>Però, déjà</description></item></channel></rss>"
    (post,) = parse_feed(text.encode(encoding), url="https://e.example.com/").posts
    assert post.text == "Però, déjà"


def test_an_old_netscape_doctype_is_harmless() -> None:
    text = b'<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" '
    text += b'"http://my.netscape.com/publish/formats/rss-0.91.dtd">' + rss(("1", "still here"))
    assert parse_feed(text, url="https://e.example.com/").posts[0].text == "still here"


BOMB = (
    '<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">'
    '<!ENTITY lol3 "&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;">]>'
    '<rss version="2.0"><channel><item><guid>1</guid><description>&lol3;</description></item></channel></rss>'
)
FILE_READER = (
    '<!DOCTYPE x [<!ENTITY file SYSTEM "file:///etc/passwd">]>'
    '<rss version="2.0"><channel><item><guid>1</guid><description>&file;</description></item></channel></rss>'
)


@pytest.mark.parametrize("attack", [BOMB, FILE_READER], ids=["entity bomb", "external entity"])
@pytest.mark.parametrize("disguise", ["utf-8", "utf-16", "utf-16-le", "utf-7", "after nonsense", "in capitals"])
def test_entities_are_refused_in_every_disguise(attack: str, disguise: str) -> None:
    match disguise:
        case "after nonsense":
            content = b"<?xml version='1.0'?>&&& \x01" + attack.encode()
        case "in capitals":
            content = attack.replace("!ENTITY", "!Entity").encode()
        case "utf-8":
            content = attack.encode()
        case encoding:
            content = f'<?xml version="1.0" encoding="{encoding}"?>{attack}'.encode(encoding)
    try:
        feed = parse_feed(content, url="https://e.example.com/")
    except ChannelError as error:
        assert error.retry is False
        assert error.trouble in (Trouble.DANGEROUS_XML, Trouble.NOT_A_FEED)
    else:  # read as plain characters, the attack has come to nothing
        assert disguise == "utf-7"
        assert not any("lollol" in post.text or "root:" in post.text for post in feed.posts)


def test_elements_nested_without_end_are_refused() -> None:
    deep = b"<rss version='2.0'><channel>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</channel></rss>"
    with pytest.raises(ChannelError) as caught:
        parse_feed(deep, url="https://e.example.com/")
    assert caught.value.trouble is Trouble.DANGEROUS_XML


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", Trouble.EMPTY),
        (b"  \n", Trouble.EMPTY),
        (b"<!doctype html><html><body>Hello</body></html>", Trouble.NOT_A_FEED),
        (b"just words", Trouble.NOT_A_FEED),
        (b'{"items": [}', Trouble.MALFORMED),
        (b'{"hello": "world"}', Trouble.NOT_A_FEED),
        (b'{"version": "2", "items": []}', Trouble.NOT_A_FEED),
    ],
)
def test_what_is_no_feed_says_so(content: bytes, expected: Trouble) -> None:
    with pytest.raises(ChannelError) as caught:
        parse_feed(content, url="https://e.example.com/")
    assert caught.value.trouble is expected


def test_a_link_that_runs_code_never_reaches_a_post() -> None:
    content = rss(("1", "x")).replace(b"<guid>", b"<link>javascript:alert(1)</link><guid>")
    assert parse_feed(content, url="https://e.example.com/").posts[0].url == ""


def test_the_name_of_a_file_is_not_opened_as_one() -> None:
    with pytest.raises(ChannelError) as caught:
        parse_feed(str(SAMPLES / "blog.rss").encode(), url="https://e.example.com/")
    assert caught.value.trouble is Trouble.NOT_A_FEED


# Following one


def test_items_are_given_once_and_oldest_first(site: Site) -> None:
    site.pages["/feed"] = page(rss(("2", "second"), ("1", "first")))
    turn = listen(site)
    assert [post.text for post in turn.posts] == ["first", "second"]
    site.pages["/feed"] = page(rss(("3", "third"), ("2", "second"), ("1", "first")))
    again = listen(site, cursor=dict(turn.cursor))
    assert [post.text for post in again.posts] == ["third"]
    assert not listen(site, cursor=dict(again.cursor)).posts


def test_a_feed_that_has_not_changed_is_not_sent_again(site: Site) -> None:
    site.pages["/feed"] = page(rss(("1", "first")), ETag='"v1"', Cache_Control="max-age=600")
    turn = listen(site)
    assert turn.cursor["wait"] == 600
    again = listen(site, cursor=dict(turn.cursor))
    assert not again.posts and again.cursor["etag"] == '"v1"' and again.cursor["seen"] == turn.cursor["seen"]
    assert site.asked[1][1]["if-none-match"] == '"v1"'


def test_more_items_than_the_limit_come_in_turns_and_none_is_lost(site: Site) -> None:
    site.pages["/feed"] = page(rss(*((str(n), f"item {n}") for n in range(7, 0, -1))), ETag='"v1"')
    cursor: dict[str, object] = {}
    texts: list[str] = []
    turns = 0
    more = True
    while more:
        turn = listen(site, cursor=cursor, limit=3)
        texts += [post.text for post in turn.posts]
        cursor, more, turns = dict(turn.cursor), turn.more, turns + 1
    assert texts == [f"item {n}" for n in range(1, 8)]
    assert turns == 3


def test_an_item_whose_text_changed_is_given_again_as_an_edition(site: Site) -> None:
    site.pages["/feed"] = page(rss(("1", "first")))
    turn = listen(site)
    site.pages["/feed"] = page(rss(("1", "first, corrected")))
    (post,) = listen(site, cursor=dict(turn.cursor)).posts
    assert (post.external_id, post.text) == ("1", "first, corrected")
    assert post.edited_at is not None and post.edited_at.tzinfo is UTC


def test_the_same_cursor_gives_the_same_posts_again(site: Site) -> None:
    site.pages["/feed"] = page((SAMPLES / "comments.atom").read_bytes())
    assert listen(site) == listen(site)


def test_the_last_five_are_shown_without_a_cursor(site: Site) -> None:
    site.pages["/feed"] = page(rss(*((str(n), f"item {n}") for n in range(9, 0, -1))))
    shown = RssChannel().test(RssSettings(site.url("/feed")), allow_private=True)
    assert [post.text for post in shown.posts] == [f"item {n}" for n in range(5, 10)]


def test_a_feed_that_moved_for_good_tells_its_new_address(site: Site) -> None:
    site.pages["/old"] = status(301, Location="/feed")
    site.pages["/feed"] = page(rss(("1", "here")))
    assert listen(site, "/old").cursor["moved"] == site.url("/feed")
    site.pages["/old"] = status(302, Location="/feed")
    assert "moved" not in listen(site, "/old").cursor


# Bad days


def test_addresses_inside_this_network_are_refused_unless_allowed(site: Site) -> None:
    site.pages["/feed"] = page(rss(("1", "secret")))
    with pytest.raises(ChannelError) as caught:
        RssChannel().listen(RssSettings(site.url("/feed")), {}, limit=5)
    assert (caught.value.trouble, caught.value.retry) == (Trouble.PRIVATE_ADDRESS, False)
    assert site.asked == []


def test_endless_redirects_end(site: Site) -> None:
    site.pages["/feed"] = status(302, Location="/feed")
    assert trouble(site).trouble is Trouble.TOO_MANY_REDIRECTS
    assert len(site.asked) == 6


@pytest.mark.parametrize(
    ("code", "headers", "expected", "retry", "wait"),
    [
        (401, {}, Trouble.BAD_CREDENTIALS, False, None),
        (403, {}, Trouble.FORBIDDEN, True, 3600),
        (404, {}, Trouble.NOT_FOUND, True, 3600),
        (410, {}, Trouble.GONE, False, None),
        (429, {"Retry_After": "77"}, Trouble.RATE_LIMITED, True, 77),
        (500, {}, Trouble.SERVER_ERROR, True, None),
        (503, {"Retry_After": "120"}, Trouble.SERVER_ERROR, True, 120),
        (418, {}, Trouble.REFUSED, False, None),
    ],
)
def test_a_refusal_says_whether_and_when_to_come_back(
    site: Site, code: int, headers: dict[str, str], expected: Trouble, retry: bool, wait: float | None
) -> None:
    site.pages["/feed"] = status(code, **headers)
    error = trouble(site)
    assert (error.trouble, error.retry, error.retry_after) == (expected, retry, wait)


def test_an_error_never_repeats_the_keys_in_an_address(site: Site) -> None:
    site.pages["/feed?key=s3cret"] = status(500)
    assert "s3cret" not in str(trouble(site, "/feed?key=s3cret"))


def test_pictures_are_not_read(site: Site) -> None:
    site.pages["/feed"] = page(b"\x89PNG", "image/png")
    assert trouble(site).trouble is Trouble.WRONG_TYPE


def test_a_feed_served_as_plain_text_is_read(site: Site) -> None:
    site.pages["/feed"] = page(rss(("1", "fine")), "text/plain")
    assert listen(site).posts[0].text == "fine"


def test_a_server_that_drips_is_left_at_the_deadline(site: Site) -> None:
    def drip(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        for _ in range(200):
            request.wfile.write(b" ")
            request.wfile.flush()
            time.sleep(0.02)

    site.pages["/feed"] = drip
    error = trouble(site, limits=FetchLimits(seconds=0.3, pause=5))
    assert (error.trouble, error.retry) == (Trouble.TOO_SLOW, True)


def test_a_server_that_drips_its_headers_is_left_too(site: Site) -> None:
    def drip(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        for _ in range(200):
            request.wfile.write(b"a")
            request.wfile.flush()
            time.sleep(0.02)

    site.pages["/feed"] = drip
    assert trouble(site, limits=FetchLimits(seconds=0.3, pause=5)).trouble is Trouble.TOO_SLOW


def test_a_server_that_says_nothing_times_out(site: Site) -> None:
    site.pages["/feed"] = lambda request: time.sleep(1)
    assert trouble(site, limits=FetchLimits(seconds=5, pause=0.2)).trouble is Trouble.TIMEOUT


def test_a_feed_without_end_is_cut_off(site: Site) -> None:
    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        for _ in range(1000):
            request.wfile.write(b"x" * 10_000)

    site.pages["/feed"] = endless
    assert trouble(site, limits=FetchLimits(size=100_000)).trouble is Trouble.TOO_LARGE


def test_a_small_answer_that_unpacks_to_a_large_one_is_refused(site: Site) -> None:
    site.pages["/feed"] = page(gzip.compress(b"\0" * 50_000_000), Content_Encoding="gzip")
    error = trouble(site)
    assert (error.trouble, error.retry) == (Trouble.COMPRESSED_BOMB, False)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "bare deflate"])
def test_compressed_feeds_are_read(site: Site, coding: str) -> None:
    plain = rss(("1", "packed"))
    if coding == "bare deflate":
        packer = zlib.compressobj(wbits=-15)
        packed = packer.compress(plain) + packer.flush()
    else:
        packed = gzip.compress(plain) if coding == "gzip" else zlib.compress(plain)
    site.pages["/feed"] = page(packed, Content_Encoding=coding.split()[-1])
    assert listen(site).posts[0].text == "packed"


def test_a_compressed_answer_that_breaks_off_may_be_tried_again(site: Site) -> None:
    site.pages["/feed"] = page(gzip.compress(rss(("1", "packed")))[:-12], Content_Encoding="gzip")
    error = trouble(site)
    assert (error.trouble, error.retry) == (Trouble.MALFORMED, True)


def test_a_host_that_refuses_connections_is_unreachable(site: Site) -> None:
    settings = RssSettings(site.url("/feed"))
    site.close()
    with pytest.raises(ChannelError) as caught:
        RssChannel().listen(settings, {}, limit=5, allow_private=True)
    assert (caught.value.trouble, caught.value.retry) == (Trouble.UNREACHABLE, True)


# Finding one


def test_a_page_names_its_feeds(site: Site) -> None:
    html = b"""<html><head><base href="/blog/">
      <link rel="stylesheet" href="x.css"><link rel=alternate type="application/rss+xml" title="Posts" href="feed.rss">
      <link rel="alternate" type="application/atom+xml" href="/comments.atom">
      <link rel="alternate" hreflang="fr" href="/fr">
      </head></html>"""
    site.pages["/"] = page(html, "text/html")
    found = discover(site.url("/"), allow_private=True)
    assert [(feed.url, feed.title) for feed in found] == [
        (site.url("/blog/feed.rss"), "Posts"),
        (site.url("/comments.atom"), ""),
    ]


def test_a_feed_in_the_usual_place_is_found_where_the_page_names_none(site: Site) -> None:
    site.pages["/shop"] = page(b"<html><body>lamps</body></html>", "text/html")
    site.pages["/rss.xml"] = page(rss(("1", "hello")))
    assert [feed.url for feed in discover(site.url("/shop"), allow_private=True)] == [site.url("/rss.xml")]


def test_a_feeds_own_address_is_found_to_be_one_and_a_site_without_feed_has_none(site: Site) -> None:
    site.pages["/feed"] = page(rss(("1", "hello")))
    assert [feed.title for feed in discover(site.url("/feed"), allow_private=True)] == ["t"]
    site.pages = {"/": page(b"<html></html>", "text/html")}
    assert discover(site.url("/"), allow_private=True) == []


def test_listening_to_a_page_says_which_feed_it_names(site: Site) -> None:
    site.pages["/feed"] = page(b'<html><link rel=alternate type="application/rss+xml" href="/x"></html>', "text/html")
    error = trouble(site)
    assert error.trouble is Trouble.NOT_A_FEED and site.url("/x") in error.detail


def test_a_language_set_for_the_source_fills_in_where_the_feed_says_none(site: Site) -> None:
    site.pages["/feed"] = page(rss(("1", "ciao")))
    settings = replace(RssSettings(site.url("/feed")), language="it")
    assert RssChannel().test(settings, allow_private=True).posts[0].language == "it"
