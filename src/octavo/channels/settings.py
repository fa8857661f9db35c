"""What a channel needs to be told, typed, so that a page can build its form and a command its options.

A channel declares a frozen dataclass and marks each field with `setting(...)`; `questions(cls)` lists what to ask, and
`answer(cls, given)` checks what came back.
"""

from __future__ import annotations

import codecs
import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlsplit

from octavo.channels.trouble import ChannelError, Trouble
from octavo.vocabulary import LANGUAGES

Settings = TypeVar("Settings")


class Kind(StrEnum):
    """How a setting is asked for. Labels and help are the pages' (translated, keyed by channel and name)."""

    TEXT = "text"
    URL = "url"
    LANGUAGE = "language"
    ENCODING = "encoding"
    NUMBER = "number"
    FLAG = "flag"
    PATH = "path"  # a file of the server: for commands, never for a page's form
    MAPPING = "mapping"  # field name to column name


@dataclass(frozen=True, slots=True)
class Setting:
    """One question a channel asks. A secret is written, never shown again, and kept encrypted by whoever keeps it."""

    name: str
    kind: Kind
    required: bool
    secret: bool
    default: object


_MARK = "octavo.setting"
_REQUIRED: Any = dataclasses.MISSING


def setting(kind: Kind, *, default: Any = _REQUIRED, secret: bool = False) -> Any:
    """A dataclass field that is a question to the person; required where it has no default."""
    mark = {_MARK: (kind, secret)}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=lambda: dict(default), metadata=mark)
    if default is _REQUIRED:
        return dataclasses.field(metadata=mark)
    return dataclasses.field(default=default, metadata=mark)


def questions(settings: type) -> tuple[Setting, ...]:
    """The settings a channel asks for, in the order of its dataclass."""
    return tuple(_question(field) for field in dataclasses.fields(settings) if _MARK in field.metadata)


def answer(settings: type[Settings], given: Mapping[str, object]) -> Settings:
    """The channel's settings from what a form, a command or the database holds.

    Raises `ChannelError(BAD_SETTINGS)`, `retry` false, whose detail names every field that is wrong and why:
    `url: missing; language: unknown`. Values are never repeated, since one may be a secret.
    """
    asked = {question.name: question for question in questions(settings)}
    wrong = [f"{name}: unknown setting" for name in sorted(set(given) - set(asked))]
    values: dict[str, object] = {}
    for name, question in asked.items():
        value = given.get(name)
        if value is None or value == "":
            if question.required:
                wrong.append(f"{name}: missing")
            continue
        try:
            values[name] = _value(question.kind, value)
        except ValueError as error:
            wrong.append(f"{name}: {error}")
    if wrong:
        raise ChannelError(Trouble.BAD_SETTINGS, detail="; ".join(wrong), retry=False)
    return settings(**values)


def _question(field: dataclasses.Field[Any]) -> Setting:
    kind, secret = field.metadata[_MARK]
    default = field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default
    required = default is dataclasses.MISSING
    return Setting(field.name, kind, required=required, secret=secret, default=None if required else default)


def _value(kind: Kind, value: object) -> object:
    """`value` as its kind wants it; raises ValueError with a short reason."""
    match kind:
        case Kind.FLAG:
            return _flag(value)
        case Kind.NUMBER:
            return _number(value)
        case Kind.MAPPING:
            return _mapping(value)
    if not isinstance(value, str):
        raise ValueError("not text")
    value = value.strip()
    if "\0" in value:
        raise ValueError("holds a NUL character")
    match kind:
        case Kind.URL:
            return _url(value)
        case Kind.LANGUAGE if value not in LANGUAGES:
            raise ValueError("unknown language")
        case Kind.ENCODING:
            return _encoding(value)
    return value


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("neither yes nor no")


def _number(value: object) -> float:
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            raise ValueError("not a number") from None
        if math.isfinite(number):
            return number
    raise ValueError("not a number")


def _mapping(value: object) -> dict[str, str]:
    if isinstance(value, Mapping) and all(isinstance(name, str) and isinstance(to, str) for name, to in value.items()):
        return dict(value)
    raise ValueError("not pairs of names")


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not a web address (http:// or https://)")
    if len(value) > 2000 or any(character.isspace() for character in value):
        raise ValueError("not a web address")
    return value


def _encoding(value: str) -> str:
    try:
        return codecs.lookup(value).name
    except LookupError:
        raise ValueError("unknown encoding") from None
