"""Full-text search in messages, with the dictionary of each message's language.

A query is written as on a search engine: `late "gate change" -refund or rebooked`. What has a minus is shut out, whatever
the rest of the query says. Accents may be left out, in the query as in the messages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BooleanField, Case, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.lookups import Exact

from octavo.conversations.models import Conversation, Mention

LONGEST = 1000
"""Characters of a query that count."""

# As octavo_dictionary and octavo_fold say in the database.
_DICTIONARIES = {
    "en": "english", "fr": "french", "it": "italian", "es": "spanish", "de": "german", "pt": "portuguese", "nl": "dutch",
    "und": "simple",
}  # fmt: skip
_FOLD = str.maketrans(
    "àáâãäåçèéêëìíîïñòóôõöùúûüýÿÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝ", "aaaaaaceeeeiiiinooooouuuuyyAAAAAACEEEEIIIINOOOOOUUUUY"
)
_PHRASE_OR_MINUS = re.compile(r'"[^"]*"?|(?<!\S)-+("[^"]*"?|[^\s"]*)')


@dataclass(frozen=True, slots=True)
class Found:
    """Numbers of conversations; not `whole` where these are only some of those there are."""

    numbers: tuple[int, ...]
    whole: bool


def mentions(found: QuerySet[Mention], words: str) -> QuerySet[Mention]:
    """Those of `found` that match `words`. A query without a word in it matches nothing."""
    wanted, unwanted = _parted(words[:LONGEST].replace("\x00", " "))
    if not wanted and not unwanted:
        return found.none()
    asked = _asked(wanted, unwanted)
    if not asked:
        return found.none()
    # A message is asked by its own dictionary alone. But the index is asked once for all of them: most words are the same
    # in most dictionaries, and eight looks would each bring the same long lists.
    if wanted:
        found = found.filter(search=_Ready(" | ".join(f"({look.wanted})" for look in asked)))
    if len(asked) == 1 and len(asked[0].languages) == len(_DICTIONARIES):
        return found.filter(_condition(asked[0], indexed=bool(wanted)))
    return found.filter(
        Case(
            *(
                When(language__in=look.languages, then=ExpressionWrapper(_condition(look), BooleanField()))
                for look in asked
            ),
            default=False,
            output_field=BooleanField(),
        )
    )


def matching(found: QuerySet[Conversation], words: str) -> QuerySet[Conversation]:
    """Those of `found` in which a message matches `words`."""
    return found.filter(Exists(mentions(_theirs(), words)))


def along(found: QuerySet[Conversation], words: str) -> QuerySet[Conversation]:
    """The same, looked at one after the other in the order of `found`: for words so common that a page is full soon."""
    # The database makes no join of a subquery like this; of EXISTS it does, where it takes a common word for a rare one.
    hit = mentions(_theirs(), words).annotate(hit=Value(1)).values("hit")[:1]
    return found.filter(Q(Exact(Subquery(hit), 1)))


def _theirs() -> QuerySet[Mention]:
    return Mention.objects.order_by().filter(
        conversation=OuterRef("pk"),
        # Only the months the conversation lived in: the table is partitioned by them.
        published_at__gte=OuterRef("first_at"),
        published_at__lte=OuterRef("last_at"),
    )


def conversations(words: str, *, most: int) -> Found:
    """The conversations in which a message matches `words`; some of them, where more than `most` messages do."""
    found = mentions(Mention.objects.order_by(), words).values_list("conversation", flat=True)[: most + 1]
    try:
        asked, parameters = found.query.sql_with_params()
    except EmptyResultSet:
        return Found((), whole=True)
    with connection.cursor() as cursor:  # as one array: thousands of rows would cost more than finding them
        cursor.execute(f"SELECT ARRAY({asked})", parameters)
        numbers = cursor.fetchone()[0]
    return Found(tuple(numbers), whole=len(numbers) <= most)


@dataclass(frozen=True, slots=True)
class _Look:
    """What one dictionary, or several that say the same, make of a query: tsquery as text, empty where nothing is left."""

    languages: tuple[str, ...]
    wanted: str
    unwanted: str


class _Ready(SearchQuery):
    """A tsquery as PostgreSQL wrote it."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def as_sql(self, *args: Any, **context: Any) -> Any:  # the lookup wants a list, whatever the types say
        return "%s::tsquery", [self.text]


@lru_cache(maxsize=2000)
def _asked(wanted: str, unwanted: str) -> tuple[_Look, ...]:
    """The looks a query needs. Those of dictionaries in which nothing is wanted that was asked for are left out."""
    parsed = "websearch_to_tsquery({0}::regconfig, {1}) || websearch_to_tsquery({0}::regconfig, {2})"
    both = ", ".join(f"({parsed.format('d', *pair)})::text" for pair in (("%s", "%s"), ("%s", "%s")))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT d, {both} FROM unnest(%s::text[]) AS d",  # noqa: S608 names of our own
            [wanted, wanted.translate(_FOLD), unwanted, unwanted.translate(_FOLD), list(set(_DICTIONARIES.values()))],
        )
        of = {dictionary: (with_, without) for dictionary, with_, without in cursor.fetchall()}
    languages: dict[tuple[str, str], list[str]] = {}
    for language, dictionary in _DICTIONARIES.items():
        languages.setdefault(of[dictionary], []).append(language)
    return tuple(_Look(tuple(codes), *look) for look, codes in languages.items() if look[0] or not wanted)


def _condition(look: _Look, *, indexed: bool = False) -> Q:
    """What a message of the look's languages has to fulfil; `indexed`: what is wanted has been asked already."""
    condition = Q()
    if look.wanted and not indexed:
        condition &= Q(search=_Ready(look.wanted))
    if look.unwanted:
        condition &= ~Q(search=_Ready(look.unwanted))
    return condition or Q(Value(True))


def _parted(words: str) -> tuple[str, str]:
    """What a query wants, and what it shuts out, each as a query without a minus."""
    unwanted = []

    def take(found: re.Match[str]) -> str:
        if found[0].startswith('"'):
            return found[0]
        unwanted.append(found[1])
        return " "

    wanted = " ".join(_PHRASE_OR_MINUS.sub(take, words).split())
    return wanted, " or ".join(filter(None, unwanted))
