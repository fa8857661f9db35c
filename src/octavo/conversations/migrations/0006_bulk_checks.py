"""What belongs to a message is checked for a whole statement at once.

A foreign key is checked row by row; those of messages and conversations took a seventh of what PostgreSQL does for a message
that comes in. The triggers here give the same promises: what is referred to is there and is held until the transaction ends,
and what hangs on something goes with it.
"""

import django.db.models.deletion
from django.db import migrations, models

# A new message mostly begins a conversation, which bears its number and was written by the same transaction a moment before:
# nobody else can see it, let alone remove it, so only older ones are held. The settings keep each look-up on the primary key
# whatever size the planner knew the table by when the session made its plan.
CHECKS = """
CREATE FUNCTION octavo_check_conversations() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    PERFORM FROM conversations_conversation
        WHERE id IN (SELECT conversation_id FROM becomes WHERE conversation_id <> id) FOR KEY SHARE;
    IF EXISTS (SELECT FROM becomes AS m WHERE NOT EXISTS (
        SELECT FROM conversations_conversation AS c WHERE c.id = m.conversation_id)) THEN
        RAISE foreign_key_violation USING MESSAGE = 'a message refers to a conversation that is not there';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER check_insert AFTER INSERT ON conversations_mention
    REFERENCING NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION octavo_check_conversations();
CREATE TRIGGER check_update AFTER UPDATE ON conversations_mention
    REFERENCING NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION octavo_check_conversations();

CREATE FUNCTION octavo_take_messages_along() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM conversations_mention WHERE conversation_id IN (SELECT id FROM was);
    RETURN NULL;
END $$;
CREATE TRIGGER take_along AFTER DELETE ON conversations_conversation
    REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION octavo_take_messages_along();

CREATE FUNCTION octavo_check_brands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM conversations_brand WHERE id IN (SELECT brand_id FROM becomes) FOR KEY SHARE;
    IF EXISTS (SELECT brand_id FROM becomes EXCEPT SELECT id FROM conversations_brand) THEN
        RAISE foreign_key_violation USING MESSAGE = 'a conversation refers to a brand that is not there';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER check_insert AFTER INSERT ON conversations_conversation
    REFERENCING NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION octavo_check_brands();

-- The recorder holds the authors it writes down (`record`); whoever is removed is let go of here.
CREATE OR REPLACE FUNCTION octavo_let_go_of_authors() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE conversations_mention SET author_id = NULL WHERE author_id IN (SELECT id FROM was);
    UPDATE conversations_conversation SET author_id = NULL WHERE author_id IN (SELECT id FROM was);
    RETURN NULL;
END $$;

-- Few combinations among many rows: counted in a table of hashes, where the planner, who cannot know, would sort them.
ALTER FUNCTION octavo_tally_conversations() SET enable_sort = off;
ALTER FUNCTION octavo_tally_mentions() SET enable_sort = off;

ALTER TABLE conversations_mention DROP CONSTRAINT conversations_mention_conversation_id_fkey;

-- Nobody looks a row of a tally up by its number: rows add up, and `tally.compact` joins them.
ALTER TABLE conversations_conversationtally DROP CONSTRAINT conversations_conversationtally_pkey;
ALTER TABLE conversations_mentiontally DROP CONSTRAINT conversations_mentiontally_pkey;
"""
UNDO = """
ALTER TABLE conversations_mentiontally ADD PRIMARY KEY (id);
ALTER TABLE conversations_conversationtally ADD PRIMARY KEY (id);
ALTER TABLE conversations_mention ADD CONSTRAINT conversations_mention_conversation_id_fkey
    FOREIGN KEY (conversation_id) REFERENCES conversations_conversation (id) ON DELETE CASCADE;
ALTER FUNCTION octavo_tally_conversations() RESET enable_sort;
ALTER FUNCTION octavo_tally_mentions() RESET enable_sort;
CREATE OR REPLACE FUNCTION octavo_let_go_of_authors() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE conversations_mention SET author_id = NULL WHERE author_id IN (SELECT id FROM was);
    RETURN NULL;
END $$;
DROP FUNCTION octavo_check_brands CASCADE;
DROP FUNCTION octavo_take_messages_along CASCADE;
DROP FUNCTION octavo_check_conversations CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("conversations", "0005_gravity")]

    operations = [
        migrations.AlterField(
            model_name="conversation",
            name="brand",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="conversations",
                to="conversations.brand",
            ),
        ),
        migrations.AlterField(
            model_name="conversation",
            name="author",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                to="conversations.author",
            ),
        ),
        migrations.RunSQL(CHECKS, UNDO),
    ]
