"""Taking a brand out, with everything that came in for it: a small one at once, a large one bite by bite in a job."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from octavo.conversations import threads
from octavo.conversations.models import Brand, BrandErasure, ConversationTally
from octavo.people import audit
from octavo.people.models import User

JOB = "octavo.erase_brand"
"""The job that goes on with what `ask` began; run by whoever works off the queue."""
AT_ONCE = 2_000
"""Conversations that are gone within a moment: nobody needs a job for them, and no bite is larger."""

# In this order nothing is left to look up for what goes next. Set by set in the database, because a brand can hold
# millions of rows, and going through them in Python would take hours.
_STEPS = (
    "CREATE TEMP TABLE erased_author ON COMMIT DROP AS SELECT author_id AS id FROM conversations_mention "
    "WHERE brand_id = %(brand)s AND author_id IS NOT NULL UNION "
    "SELECT author FROM conversations_erasedauthor WHERE erasure_id = %(brand)s",
    "DELETE FROM conversations_postkey k USING conversations_mention m WHERE m.brand_id = %(brand)s AND k.mention = m.id",
    "DELETE FROM conversations_mentionversion v USING conversations_mention m "
    "WHERE m.brand_id = %(brand)s AND v.mention = m.id",
    "DELETE FROM conversations_correction WHERE brand_id = %(brand)s",
    "DELETE FROM conversations_storymention WHERE brand_id = %(brand)s",
    "DELETE FROM conversations_story WHERE brand_id = %(brand)s",
    "DELETE FROM conversations_mention WHERE brand_id = %(brand)s",
    "DELETE FROM conversations_note n USING conversations_conversation c "
    "WHERE c.brand_id = %(brand)s AND n.conversation_id = c.id",
    "DELETE FROM conversations_threadkey t USING conversations_conversation c "
    "WHERE c.brand_id = %(brand)s AND t.conversation_id = c.id",
    "DELETE FROM conversations_mentiontopic t USING conversations_conversation c "
    "WHERE c.brand_id = %(brand)s AND t.conversation_id = c.id",
    "DELETE FROM conversations_conversation WHERE brand_id = %(brand)s",
    # Last, because the triggers have just written here what was taken away.
    "DELETE FROM conversations_conversationtally WHERE brand_id = %(brand)s",
    "DELETE FROM conversations_mentiontally WHERE brand_id = %(brand)s",
)
_AUTHORS = (
    "DELETE FROM conversations_author a USING erased_author e WHERE a.id = e.id "
    "AND NOT EXISTS (SELECT FROM conversations_mention m WHERE m.author_id = a.id) "
    "AND NOT EXISTS (SELECT FROM conversations_conversation c WHERE c.author_id = a.id)"
)


# One bite: the same for the conversations that are listed.
_BITE = (
    "INSERT INTO conversations_erasedauthor (erasure_id, author) SELECT DISTINCT %(brand)s, author_id "
    "FROM conversations_mention WHERE conversation_id = ANY(%(numbers)s) AND author_id IS NOT NULL ON CONFLICT DO NOTHING",
    "DELETE FROM conversations_postkey WHERE key = ANY(%(keys)s::uuid[])",
    "DELETE FROM conversations_mentionversion WHERE mention = ANY(%(mentions)s)",
    "DELETE FROM conversations_correction WHERE mention = ANY(%(mentions)s)",
    "DELETE FROM conversations_mention WHERE conversation_id = ANY(%(numbers)s)",
    "DELETE FROM conversations_note WHERE conversation_id = ANY(%(numbers)s)",
    "DELETE FROM conversations_threadkey WHERE conversation_id = ANY(%(numbers)s)",
    "DELETE FROM conversations_conversation WHERE id = ANY(%(numbers)s)",
)


def size(brand: Brand) -> int:
    """How many conversations go with the brand."""
    counts = ConversationTally.objects.filter(brand=brand).values_list("n", flat=True)
    return sum(counts)


def brand(user: User | None, which: Brand) -> int:
    """Erase a brand with its sources, messages and conversations, and the authors who wrote to no other brand.

    Gives the number of conversations gone.
    """
    number, name = which.pk, which.name
    with transaction.atomic():
        if Brand.objects.select_for_update().filter(pk=number).first() is None:
            return 0
        begun = BrandErasure.objects.filter(pk=number).first()
        gone = size(which) + (begun.gone if begun else 0)
        with connection.cursor() as cursor:
            for step in _STEPS:
                cursor.execute(step, {"brand": number})
            cursor.execute(_AUTHORS)
            cursor.execute("DROP TABLE erased_author")
        which.delete()  # names, campaigns, and whatever other rooms hang on a brand
        audit.log(user, "deleted", kind="brand", object_id=number, name=name, conversations=gone)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify('octavo_changed', %s)", [f'{{"brand":{number},"new":0}}'])
    return gone


def ask(user: User, which: Brand) -> bool:
    """Have a brand taken out bite by bite; false where that was asked before. Whoever calls this puts `JOB` in the queue."""
    with transaction.atomic():
        _erasure, is_new = BrandErasure.objects.get_or_create(
            brand=which, defaults={"asked_by": user, "total": max(size(which), 1)}
        )
        if is_new:
            audit.log(user, "asked to delete", kind="brand", object_id=which.pk, name=which.name)
    return is_new


def bite_by_bite(number: int) -> Iterator[BrandErasure]:
    """Take out the brand with this number, for which `ask` was called; its state after each bite. Broken off, it goes on
    with what is left when called again."""
    erasure = BrandErasure.objects.select_related("brand", "asked_by").filter(pk=number).first()
    if erasure is None:
        return
    last = 0
    while bitten := _bite(erasure.brand, after=last):
        last = bitten
        erasure.refresh_from_db(fields=["gone"])
        yield erasure
    brand(erasure.asked_by, erasure.brand)


def _bite(which: Brand, *, after: int) -> int:
    """Take out the next conversations by number; the last of them, zero where there were none."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM conversations_conversation WHERE brand_id = %s AND id > %s ORDER BY id LIMIT %s FOR UPDATE",
            [which.pk, after, AT_ONCE],
        )
        numbers = [row[0] for row in cursor.fetchall()]
        if not numbers:
            return 0
        cursor.execute(
            "SELECT id, channel, external_id FROM conversations_mention WHERE conversation_id = ANY(%s)", [numbers]
        )
        found = cursor.fetchall()
        asked: dict[str, Any] = {
            "brand": which.pk,
            "numbers": numbers,
            "mentions": [mention for mention, _channel, _id in found],
            "keys": [str(threads.post_label(which.pk, channel, external)) for _mention, channel, external in found],
        }
        for step in _BITE:
            cursor.execute(step, asked)
        BrandErasure.objects.filter(pk=which.pk).update(gone=F("gone") + len(numbers))
        cursor.execute("SELECT pg_notify('octavo_changed', %s)", [f'{{"brand":{which.pk},"new":0}}'])
    return int(numbers[-1])
