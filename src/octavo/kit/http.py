"""Fetching what somebody else's address names, without being led into our own network, drowned or kept waiting.

Each connection goes to the very address that was checked (so a name that changes its mind between check and connection
gains nothing), at every redirect anew; the deadline holds for the whole fetch, down to a server that drips its headers.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as ResolveTimeout
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

import httpcore2
import httpx2

from octavo.kit import clock

USER_AGENT = "Octavo (self-hosted listening)"
MAX_WAIT = 7 * 86_400.0
"""Seconds: a longer Retry-After is not believed."""

Resolve = Callable[[str, int], Sequence[str]]
"""Host and port to addresses; raises OSError."""


class Failure(StrEnum):
    """Why a fetch gave nothing."""

    BAD_ADDRESS = "bad_address"
    NOT_FOUND = "not_found"
    GONE = "gone"
    FORBIDDEN = "forbidden"
    BAD_CREDENTIALS = "bad_credentials"
    PRIVATE_ADDRESS = "private_address"
    UNREACHABLE = "unreachable"
    BAD_CERTIFICATE = "bad_certificate"
    TIMEOUT = "timeout"
    TOO_SLOW = "too_slow"
    TOO_LARGE = "too_large"
    COMPRESSED_BOMB = "compressed_bomb"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    SERVER_ERROR = "server_error"
    RATE_LIMITED = "rate_limited"
    REFUSED = "refused"
    WRONG_TYPE = "wrong_type"
    MALFORMED = "malformed"


class FetchError(Exception):
    """A fetch gave nothing: why, whether trying again makes sense, and after how many seconds where that is known.

    `detail` names hosts and numbers, never a path or a query string: feeds carry keys in them.
    """

    def __init__(self, failure: Failure, detail: str, *, retry: bool, retry_after: float | None = None) -> None:
        super().__init__(f"{failure}: {detail}")
        self.failure = failure
        self.detail = detail
        self.retry = retry
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """`seconds` for everything together, `pause` between two bytes; `size` in bytes, before and after decompression."""

    seconds: float = 20.0
    pause: float = 10.0
    size: int = 5_000_000
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came back. `status` is 200 to 299, or 304 where nothing has changed (`content` is then empty).

    `url` is the last address; `moved` is it too where every redirect on the way was permanent, else empty.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    content: bytes
    moved: str = ""

    @property
    def content_type(self) -> str:
        """The media type alone, in lower case: `application/rss+xml`."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()


def resolve_by_system(host: str, port: int) -> list[str]:
    """The addresses the system's resolver gives, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def fetch(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    unwanted: Sequence[str] = (),
    allow_private: bool = False,
    limits: FetchLimits | None = None,
    resolve: Resolve = resolve_by_system,
) -> Fetched:
    """GETs `url`; raises `FetchError`. `unwanted` are beginnings of media types not worth reading (`image/`).

    `allow_private` opens loopback and the private networks; link-local addresses (where clouds keep their credentials),
    multicast and the unspecified address stay closed.
    """
    limits = limits or FetchLimits()
    guard = _Guard(allow_private, time.monotonic() + limits.seconds, resolve)
    asked = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate", **(headers or {})}
    with (
        _GuardedTransport(guard) as transport,
        httpx2.Client(transport=transport, trust_env=False, timeout=limits.pause, headers=asked) as client,
    ):
        request = client.build_request("GET", _address(url))
        permanent = True
        for hop in range(limits.redirects + 1):
            with _told(guard, request.url.host):
                response = client.send(request, stream=True)
                try:
                    if response.next_request is None:
                        moved = str(response.url) if hop and permanent else ""
                        return _read(response, limits, unwanted, moved)
                finally:
                    response.close()
            permanent = permanent and response.status_code in (301, 308)
            request = response.next_request
            _address(str(request.url))
    raise FetchError(Failure.TOO_MANY_REDIRECTS, f"more than {limits.redirects} redirects", retry=False)


def send(
    url: str,
    content: bytes,
    *,
    headers: Mapping[str, str] | None = None,
    allow_private: bool = False,
    limits: FetchLimits | None = None,
    resolve: Resolve = resolve_by_system,
) -> Fetched:
    """POSTs `content` to `url`, under the same guard as `fetch`; raises `FetchError`. A redirect is refused: what was
    meant for one address is not handed to another."""
    limits = limits or FetchLimits(size=100_000)
    guard = _Guard(allow_private, time.monotonic() + limits.seconds, resolve)
    asked = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate", **(headers or {})}
    with (
        _GuardedTransport(guard) as transport,
        httpx2.Client(transport=transport, trust_env=False, timeout=limits.pause, headers=asked) as client,
    ):
        request = client.build_request("POST", _address(url), content=content)
        with _told(guard, request.url.host):
            response = client.send(request, stream=True)
            try:
                return _read(response, limits, (), "")
            finally:
                response.close()


def forbidden_address(address: str, *, allow_private: bool = False) -> bool:
    """Whether an IP address must not be fetched from. IPv4 in the clothes of IPv6 is judged as IPv4."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        for inner in (ip.ipv4_mapped, ip.sixtofour, _nat64(ip), *(ip.teredo or ())):
            if inner is not None:
                return forbidden_address(str(inner), allow_private=allow_private)
    if ip.is_multicast or ip.is_link_local or ip.is_unspecified or str(ip) in _CLOUD_SERVICES:
        return True
    if isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local:
        return not allow_private
    if ip.is_global:
        return False
    return not (allow_private and (ip.is_loopback or ip.is_private))


