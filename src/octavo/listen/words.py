"""What went wrong with a source or a file, in human words: what happened, and what to do next. Translated when shown."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from octavo.channels.trouble import Trouble
from octavo.listen.sources import Advice, Health, Pulse

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Words:
    """Two sentences for a person: what `happened`, and what to do `next`."""

    happened: Text
    next: Text


_AGAIN = _("Octavo keeps trying by itself. If it lasts, open the address in a browser and see whether it answers.")

TROUBLES: dict[Trouble, Words] = {
    Trouble.BAD_ADDRESS: Words(_("This is not an address Octavo can open."), _("Check the address for a typing mistake; it begins with https://.")),
    Trouble.NOT_FOUND: Words(_("Nothing was found there."), _("The page or file may have moved. Look for its new address and enter it here.")),
    Trouble.GONE: Words(_("The other side says that this is gone for good."), _("Remove the source, or enter the address that took its place.")),
    Trouble.FORBIDDEN: Words(_("The other side does not let Octavo in."), _("It may ask for a sign-in or refuse programs. Ask its owner for an address that is open to readers.")),
    Trouble.BAD_CREDENTIALS: Words(_("The secret or password is not accepted."), _("Enter it again. It may have been changed or withdrawn.")),
    Trouble.PRIVATE_ADDRESS: Words(_("The address leads into a private network, which Octavo does not enter."), _("Use a public address. On an intranet whose people are all trusted, an administrator can allow it with OCTAVO_ALLOW_PRIVATE_FEEDS.")),
    Trouble.UNREACHABLE: Words(_("The other side cannot be reached."), _AGAIN),
    Trouble.BAD_CERTIFICATE: Words(_("The other side's certificate is not valid, so nobody can tell who answers."), _("Its owner has to renew it. Octavo does not read from an address it cannot trust.")),
    Trouble.TIMEOUT: Words(_("The other side did not answer in time."), _AGAIN),
    Trouble.TOO_SLOW: Words(_("The answer came too slowly and was given up."), _AGAIN),
    Trouble.TOO_LARGE: Words(_("More came than Octavo takes at once."), _("Send or offer less at a time: for a feed, a shorter one; for a webhook, smaller batches.")),
    Trouble.TOO_MANY_REDIRECTS: Words(_("The address leads on and on in a circle."), _("Open it in a browser and enter the address at which you arrive.")),
    Trouble.SERVER_ERROR: Words(_("The other side has a fault of its own."), _AGAIN),
    Trouble.RATE_LIMITED: Words(_("The other side asks Octavo to come less often."), _("Octavo waits as long as it was asked to. Consider asking this source less often.")),
    Trouble.REFUSED: Words(_("The other side refused the request."), _("Check the address. If it is right, its owner may have to let Octavo in.")),
    Trouble.WRONG_TYPE: Words(_("This is something else than what was expected."), _("For a file: export it as CSV or JSON Lines. For a feed: enter the feed's own address.")),
    Trouble.NOT_A_FEED: Words(_("There is a page at this address, but no feed."), _("Choose one of the feeds the page names, or ask its owner for the address of the feed.")),
    Trouble.MALFORMED: Words(_("What came back cannot be read."), _("If other programs can read it, tell those who look after Octavo; the small print below helps them.")),
    Trouble.EMPTY: Words(_("There is nothing in it."), _("Check that you chose the right file or address.")),
    Trouble.TOO_MANY_ITEMS: Words(_("A call brought more messages than Octavo takes at once."), _("Send at most 1,000 messages in a call.")),
    Trouble.TOO_MANY_COLUMNS: Words(_("The file has more columns than Octavo reads."), _("Export only the columns you need.")),
    Trouble.NO_TEXT: Words(_("No column looks like the text of a message."), _("Say which column holds it.")),
    Trouble.UNKNOWN_COLUMN: Words(_("There is no column or field of that name."), _("Choose among the columns the file has.")),
    Trouble.UNKNOWN_ENCODING: Words(_("The characters of the file cannot be read."), _("Save it as UTF-8, or say which encoding it has.")),
    Trouble.COMPRESSED_BOMB: Words(_("The compressed file grows far beyond what a file of messages would."), _("Reading was stopped for safety. Decompress it yourself and look at it before you import it.")),
    Trouble.DANGEROUS_XML: Words(_("The feed holds constructions that can harm the reader, and no feed needs them."), _("It was not read. Tell its owner; it may have been tampered with.")),
    Trouble.BAD_SIGNATURE: Words(_("Somebody called without the right signature."), _("Check that the caller uses this source's secret and signs the body exactly as sent. If in doubt, renew the secret.")),
    Trouble.STALE: Words(_("A call came with a signature that is too old."), _("Check that the caller's clock is right, and that it signs each call when it sends it.")),
    Trouble.BAD_SETTINGS: Words(_("A setting is missing or wrong."), _("Open the settings of this source and mend what is marked.")),
}  # fmt: skip

PULSES: dict[Pulse, Text] = {
    Pulse.ALIVE: pgettext_lazy("source", "Alive"),
    Pulse.LATE: pgettext_lazy("source", "Not being asked"),
    Pulse.FAILING: pgettext_lazy("source", "Failing"),
    Pulse.PAUSED: pgettext_lazy("source", "Paused"),
    Pulse.NEVER: pgettext_lazy("source", "Nothing yet"),
}

ADVICE: dict[Advice, Text] = {
    Advice.NOTHING: _("Nothing to do."),
    Advice.START_WORKER: _("It is due, but nobody collects. Start the worker (it is part of “octavo run”)."),
    Advice.RESUME: _("Resume it when you want to hear from it again."),
    Advice.CALL_HOOK: _("Waiting for the first call. Give its address and secret to the system that should call."),
    Advice.WAIT: _("It was added a moment ago; its first messages are on their way."),
    Advice.CHECK_COLUMNS: _("Check the columns of the file, then start the import."),
}

CHANNELS: dict[str, Text] = {
    "file": pgettext_lazy("channel", "File"),
    "rss": pgettext_lazy("channel", "Feed"),
    "webhook": pgettext_lazy("channel", "Webhook"),
}

CHANNELS_ABOUT: dict[str, Text] = {
    "rss": _(
        "A blog, news site, forum or review page with an RSS, Atom or JSON feed. The address of the page will do."
    ),
    "webhook": _("Another system tells Octavo: a help desk, a shop, your own script. It sends signed JSON."),
}

SETTINGS: dict[tuple[str, str], Text] = {
    ("rss", "url"): _("Address of the feed or of the page"),
    ("rss", "language"): _("Language, where the feed does not say"),
    ("webhook", "secret"): _("Secret (leave empty to have one made)"),
}

WARNINGS: dict[str, Text] = {
    "date_ignored": _("dates that could not be read or lie in the future; the time of arrival was used"),
    "id_shortened": _("very long ids were shortened"),
    "name_cut": _("very long names were cut"),
    "reach_ignored": _("numbers of people reached that are no numbers"),
    "language_ignored": _("languages that are no language code; the language was read from the text"),
    "encoding_mended": _("lines in another encoding were mended"),
    "repeated": _("messages that stood in the file more than once"),
}


def of_trouble(trouble: str) -> Words:
    """What to say about a trouble, also one that a newer version named."""
    for known, said in TROUBLES.items():
        if known == trouble:
            return said
    return Words(_("Something went wrong."), _("The small print may tell those who look after Octavo more."))


def advice(health: Health) -> Text:
    """What to do about a source that feels like this."""
    if health.advice is Advice.TROUBLE:
        return of_trouble(health.trouble or "").next
    return ADVICE[health.advice]


def channel_name(name: str) -> Text:
    return CHANNELS.get(name, name)
