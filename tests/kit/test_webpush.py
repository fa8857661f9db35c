"""Web push as the standards say: the example of RFC 8291, and what a push service checks of RFC 8292."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pushing import Browser

from octavo.kit import webpush
from octavo.kit.webpush import Subscription, decode, encode

# RFC 8291, section 5 and appendix A.
AUTH = decode("BTBZMqHH6r4Tts7J_aSIgg")
RECEIVER = decode("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4")
SENDER = decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
SALT = decode("DGv6ra1nlYgDCS1FRnbzlw")
SEALED = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6"
    "cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)
NOW = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)


def test_the_example_of_the_standard_comes_out_byte_by_byte() -> None:
    sender = ec.derive_private_key(int.from_bytes(SENDER, "big"), webpush.CURVE)
    to = Subscription("https://push.example.net/push/x", RECEIVER, AUTH)
    sealed = webpush.encrypt(b"When I grow up, I want to be a watermelon", to, salt=SALT, sender=sender)
    assert encode(sealed) == SEALED


def test_only_the_browser_it_is_for_can_read_it_and_no_two_messages_are_alike() -> None:
    browser, other = Browser(), Browser()
    to = browser.subscription("https://push.example.net/x")
    one, two = webpush.encrypt(b"hello", to), webpush.encrypt(b"hello", to)
    assert one != two and browser.read(one) == browser.read(two) == b"hello"
    with pytest.raises(InvalidTag):
        other.read(one)


def test_the_longest_message_fits_into_a_record_and_a_longer_one_is_refused() -> None:
    browser = Browser()
    to = browser.subscription("https://push.example.net/x")
    sealed = webpush.encrypt(b"x" * webpush.MOST, to)
    assert len(sealed) == webpush.RECORD and browser.read(sealed) == b"x" * webpush.MOST
    with pytest.raises(ValueError, match="more than"):
        webpush.encrypt(b"x" * (webpush.MOST + 1), to)


def test_the_proof_names_the_service_the_sender_and_an_end_and_is_signed() -> None:
    private = webpush.new_key()
    said = webpush.authorization(
        "https://push.example.net:8443/push/secret", private=private, contact="mailto:a@example.org", now=NOW
    )
    kind, _space, rest = said.partition(" ")
    fields = dict(part.split("=", 1) for part in rest.split(", "))
    assert kind == "vapid" and decode(fields["k"]) == webpush.public_key(private)
    head, claims, signature = fields["t"].split(".")
    assert orjson.loads(decode(head)) == {"typ": "JWT", "alg": "ES256"}
    found = orjson.loads(decode(claims))
    assert found["aud"] == "https://push.example.net:8443" and found["sub"] == "mailto:a@example.org"
    assert NOW < datetime.fromtimestamp(found["exp"], UTC) <= NOW + timedelta(hours=24)
    raw = decode(signature)
    pair = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key = ec.EllipticCurvePublicKey.from_encoded_point(webpush.CURVE, decode(fields["k"]))
    key.verify(pair, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize(
    ("key", "auth"), [(b"\x04" + bytes(64), AUTH), (b"", AUTH), (RECEIVER[:-1], AUTH), (RECEIVER, b"short")]
)
def test_what_is_no_browser_is_refused(key: bytes, auth: bytes) -> None:
    with pytest.raises(webpush.BadSubscription):
        Subscription("https://push.example.net/x", key, auth)


@pytest.mark.parametrize("text", ["a", "ä", "a b", "abc\x00"])
def test_what_is_no_base64_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="base64url"):
        decode(text)