# Addresses outside the reserved ranges, or inside a private one, at which clouds serve credentials.
_CLOUD_SERVICES = {"168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _nat64(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None


def _address(url: str) -> httpx2.URL:
    try:
        address = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError, TypeError) as error:
        raise FetchError(Failure.BAD_ADDRESS, "not a web address", retry=False) from error
    if address.scheme not in ("http", "https") or not address.host:
        raise FetchError(Failure.BAD_ADDRESS, "not an http or https address", retry=False)
    return address


def _read(response: httpx2.Response, limits: FetchLimits, unwanted: Sequence[str], moved: str) -> Fetched:
    _check_status(response)
    fetched = Fetched(str(response.url), response.status_code, dict(response.headers), b"", moved)
    if response.status_code == 304:
        return fetched
    if fetched.content_type.startswith(tuple(unwanted)) and unwanted:
        raise FetchError(Failure.WRONG_TYPE, f"the server sends {fetched.content_type[:80]}", retry=False)
    coding = response.headers.get("content-encoding", "").strip().lower()
    content = _unpacked(response.iter_raw(), coding, limits.size)
    return Fetched(fetched.url, fetched.status, fetched.headers, content, moved)


_OF_STATUS: dict[int, tuple[Failure, bool, float | None]] = {
    # Sites answer 403 and 404 while they are being moved: worth asking again, but not soon.
    401: (Failure.BAD_CREDENTIALS, False, None),
    403: (Failure.FORBIDDEN, True, 3600.0),
    404: (Failure.NOT_FOUND, True, 3600.0),
    407: (Failure.BAD_CREDENTIALS, False, None),
    408: (Failure.TIMEOUT, True, None),
    410: (Failure.GONE, False, None),
    429: (Failure.RATE_LIMITED, True, 900.0),
    451: (Failure.FORBIDDEN, False, None),
}


def _check_status(response: httpx2.Response) -> None:
    status = response.status_code
    if 200 <= status < 300 or status == 304:
        return
    if status >= 500:
        failure, retry, wait = Failure.SERVER_ERROR, True, None
    else:
        failure, retry, wait = _OF_STATUS.get(status, (Failure.REFUSED, False, None))
    asked = retry_after(response.headers.get("retry-after", ""))
    detail = f"{response.url.host} answered {status}"
    raise FetchError(failure, detail, retry=retry, retry_after=asked if asked is not None else wait)


def retry_after(value: str) -> float | None:
    """Seconds a Retry-After header asks for (a number, or a date); None where it says nothing usable."""
    value = value.strip()
    if value.isascii() and value.isdigit() and len(value) < 10:
        return min(float(value), MAX_WAIT)
    try:
        moment: datetime = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - clock.now()).total_seconds(), 0.0), MAX_WAIT)


def _unpacked(chunks: Iterable[bytes], coding: str, size: int) -> bytes:
    """The body, decompressed step by step, so that a small answer can never become a large one in memory."""
    if coding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise FetchError(Failure.MALFORMED, f"compressed as {coding[:40]}, which was not asked for", retry=False)
    unpack: Any = None
    body = bytearray()
    received = 0
    for chunk in chunks:
        received += len(chunk)
        if received > size:
            raise FetchError(Failure.TOO_LARGE, f"more than {size} bytes", retry=False)
        if coding in ("", "identity"):
            body += chunk
            continue
        unpack = unpack or zlib.decompressobj(wbits=_wbits(coding, chunk))
        try:
            body += unpack.decompress(chunk, size + 1 - len(body))
        except zlib.error as error:
            raise FetchError(Failure.MALFORMED, f"the compressed answer is damaged: {error}", retry=True) from error
        if len(body) > size:
            failure = Failure.COMPRESSED_BOMB if len(body) > 100 * received else Failure.TOO_LARGE
            raise FetchError(failure, f"{received} bytes became more than {size}", retry=False)
    if unpack is not None and not unpack.eof:
        raise FetchError(Failure.MALFORMED, "the compressed answer is cut off", retry=True)
    return bytes(body)


