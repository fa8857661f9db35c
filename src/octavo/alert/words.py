"""Alerts in words: what a reason says, what to do next, what happened. Composed in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from octavo.alert import counts, rules
from octavo.alert.models import Alert, AlertEvent, Rule, RuleKind, Severity
from octavo.conversations import words
from octavo.conversations.models import RegisterChoice
from octavo.kit import clock
from octavo.vocabulary import HARMS, Harm

CLOSINGS: tuple[tuple[str, Any, Any], ...] = (
    (Alert.Outcome.USEFUL, gettext_lazy("Useful"), gettext_lazy("It was good to know.")),
    (Alert.Outcome.NOT_USEFUL, gettext_lazy("True, but not useful"), gettext_lazy("It is so, and we need not have been told.")),
    (Alert.Outcome.FALSE, gettext_lazy("False alarm"), gettext_lazy("It is not what Octavo took it for.")),
)  # fmt: skip


def title(alert: Alert) -> str:
    """One line: severity, brand, rule."""
    return _("Alert %(severity)d of 5 · %(brand)s: %(what)s") % {
        "severity": alert.severity,
        "brand": alert.brand.name,
        "what": heading(alert),
    }


def heading(alert: Alert) -> str:
    """What the alert is about, in a few words."""
    said: Mapping[str, Any] = alert.reason
    match said.get("kind"):
        case RuleKind.GRAVE:
            return _("grave message") if said.get("messages", 1) < 2 else _("grave messages, one story")
        case RuleKind.BURST:
            return _("burst, %(key)s") % {"key": key_name(said["key"])}
        case RuleKind.HIJACK:
            return _("campaign “%(name)s” is turned against the brand") % {"name": said["campaign"]}
        case RuleKind.STORY:
            return _("new story") if said["new"] else _("story that rises")
        case RuleKind.UNANSWERED:
            return _("unanswered criticism with reach")
        case RuleKind.SOURCE if said["what"] == "flooded":
            return _("source “%(name)s” is flooded") % {"name": said["name"]}
        case RuleKind.SOURCE if said["what"] == "failing":
            return _("source “%(name)s” does not deliver") % {"name": said["name"]}
        case RuleKind.SOURCE:
            return _("source “%(name)s” is silent") % {"name": said["name"]}
    return alert.key


def reason(alert: Alert) -> str:
    """Why it rang, in a sentence or two."""
    said: Mapping[str, Any] = alert.reason
    match said.get("kind"):
        case RuleKind.GRAVE:
            return _grave(said)
        case RuleKind.BURST:
            return _burst(said)
        case RuleKind.HIJACK:
            return _hijack(said)
        case RuleKind.STORY:
            return _story(said)
        case RuleKind.UNANSWERED:
            return _("A message (%(register)s) that reaches up to %(people)s people has waited for an answer since %(since)s.") % {
                "register": RegisterChoice(said["register"]).label, "people": number(said["reach"]), "since": moment(said["since"])
            }  # fmt: skip
        case RuleKind.SOURCE:
            return _source(said)
    return ""


def _grave(said: Mapping[str, Any]) -> str:
    urgent = said.get("urgency") == 3
    chance = {"chance": words_percent(said["crisis"])}
    first = (
        _("A message carries a crisis sign (%(chance)s) and asks for somebody now.") % chance
        if urgent
        else _("A message carries a crisis sign (%(chance)s).") % chance
    )
    parts = [first]
    if said.get("messages", 1) > 1:
        authors = ngettext("%(n)d person", "%(n)d people", said["authors"]) % {"n": said["authors"]}
        parts.append(
            ngettext(
                "In all, %(n)d message by %(authors)s tells the same story.",
                "In all, %(n)d messages by %(authors)s tell the same story.",
                said["messages"],
            )
            % {"n": said["messages"], "authors": authors}
        )
    if named := [harm_name(name) for name in said.get("harms", ()) if name in HARMS]:
        parts.insert(1, _("It names: %(harms)s.") % {"harms": ", ".join(named)})
    if said.get("lowered"):
        parts.append(_("The second, better reading finds it less severe than the first."))
    if said.get("doubted"):
        parts.append(_("The second, better reading sees no crisis sign in it."))
    if said.get("reach", 0) >= 1000:
        parts.append(_("It reaches up to %(people)s people.") % {"people": number(said["reach"])})
    return " ".join(parts)


def _hijack(said: Mapping[str, Any]) -> str:
    turned = ngettext(
        "%(against)d of %(n)d voice about the campaign “%(name)s” in the last %(hours)s turns against it.",
        "%(against)d of %(n)d voices about the campaign “%(name)s” in the last %(hours)s turn against it.",
        said["voices"],
    ) % {
        "against": said["against"],
        "n": said["voices"],
        "name": said["campaign"],
        "hours": words.span(timedelta(hours=said["hours"])),
    }
    usual = _("That is %(share)s, where %(usual)s are usual: chance does so once in %(times)s.") % {
        "share": words_percent(said["share"] * 10),
        "usual": words_percent(said["usual"] * 10),
        "times": number(once(said["score"])),
    }
    return f"{turned} {usual}"


def _story(said: Mapping[str, Any]) -> str:
    figures = {
        "people": ngettext("%(n)d person", "%(n)d people", said["authors"]) % {"n": said["authors"]},
        "span": words.span(timedelta(hours=said["hours"])),
        "n": said["lately"],
    }
    told = (
        ngettext(
            "Something nobody spoke of before: %(n)d message by %(people)s in the last %(span)s.",
            "Something nobody spoke of before: %(n)d messages by %(people)s in the last %(span)s.",
            said["lately"],
        )
        if said["new"]
        else ngettext(
            "A story grows: %(n)d message by %(people)s in the last %(span)s, %(before)d in as long before.",
            "A story grows: %(n)d messages by %(people)s in the last %(span)s, %(before)d in as long before.",
            said["lately"],
        )
    )
    parts = [told % {**figures, "before": said["before"]}]
    parts.append(_("%(share)s of them are negative.") % {"share": words_percent(said["negative"] * 10)})
    if said["reach"] >= 1000:
        parts.append(_("Together they reach up to %(people)s people.") % {"people": number(said["reach"])})
    return " ".join(parts)


def _burst(said: Mapping[str, Any]) -> str:
    figures = {
        "key": key_name(said["key"]),
        "usual": plain(said["usual_hour"]),
        "days": days(said["once_in_days"]),
    }
    if said.get("by") == "voices":
        parts = [
            ngettext(
                "%(n)d voice in an hour (%(key)s), where %(usual)s are usual: that happens about once in %(days)s.",
                "%(n)d voices in an hour (%(key)s), where %(usual)s are usual: that happens about once in %(days)s.",
                said["voices"],
            )
            % {"n": said["voices"], **figures}
        ]
        if said["hour"] > said["voices"]:
            parts.append(
                _("In all, %(n)s messages; one person, or one text, counts as one voice.") % {"n": number(said["hour"])}
            )
    else:
        parts = [
            ngettext(
                "%(n)d message in an hour (%(key)s), where %(usual)s are usual: that happens about once in %(days)s.",
                "%(n)d messages in an hour (%(key)s), where %(usual)s are usual: that happens about once in %(days)s.",
                said["hour"],
            )
            % {"n": said["hour"], **figures}
        ]
    if said.get("flood") == counts.Flood.AUTHOR:
        parts.append(
            ngettext(
                "A flood rather than a crowd: %(n)d person writes it all.",
                "A flood rather than a crowd: %(n)d people write it all.",
                said["people"],
            )
            % {"n": said["people"]}
        )
    elif said.get("flood") == counts.Flood.TEXT:
        parts.append(
            ngettext(
                "A flood rather than a crowd: %(n)d text again and again, by %(people)s people.",
                "A flood rather than a crowd: %(n)d texts again and again, by %(people)s people.",
                said["sayings"],
            )
            % {"n": said["sayings"], "people": number(said["people"])}
        )
    if said.get("doubling_minutes"):
        parts.append(
            _("It doubles every %(span)s.") % {"span": words.span(timedelta(minutes=said["doubling_minutes"]))}
        )
    if not said.get("flood"):
        if said.get("most_by_one", 0) * 5 >= said.get("messages", 0) * 3 and said.get("messages", 0) > 2:
            parts.append(_("%(n)d of %(all)d are by one author.") % {"n": said["most_by_one"], "all": said["messages"]})
        elif said.get("authors"):
            parts.append(ngettext("%(n)d author.", "%(n)d authors.", said["authors"]) % {"n": said["authors"]})
    if also := said.get("also"):
        listed = ", ".join(
            f"{key_name(key)} ({n})" for key, n in sorted(also.items(), key=lambda item: -(item[1] or 0))
        )
        parts.append(_("Also unusual: %(keys)s.") % {"keys": listed})
    return " ".join(parts)


def _source(said: Mapping[str, Any]) -> str:
    name = said["name"]
    if said["what"] == "failing":
        return _("The source “%(name)s” has delivered nothing since %(since)s: what is said there is not heard.") % {
            "name": name, "since": moment(said["since"])
        }  # fmt: skip
    if said["what"] == "flooded":
        return _("The source “%(name)s” brought %(n)s messages within an hour, where %(usual)s are usual.") % {
            "name": name, "n": number(said["hour"]), "usual": plain(said["usual"])
        }  # fmt: skip
    return _("The source “%(name)s” has been silent for %(hours)d hours, in which about %(n)d messages were to be expected.") % {
        "name": name, "hours": said["hours"], "n": said["expected"]
    }  # fmt: skip


def next_step(alert: Alert) -> str:
    """What to do next, in a sentence."""
    match alert.reason.get("kind"):
        case RuleKind.GRAVE:
            return _(
                "Open the messages, decide whether it is so, and take the alert, so that the others know who has it."
            )
        case RuleKind.BURST:
            return _(
                "Read the messages that did it: one story, one author, or many? Then take it, or close it with a reason."
            )
        case RuleKind.HIJACK:
            return _(
                "Read what turns against it and who began. Stop what is still planned for the campaign until it is decided how to answer."
            )
        case RuleKind.STORY:
            return _("Read how it began and whether it is so. Take it before it grows, or close it with a reason.")
        case RuleKind.UNANSWERED:
            return _("Answer it, or give it to somebody who can. The alert is over when it is answered.")
        case RuleKind.SOURCE if alert.reason.get("what") == "flooded":
            return _("Look at what it brings; pause it if it is noise.")
        case RuleKind.SOURCE:
            return _("Open the source: it says what is wrong and what to do. The alert is over when it delivers again.")
    return ""


def harm_name(name: str) -> str:
    return words.harm_name(Harm(name)).lower()


def key_name(key: str) -> str:
    """What a count counts."""
    kind, _colon, value = key.partition(":")
    match kind:
        case counts.ALL:
            return _("all messages")
        case counts.NEGATIVE:
            return _("negative messages")
        case "register" if value in RegisterChoice.values:
            return _("register %(name)s") % {"name": RegisterChoice(value).label}
        case "channel":
            return _("on %(channel)s") % {"channel": words.channel_name(value)}
        case "language":
            return _("in %(language)s") % {"language": words.language_name(value)}
        case "topic":
            return _("about %(topic)s") % {"topic": value}
        case "source":
            return _("from this source")
        case "campaign":
            return _("echo of %(campaign)s") % {"campaign": value}
        case "against":
            return _("against %(campaign)s") % {"campaign": value}
    return key


def state(alert: Alert) -> str:
    """How it stands, in a few words."""
    match alert.state:
        case Alert.State.OPEN:
            return _("Nobody has acknowledged it")
        case Alert.State.TAKEN:
            return _("%(name)s has it") % {"name": alert.owner}
        case Alert.State.CLOSED:
            return _("Closed: %(outcome)s") % {"outcome": Alert.Outcome(alert.outcome).label}
    return str(Alert.State(alert.state).label)


def severity(level: int) -> str:
    return str(Severity(level).label)


def threshold(rule: Rule) -> str:
    """From where on a rule rings, with what false alarms taught."""
    return threshold_of(rule, rules.threshold(rule))


def threshold_of(rule: Rule, at: int) -> str:
    """What a threshold of a rule means."""
    match rule.kind:
        case RuleKind.GRAVE:
            return _("crisis sign of at least %(chance)s") % {"chance": words_percent(at)}
        case RuleKind.BURST:
            from octavo.detect import once_in

            return _("what happens to one count once in %(days)s") % {
                "days": days(once_in(at / 100) / timedelta(days=1))
            }
        case RuleKind.HIJACK:
            return _("a turn of the echo that chance makes once in %(times)s") % {"times": number(once(at / 100))}
        case RuleKind.STORY:
            return ngettext("%(n)d voice telling the same", "%(n)d voices telling the same", at) % {"n": at}
        case RuleKind.UNANSWERED:
            return _("reach of %(people)s people") % {"people": number(at)}
    return ngettext("%(n)d hour of silence", "%(n)d hours of silence", at) % {"n": at}


def history(lines: Iterable[AlertEvent]) -> list[AlertEvent]:
    """What happened, latest first, messages that joined one after the other told as one line."""
    told: list[AlertEvent] = []
    for line in lines:
        if told and line.action == told[-1].action == "grew":
            told[-1].detail = {"messages": told[-1].detail["messages"] + line.detail["messages"]}
        else:
            told.append(line)
    return told


def event(line: AlertEvent, people: Mapping[int, str]) -> str:
    """What happened, in words that follow a name."""
    detail: Mapping[str, Any] = line.detail
    match line.action:
        case "rang":
            return _("rang with severity %(n)d") % {"n": detail["severity"]}
        case "rose":
            return _("rang again: severity %(n)d now") % {"n": detail["severity"]}
        case "grew":
            return ngettext("%(n)d more message", "%(n)d more messages", detail["messages"]) % {"n": detail["messages"]}
        case "doubted":
            return _("read it again and sees no crisis sign: severity %(n)d now") % {"n": detail["severity"]}
        case "lowered":
            return _("read it again and finds it less severe: severity %(n)d now") % {"n": detail["severity"]}
        case "over":
            return _("closed it: it is over")
        case "acknowledged":
            return _("acknowledged it")
        case "took":
            return _("took it")
        case "passed":
            return passed(line, people)
        case "snoozed":
            return _("snoozed it until %(moment)s") % {"moment": moment(detail["until"])}
        case "woke":
            return _("woke it: its time has come")
        case "escalated":
            return _("escalated it to severity %(n)d") % {"n": detail["severity"]}
        case "closed":
            outcome = Alert.Outcome(detail["outcome"]).label
            if detail.get("why"):
                return _("closed it: %(outcome)s (%(why)s)") % {"outcome": outcome, "why": detail["why"]}
            return _("closed it: %(outcome)s") % {"outcome": outcome}
        case "reopened":
            return _("opened it again")
        case "undone":
            return _("undid that")
    return line.action


def passed(line: AlertEvent, people: Mapping[int, str]) -> str:
    """To whom it was passed on, and when."""
    span = words.span(timedelta(minutes=line.detail["minutes"]))
    named = ", ".join(people.get(number, _("somebody who left")) for number in line.detail["to"])
    return _("passed it on to %(names)s after %(span)s") % {"names": named, "span": span}


def link(alert: Alert) -> str:
    """The page of an alert, for those who are somewhere else."""
    return _base() + path(alert)


def list_link() -> str:
    """The list of alerts, for those who are somewhere else."""
    return _base() + path(None)


def path(alert: Alert | None) -> str:
    """The page of an alert, or of all of them, within the installation."""
    return reverse("alert", args=[alert.pk]) if alert else reverse("alerts")


def open_words(n: int = 1) -> str:
    return _("Open the alert") if n == 1 else _("Open the alerts")


def _base() -> str:
    options = settings.OCTAVO_OPTIONS
    return (options.public_url or f"http://{options.host}:{options.port}").rstrip("/")


def ago(at: datetime) -> str:
    return words.ago(at, clock.now())


def moment(iso: str) -> str:
    return words.exact(datetime.fromisoformat(iso))


def number(n: int) -> str:
    """With its thousands apart: 24,600."""
    from django.contrib.humanize.templatetags.humanize import intcomma

    return intcomma(n)


def once(score: float) -> int:
    """Once in how many times, of a logarithm; a number that one can say."""
    return int(float(f"{10 ** min(score, 9.0):.1g}"))


def plain(n: float) -> str:
    """A count as one says it: "2", "0.4"; nothing behind the comma from ten on."""
    from django.utils.formats import number_format

    return str(number_format(round(n) if n >= 10 or n == round(n) else round(n, 1)))


def days(n: float) -> str:
    if n >= 1000:
        return pgettext("once in", "several years")
    if n < 1.5:
        return pgettext("once in", "a day")
    return ngettext("%(n)d day", "%(n)d days", round(n)) % {"n": round(n)}


def words_percent(thousandths: int) -> str:
    return _("%(n)d %%") % {"n": round(thousandths / 10)}
