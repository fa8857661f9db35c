"""The pages of alerts, as a person with a browser meets them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from ringing import LEAK, VALVE, VALVE_TOO, Keeps

from octavo.alert import rules
from octavo.alert.models import Alert, AlertEvent, Hook, RuleKind
from octavo.conversations import decide as conversations
from octavo.conversations.models import Brand
from octavo.kit import clock
from octavo.people.models import Event, User


@pytest.fixture
def signed_in(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


@pytest.fixture
def as_admin(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def page(client: Client, address: str, **query: str) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def act(client: Client, alert: Alert, action: str, **given: str) -> str:
    answer = client.post(f"/alerts/{alert.pk}/{action}/", given, follow=True)
    assert answer.status_code == 200, answer
    alert.refresh_from_db()
    return answer.content.decode()


def test_the_list_says_what_rang_why_and_in_which_messages(signed_in: Client, rang: Alert) -> None:
    said = page(signed_in, "/alerts/")
    assert "A message carries a crisis sign (90 %) and asks for somebody now." in said
    assert "alert that nobody has acknowledged" in said and "he choked on it" in said and "Nobody yet" in said
    assert f'href="/alerts/{rang.pk}/"' in said


def test_the_rail_and_the_strip_of_every_page_say_that_an_alert_rings(signed_in: Client, rang: Alert) -> None:
    said = page(signed_in, "/brands/")
    assert '<span class="state crisis">1 alert</span>' in said and "1 alert that nobody has acknowledged" in said
    act(signed_in, rang, "acknowledge")
    assert "1 alert that nobody has acknowledged" not in page(signed_in, "/brands/")


def test_an_empty_list_proves_that_somebody_watches(signed_in: Client, brand: Brand, kept: Keeps) -> None:
    from by_hand import Says

    from octavo import flow

    kept("The seal is fine, thank you.", says=Says("compliment", sentiment="positive"), ago=timedelta(minutes=20))
    flow.look_around()
    said = page(signed_in, "/alerts/")
    assert "No alert" in said and "Watching 24 counts by 6 rules" in said and "Most unusual in the last hour" in said


def test_the_page_of_an_alert_shows_messages_chart_history_and_what_to_do(
    signed_in: Client, rang: Alert, kept: Keeps
) -> None:
    [later] = kept(VALVE_TOO)
    said = page(signed_in, f"/alerts/{rang.pk}/")
    assert "Since the first signal" in said and "Rang here" in said
    assert f"#m{later.pk}" in said and "nearly" in said
    assert "<svg" in said and 'class="rang"' in said and "The same as a table" in said
    assert "take the alert, so that the others know who has it" in said
    assert "rang with severity 4" in said and "1 more message" in said
    assert "E-mail is not set up" in said


def test_acknowledging_is_audited_shown_and_undone(signed_in: Client, rang: Alert, user: User) -> None:
    said = act(signed_in, rang, "acknowledge")
    assert rang.state == "acknowledged" and rang.acknowledged_at is not None
    assert "Acknowledged" in said and 'action="/alerts/undo/"' in said and "<b>Ada</b> acknowledged it" in said
    assert Event.objects.filter(kind="alert", action="acknowledged", user=user, object_id=rang.pk).exists()
    token = said.split('name="before" value="')[1].split('"')[0]
    signed_in.post("/alerts/undo/", {"before": token})
    rang.refresh_from_db()
    assert (rang.state, rang.acknowledged_at) == ("open", None)
    assert [event.action for event in rang.events.all()] == ["rang", "acknowledged", "undone"]


def test_nobody_undoes_what_another_decided(signed_in: Client, rang: Alert, as_admin: Client) -> None:
    said = act(signed_in, rang, "acknowledge")
    token = said.split('name="before" value="')[1].split('"')[0]
    answer = as_admin.post("/alerts/undo/", {"before": token}, follow=True)
    rang.refresh_from_db()
    assert rang.state == "acknowledged" and "Too late to undo that." in answer.content.decode()


def test_taking_says_who_has_it_and_a_second_person_is_told(signed_in: Client, rang: Alert, as_admin: Client) -> None:
    assert "Ada has it" in act(signed_in, rang, "take")
    assert rang.owner is not None and rang.owner.name == "Ada"
    assert "Ada has it already." in act(as_admin, rang, "take")
    assert rang.owner.name == "Ada"


def test_snoozing_and_escalating(signed_in: Client, rang: Alert) -> None:
    assert "Snoozed until" in act(signed_in, rang, "snooze", until="hour")
    assert rang.snoozed_until is not None and rang.snoozed_until > clock.now()
    act(signed_in, rang, "escalate")
    assert (rang.severity, rang.rings) == (5, 2)
    assert "That cannot be done now" in act(signed_in, rang, "escalate")
    assert signed_in.post(f"/alerts/{rang.pk}/snooze/", {"until": "never"}).status_code == 400


def test_a_false_alarm_says_why_and_can_be_opened_again(signed_in: Client, rang: Alert) -> None:
    assert "Say in a few words why" in act(signed_in, rang, "close", outcome="false")
    assert rang.state == "open"
    said = act(signed_in, rang, "close", outcome="false", why="A film scene <b>")
    assert (rang.state, rang.outcome, rang.why) == ("closed", "false", "A film scene <b>")
    assert "A film scene &lt;b&gt;" in said and "A film scene <b>" not in said
    assert "It is closed already." in act(signed_in, rang, "take")
    act(signed_in, rang, "reopen")
    assert (rang.state, rang.outcome) == ("open", "")


@pytest.mark.parametrize("given", [{}, {"outcome": "over"}, {"outcome": "lunch"}])
def test_a_verdict_is_one_that_people_give(signed_in: Client, rang: Alert, given: dict[str, str]) -> None:
    assert signed_in.post(f"/alerts/{rang.pk}/close/", given).status_code == 400
    assert signed_in.post(f"/alerts/{rang.pk}/dance/").status_code == 404
    assert signed_in.get(f"/alerts/{rang.pk}/take/").status_code == 405


def test_the_history_of_an_alert_cannot_be_rewritten(rang: Alert) -> None:
    from django.db import InternalError, ProgrammingError, transaction

    for change in (lambda: AlertEvent.objects.update(action="x"), lambda: AlertEvent.objects.all().delete()):
        with pytest.raises((InternalError, ProgrammingError)), transaction.atomic():
            change()
    assert AlertEvent.objects.get().action == "rang"


def test_an_alert_goes_with_its_brand(rang: Alert, brand: Brand, admin: User) -> None:
    from octavo.conversations import erase

    erase.brand(admin, brand)
    assert not Alert.objects.exists() and not AlertEvent.objects.exists()


def test_whoever_sees_no_brand_sees_no_alert(rang: Alert, user: User) -> None:
    from django.http import Http404

    from octavo.alert import access

    user.is_active = False
    assert not access.alerts_for(user).exists() and not access.rules_for(user).exists()
    with pytest.raises(Http404):
        access.alert_for(user, rang.pk)
    for address in ("/alerts/", f"/alerts/{rang.pk}/", "/alerts/rules/", "/alerts/record/"):
        assert Client().get(address).status_code == 302  # to the sign-in
    assert Client().post(f"/alerts/{rang.pk}/take/").status_code == 302


def test_lists_are_addresses_and_ignore_what_is_empty_or_unknown(signed_in: Client, kept: Keeps) -> None:
    kept(VALVE)
    kept(LEAK)
    act(signed_in, Alert.objects.earliest("pk"), "close", outcome="useful")
    assert "leak" in page(signed_in, "/alerts/", tab="", brand="", week="nonsense", after="x")
    assert "leak" not in page(signed_in, "/alerts/", tab="closed")
    assert "No alert of this kind" in page(signed_in, "/alerts/", outcome="false")
    monday = (clock.now().date() - timedelta(days=clock.now().weekday())).isoformat()
    both = page(signed_in, "/alerts/", week=monday)
    assert "leak" in both and "choked" in both


def test_a_long_list_is_paged_to_its_end(signed_in: Client, brand: Brand) -> None:
    from octavo.alert import listed, ring

    rule = rules.of([brand.pk])[brand.pk, RuleKind.BURST]
    for number in range(listed.PAGE + 3):
        ring.open_alert(rule, f"channel:c{number}", severity=1 + number % 5, first_signal_at=clock.now(),
                        reason={"kind": "burst", "key": f"channel:c{number}", "hour": 9, "usual_hour": 1, "once_in_days": 9})  # fmt: skip
    first = page(signed_in, "/alerts/")
    assert first.count("data-alert>") == listed.PAGE
    more = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    second = page(signed_in, f"/alerts/{more}")
    assert second.count("data-alert>") == 3 and 'rel="next"' not in second


def test_a_rule_is_changed_by_an_administrator_and_by_nobody_else(
    signed_in: Client, as_admin: Client, brand: Brand
) -> None:
    rule = rules.of([brand.pk])[brand.pk, RuleKind.GRAVE]
    change = {"on": "on", "threshold": "95", "urgent": "60", "unnamed": "99", "hours": "12"}
    assert signed_in.post(f"/alerts/rules/{rule.pk}/change/", change).status_code == 403
    said = as_admin.post(f"/alerts/rules/{rule.pk}/change/", change, follow=True).content.decode()
    assert "Saved: crisis sign of at least 85 %, now crisis sign of at least 95 %." in said
    rule.refresh_from_db()
    assert (rule.on, rule.threshold, rules.setting(rule, "urgent"), rules.setting(rule, "hours")) == (
        True,
        950,
        600,
        12,
    )
    wrong = as_admin.post(f"/alerts/rules/{rule.pk}/change/", {"on": "on", "threshold": "5", "hours": "0"})
    assert wrong.status_code == 422
    rule.refresh_from_db()
    assert rule.threshold == 950


def test_a_rule_is_tried_on_the_past_before_it_is_changed(signed_in: Client, kept: Keeps, brand: Brand) -> None:
    old = (
        kept(VALVE, ago=timedelta(days=40))
        + kept(VALVE_TOO, ago=timedelta(days=39))
        + kept(LEAK, ago=timedelta(days=9))
    )
    assert not Alert.objects.exists()
    rule = rules.of([brand.pk])[brand.pk, RuleKind.GRAVE]

    def tried(threshold: str, urgent: str) -> str:
        settings = {"threshold": threshold, "urgent": urgent, "unnamed": "99", "hours": "24"}
        return page(signed_in, f"/alerts/rules/{brand.slug}/", simulate=str(rule.pk), **settings)

    said = tried("80", "40")
    assert "Would have rung 2 times in the last 90 days." in said
    assert f"#m{old[0].pk}" in said and f"#m{old[2].pk}" in said
    assert "Would have rung 0 times" in tried("95", "95")
    rule.refresh_from_db()
    assert rule.threshold == 850


def test_a_hook_is_added_with_a_secret_shown_once_and_its_address_hidden(
    as_admin: Client, signed_in: Client, brand: Brand
) -> None:
    given = {"name": "Slack", "kind": "plain", "url": "https://hooks.example.org/services/T0/SECRETPART", "least": "3"}
    assert signed_in.post(f"/alerts/rules/{brand.slug}/hooks/", given).status_code == 403
    said = as_admin.post(f"/alerts/rules/{brand.slug}/hooks/", given, follow=True).content.decode()
    assert 'id="secret"' in said and "hooks.example.org" in said and "SECRETPART" not in said
    assert b"SECRETPART" not in bytes(Hook.objects.get().sealed)
    assert 'id="secret"' not in page(as_admin, f"/alerts/rules/{brand.slug}/")
    assert as_admin.post(f"/alerts/rules/{brand.slug}/hooks/", given).status_code == 422  # the name is taken
    bad = as_admin.post(f"/alerts/rules/{brand.slug}/hooks/", {**given, "name": "x", "url": "ftp://x/"})
    assert bad.status_code == 422
    hook = Hook.objects.get()
    as_admin.post(f"/alerts/hooks/{hook.pk}/remove/")
    assert not Hook.objects.exists()


def test_the_record_counts_verdicts_and_what_did_not_ring(
    signed_in: Client, rang: Alert, kept: Keeps, user: User
) -> None:
    from by_hand import Says

    act(signed_in, rang, "close", outcome="useful")
    [overlooked] = kept("It smelled of petrol, all of us felt sick.", says=Says("complaint", urgency=1))
    conversations.correct(user, overlooked, "register", "crisis")
    said = page(signed_in, "/alerts/record/")
    assert "Of 1 alert with a verdict, 1 was useful and 0 was false." in said
    assert "outcome=useful" in said and "smelled of petrol" in said and "he choked" not in said


def test_every_number_of_the_record_opens_what_is_behind_it(
    signed_in: Client, kept: Keeps, user: User, brand: Brand
) -> None:
    """Alerts by their delays, the longest first; what did not ring by its week."""
    import re

    from by_hand import Says

    kept(VALVE, ago=timedelta(hours=2))
    kept(LEAK, ago=timedelta(minutes=5))
    act(signed_in, Alert.objects.earliest("pk"), "acknowledge")
    [overlooked] = kept("It smelled of petrol, all of us felt sick.", says=Says("complaint", urgency=1))
    conversations.correct(user, overlooked, "register", "crisis")
    record = page(signed_in, "/alerts/record/", brand=brand.slug)
    links = [link.replace("&amp;", "&") for link in re.findall(r'<td class="num"><a href="([^"]+)"', record)]
    by = {re.search(r"delay=(\w+)|(outcome=\w+)|$", link)[0]: link for link in links}  # type: ignore[index]
    assert all(brand.slug in link for link in links)
    late = page(signed_in, by["delay=alert"])
    assert late.index("choked") < late.index("data leak") and "2 h" in late
    seen = page(signed_in, by["delay=person"])
    assert "choked" in seen and "data leak" not in seen
    [missed] = [link for link in links if link.startswith("?week=")]
    assert "smelled of petrol" in page(signed_in, f"/alerts/record/{missed.split('#')[0]}")
    assert "smelled of petrol" not in page(signed_in, "/alerts/record/", week="2020-01-06")
    assert "data leak" in page(signed_in, "/alerts/", tab="all", delay="nonsense")


@pytest.mark.parametrize("language", ["fr", "it"])
def test_every_page_speaks_the_readers_language(signed_in: Client, rang: Alert, user: User, language: str) -> None:
    user.language = language
    user.save()
    said = page(signed_in, f"/alerts/{rang.pk}/")
    assert {"fr": "Un message porte un signe de crise", "it": "Un messaggio porta un segno di crisi"}[language] in said
