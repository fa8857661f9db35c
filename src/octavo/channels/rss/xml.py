"""XML from strangers: brought to UTF-8, then checked for what feeds have no need of."""

from __future__ import annotations

import codecs
import io
import re
import xml.sax
from xml.sax.handler import ContentHandler, feature_external_ges, feature_external_pes

from defusedxml import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from octavo.channels.trouble import ChannelError, Trouble

_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_DECLARED = re.compile(rb"^[^<]{0,8}<\?xml[^>]{0,200}encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._-]{1,40})", re.I)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ENTITY = re.compile(r"<!ENTITY", re.I)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NO_TEXT = {"utf_7", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"}
_MAX_DEPTH = 200
MAX_ITEMS = 5_000
MAX_BROKEN = 500_000
"""Bytes of a feed that is not well-formed."""


def sane_xml(content: bytes, content_type: str = "") -> bytes:
    """`content` in UTF-8 without an XML declaration, so that every reader sees the same characters.

    Raises `ChannelError`: DANGEROUS_XML where it declares entities (bombs, files of this machine) or nests absurdly,
    TOO_MANY_ITEMS, and MALFORMED where it is not well-formed and long. A short text that is not well-formed passes:
    feeds often are not, and the reader is lenient; but its lenience takes quadratic time.
    """
    text = _CONTROL.sub("\ufffd", _decoded(content, content_type))
    text = _DECLARATION.sub("", text.lstrip("\ufeff"), count=1)
    # A document that breaks before its doctype never reaches the parser's own check; its prologue is looked at as text.
    if _ENTITY.search(text[: _root(text)]):
        raise _dangerous("it declares entities")
    safe = text.encode()
    # No entity can be declared, so nothing external is left but the address in an old doctype, which is never fetched.
    parser = DefusedExpatParser(forbid_entities=True, forbid_external=False)
    parser.setFeature(feature_external_ges, False)
    parser.setFeature(feature_external_pes, False)
    parser.setContentHandler(_Bounds())
    try:
        parser.parse(io.BytesIO(safe))
    except DefusedXmlException as error:
        raise _dangerous(type(error).__name__) from error
    except xml.sax.SAXException as error:
        if len(safe) > MAX_BROKEN:
            detail = f"not well-formed, and longer than {MAX_BROKEN} bytes"
            raise ChannelError(Trouble.MALFORMED, detail=detail, retry=True) from error
    return safe


class _Bounds(ContentHandler):
    """Refuses depth and number that no feed has."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._items = 0

    def startElement(self, name: str, attrs: object) -> None:
        self._depth += 1
        self._items += name.rpartition(":")[2] in ("item", "entry")
        if self._items > MAX_ITEMS:
            raise ChannelError(Trouble.TOO_MANY_ITEMS, detail=f"more than {MAX_ITEMS} items", retry=False)
        if self._depth > _MAX_DEPTH:
            raise _dangerous(f"more than {_MAX_DEPTH} elements within each other")

    def endElement(self, name: str) -> None:
        self._depth -= 1


def _root(text: str) -> int:
    """Where the first element begins."""
    first = re.search(r"<\w", text)
    return first.start() if first else len(text)


def _decoded(content: bytes, content_type: str) -> str:
    """By mark, then by the HTTP header, then by the document's own word; what is wrong in it becomes U+FFFD."""
    for bom, name in _BOMS:
        if content.startswith(bom):
            return content.decode(name, "replace")
    if content[:4] in (b"<\0?\0", b"<\0r\0", b"<\0f\0"):
        return content.decode("utf-16-le", "replace")
    if content[:4] in (b"\0<\0?", b"\0<\0r", b"\0<\0f"):
        return content.decode("utf-16-be", "replace")
    told = [match[1] for match in [_CHARSET.search(content_type)] if match]
    told += [match[1].decode() for match in [_DECLARED.match(content[:400])] if match]
    for name in ("utf-8", *told):
        try:
            found = codecs.lookup(name)
            if found.name.replace("-", "_") not in _NO_TEXT:
                return content.decode(found.name)
        except (LookupError, UnicodeError, ValueError):
            continue
    return content.decode("utf-8" if _mostly_utf8(content) else "cp1252", "replace")


def _mostly_utf8(content: bytes) -> bool:
    text = content.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    return sum(1 for character in text if character > "\x7f") > 5 * wrong


def _dangerous(detail: str) -> ChannelError:
    return ChannelError(Trouble.DANGEROUS_XML, detail=detail, retry=False)
