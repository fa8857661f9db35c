"""The inbox shows exactly what its filter says, counts what it shows, and pages through each row once."""

from __future__ import annotations

import importlib
import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from by_hand import Says, readings
from conftest import MakesPosts
from django.apps import apps
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octavo.conversations import decide
from octavo.conversations.models import Brand, Conversation, Mention
from octavo.conversations.record import record
from octavo.dispatch import inbox, neighbours
from octavo.dispatch.inbox import Filter
from octavo.dispatch.models import SavedView
from octavo.kit import clock
from octavo.people.models import User
from octavo.vocabulary import LANGUAGES, REGISTERS, Sentiment

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
WORDS = ("gate", "refund", "luggage")


def parse(query: str) -> Filter:
    return Filter.parse(QueryDict(query))


names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=12)
days = st.none() | st.dates(date(1990, 1, 1), date(2200, 12, 31))


def some(values: Any) -> Any:
    return st.lists(values, unique=True, max_size=3).map(tuple)


FILTERS = st.builds(
    Filter,
    tab=st.sampled_from(inbox.TABS),
    brand=some(names),
    register=some(st.sampled_from([*map(str, REGISTERS), "none"])),
    language=some(st.sampled_from([*LANGUAGES, "und"])),
    sentiment=some(st.sampled_from(list(map(str, Sentiment)))),
    urgency=some(st.sampled_from("0123")),
    channel=some(names),
    period=st.sampled_from(["", *inbox.PERIODS]),
    since=days,
    until=days,
    about=st.sampled_from(["yes", "no", "any"]),
    q=st.lists(names, max_size=2).map(lambda words: " ".join(" ".join(words).split())),
    sort=st.sampled_from(inbox.SORTS),
)


class TestTheAddress:
    @settings(max_examples=40, deadline=None)
    @given(chosen=FILTERS)
    def test_of_a_filter_leads_back_to_it(self, chosen: Filter) -> None:
        assert parse(chosen.query()) == chosen

    @settings(max_examples=40, deadline=None)
    @given(query=st.text(max_size=60) | st.dictionaries(
        st.sampled_from(["tab", "brand", "urgency", "since", "q", "after", "sort", "page"]), st.text(max_size=20)
    ).map(lambda pairs: "&".join(f"{key}={value}" for key, value in pairs.items())))  # fmt: skip
    def test_may_hold_anything(self, query: str) -> None:
        chosen = parse(query)
        assert parse(chosen.query()) == replace(chosen, after="")

    def test_says_nothing_where_nothing_is_chosen(self) -> None:
        assert Filter().query() == "" and parse("") == Filter()
        assert parse("tab=done").query() == "tab=done"

    @pytest.mark.parametrize(
        "query",
        [
            "tab=&brand=&register=&language=&sentiment=&urgency=&channel=&period=&since=&until=&about=&q=&sort=&after=",
            "tab=theirs&register=anger&language=xx&sentiment=sad&urgency=9&period=1y&about=maybe&sort=random&page=7",
            "since=yesterday&until=2026-13-45&since=0001-01-01&q=%00%20&utm_source=mail",
        ],
        ids=["empty", "unknown", "impossible"],
    )
    def test_parts_that_say_nothing_are_ignored(self, query: str) -> None:
        assert parse(query) == Filter()

    def test_values_are_switched_on_and_off_from_the_first_page(self) -> None:
        chosen = parse("register=crisis&after=x")
        assert chosen.toggled("register", "idea").query() == "register=crisis&register=idea"
        assert chosen.toggled("register", "crisis") == Filter()
        assert replace(chosen, q="x", urgency=("3",)).without("register", "q").query() == "urgency=3"
        assert chosen.narrowed and not parse("tab=mine&sort=newest").narrowed

    def test_what_is_looked_for_by_words_comes_newest_first_unless_asked_otherwise(self) -> None:
        assert parse("q=gate").sort == "newest" and parse("q=gate&sort=urgent").sort == "urgent"
        assert parse("q=gate").without("q").query() == ""
        assert parse("q=gate&sort=urgent").without("q").query() == ""
        assert parse("q=gate&sort=urgent").query() == "q=gate&sort=urgent"
        assert parse("tab=done&sort=urgent").without("q").query() == "tab=done&sort=urgent"


