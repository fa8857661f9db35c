"""Taking a brand out, with everything that came in for it."""

from __future__ import annotations

from django.db import connection, transaction

from octavo.conversations.models import Brand, ConversationTally
from octavo.people import audit
from octavo.people.models import User

# In this order nothing is left to look up for what goes next. Set by set in the database, because a brand can hold
# millions of rows, and going through them in Python would take hours.
_STEPS = (
    "CREATE TEMP TABLE erased_author ON COMMIT DROP AS SELECT DISTINCT author_id AS id FROM conversations_mention "
    "WHERE brand_id = %s AND author_id IS NOT NULL",
    "DELETE FROM conversations_postkey k USING conversations_mention m WHERE m.brand_id = %s AND k.mention = m.id",
    "DELETE FROM conversations_mentionversion v USING conversations_mention m "
    "WHERE m.brand_id = %s AND v.mention = m.id",
    "DELETE FROM conversations_correction WHERE brand_id = %s",
    "DELETE FROM conversations_mention WHERE brand_id = %s",
    "DELETE FROM conversations_note n USING conversations_conversation c "
    "WHERE c.brand_id = %s AND n.conversation_id = c.id",
    "DELETE FROM conversations_threadkey t USING conversations_conversation c "
    "WHERE c.brand_id = %s AND t.conversation_id = c.id",
    "DELETE FROM conversations_mentiontopic t USING conversations_conversation c "
    "WHERE c.brand_id = %s AND t.conversation_id = c.id",
    "DELETE FROM conversations_conversation WHERE brand_id = %s",
    # Last, because the triggers have just written here what was taken away.
    "DELETE FROM conversations_conversationtally WHERE brand_id = %s",
    "DELETE FROM conversations_mentiontally WHERE brand_id = %s",
)
_AUTHORS = (
    "DELETE FROM conversations_author a USING erased_author e WHERE a.id = e.id "
    "AND NOT EXISTS (SELECT FROM conversations_mention m WHERE m.author_id = a.id) "
    "AND NOT EXISTS (SELECT FROM conversations_conversation c WHERE c.author_id = a.id)"
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
        Brand.objects.select_for_update().filter(pk=number).first()
        gone = size(which)
        with connection.cursor() as cursor:
            for step in _STEPS:
                cursor.execute(step, [number])
            cursor.execute(_AUTHORS)
            cursor.execute("DROP TABLE erased_author")
        which.delete()  # names, campaigns, and whatever other rooms hang on a brand
        audit.log(user, "deleted", kind="brand", object_id=number, name=name, conversations=gone)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify('octavo_changed', %s)", [f'{{"brand":{number},"new":0}}'])
    return gone
