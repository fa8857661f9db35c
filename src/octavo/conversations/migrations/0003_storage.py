"""What the schema editor cannot say: the partitioned table of mentions, full-text search, the triggers of the tallies."""

from django.db import migrations

# The dictionary follows the language of the message. Text with accents is indexed a second time without them, so that
# people who search without accents find it too. Declared immutable: the dictionaries named here are built in.
SEARCH = r"""
CREATE FUNCTION octavo_fold(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT RETURN
    translate($1, 'àáâãäåçèéêëìíîïñòóôõöùúûüýÿÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝ',
                  'aaaaaaceeeeiiiinooooouuuuyyAAAAAACEEEEIIIINOOOOOUUUUY');

CREATE FUNCTION octavo_dictionary(language text) RETURNS regconfig LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE language
        WHEN 'en' THEN 'pg_catalog.english'::regconfig WHEN 'fr' THEN 'pg_catalog.french'::regconfig
        WHEN 'it' THEN 'pg_catalog.italian'::regconfig WHEN 'es' THEN 'pg_catalog.spanish'::regconfig
        WHEN 'de' THEN 'pg_catalog.german'::regconfig WHEN 'pt' THEN 'pg_catalog.portuguese'::regconfig
        WHEN 'nl' THEN 'pg_catalog.dutch'::regconfig ELSE 'pg_catalog.simple'::regconfig
    END;

-- Links are left out: each would be three words that nobody searches for and that no other message shares.
-- A text is searchable by its first 100,000 characters; a tsvector may hold no more than a megabyte.
CREATE FUNCTION octavo_search(language text, subject text, body text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    dictionary CONSTANT regconfig := octavo_dictionary(language);
    words text := left(body, 100000);
BEGIN
    IF subject <> '' THEN
        words := subject || ' ' || words;
    END IF;
    IF position('://' IN words) > 0 THEN
        words := regexp_replace(words, '\w+://\S+', ' ', 'g');
    END IF;
    IF words ~ '[À-ÿ]' THEN
        RETURN to_tsvector(dictionary, words) || to_tsvector(dictionary, octavo_fold(words));
    END IF;
    RETURN to_tsvector(dictionary, words);
END $$;
"""

# A foreign key is checked row by row and would cost a fifth of recording. The one to the conversation is kept; the brand is
# the conversation's, and authors are let go of by a trigger.
MENTION = """
CREATE TABLE conversations_mention (
    id bigint NOT NULL,
    published_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    brand_id bigint NOT NULL,
    conversation_id bigint NOT NULL REFERENCES conversations_conversation (id) ON DELETE CASCADE,
    author_id bigint,
    origin bigint,
    channel varchar(40) NOT NULL,
    external_id varchar(500) NOT NULL,
    subject varchar(300) NOT NULL DEFAULT '',
    text text NOT NULL,
    url varchar(2000) NOT NULL DEFAULT '',
    parent jsonb,
    reach bigint NOT NULL DEFAULT 0 CHECK (reach >= 0),
    own boolean NOT NULL DEFAULT false,
    edited_at timestamptz,
    deleted_at timestamptz,
    language varchar(3) NOT NULL,
    relevant boolean NOT NULL,
    relevance smallint NOT NULL CHECK (relevance BETWEEN 0 AND 1000),
    register varchar(15) NOT NULL CHECK (register IN
        ('complaint', 'problem', 'question', 'idea', 'opportunity', 'compliment', 'crisis', 'campaign_echo', 'none')),
    assigned varchar(15)[] NOT NULL DEFAULT '{}',
    runner_up varchar(15) NOT NULL,
    registers smallint[] NOT NULL CHECK (cardinality(registers) = 8),
    sentiment varchar(10) NOT NULL CHECK (sentiment IN ('negative', 'neutral', 'positive', 'mixed')),
    sentiment_score smallint NOT NULL CHECK (sentiment_score BETWEEN 0 AND 1000),
    urgency smallint NOT NULL CHECK (urgency BETWEEN 0 AND 3),
    campaign varchar(120) NOT NULL DEFAULT '',
    evidence integer[] NOT NULL DEFAULT '{}',
    model varchar(40) NOT NULL,
    corrected varchar(15)[] NOT NULL DEFAULT '{}',
    search tsvector GENERATED ALWAYS AS (octavo_search(language, subject, text)) STORED,
    PRIMARY KEY (id, published_at),
    CHECK ((register = 'none') = (cardinality(assigned) = 0))
) PARTITION BY RANGE (published_at);

-- Before 2000 there is one partition; the months after it are made when their first message comes (`partitions`).
CREATE TABLE conversations_mention_before_2000 PARTITION OF conversations_mention FOR VALUES FROM (MINVALUE) TO ('2000-01-01');

CREATE INDEX mention_conversation ON conversations_mention (conversation_id);
CREATE INDEX mention_author ON conversations_mention (author_id, published_at DESC) WHERE author_id IS NOT NULL;
CREATE INDEX mention_search ON conversations_mention USING gin (search) WITH (fastupdate = on, gin_pending_list_limit = 8192);

CREATE SEQUENCE conversations_mention_number AS bigint;

CREATE FUNCTION octavo_let_go_of_authors() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE conversations_mention SET author_id = NULL WHERE author_id IN (SELECT id FROM was);
    RETURN NULL;
END $$;
CREATE TRIGGER let_go AFTER DELETE ON conversations_author
    REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION octavo_let_go_of_authors();
"""