@pytest.fixture
def frozen() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def filled(frozen: None, brand: Brand, user: User, admin: User, post: MakesPosts) -> list[Conversation]:
    """Sixty conversations that differ in everything one can filter by."""
    chance = random.Random(7)
    other = Brand.objects.create(name="Other", slug="other")
    for home in (brand, other):
        posts = [
            post(
                f"about {chance.choice(WORDS)} and {chance.choice(WORDS)}",
                by=f"author {n}",
                channel=chance.choice(["forum", "reviews"]),
                created_at=NOW - timedelta(hours=chance.choice([1, 5, 23, 24, 30, 100, 200, 900])),
                own=chance.random() < 0.1,
            )
            for n in range(30)
        ]
        says = [
            Says(
                chance.choice(["crisis", "complaint", "none"]),
                chance.randrange(4),
                chance.choice(["negative", "positive"]),
                chance.choice(["en", "fr", "und"]),
                chance.random() < 0.8,
            )
            for _ in posts
        ]
        record(posts, readings(posts, says), brand=home.pk)
    numbers = list(Conversation.objects.values_list("pk", flat=True))
    for decision in (
        lambda these: decide.assign(user, these, user),
        lambda these: decide.assign(user, these, admin),
        lambda these: decide.set_status(user, these, Conversation.Status.PENDING),
        lambda these: decide.set_status(user, these, Conversation.Status.RESOLVED),
        lambda these: decide.set_status(user, these, Conversation.Status.SNOOZED, until=NOW + timedelta(days=1)),
    ):
        decision(chance.sample(numbers, 14))
    return list(Conversation.objects.select_related("brand"))


def fits(row: Conversation, chosen: Filter, user: User) -> bool:
    """What a filter means, said a second time in plain Python."""
    unfinished = row.status in ("open", "pending")
    in_tab = {
        "all": unfinished,
        "mine": unfinished and row.assignee_id == user.pk,
        "unassigned": unfinished and row.assignee_id is None,
        "snoozed": row.status == "snoozed",
        "done": row.status == "resolved",
    }
    checks = [
        in_tab[chosen.tab],
        chosen.about == "any" or row.relevant == (chosen.about == "yes"),
        not chosen.brand or row.brand.slug in chosen.brand,
        not chosen.urgency or str(row.urgency) in chosen.urgency,
        not chosen.period or row.last_at >= NOW - inbox.PERIODS[chosen.period] or chosen.since is not None,
        chosen.since is None or row.last_at.date() >= chosen.since,
        chosen.until is None or row.last_at.date() <= chosen.until,
        all(word in row.excerpt.split() for word in chosen.q.split()),
    ]
    for name in ("register", "language", "sentiment", "channel"):
        values = getattr(chosen, name)
        checks.append(not values or getattr(row, name) in values)
    return all(checks)


def shown(user: User, chosen: Filter) -> set[int]:
    return set(inbox.rows(user, chosen).values_list("pk", flat=True))


CHOICES: dict[str, list[Any]] = {
    "tab": ["mine", "unassigned", "snoozed", "done"],
    "brand": [("tramonto",), ("tramonto", "other"), ("nobody",)],
    "register": [("crisis",), ("none", "complaint")],
    "language": [("fr",), ("und", "en")],
    "sentiment": [("positive",)],
    "urgency": [("3",), ("0", "2")],
    "channel": [("reviews",), ("elsewhere",)],
    "period": ["24h", "7d", "30d"],
    "since": [date(2026, 3, 19)],
    "until": [date(2026, 3, 18)],
    "about": ["no", "any"],
    "q": ["gate", "refund luggage"],
}


