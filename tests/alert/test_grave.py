"""One grave message rings alone, at once, and once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from by_hand import Says, readings
from conftest import MakesPosts
from ringing import GRAVE, LEAK, VALVE, VALVE_TOO, Keeps

from octavo import flow
from octavo.alert import counts, decide, rules, watch, words
from octavo.alert.models import Alert, AlertEvent, AlertMention, Count, Rule, RuleKind
from octavo.conversations import record as recorder
from octavo.conversations.models import Brand, Mention
from octavo.kit import clock
from octavo.people.models import User
from octavo.understand import EncoderUnavailable, Readings, Tier, model_version
from octavo.vocabulary import Harm, Post

DAY = timedelta(days=1)


def test_a_grave_message_rings_at_once_with_its_reason(kept: Keeps, brand: Brand) -> None:
    [mention] = kept(VALVE, reach=26_000)
    alert = Alert.objects.get()
    assert (alert.brand, alert.rule.kind, alert.state, alert.severity) == (brand, "grave", "open", 5)
    assert alert.reason["mention"] == mention.pk and alert.reason["crisis"] == 900 and alert.reason["reach"] == 26_000
    assert alert.first_signal_at == mention.published_at
    assert list(alert.members.values_list("mention", "part")) == [(mention.pk, "rang")]
    assert list(alert.events.values_list("action", flat=True)) == ["rang"]


@pytest.mark.parametrize(
    "says",
    [
        Says("complaint", urgency=3, score=0.99),
        Says("crisis", urgency=1, score=0.6),
        Says("crisis", urgency=3, score=0.9, relevant=False),
    ],
)
def test_what_is_no_crisis_sign_or_an_unsure_one_or_about_somebody_else_does_not_ring(kept: Keeps, says: Says) -> None:
    kept(VALVE, says=says)
    assert not Alert.objects.exists()


def test_what_the_brand_itself_wrote_does_not_ring(kept: Keeps) -> None:
    kept(VALVE, own=True)
    assert not Alert.objects.exists() and not Count.objects.exists()


def test_an_unsure_crisis_sign_rings_where_somebody_must_be_woken(kept: Keeps) -> None:
    kept(VALVE, says=Says("crisis", urgency=3, score=0.65, harms=(Harm.SAFETY,)))
    assert Alert.objects.get().severity == 4


def test_the_same_messages_again_and_read_again_ring_once(kept: Keeps, brand: Brand) -> None:
    mentions = kept(VALVE, LEAK)
    for _ in range(3):
        watch.read([mention.pk for mention in mentions])
    assert Alert.objects.count() == 2 and AlertEvent.objects.count() == 2
    assert set(Alert.objects.values_list("rings", flat=True)) == {1}


def test_a_message_the_first_reading_took_lightly_rings_when_it_is_read_again(
    kept: Keeps, post: MakesPosts, brand: Brand
) -> None:
    [mention] = kept(VALVE, says=Says("problem", urgency=1))
    assert not Alert.objects.exists()
    again = post(VALVE, external_id=mention.external_id)
    recorder.keep(readings([again], GRAVE, model="hand-2"), [mention.pk])
    watch.read([mention.pk])
    assert Alert.objects.get().members.get().mention == mention.pk


def test_what_a_better_reading_no_longer_finds_grave_is_turned_down_unless_somebody_has_seen_it(
    kept: Keeps, post: MakesPosts, brand: Brand, user: User
) -> None:
    doubted, seen = kept(VALVE, LEAK)
    decide.acknowledge(user, Alert.objects.get(members__mention=seen.pk).pk)
    for mention in (doubted, seen):
        again = post(mention.text, external_id=mention.external_id)
        recorder.keep(readings([again], Says("complaint"), model="hand-2"), [mention.pk])
        watch.read([mention.pk])
    alert = Alert.objects.get(members__mention=doubted.pk)
    assert (alert.state, alert.severity, alert.rings) == ("open", 2, 1)
    assert alert.events.last().action == "doubted"
    assert Alert.objects.get(members__mention=seen.pk).severity == 4
    kept(VALVE_TOO)
    alert.refresh_from_db()
    assert (alert.severity, alert.rings) == (4, 2) and "doubted" not in alert.reason


def test_messages_about_the_same_thing_are_one_alert_and_about_another_thing_another(kept: Keeps) -> None:
    kept(VALVE)
    kept(VALVE_TOO)
    kept(LEAK)
    assert sorted(alert.members.count() for alert in Alert.objects.all()) == [1, 2]
    grown = Alert.objects.get(reason__messages=2)
    assert grown.reason["authors"] == 2 and grown.events.last().action == "grew"


def test_an_answer_in_the_same_conversation_belongs_to_its_alert(kept: Keeps) -> None:
    kept(VALVE, thread="t1")
    kept("They told me not to panic and I will sue them for what happened.", thread="t1")
    assert Alert.objects.get().members.count() == 2


def test_the_story_before_the_message_that_rang_is_found_with_it(kept: Keeps) -> None:
    [early] = kept(
        "The valve of our Rondino comes loose, be careful.", says=Says("crisis", urgency=1, score=0.6), ago=DAY
    )
    [mention] = kept(VALVE)
    alert = Alert.objects.get()
    assert list(alert.members.values_list("mention", "part")) == [(early.pk, "early"), (mention.pk, "rang")]
    assert alert.first_signal_at == early.published_at


def test_a_month_of_backlog_rings_nothing_and_is_counted(kept: Keeps, brand: Brand) -> None:
    for days in range(2, 30):
        [mention] = kept(f"{VALVE} Day {days}.", ago=days * DAY)
        watch.read([mention.pk])  # the second reading counts nothing again
    assert not Alert.objects.exists()
    assert Rule.objects.get(brand=brand, kind=RuleKind.GRAVE).too_old == 28
    flow.look_around()
    assert not Alert.objects.exists()


def test_eight_people_with_the_same_make_it_a_matter_for_everybody(kept: Keeps) -> None:
    for number in range(8):
        kept(f"{VALVE} I am number {number}.", by=f"parent {number}")
    alert = Alert.objects.get()
    assert alert.severity == 5 and alert.reason["authors"] == 8
    assert alert.rings == 2  # at the first, and when it became more severe
    assert [event.action for event in alert.events.all()].count("rose") == 1


def test_one_author_with_the_same_text_again_and_again_makes_it_no_more_severe(kept: Keeps) -> None:
    for _ in range(8):
        kept(VALVE, by="bot")
    assert (Alert.objects.get().severity, Alert.objects.get().rings) == (4, 1)


def test_what_becomes_more_severe_rings_again_though_it_was_acknowledged_or_closed(kept: Keeps, user: User) -> None:
    kept(VALVE)
    alert = Alert.objects.get()
    decide.acknowledge(user, alert.pk)
    kept(VALVE_TOO)
    alert.refresh_from_db()
    assert alert.state == "acknowledged"  # the same, no more severe: no second ringing
    kept(f"{VALVE} And it is everywhere.", reach=40_000)
    alert.refresh_from_db()
    assert (alert.state, alert.severity, alert.rings) == ("open", 5, 2)


def test_what_was_closed_as_false_stays_closed_while_it_is_no_more_severe(kept: Keeps, user: User) -> None:
    kept(VALVE)
    decide.close(user, Alert.objects.get().pk, Alert.Outcome.FALSE, why="a rehearsal")
    kept(VALVE_TOO)
    alert = Alert.objects.get()
    assert (alert.state, alert.outcome) == ("closed", "false") and alert.members.count() == 2


def test_a_flood_of_different_grave_messages_is_summarised_and_nothing_of_it_dropped(kept: Keeps) -> None:
    words = ["acid burns", "smoke kitchen", "mould yoghurt", "lawyer harassment", "stolen passwords", "glass splinters",
             "brakes motorway", "poisoned kittens"]  # fmt: skip
    for said in words:
        kept(f"Terrible: {said}.")
    assert Alert.objects.count() == watch.FLOOD
    assert AlertMention.objects.count() == len(words)


def test_a_rule_that_is_off_does_not_ring(kept: Keeps, brand: Brand, admin: User) -> None:
    rule = rules.of([brand.pk])[brand.pk, RuleKind.GRAVE]
    rules.change(admin, rule, on=False, threshold=rule.threshold, settings={})
    kept(VALVE)
    assert not Alert.objects.exists()


def test_each_brand_has_its_own_threshold(kept: Keeps, brand: Brand, admin: User) -> None:
    other = Brand.objects.create(name="Alba", slug="alba")
    rule = rules.of([brand.pk])[brand.pk, RuleKind.GRAVE]
    rules.change(admin, rule, on=True, threshold=950, settings={"urgent": 950})
    kept(VALVE)
    kept(VALVE, of=other)
    assert Alert.objects.get().brand == other


def test_the_reason_names_the_kind_of_harm(kept: Keeps) -> None:
    kept(VALVE, says=Says("crisis", urgency=3, score=0.9, harms=(Harm.SAFETY, Harm.HEALTH)))
    alert = Alert.objects.get()
    assert alert.reason["harms"] == ["safety", "health"]
    assert "It names: safety, health." in words.reason(alert)


def test_of_many_messages_a_quarter_must_name_a_harm_for_the_alert_to_name_it(kept: Keeps) -> None:
    for number in range(6):
        harms = (Harm.SAFETY, Harm.DATA) if number == 5 else (Harm.SAFETY,)
        kept(f"{VALVE} {'x' * number}", says=Says("crisis", urgency=3, score=0.9, harms=harms))
    assert Alert.objects.get().reason["harms"] == ["safety"]


def test_what_the_message_that_rang_names_is_named_whatever_the_others_say(kept: Keeps) -> None:
    kept(VALVE, says=Says("crisis", urgency=3, score=0.9, harms=(Harm.HEALTH,)))
    for number in range(6):
        kept(f"{VALVE} {'x' * number}", says=Says("crisis", urgency=3, score=0.9, harms=(Harm.SAFETY,)))
    assert Alert.objects.get().reason["harms"] == ["safety", "health"]


def test_a_kind_of_harm_may_have_a_threshold_of_its_own(kept: Keeps, brand: Brand, admin: User) -> None:
    rule = rules.of([brand.pk])[brand.pk, RuleKind.GRAVE]
    rules.change(
        admin, rule, on=True, threshold=rule.threshold, settings={"harm_health": 400, "harm_boycott": 950}
    )  # fmt: skip
    kept("The juice made us all sick.", says=Says("crisis", urgency=1, score=0.5, harms=(Harm.HEALTH,)))
    kept("Nobody should buy there again.", says=Says("crisis", urgency=3, score=0.9, harms=(Harm.BOYCOTT,)))
    kept("The invoices are public.", says=Says("crisis", urgency=1, score=0.5, harms=(Harm.DATA,)))
    kept(
        "Poison, boycott them all, my son lies in bed.",
        says=Says("crisis", urgency=1, score=0.5, harms=(Harm.HEALTH, Harm.BOYCOTT)),
    )
    assert [alert.reason["harms"] for alert in Alert.objects.order_by("pk")] == [["health"], ["health", "boycott"]]


def test_a_better_reading_that_finds_it_less_severe_turns_it_down_to_what_it_finds(
    kept: Keeps, post: MakesPosts, user: User
) -> None:
    [mention] = kept(VALVE)
    again = post(mention.text, external_id=mention.external_id)
    recorder.keep(
        readings([again], Says("crisis", urgency=1, score=0.92, harms=(Harm.SAFETY,)), model="hand-2"), [mention.pk]
    )
    watch.read([mention.pk])
    alert = Alert.objects.get()
    assert (alert.severity, alert.reason["crisis"], alert.events.last().action) == (3, 920, "lowered")
    assert "finds it less severe" in words.reason(alert)


def test_what_a_person_escalated_no_reading_turns_down(kept: Keeps, post: MakesPosts, user: User) -> None:
    [mention] = kept(VALVE)
    decide.escalate(user, Alert.objects.get().pk)
    again = post(mention.text, external_id=mention.external_id)
    recorder.keep(readings([again], Says("complaint"), model="hand-2"), [mention.pk])
    watch.read([mention.pk])
    assert Alert.objects.get().severity == 5


def test_a_message_that_comes_the_whole_way_in_is_watched(brand: Brand, post: MakesPosts, admin: User) -> None:
    """What the shipped model says of one message is not the matter here, so the rule is a lenient one."""
    rules.change(
        admin, rules.of([brand.pk])[brand.pk, RuleKind.GRAVE], on=True, threshold=300, settings={"urgent": 300}
    )
    said = (
        "Tramonto: three children in hospital, poisoned by your contaminated juice. The authorities are recalling it."
    )
    flow.receive([post(said, created_at=clock.now())], brand=brand)
    assert Count.objects.filter(brand=brand, key="all").count() == 1
    assert Alert.objects.get().rule.kind == "grave"


@pytest.fixture
def said_by(monkeypatch: pytest.MonkeyPatch) -> dict[Tier, Says | Exception]:
    """What each tier says of every message from now on; or what reading with it raises."""
    said: dict[Tier, Says | Exception] = {}

    def read(posts: Sequence[Post], *, tier: Tier, **_: object) -> Readings:
        answer = said[tier]
        if isinstance(answer, Exception):
            raise answer
        return readings(posts, answer, model=model_version(tier))

    monkeypatch.setattr(flow, "read", read)
    return said


DOUBTFUL = Says("crisis", urgency=2, score=0.3, harms=(Harm.SAFETY,))
LOUD = Says("crisis", urgency=3, score=0.95, harms=(Harm.SAFETY,))


@pytest.mark.parametrize(
    ("fast", "best", "severity"),
    [
        (LOUD, Says("complaint"), None),
        (DOUBTFUL, LOUD, 4),
        (LOUD, LOUD, 4),
        (Says("question", score=0.9), LOUD, None),  # the second reading comes when there is time
    ],
)
def test_whether_a_fresh_message_rings_is_the_best_tiers_word_at_once(
    said_by: dict[Tier, Says | Exception],
    brand: Brand,
    post: MakesPosts,
    fast: Says,
    best: Says,
    severity: int | None,
) -> None:
    said_by |= {Tier.FAST: fast, Tier.ACCURATE: best}
    flow.receive([post(VALVE, created_at=clock.now())], brand=brand, dedicated=True)
    assert list(Alert.objects.values_list("severity", flat=True)) == ([] if severity is None else [severity])
    assert counts.total(brand.pk, counts.ALL, since=clock.now() - DAY, until=clock.now() + DAY).n == 1


@pytest.mark.parametrize("said", [None, datetime(2525, 1, 1, tzinfo=UTC), datetime(1, 1, 1)])  # noqa: DTZ001 a channel that forgets
def test_a_message_without_a_believable_date_is_fresh(
    said_by: dict[Tier, Says | Exception], brand: Brand, post: MakesPosts, said: datetime | None
) -> None:
    said_by |= {Tier.FAST: LOUD, Tier.ACCURATE: Says("complaint")}
    flow.receive([post(VALVE, created_at=said)], brand=brand, dedicated=True)
    assert Mention.objects.get().register == "complaint" and not Alert.objects.exists()


@pytest.mark.parametrize(("by_default", "rings"), [(LOUD, 1), (Says("complaint"), 0)])
def test_where_the_accurate_tier_cannot_be_had_the_default_ones_word_counts(
    said_by: dict[Tier, Says | Exception], brand: Brand, post: MakesPosts, by_default: Says, rings: int
) -> None:
    said_by |= {Tier.FAST: LOUD, Tier.ACCURATE: EncoderUnavailable("no room"), Tier.DEFAULT: by_default}
    flow.receive([post(VALVE, created_at=clock.now())], brand=brand, dedicated=True)
    assert Alert.objects.count() == rings


def test_many_suspects_at_once_are_read_by_the_default_tier(
    said_by: dict[Tier, Says | Exception], brand: Brand, post: MakesPosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "SUSPECTS_ACCURATELY", 2)
    said_by |= {Tier.FAST: LOUD, Tier.DEFAULT: Says("complaint"), Tier.ACCURATE: AssertionError("too slow")}
    flow.receive([post(f"{VALVE} {n}", created_at=clock.now()) for n in range(3)], brand=brand, dedicated=True)
    assert not Alert.objects.exists()


def test_an_old_message_waits_for_its_second_reading(
    said_by: dict[Tier, Says | Exception], brand: Brand, post: MakesPosts
) -> None:
    said_by |= {Tier.FAST: LOUD, Tier.ACCURATE: AssertionError("read at once")}
    flow.receive([post(VALVE, created_at=clock.now() - 30 * DAY)], brand=brand, dedicated=True)
    assert Mention.objects.get().register == "crisis" and not Alert.objects.exists()


def test_where_nothing_but_the_fast_tier_is_wanted_its_word_counts(
    said_by: dict[Tier, Says | Exception], brand: Brand, post: MakesPosts
) -> None:
    said_by[Tier.FAST] = LOUD
    flow.receive([post(VALVE, created_at=clock.now())], brand=brand, dedicated=True, careful=Tier.FAST)
    assert Alert.objects.get().severity == 4
