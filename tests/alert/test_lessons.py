"""What is closed as false raises its rule's threshold a little: seen, bounded, forgotten, taken back, and never for the worst."""

from __future__ import annotations

import importlib
from datetime import timedelta

import pytest
import time_machine
from by_hand import Says
from django.apps import apps
from django.test import Client
from django.urls import reverse
from ringing import GRAVE, LEAK, VALVE, Keeps

from octavo.alert import decide, lessons, rules
from octavo.alert.models import Alert, Rule, RuleKind
from octavo.conversations.models import Brand
from octavo.kit import clock
from octavo.people.models import Event, User
from octavo.vocabulary import Harm

DAY = timedelta(days=1)


def grave_rule(brand: Brand) -> Rule:
    rules.of([brand.pk])
    return Rule.objects.get(brand=brand, kind=RuleKind.GRAVE)


def false_alarms(brand: Brand, user: User, n: int) -> list[decide.Before]:
    rule, before = grave_rule(brand), []
    for number in range(n):
        alert = Alert.objects.create(
            brand=brand, rule=rule, key=f"message:{10_000 + number}", severity=3, first_signal_at=clock.now(),
            reason={"kind": "grave", "crisis": 800, "urgency": 1, "reach": 0, "messages": 1},
        )  # fmt: skip
        before.append(decide.close(user, alert.pk, Alert.Outcome.FALSE, why="A film, not a fire"))
    return before


def test_false_alarms_raise_the_threshold_of_their_rule_and_brand_alone(kept: Keeps, brand: Brand, user: User) -> None:
    other = Brand.objects.create(name="Alba", slug="alba")
    false_alarms(brand, user, 2)
    assert grave_rule(brand).lessons == 2 and rules.threshold(grave_rule(brand)) == 901
    assert not Rule.objects.exclude(pk=grave_rule(brand).pk).exclude(lessons=0).exists()
    unsure = Says("crisis", urgency=1, score=0.88, harms=(Harm.SAFETY,))
    kept(VALVE, says=unsure)
    kept(LEAK, says=unsure, of=other)
    assert set(Alert.objects.exclude(state="closed").values_list("brand", flat=True)) == {other.pk}


def test_more_than_five_teach_no_more_and_none_goes_beyond_the_bounds(brand: Brand, user: User) -> None:
    false_alarms(brand, user, 9)
    rule = grave_rule(brand)
    assert rule.lessons == lessons.MOST_LESSONS and rules.threshold(rule) == 977
    rule.threshold = 980
    assert rules.threshold(rule) == 990


def test_what_is_undone_teaches_nothing_and_what_is_old_is_forgotten(brand: Brand, user: User) -> None:
    first, _second = false_alarms(brand, user, 2)
    decide.undo(user, first)
    assert grave_rule(brand).lessons == 1
    with time_machine.travel(clock.now() + lessons.KEPT + DAY, tick=False):
        lessons.learn(brand.pk)
    assert grave_rule(brand).lessons == 0


def test_what_is_most_severe_rings_as_if_nothing_had_been_taught(kept: Keeps, brand: Brand, user: User) -> None:
    false_alarms(brand, user, 5)
    kept(VALVE, says=Says("crisis", urgency=3, score=0.65, harms=(Harm.SAFETY,)), reach=50_000)
    [alert] = Alert.objects.exclude(state="closed")
    assert alert.severity == 5
    kept(LEAK, says=Says("crisis", urgency=3, score=0.65, harms=(Harm.SAFETY,)))  # severity 4: held back
    assert Alert.objects.exclude(state="closed").count() == 1


def test_eight_people_with_the_same_story_ring_whatever_was_taught(kept: Keeps, brand: Brand, user: User) -> None:
    false_alarms(brand, user, 5)
    for number in range(8):
        kept(
            f"{VALVE} I am number {number}.",
            by=f"parent {number}",
            says=Says("crisis", urgency=1, score=0.88, harms=(Harm.SAFETY,)),
        )
    [alert] = Alert.objects.exclude(state="closed")
    assert alert.severity == 5 and alert.members.count() == 8


def test_the_page_says_what_was_taught_by_which_alarms_and_takes_it_back(
    client: Client, brand: Brand, user: User, admin: User
) -> None:
    false_alarms(brand, user, 1)
    rule, page = grave_rule(brand), reverse("alert-rules-of", args=[brand.slug])
    client.force_login(user)
    shown = client.get(page).content.decode()
    assert (
        "Raised because of 1 false alarm, from “crisis sign of at least 85 %” to “crisis sign of at least 88 %”"
        in shown
    )
    assert reverse("alert", args=[Alert.objects.get().pk]) in shown and "A film, not a fire" in shown
    unlearn = reverse("alert-rule-unlearn", args=[rule.pk])
    assert unlearn not in shown and client.post(unlearn).status_code == 403
    client.force_login(admin)
    assert unlearn in client.get(page).content.decode()
    client.post(unlearn)
    assert grave_rule(brand).lessons == 0 and "Raised because of" not in client.get(page).content.decode()
    assert Event.objects.get(action="took back lessons").detail == {"rule": "grave", "lessons": 1}
    lessons.learn(brand.pk)  # the next look around
    assert grave_rule(brand).lessons == 0
    with time_machine.travel(clock.now() + timedelta(minutes=1), tick=False):
        false_alarms_later(brand, user)
    assert grave_rule(brand).lessons == 1


def false_alarms_later(brand: Brand, user: User) -> None:
    alert = Alert.objects.create(
        brand=brand, rule=grave_rule(brand), key="message:1", severity=3, first_signal_at=clock.now(),
        reason={"kind": "grave", "crisis": 800, "urgency": 1, "reach": 0, "messages": 1},
    )  # fmt: skip
    decide.close(user, alert.pk, Alert.Outcome.FALSE, why="again")


@pytest.mark.parametrize("outcome", ["useful", "not_useful"])
def test_other_verdicts_teach_nothing(kept: Keeps, brand: Brand, user: User, outcome: str) -> None:
    kept(VALVE, says=GRAVE)
    decide.close(user, Alert.objects.get().pk, Alert.Outcome(outcome))
    assert grave_rule(brand).lessons == 0


@pytest.mark.parametrize(
    ("before", "after"), [((750, 400), (850, 600)), ((750, 500), (750, 500)), ((800, 400), (800, 400))]
)
def test_a_bar_nobody_moved_goes_up_with_the_new_one(
    brand: Brand, before: tuple[int, int], after: tuple[int, int]
) -> None:
    rule = grave_rule(brand)
    rule.threshold, rule.settings["urgent"] = before
    rule.save()
    importlib.import_module("octavo.alert.migrations.0006_grave_bar").raise_untouched(apps, None)
    rule.refresh_from_db()
    assert (rule.threshold, rule.settings["urgent"]) == after