def test_every_filter_alone_and_in_pairs_shows_what_it_says(user: User, filled: list[Conversation]) -> None:
    singles = [(name, value) for name, values in CHOICES.items() for value in values]
    chosen = [Filter(), *(replace(Filter(), **{name: value}) for name, value in singles)]
    chosen += [
        replace(Filter(), **{first[0]: first[1], second[0]: second[1]})
        for first, second in itertools.combinations(singles, 2)
        if first[0] != second[0]
    ]
    found_something = 0
    for each in chosen:
        expected = {row.pk for row in filled if fits(row, each, user)}
        assert shown(user, each) == expected, each
        found_something += bool(expected)
    assert found_something > len(chosen) / 2


COUNTABLE = st.fixed_dictionaries(
    {},
    optional={
        name: st.sampled_from(values)
        for name, values in CHOICES.items()
        if name not in ("period", "since", "until", "q")
    },
)


class TestCounts:
    def test_are_those_of_the_rows_for_every_tab_and_every_value(self, user: User, filled: list[Conversation]) -> None:
        @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
        @given(values=COUNTABLE)
        def check(values: dict[str, Any]) -> None:
            chosen = replace(Filter(), **values)
            counts = inbox.count(user, chosen)
            assert counts.total == inbox.Total(sum(fits(row, chosen, user) for row in filled))
            for tab in inbox.TABS:
                assert counts.tabs.get(tab, 0) == sum(fits(row, replace(chosen, tab=tab), user) for row in filled)
            for name in inbox.TALLIED:
                others = [row for row in filled if fits(row, chosen.without(name), user)]
                value = (
                    (lambda row: row.brand.slug)
                    if name == "brand"
                    else (lambda row, name=name: str(getattr(row, name)))
                )
                assert Counter(counts.facets.get(name, {})) == Counter(map(value, others)), name

        check()

    @pytest.mark.parametrize("values", [{"q": "gate"}, {"period": "7d"}, {"since": date(2026, 3, 19)}])
    def test_with_words_or_a_period_the_total_is_counted(
        self, user: User, filled: list[Conversation], values: dict[str, Any]
    ) -> None:
        chosen = replace(Filter(), **values)
        counts = inbox.count(user, chosen)
        assert counts.total == inbox.Total(len(shown(user, chosen)))

    def test_a_total_too_large_to_count_says_so(
        self, user: User, filled: list[Conversation], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(inbox, "MOST_COUNTED", 3)
        assert inbox.count(user, Filter(q="gate")).total == inbox.Total(3, exact=False)

    def test_cost_the_same_few_statements_whatever_is_there(
        self, user: User, filled: list[Conversation], django_assert_max_num_queries: Callable[[int], Any]
    ) -> None:
        with django_assert_max_num_queries(2):
            inbox.count(user, Filter())
        with django_assert_max_num_queries(6):
            assert len(inbox.page(user, Filter()).rows) > 10


class TestWordsTooCommonToGather:
    @pytest.fixture(autouse=True)
    def few_are_common(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(inbox, "FEW_HITS", 1)

    @pytest.mark.parametrize("sort", inbox.SORTS)
    @pytest.mark.parametrize("most", [2, 1000])
    def test_are_found_in_order_page_by_page_whatever_else_is_asked(
        self, user: User, filled: list[Conversation], monkeypatch: pytest.MonkeyPatch, sort: str, most: int
    ) -> None:
        monkeypatch.setattr(inbox, "MOST_COUNTED", most)
        for more in ({}, {"language": ("en",)}, {"tab": "done"}, {"about": "any"}, {"period": "7d"}):
            chosen = replace(Filter(q="gate"), sort=sort, **more)
            expected = shown(user, chosen)
            counts = inbox.count(user, chosen)
            assert counts.total == inbox.Total(min(len(expected), most), exact=len(expected) <= most)
            for beside in (counts, None):
                asked, seen = chosen, []
                while True:
                    page = inbox.page(user, asked, size=2, counts=beside)
                    seen += page.rows
                    if not page.next:
                        break
                    asked = replace(chosen, after=page.next)
                keys = [(row.pressing if sort == "urgent" else 0, row.last_at, row.pk) for row in seen]
                assert keys == sorted(keys, reverse=True) and {row.pk for row in seen} == expected

    def test_lead_from_one_conversation_to_the_next(self, user: User, filled: list[Conversation]) -> None:
        listed = inbox.page(user, Filter(q="gate")).rows
        assert len(listed) > 2
        for before, row, after in zip(listed, listed[1:], listed[2:], strict=False):
            assert neighbours.of(user, Filter(q="gate"), row) == neighbours.Neighbours(before.pk, after.pk)


class TestPages:
    @pytest.mark.parametrize("sort", inbox.SORTS)
    @pytest.mark.parametrize("size", [1, 7, 50])
    def test_visit_each_row_once_in_order(self, user: User, filled: list[Conversation], sort: str, size: int) -> None:
        chosen = Filter(sort=sort, about="any")
        seen: list[Conversation] = []
        while True:
            page = inbox.page(user, chosen, size=size)
            assert len(page.rows) <= size
            seen += page.rows
            if not page.next:
                break
            chosen = Filter.parse(QueryDict(f"{chosen.query()}&after={page.next}"))  # as a link, quoted or not
        keys = [(row.pressing if sort == "urgent" else 0, row.last_at, row.pk) for row in seen]
        assert keys == sorted(keys, reverse=True)
        assert sorted(row.pk for row in seen) == sorted(shown(user, replace(chosen, after="")))

    @pytest.mark.parametrize("sort", inbox.SORTS)
    def test_go_on_while_messages_arrive(
        self, user: User, brand: Brand, filled: list[Conversation], post: MakesPosts, sort: str
    ) -> None:
        chosen = Filter(sort=sort)
        there = shown(user, chosen)
        seen: list[int] = []
        for turn in itertools.count():
            page = inbox.page(user, chosen, size=5)
            seen += [row.pk for row in page.rows]
            if not page.next:
                break
            chosen = replace(chosen, after=page.next)
            late = [post(f"new {turn} {n}", by=f"new {turn} {n}", created_at=NOW) for n in range(3)]
            record(late, readings(late, Says(urgency=3)), brand=brand.pk)
        assert [number for number in seen if number in there] == list(dict.fromkeys(n for n in seen if n in there))
        assert there <= set(seen) and len(seen) == len(set(seen))

    def test_are_told_apart_within_the_same_moment(self, user: User, brand: Brand, post: MakesPosts) -> None:
        posts = [post(f"{n}", by=f"{n}") for n in range(9)]
        record(posts, readings(posts), brand=brand.pk)
        first = inbox.page(user, Filter(), size=4)
        second = inbox.page(user, Filter(after=first.next), size=5)
        assert len({row.pk for row in (*first.rows, *second.rows)}) == 9 and not second.next

    def test_of_what_is_as_urgent_a_sure_crisis_comes_before_a_doubtful_one_and_that_before_the_rest(
        self, user: User, brand: Brand, post: MakesPosts
    ) -> None:
        says = {
            "surely broken": Says("problem", 2, score=0.9),
            "a sure crisis": Says("crisis", 2, score=0.9),
            "perhaps broken": Says("problem", 2, score=0.5),
            "a doubtful crisis": Says("crisis", 2, score=0.35),
            "a likely crisis": Says("crisis", 2, score=0.6),
            "now, not sure": Says("question", 3, score=0.4),
            "praise, latest": Says("compliment", 2, score=0.9),
        }
        posts = [post(text, by=text, created_at=NOW + timedelta(minutes=place)) for place, text in enumerate(says)]
        record(posts, readings(posts, list(says.values())), brand=brand.pk)
        wanted = [
            "now, not sure", "a sure crisis", "a likely crisis", "a doubtful crisis", "surely broken", "praise, latest",
            "perhaps broken",
        ]  # fmt: skip
        assert [row.excerpt for row in inbox.page(user, Filter()).rows] == wanted

    @pytest.mark.parametrize(
        "after",
        [
            "x", "~~", "1~2~3", "3~2026-03-20T12:00:00Z~x", "3~2026-03-20T12:00:00~4", "16~2026-03-20T12:00:00Z~4",
            "3~2026-03-20T12:00:00Z~-4", f"3~2026-03-20T12:00:00Z~{10**30}", f"{10**30}~2026-03-20T12:00:00Z~1",
            "3~9999-99-99T00:00:00Z~1", "2026-03-20T12:00:00Z~4", "3~2026-03-20T12:00:00Z~4~5", "\x00~\x00~\x00",
        ],
    )  # fmt: skip
    def test_a_place_that_is_none_is_the_beginning(self, user: User, filled: list[Conversation], after: str) -> None:
        assert inbox.page(user, Filter(after=after)).rows == inbox.page(user, Filter()).rows

    @pytest.mark.parametrize(
        "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00Z"]
    )
    def test_a_place_at_the_end_of_time_is_no_error(self, user: User, filled: list[Conversation], moment: str) -> None:
        urgent = inbox.page(user, Filter(after=f"15~{moment}~4")).rows
        newest = inbox.page(user, Filter(sort="newest", after=f"{moment}~4")).rows
        if moment.startswith("9999"):
            assert urgent == inbox.page(user, Filter()).rows
            assert newest == inbox.page(user, Filter(sort="newest")).rows
        else:
            assert urgent == [row for row in inbox.page(user, Filter()).rows if row.pressing < 15]
            assert newest == []


class TestArrivals:
    def test_are_the_conversations_of_the_filter_that_got_a_message(
        self, user: User, brand: Brand, post: MakesPosts
    ) -> None:
        first = post("one")
        record([first], readings([first]), brand=brand.pk)
        seen = inbox.newest_mention()
        assert inbox.arrived_since(user, Filter(), seen) == 0
        new = [
            post("to the first", reply_to=first.external_id, by="a"),
            post("again", reply_to=first.external_id, by="b"),
            post("another", by="c"),
            post("a crisis", by="d"),
            post("ours", by="e", own=True),
            post("not about us", by="f"),
        ]
        says = [Says(), Says(), Says(), Says("crisis", 3), Says(), Says(relevant=False)]
        record(new, readings(new, says), brand=brand.pk)
        assert inbox.arrived_since(user, Filter(), seen) == 3
        assert inbox.arrived_since(user, Filter(register=("crisis",)), seen) == 1
        assert inbox.arrived_since(user, Filter(tab="mine"), seen) == 0
        assert inbox.arrived_since(user, Filter(after="3~2000-01-01T00:00:00Z~1"), seen) == 3
        assert inbox.arrived_since(user, Filter(), seen, most=2) == 2
        assert inbox.arrived_since(user, Filter(), inbox.newest_mention()) == 0

    def test_the_newest_mention_is_the_last_that_came(self, brand: Brand, post: MakesPosts) -> None:
        posts = [post("a", by="a"), post("b", by="b")]
        assert record(posts, readings(posts), brand=brand.pk).new[-1] == inbox.newest_mention()
        assert Mention.objects.latest("pk").pk == inbox.newest_mention()


def test_somebody_who_left_sees_nothing(user: User, filled: list[Conversation]) -> None:
    user.is_active = False
    assert not inbox.page(user, Filter()).rows and inbox.count(user, Filter()).total.n == 0


def test_words_find_a_conversation_by_any_of_its_messages(user: User, brand: Brand, post: MakesPosts) -> None:
    posts = [post("the lamp", external_id="a"), post("the candle", reply_to="a", by="b", created_at=clock.now())]
    record(posts, readings(posts), brand=brand.pk)
    assert len(shown(user, Filter(q="lamp"))) == len(shown(user, Filter(q="candle"))) == 1
    assert not shown(user, Filter(q="sofa"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("register=crisis", "register=crisis"),
        ("q=gate", "q=gate&sort=urgent"),
        ("register=crisis&q=gate&sort=newest", "register=crisis&q=gate"),
        ("tab=done&q=gate", "tab=done&q=gate"),
        ("tab=mine&sort=newest", "tab=mine&sort=newest"),
    ],
)
def test_saved_views_keep_the_order_they_were_saved_in(user: User, before: str, after: str) -> None:
    view = SavedView.objects.create(owner=user, name="mine", query=before)
    importlib.import_module("octavo.dispatch.migrations.0003_search_order").say_the_order(apps, None)
    view.refresh_from_db()
    assert view.query == after == parse(after).query()