def _wbits(coding: str, chunk: bytes) -> int:
    if coding != "deflate":
        return 31
    # "deflate" is zlib by the standard, and bare in practice.
    return 15 if len(chunk) > 1 and chunk[0] & 0x0F == 8 and (chunk[0] << 8 | chunk[1]) % 31 == 0 else -15


class _told:
    """Turns what the network raises into `FetchError`."""

    def __init__(self, guard: _Guard, host: str) -> None:
        self._guard = guard
        self._host = host

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        host = self._host
        match error:
            case httpcore2.TimeoutException() | httpx2.TimeoutException():
                if self._guard.remaining() <= 0:
                    raise FetchError(Failure.TOO_SLOW, f"{host} did not finish in time", retry=True) from error
                raise FetchError(Failure.TIMEOUT, f"{host} does not answer", retry=True) from error
            case httpcore2.ConnectError() if _about_certificate(error):
                raise FetchError(Failure.BAD_CERTIFICATE, f"{host}: {_reason(error)}", retry=True) from error
            case httpcore2.NetworkError() | httpx2.NetworkError():
                raise FetchError(Failure.UNREACHABLE, f"{host}: {_reason(error)}", retry=True) from error
            case httpcore2.ProtocolError() | httpx2.ProtocolError():
                raise FetchError(Failure.MALFORMED, f"{host} does not speak HTTP properly", retry=True) from error
            case httpx2.InvalidURL() | httpx2.RequestError() | UnicodeError():
                raise FetchError(Failure.MALFORMED, f"{host} answered with something unusable", retry=True) from error


def _about_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _reason(error: BaseException) -> str:
    return str(error).replace("\n", " ")[:200]


class _Guard:
    """Which addresses may be spoken to, and until when."""

    def __init__(self, allow_private: bool, deadline: float, resolve: Resolve) -> None:  # noqa: FBT001
        self._allow_private = allow_private
        self._deadline = deadline
        self._resolve = resolve

    def remaining(self) -> float:
        """Seconds left, possibly below zero."""
        return self._deadline - time.monotonic()

    def patience(self, timeout: float | None) -> float:
        """How long one step may take; raises httpcore2.ReadTimeout where nothing is left."""
        left = self.remaining()
        if left <= 0:
            raise httpcore2.ReadTimeout("the deadline has passed")
        return left if timeout is None else min(timeout, left)

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """The host's addresses, all of them fit to be spoken to. A name with one forbidden address is refused whole:
        that is what an attack looks like, and hardly anything else does."""
        try:
            # The system's resolver knows no deadline of ours, so it is waited for from outside.
            found = _resolvers().submit(self._resolve, host, port).result(timeout=self.patience(None))
        except ResolveTimeout:
            raise httpcore2.ConnectTimeout("the name was not resolved in time") from None
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(f"the name cannot be resolved: {error}") from error
        if not found:
            raise httpcore2.ConnectError("the name has no address")
        for address in found:
            if forbidden_address(address, allow_private=self._allow_private):
                detail = f"{host} leads into a network that may not be fetched from"
                raise FetchError(Failure.PRIVATE_ADDRESS, detail, retry=False)
        return found


@lru_cache(maxsize=1)
def _resolvers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=16, thread_name_prefix="resolve")


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return httpx2.create_ssl_context(trust_env=False)


class _GuardedBackend(httpcore2.NetworkBackend):
    """Connects to checked addresses only. TLS still names, and verifies, the host that was asked for."""

    def __init__(self, guard: _Guard) -> None:
        self._guard = guard
        self._plain = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        failed: Exception | None = None
        for address in self._guard.addresses(host, port):
            patience = self._guard.patience(timeout)
            try:
                stream = self._plain.connect_tcp(address, port, patience, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
                continue
            return _GuardedStream(stream, self._guard)
        assert failed is not None
        raise failed


class _GuardedStream(httpcore2.NetworkStream):
    """A connection whose every step ends with the deadline of the whole fetch."""

    def __init__(self, stream: httpcore2.NetworkStream, guard: _Guard) -> None:
        self._stream = stream
        self._guard = guard

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._guard.patience(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._guard.patience(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, self._guard.patience(timeout))
        return _GuardedStream(inner, self._guard)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _GuardedTransport(httpx2.BaseTransport):
    """httpx2's own transport takes no network backend, so this one hands its requests to the pool itself."""

    def __init__(self, guard: _Guard) -> None:
        self._pool = httpcore2.ConnectionPool(
            ssl_context=_tls(), max_connections=2, network_backend=_GuardedBackend(guard)
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = self._pool.handle_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.read(),
                extensions=request.extensions,
            )
        )
        assert isinstance(answer.stream, Iterable)
        return httpx2.Response(status_code=answer.status, headers=answer.headers, stream=_Body(answer.stream))

    def close(self) -> None:
        self._pool.close()


class _Body(httpx2.SyncByteStream):
    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        if hasattr(self._stream, "close"):
            self._stream.close()