TALLIES = """
CREATE FUNCTION octavo_tally_conversations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP IN ('UPDATE', 'DELETE') THEN
        INSERT INTO conversations_conversationtally
            (brand_id, status, register, language, sentiment, urgency, channel, relevant, assignee, n)
        SELECT brand_id, status, register, language, sentiment, urgency, channel, relevant, assignee_id, -count(*)
        FROM was GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9;
    END IF;
    IF TG_OP IN ('UPDATE', 'INSERT') THEN
        INSERT INTO conversations_conversationtally
            (brand_id, status, register, language, sentiment, urgency, channel, relevant, assignee, n)
        SELECT brand_id, status, register, language, sentiment, urgency, channel, relevant, assignee_id, count(*)
        FROM becomes GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tally_insert AFTER INSERT ON conversations_conversation
    REFERENCING NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION octavo_tally_conversations();
CREATE TRIGGER tally_update AFTER UPDATE ON conversations_conversation
    REFERENCING OLD TABLE AS was NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION octavo_tally_conversations();
CREATE TRIGGER tally_delete AFTER DELETE ON conversations_conversation
    REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION octavo_tally_conversations();

-- Messages of the brand itself, deleted ones and those about something else are not counted.
CREATE FUNCTION octavo_tally_mentions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP IN ('UPDATE', 'DELETE') THEN
        INSERT INTO conversations_mentiontally (brand_id, hour, register, sentiment, n)
        SELECT brand_id, date_trunc('hour', published_at, 'UTC'), register, sentiment, -count(*)
        FROM was WHERE relevant AND NOT own AND deleted_at IS NULL GROUP BY 1, 2, 3, 4;
    END IF;
    IF TG_OP IN ('UPDATE', 'INSERT') THEN
        INSERT INTO conversations_mentiontally (brand_id, hour, register, sentiment, n)
        SELECT brand_id, date_trunc('hour', published_at, 'UTC'), register, sentiment, count(*)
        FROM becomes WHERE relevant AND NOT own AND deleted_at IS NULL GROUP BY 1, 2, 3, 4;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tally_insert AFTER INSERT ON conversations_mention
    REFERENCING NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION octavo_tally_mentions();
CREATE TRIGGER tally_update AFTER UPDATE ON conversations_mention
    REFERENCING OLD TABLE AS was NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION octavo_tally_mentions();
CREATE TRIGGER tally_delete AFTER DELETE ON conversations_mention
    REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION octavo_tally_mentions();
"""


class Migration(migrations.Migration):
    dependencies = [("conversations", "0002_initial")]

    operations = [
        migrations.RunSQL(SEARCH, "DROP FUNCTION octavo_search; DROP FUNCTION octavo_dictionary; DROP FUNCTION octavo_fold;"),
        migrations.RunSQL(MENTION, "DROP FUNCTION octavo_let_go_of_authors CASCADE; DROP TABLE conversations_mention; DROP SEQUENCE conversations_mention_number;"),
        migrations.RunSQL(
            TALLIES,
            "DROP FUNCTION octavo_tally_conversations CASCADE; DROP FUNCTION octavo_tally_mentions CASCADE;",
        ),
    ]
