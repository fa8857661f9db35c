"""E-mail about an alert: plain text, short, with the way to the page. No message of anybody's leaves the house in it."""

from __future__ import annotations

import smtplib
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils.translation import gettext as _

from octavo.alert import words
from octavo.alert.models import Delivery
from octavo.alert.undelivered import Undelivered
from octavo.conversations import words as conversations
from octavo.people.models import User

SECONDS = 20


def send(person: User, subject: str, body: str, *, key: UUID) -> None:
    """Hand a letter to the mail server; `key` is its identity. Raises `Undelivered`."""
    options = settings.OCTAVO_OPTIONS
    if not options.mail_host:
        raise Undelivered("no mail server is set (OCTAVO_MAIL_HOST)", retry=False)
    if not person.is_active:
        raise Undelivered("the person has no access any more", retry=False)
    domain = options.mail_from.rpartition("@")[2] or "localhost"
    letter = EmailMessage(
        subject=subject,
        body=body,
        from_email=options.mail_from,
        to=[person.email],
        # The same letter sent again after a crash is the same letter to a mailbox.
        headers={"Message-ID": f"<octavo-{key.hex}@{domain}>"},
        connection=get_connection(
            "django.core.mail.backends.smtp.EmailBackend",
            host=options.mail_host,
            port=options.mail_port,
            username=options.mail_user,
            password=options.mail_password.get_secret_value() if options.mail_password else "",
            use_tls=options.mail_security == "starttls",
            use_ssl=options.mail_security == "tls",
            timeout=SECONDS,
        ),
    )
    try:
        letter.send()
    except smtplib.SMTPRecipientsRefused as error:
        code = max((code for code, _said in error.recipients.values()), default=550)
        raise Undelivered(f"the mail server does not take this recipient ({code})", retry=code < 500) from error
    except smtplib.SMTPAuthenticationError as error:
        raise Undelivered("the mail server does not accept the name or password", retry=True) from error
    except smtplib.SMTPResponseException as error:
        raise Undelivered(f"the mail server answered {error.smtp_code}", retry=error.smtp_code < 500) from error
    except (smtplib.SMTPException, OSError) as error:
        raise Undelivered(f"the mail server cannot be reached ({type(error).__name__})", retry=True) from error


def body(delivery: Delivery) -> str:
    alert = delivery.alert
    lines = [words.reason(alert), "", _("First signal: %(ago)s") % {"ago": words.ago(alert.first_signal_at)}]
    lines += [words.next_step(alert), "", words.link(alert)]
    if delivery.step:
        waited = conversations.span(delivery.created_at - alert.rang_at)
        lines.insert(0, _("Nobody has acknowledged it for %(span)s: it is passed on to you.") % {"span": waited})
    elif delivery.ring > 1:
        lines.insert(0, _("It has become more severe."))
    return "\n".join(lines) + "\n"
