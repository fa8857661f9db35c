"""Full-text search in messages, with the dictionary of each message's language."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from octavo.conversations.models import Conversation, Mention
from octavo.vocabulary import LANGUAGES

# The words of a query are stemmed by every dictionary, with and without accents; a message matches by its own.
_QUERY = " || ".join(
    f"websearch_to_tsquery(octavo_dictionary('{language}'), {words})"
    for language in (*LANGUAGES, "und")
    for words in ("%s", "octavo_fold(%s)")
)
_PARAMETERS = 2 * (len(LANGUAGES) + 1)


def mentions(found: QuerySet[Mention], words: str) -> QuerySet[Mention]:
    """Those of `found` that match `words`, written as on a search engine: `late "gate change" -refund or rebooked`."""
    return found.extra(where=[f"conversations_mention.search @@ ({_QUERY})"], params=[words] * _PARAMETERS)


def matching(found: QuerySet[Conversation], words: str) -> QuerySet[Conversation]:
    """Those of `found` in which a message matches `words`."""
    return found.filter(Exists(mentions(Mention.objects.filter(conversation=OuterRef("pk")), words)))
