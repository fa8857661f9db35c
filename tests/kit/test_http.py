from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from octavo.channels.trouble import Trouble
from octavo.kit import clock
from octavo.kit.http import Failure, FetchError, FetchLimits, fetch, forbidden_address, retry_after

LIMITS = FetchLimits(seconds=5, pause=5)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        target = self.path.partition("?to=")[2]
        self.send_response(302 if target else 200)
        if target:
            self.send_header("Location", target)
        self.send_header("X-Host", self.headers["Host"])
        body = self.headers.get("Authorization", "nothing").encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def failure(url: str, **options: object) -> Failure:
    with pytest.raises(FetchError) as caught:
        fetch(url, limits=LIMITS, **options)  # type: ignore[arg-type]
    return caught.value.failure


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "168.63.129.16",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "fd00:ec2::254",
        "::ffff:127.0.0.1",
        "::ffff:a9fe:a9fe",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "fe80::1%eth0",
    ],
)
def test_an_address_that_leads_inside_is_forbidden(address: str) -> None:
    assert forbidden_address(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_a_public_address_is_not(address: str) -> None:
    assert not forbidden_address(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "::1", "fc00::1", "::ffff:192.168.0.1"])
def test_an_intranet_may_be_opened(address: str) -> None:
    assert not forbidden_address(address, allow_private=True)


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fe80::1", "fd00:ec2::254", "::ffff:169.254.169.254", "0.0.0.0", "224.0.0.1"]
)
def test_where_clouds_keep_their_credentials_stays_closed_even_then(address: str) -> None:
    assert forbidden_address(address, allow_private=True)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]"]
)
def test_this_machine_is_refused_however_it_is_written(host: str, port: int) -> None:
    # Some resolvers do not know the odd spellings; then there is no such host, which is as good.
    assert failure(f"http://{host}:{port}/") in (Failure.PRIVATE_ADDRESS, Failure.UNREACHABLE, Failure.BAD_ADDRESS)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.com/", "gopher://x/", "//x", "", "http://", "x"])
def test_only_web_addresses_are_fetched(url: str) -> None:
    assert failure(url) is Failure.BAD_ADDRESS


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "http://0.0.0.0/"]
)
def test_each_redirect_is_checked_anew(port: int, target: str) -> None:
    found = failure(f"http://127.0.0.1:{port}/?to={target}", allow_private=True)
    assert found in (Failure.PRIVATE_ADDRESS, Failure.BAD_ADDRESS)


def test_the_connection_goes_to_the_address_that_was_checked_and_the_name_is_asked_once(port: int) -> None:
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])  # a name that changes its mind
    answer = fetch(
        f"http://feeds.example.com:{port}/", allow_private=True, limits=LIMITS, resolve=lambda host, _: next(answers)
    )
    assert answer.headers["x-host"] == f"feeds.example.com:{port}"
    assert list(answers) == [["169.254.169.254"]]


def test_a_name_with_one_forbidden_address_is_refused_whole(port: int) -> None:
    found = failure(
        f"http://feeds.example.com:{port}/",
        allow_private=True,
        resolve=lambda host, _: ["127.0.0.1", "169.254.169.254"],
    )
    assert found is Failure.PRIVATE_ADDRESS


def test_a_second_address_is_tried_where_the_first_is_dead(port: int) -> None:
    answer = fetch(
        f"http://feeds.example.com:{port}/",
        allow_private=True,
        limits=LIMITS,
        resolve=lambda host, _: ["::1", "127.0.0.1"],
    )
    assert answer.status == 200


def test_credentials_are_not_carried_to_another_host(port: int) -> None:
    own = fetch(f"http://user:word@127.0.0.1:{port}/", allow_private=True, limits=LIMITS)
    assert own.content.startswith(b"Basic ")
    elsewhere = fetch(
        f"http://user:word@127.0.0.1:{port}/?to=http://other.example.com:{port}/",
        allow_private=True,
        limits=LIMITS,
        resolve=lambda host, _: ["127.0.0.1"],
    )
    assert elsewhere.content == b"nothing"


def test_a_name_that_does_not_exist_is_unreachable() -> None:
    def nowhere(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    assert failure("http://nowhere.example.com/", resolve=nowhere) is Failure.UNREACHABLE


def test_a_resolver_that_hangs_is_left_at_the_deadline() -> None:
    released = threading.Event()

    def hang(host: str, port: int) -> list[str]:
        released.wait(5)
        return ["127.0.0.1"]

    with pytest.raises(FetchError) as caught:
        fetch("http://slow.example.com/", limits=FetchLimits(seconds=0.1), resolve=hang)
    released.set()
    assert caught.value.failure is Failure.TOO_SLOW


def test_a_server_without_a_trusted_certificate_is_named_as_such(port: int) -> None:
    # Plain HTTP behind https: the handshake fails, and nothing is sent in clear.
    assert failure(f"https://127.0.0.1:{port}/", allow_private=True) in (Failure.UNREACHABLE, Failure.BAD_CERTIFICATE)


def test_retry_after_is_read_as_seconds_or_as_a_date() -> None:
    assert retry_after("120") == 120
    soon = retry_after(format_datetime(clock.now() + timedelta(minutes=10), usegmt=True))
    assert soon is not None and 590 < soon <= 600
    assert retry_after(format_datetime(clock.now() - timedelta(days=1), usegmt=True)) == 0
    assert retry_after("99999999") == 7 * 86_400
    assert [retry_after(text) for text in ("", "soon", "-5", "1e9", "٣")] == [None] * 5


def test_every_failure_has_its_word_among_the_troubles() -> None:
    assert {failure.value for failure in Failure} <= {trouble.value for trouble in Trouble}
