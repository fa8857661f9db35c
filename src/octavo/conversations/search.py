"""Full-text search in messages, with the dictionary of each message's language.

A query is written as on a search engine: `late "gate change" -refund or rebooked`. What has a minus is shut out, whatever
the rest of the query says. Accents may be left out, in the query as in the messages.
"""

from __future__ import annotations

import re

from django.contrib.postgres.search import CombinedSearchQuery, SearchQuery
from django.db.models import Exists, OuterRef, Q, QuerySet

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


def mentions(found: QuerySet[Mention], words: str) -> QuerySet[Mention]:
    """Those of `found` that match `words`. A query without a word in it matches nothing."""
    wanted, unwanted = _parted(words[:LONGEST].replace("\x00", " "))
    if not wanted and not unwanted:
        return found.none()
    # One condition a language, so that a message is asked by its own dictionary alone.
    condition = Q()
    for language, dictionary in _DICTIONARIES.items():
        here = Q(language=language)
        if wanted:
            here &= Q(search=_query(wanted, dictionary))
        if unwanted:
            here &= ~Q(search=_query(unwanted, dictionary))
        condition |= here
    return found.filter(condition)


def matching(found: QuerySet[Conversation], words: str) -> QuerySet[Conversation]:
    """Those of `found` in which a message matches `words`."""
    return found.filter(Exists(mentions(Mention.objects.filter(conversation=OuterRef("pk")), words)))


def conversations(words: str, *, most: int) -> set[int] | None:
    """Numbers of the conversations in which a message matches `words`; None where more than `most` messages do."""
    found = mentions(Mention.objects.order_by(), words).values_list("conversation", flat=True)[: most + 1]
    numbers = list(found)
    return set(numbers) if len(numbers) <= most else None


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


def _query(words: str, dictionary: str) -> SearchQuery | CombinedSearchQuery:
    plain = words.translate(_FOLD)
    query = SearchQuery(words, config=dictionary, search_type="websearch")
    return query if plain == words else query | SearchQuery(plain, config=dictionary, search_type="websearch")
