"""Criticism that many people see and nobody has answered.

Not in haste: nobody is told by the word of the fast tier while a better one has yet to read, nor where the model is unsure
(what a person called criticism is), and what is read as something else later is over.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import connection, transaction

from octavo.alert import counts, ring, rules
from octavo.alert.models import Alert, AlertMention, RuleKind
from octavo.alert.ring import Member
from octavo.kit import clock
from octavo.understand import Tier
from octavo.vocabulary import Register

MANY_TIMES = 10
"""Beyond so many times the rule's reach, it is louder."""

_CRITICISM = [str(each) for each in (Register.COMPLAINT, Register.PROBLEM, Register.CRISIS)]

_WAITING = """
SELECT c.id, c.head, m.published_at, c.waiting_since, c.register, greatest(m.reach, coalesce(a.followers, 0)) AS people
FROM conversations_conversation AS c JOIN conversations_mention AS m ON m.id = c.head
LEFT JOIN conversations_author AS a ON a.id = c.author_id
WHERE c.brand_id = %s AND c.status IN ('open', 'pending') AND c.relevant
AND c.register = ANY(%s) AND c.waiting_since > %s AND c.waiting_since <= %s
AND ((NOT m.abstained AND (m.model NOT LIKE %s OR greatest(m.received_at, m.edited_at) <= %s)) OR 'register' = ANY(m.corrected))
AND greatest(m.reach, coalesce(a.followers, 0)) >= %s AND 'conversation:' || c.id <> ALL(%s) AND c.head <> ALL(%s)
ORDER BY people DESC, c.id LIMIT 100
"""


def look(brand: int) -> list[Alert]:
    """Ring for what waits, and let be what was answered; the alerts that rang. Safe to repeat."""
    now = clock.now()
    rule = rules.of([brand])[brand, RuleKind.UNANSWERED]
    rang = []
    with transaction.atomic():
        ring.hold([brand])
        for alert in Alert.objects.filter(rule=rule).exclude(state=Alert.State.CLOSED):
            if not _still_waits(int(alert.key.partition(":")[2]), alert.reason["mention"]):
                ring.over(alert)
        if not rule.on:
            return []
        hours, most = rules.setting(rule, "hours"), rules.setting(rule, "most_hours")
        told = Alert.objects.filter(rule=rule, opened_at__gte=now - timedelta(hours=2 * most))
        standing = Alert.objects.filter(brand=brand).exclude(state=Alert.State.CLOSED)
        rings_already = AlertMention.objects.filter(alert__in=standing).exclude(alert__rule=rule)
        late = now - timedelta(hours=hours)
        with connection.cursor() as cursor:
            cursor.execute(
                _WAITING,
                [
                    *(brand, _CRITICISM, now - timedelta(hours=most), late),
                    *(f"{Tier.FAST}-%", late, rules.threshold(rule)),
                    list(told.values_list("key", flat=True)),
                    list(rings_already.values_list("mention", flat=True)),
                ],
            )
            rows = cursor.fetchall()
        for conversation, head, published, since, register, people in rows:
            key = f"conversation:{conversation}"
            if ring.standing(rule, key):
                continue
            loud = 3 + (register == Register.CRISIS or people >= MANY_TIMES * max(rule.threshold, 1))
            reason = {
                "kind": str(RuleKind.UNANSWERED),
                "mention": head,
                "conversation": conversation,
                "register": register,
                "reach": people,
                "since": since.isoformat(),
            }
            members = [Member(head, published, AlertMention.Part.RANG)]
            chart = counts.REGISTER + register
            rang.append(
                ring.open_alert(
                    rule, key, severity=loud, reason=reason, first_signal_at=since, members=members, chart=chart
                )
            )
    return rang


def _still_waits(conversation: int, mention: int) -> bool:
    """Whether nobody has answered, and the message that rang is still read as criticism of the brand."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM conversations_conversation WHERE id = %s AND waiting_since IS NOT NULL "
            "AND status IN ('open', 'pending', 'snoozed')) AND EXISTS (SELECT FROM conversations_mention "
            "WHERE id = %s AND deleted_at IS NULL AND relevant AND register = ANY(%s))",
            [conversation, mention, _CRITICISM],
        )
        return bool(cursor.fetchone()[0])
