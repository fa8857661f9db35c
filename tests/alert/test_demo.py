"""The demo brand's budding crisis rings, on the right message, as soon as the demo is loaded."""

from __future__ import annotations

from octavo.alert.models import Alert, RuleKind
from octavo.conversations.models import Mention
from octavo.site import demo_brand

FIRST_CASE = "demo-312"
"""The child who choked, told by his mother: the first of the story that is no older than a day."""


def test_the_story_of_the_valve_is_one_alert_that_rang_on_the_first_case(db: None) -> None:
    brand = demo_brand.load(None)
    numbers = dict(Mention.objects.filter(brand=brand).values_list("external_id", "pk"))
    alert = Alert.objects.get(members__mention=numbers[FIRST_CASE])
    assert (alert.rule.kind, alert.state, alert.severity) == (RuleKind.GRAVE, "open", 5)
    assert alert.members.get(part="rang").mention == numbers[FIRST_CASE]
    # The press, in another language, belongs to it.
    assert alert.members.filter(mention=numbers["demo-376"]).exists()
    # No more than a few others: a newcomer must not learn to look away.
    assert Alert.objects.count() <= 3
