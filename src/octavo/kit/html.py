"""Hostile HTML to plain text."""

from __future__ import annotations

import html
import re
from collections import Counter

import nh3

MAX_HTML = 500_000
"""Characters that are looked at; what follows is cut, since nobody wrote it by hand."""

MAX_DEPTH = 40
MAX_TAGS = 5_000
"""Beyond these, tags are merely taken out."""

_LOOKS_LIKE_HTML = re.compile(
    r"</?(?:p|br|div|span|a|b|i|em|strong|ul|ol|li|blockquote|img|h[1-6])\b[^<>]{0,2000}>", re.I
)
_LINE = re.compile(r"<(?:br|/p|/div|/li|/h[1-6]|/blockquote|/tr|hr|/dt|/dd|/pre)\b[^<>]{0,200}>", re.I)
# Content systems draw emoji as pictures; the emoji itself is then in `alt`.
_EMOJI_PICTURE = re.compile(
    r"<img\b(?=[^<>]{0,1000}\b(?:emoji|smiley))[^<>]{0,1000}\balt=[\"']([^\"'<>]{1,16})[\"'][^<>]{0,1000}>", re.I
)
_SILENT = {"script", "style", "template", "noscript", "iframe", "object", "svg", "math", "head", "title"}
_TAG = re.compile(r"<(/?)([A-Za-z][^\s/<>]{0,30})")
_ANY_TAG = re.compile(r"<[^<>]*>")
# Elements that hold nothing, or that the next of their kind closes.
_ALONE = {"br", "hr", "img", "wbr", "input", "meta", "link", "source", "col", "area", "embed", "p", "li", "dt", "dd"}
_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r"\n{3,}")


def to_text(markup: str) -> str:
    """The words of `markup` as plain text: no tag, no script, entities as characters, a line for each paragraph.

    The result is text, not HTML: it may hold `<` where the writer wrote `&lt;`, and is escaped again where it is shown.
    """
    markup = markup[:MAX_HTML]
    if "<" in markup:
        markup = _LINE.sub(r"\g<0>" + "\n", _EMOJI_PICTURE.sub(r"\1", markup))
        sane, rest = _split_at_abuse(markup)
        sane = nh3.clean(sane, tags=set(), clean_content_tags=_SILENT, strip_comments=True)
        markup = sane + _ANY_TAG.sub("", rest)
    text = html.unescape(markup)
    lines = (_SPACES.sub(" ", line).strip() for line in text.splitlines())
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def _split_at_abuse(markup: str) -> tuple[str, str]:
    """Where tags nest deeper, or are more, than a person's, the rest is not given to the HTML parser: it takes
    quadratic time for depth, and memory for formatting that it must open anew in each paragraph (90,000 nested elements
    took 34 seconds, measured)."""
    open_tags: Counter[str] = Counter()
    depth = 0
    for number, tag in enumerate(_TAG.finditer(markup)):
        closing, name = tag[1], tag[2].lower()
        if name in _ALONE:
            pass
        elif not closing:
            open_tags[name] += 1
            depth += 1
        elif open_tags[name]:
            open_tags[name] -= 1
            depth -= 1
        if depth > MAX_DEPTH or number > MAX_TAGS:
            return markup[: tag.start()], markup[tag.start() :]
    return markup, ""


def looks_like_html(text: str) -> bool:
    """Whether `text` holds tags that belong to HTML (a lone `<3` does not)."""
    return _LOOKS_LIKE_HTML.search(text) is not None
