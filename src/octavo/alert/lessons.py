"""What false alarms teach: each closed as false raises its rule's threshold for its brand a little.

It is bounded (`MOST_LESSONS`), forgotten after a while, shown on the rules' page with the alarms it comes from, and taken back
with one button. What is most severe rings from the threshold that people set, whatever was taught.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet

from octavo.alert.models import Alert, Rule
from octavo.kit import clock
from octavo.people import audit
from octavo.people.models import User

KEPT = timedelta(days=90)
"""A false alarm is forgotten after so long."""
MOST_LESSONS = 5
"""So many raise the threshold; more do not."""


def of(rule: Rule) -> QuerySet[Alert]:
    """The false alarms that raise a rule's threshold now, the latest first."""
    since = clock.now() - KEPT
    if rule.lessons_since is not None:
        since = max(since, rule.lessons_since)
    false = Alert.objects.filter(rule=rule, state=Alert.State.CLOSED, outcome=Alert.Outcome.FALSE, closed_at__gt=since)
    return false.order_by("-closed_at")


def learn(brand: int) -> None:
    """Bring the rules of a brand up to what its people said of its alerts; also what was undone, and what is forgotten.
    Safe to repeat."""
    with transaction.atomic():
        # Their usual order would join the brand, and lock it with them.
        for rule in Rule.objects.select_for_update(of=("self",)).filter(brand=brand).order_by("pk"):
            _keep(rule, min(of(rule).count(), MOST_LESSONS))


def take_back(user: User, rule: Rule) -> int:
    """Let what was closed as false until now raise this rule no more; how many false alarms that were."""
    with transaction.atomic():
        rule = Rule.objects.select_for_update().get(pk=rule.pk)
        taught = rule.lessons
        if taught:
            rule.lessons_since = clock.now()
            rule.save(update_fields=["lessons_since"])
            _keep(rule, 0)
            audit.log(user, "took back lessons", kind="alert rule", object_id=rule.pk, rule=rule.kind, lessons=taught)
    return taught


def _keep(rule: Rule, lessons: int) -> None:
    if rule.lessons != lessons:
        rule.lessons, rule.changed_at = lessons, clock.now()
        rule.save(update_fields=["lessons", "changed_at"])
