"""The table of keys: the dialog behind `?`, what the pages listen to and the guide all come from here.

`keys` are pressed one after the other where a space stands between them. A key goes to `place` (the name of an address) or
does `action`, which the page's script knows under this name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Key:
    keys: str
    words: Any
    place: str = ""
    action: str = ""

    @property
    def strokes(self) -> Sequence[str]:
        return self.keys.split(" ")


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of one kind of page (`where`: the page's data-page), or of all where that is empty."""

    where: str
    words: Any
    keys: Sequence[Key]


KEYS: Sequence[Keys] = (
    Keys(
        "",
        _("Everywhere"),
        (
            Key("Ctrl+K", _("Go anywhere"), action="command"),
            Key("/", _("Search messages"), action="search"),
            Key("?", _("All keys"), action="keys"),
            Key("z", _("Undo, for ten seconds"), action="undo"),
            Key("g h", _("Home"), place="home"),
            Key("g i", _("Inbox"), place="inbox"),
            Key("g a", _("Alerts"), place="alerts"),
            Key("g t", _("Stories"), place="stories"),
            Key("g s", _("Sources"), place="sources"),
            Key("g b", _("Brands"), place="brands"),
            Key("g ,", _("Settings"), place="settings"),
        ),
    ),
    Keys(
        "inbox",
        _("Inbox"),
        (
            Key("j", _("Next conversation"), action="next"),
            Key("k", _("Previous conversation"), action="previous"),
            Key("Enter", _("Open it"), action="open"),
            Key("x", _("Select it"), action="select"),
            Key("e", _("Done"), action="done"),
            Key("a", _("Assign to me"), action="assign"),
            Key("s", _("Snooze"), action="snooze"),
            Key("b", _("About us or not"), action="about"),
            Key("n", _("Show what arrived"), action="arrivals"),
            Key("1 … 8", _("Filter by a register"), action="register"),
        ),
    ),
    Keys(
        "conversation",
        _("Conversation"),
        (
            Key("j", _("Next conversation"), action="next"),
            Key("k", _("Previous conversation"), action="previous"),
            Key("i", _("Back to the list"), action="back"),
            Key("r", _("Correct the register"), action="correct"),
            Key("b", _("About us or not"), action="about"),
            Key("v", _("Show the reading"), action="reading"),
            Key("n", _("Write a note"), action="note"),
            Key("e", _("Done"), action="done"),
            Key("a", _("Assign to me"), action="assign"),
            Key("s", _("Snooze"), action="snooze"),
        ),
    ),
    Keys(
        "alerts",
        _("Alerts"),
        (
            Key("j", _("Next alert"), action="next"),
            Key("k", _("Previous alert"), action="previous"),
            Key("y", _("Acknowledge"), action="acknowledge"),
            Key("a", _("Take it"), action="take"),
        ),
    ),
    Keys(
        "alert",
        _("Alert"),
        (
            Key("y", _("Acknowledge"), action="acknowledge"),
            Key("a", _("Take it"), action="take"),
            Key("o", _("Open the message that did it"), action="evidence"),
            Key("s", _("Snooze"), action="snooze"),
            Key("h", _("Close it, or say that it was a false alarm"), action="false"),
            Key("i", _("Back to the list"), action="back"),
        ),
    ),
    Keys(
        "stories",
        _("Stories"),
        (
            Key("j", _("Next story"), action="next"),
            Key("k", _("Previous story"), action="previous"),
        ),
    ),
    Keys("story", _("Story"), (Key("i", _("Back to the list"), action="back"),)),
)
