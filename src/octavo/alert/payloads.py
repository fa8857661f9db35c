"""What a hook is sent, in the form the other side knows. Holds no message: those stay in the house.

Names come from outside, so nothing of ours is read as markup: Slack wants `&`, `<` and `>` as entities wherever its own markup
is read (`<!channel>` would ring for a whole channel), Teams reads Markdown in every TextBlock (a name could be a link) and none
in a TextRun. Both refuse what is too long, so texts are cut, and what does not fit is counted in the last line.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.utils.translation import ngettext

from octavo.alert import words
from octavo.alert.models import Alert, Hook

SLACK_HEADER, SLACK_SECTION, SLACK_BLOCKS = 150, 3000, 50
"""Characters of a header, of a section's text, and blocks in a message (docs.slack.dev, Block Kit)."""
TEAMS_BYTES = 24_000
"""A card may have about 28 KB (learn.microsoft.com, Teams webhooks and connectors), counted after it was wrapped once more."""
TEAMS_TEXT = 2000


@dataclass(frozen=True, slots=True)
class Notice:
    """What is said of one or several alerts. `lead` is a line above them; `ring` which ringing, of one alone."""

    key: UUID
    title: str
    alerts: Sequence[Alert]
    lead: str = ""
    ring: int | None = None


def of(notice: Notice, kind: str) -> bytes:
    """The body of a call, as JSON."""
    match kind:
        case Hook.Kind.SLACK:
            return orjson.dumps(slack(notice))
        case Hook.Kind.TEAMS:
            return orjson.dumps(teams(notice))
    return orjson.dumps(plain(notice))


def plain(notice: Notice) -> dict[str, Any]:
    """For programs: `alert.rang` with one alert, `alerts.summary` with several."""
    if notice.ring is not None:
        [alert] = notice.alerts
        return {"type": "alert.rang", "delivery": str(notice.key), "ring": notice.ring, "alert": _figures(alert)}
    return {
        "type": "alerts.summary",
        "delivery": str(notice.key),
        "title": notice.title,
        "alerts": [_figures(alert) for alert in notice.alerts],
    }


def slack(notice: Notice) -> dict[str, Any]:
    lines = [notice.lead] if notice.lead else []
    lines += [words.reason(notice.alerts[0])] if notice.ring is not None else []
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _slack_plain(notice.title, SLACK_HEADER)}]
    blocks += [{"type": "section", "text": _slack_plain(line, SLACK_SECTION)} for line in lines]
    room = SLACK_BLOCKS - len(blocks) - 1
    for alert in notice.alerts[:room]:
        if notice.ring is not None:
            said = f"<{words.link(alert)}|{_slack_text(words.open_words())}>"
        else:
            title, reason = _slack_text(_cut(words.title(alert), 300)), _slack_text(_cut(words.reason(alert), 1000))
            said = f"<{words.link(alert)}|{title}>\n{reason}"
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": said, "verbatim": True}})
    if (left := len(notice.alerts) - room) > 0:
        blocks.append({"type": "section", "text": _slack_plain(_more(left), SLACK_SECTION)})
    spoken = ": ".join([notice.title, *lines])
    # What notifications show; read as markup too.
    return {"text": _slack_text(_cut(spoken, SLACK_SECTION)), "blocks": blocks, "unfurl_links": False}


def teams(notice: Notice) -> dict[str, Any]:
    """An Adaptive Card in a message, as both a workflow ("When a Teams webhook request is received") and the connectors
    before it take it."""
    body = [_run(notice.title, weight="Bolder", size="Medium")]
    if notice.lead:
        body.append(_run(notice.lead))
    link = words.list_link()
    if notice.ring is not None:
        body.append(_run(words.reason(notice.alerts[0])))
        link = words.link(notice.alerts[0])
    else:
        body += _fitting(notice.alerts)
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": _cut(notice.title, TEAMS_TEXT),
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": words.open_words(len(notice.alerts)), "url": link}],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _fitting(alerts: Sequence[Alert]) -> list[dict[str, Any]]:
    """Blocks of as many alerts as a card has room for, and how many more there are."""
    blocks: list[dict[str, Any]] = []
    size = 0
    for place, alert in enumerate(alerts):
        opens = {"type": "Action.OpenUrl", "url": words.link(alert)}
        block = _run(_cut(words.title(alert), 300), weight="Bolder", selectAction=opens)
        block["inlines"].append({"type": "TextRun", "text": f"\n{_cut(words.reason(alert), 600)}"})
        size += len(orjson.dumps(block))
        if size > TEAMS_BYTES - 4 * TEAMS_TEXT:
            return [*blocks, _run(_more(len(alerts) - place))]
        blocks.append(block)
    return blocks


def _figures(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.pk,
        "brand": alert.brand.name,
        "rule": alert.rule.kind,
        "severity": alert.severity,
        "state": alert.state,
        "title": words.title(alert),
        "reason": words.reason(alert),
        "figures": alert.reason,
        "first_signal_at": alert.first_signal_at.isoformat(),
        "opened_at": alert.opened_at.isoformat(),
        "rang_at": alert.rang_at.isoformat(),
        "url": words.link(alert),
    }


def _more(n: int) -> str:
    return ngettext("and %(n)d more", "and %(n)d more", n) % {"n": n}


def _slack_plain(text: str, most: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": _cut(text, most), "emoji": False}  # a name like :siren: stays a name


def _slack_text(text: str) -> str:
    return html.escape(text, quote=False)


def _run(text: str, **style: Any) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": _cut(text, TEAMS_TEXT), **style}]}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
