"""Stories: messages about the same thing; their history is append-only, and goes only with the story itself."""

import django.db.models.deletion
import octavo.kit.clock
from django.db import migrations, models


HISTORY = """
ALTER TABLE conversations_storyevent ADD CONSTRAINT story_event_of_story
    FOREIGN KEY (story_id) REFERENCES conversations_story (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;

CREATE FUNCTION octavo_story_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT FROM conversations_story WHERE id = OLD.story_id) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the history of a story is append-only';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON conversations_storyevent
    FOR EACH ROW EXECUTE FUNCTION octavo_story_history();
"""
# Vectors are numbers in half precision that nothing compresses: trying costs time and gains nothing.
PLAIN = "ALTER TABLE conversations_story ALTER COLUMN centre SET STORAGE PLAIN"

# As in 0003, and in stories too.
AUTHORS = """
CREATE OR REPLACE FUNCTION octavo_let_go_of_authors() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE conversations_mention SET author_id = NULL WHERE author_id IN (SELECT id FROM was);
    UPDATE conversations_conversation SET author_id = NULL WHERE author_id IN (SELECT id FROM was);
    UPDATE conversations_storymention SET author = NULL WHERE author IN (SELECT id FROM was);
    RETURN NULL;
END $$;
"""
AUTHORS_BEFORE = """
CREATE OR REPLACE FUNCTION octavo_let_go_of_authors() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE conversations_mention SET author_id = NULL WHERE author_id IN (SELECT id FROM was);
    UPDATE conversations_conversation SET author_id = NULL WHERE author_id IN (SELECT id FROM was);
    RETURN NULL;
END $$;
"""
UNDO = """
DROP FUNCTION octavo_story_history CASCADE;
ALTER TABLE conversations_storyevent DROP CONSTRAINT story_event_of_story;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('conversations', '0008_erasure'),
    ]

    operations = [
        migrations.CreateModel(
            name='Story',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('seed', 'One message'), ('living', 'Living'), ('over', 'Over'), ('merged', 'Merged')], default='seed', max_length=6)),
                ('title', models.CharField(blank=True, max_length=160)),
                ('title_from', models.BigIntegerField(null=True)),
                ('titled_at', models.PositiveIntegerField(default=0)),
                ('first_at', models.DateTimeField()),
                ('last_at', models.DateTimeField()),
                ('messages', models.PositiveIntegerField(default=1)),
                ('authors', models.PositiveIntegerField(default=1)),
                ('texts', models.PositiveIntegerField(default=1)),
                ('negative', models.PositiveIntegerField(default=0)),
                ('reach', models.BigIntegerField(default=0)),
                ('centre', models.BinaryField(null=True)),
                ('weight', models.FloatField(default=1.0)),
                ('touched_at', models.DateTimeField(default=octavo.kit.clock.now)),
                ('looked_at', models.PositiveIntegerField(default=0)),
                ('brand', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='stories', to='conversations.brand')),
                ('merged_into', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='conversations.story')),
            ],
        ),
        migrations.CreateModel(
            name='StoryUsual',
            fields=[
                ('brand', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='conversations.brand')),
                ('mean', models.BinaryField(null=True)),
                ('seen', models.FloatField(default=0.0)),
            ],
        ),
        migrations.CreateModel(
            name='StoryEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=octavo.kit.clock.now)),
                ('action', models.CharField(max_length=20)),
                ('detail', models.JSONField(default=dict)),
                ('story', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='conversations.story')),
            ],
            options={
                'ordering': ['at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='StoryMention',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mention', models.BigIntegerField(unique=True)),
                ('published_at', models.DateTimeField()),
                ('author', models.BigIntegerField(null=True)),
                ('negative', models.BooleanField()),
                ('reach', models.BigIntegerField(default=0)),
                ('text_key', models.BigIntegerField()),
                ('link_key', models.BigIntegerField(null=True)),
                ('brand', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='conversations.brand')),
                ('story', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='members', to='conversations.story')),
            ],
        ),
        migrations.AddIndex(
            model_name='story',
            index=models.Index(fields=['brand', 'state', 'last_at'], name='story_of_brand'),
        ),
        migrations.AddIndex(
            model_name='story',
            index=models.Index(fields=['state', 'touched_at'], name='story_touched'),
        ),
        migrations.AddConstraint(
            model_name='story',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['seed', 'living', 'over', 'merged'])), name='story_state'),
        ),
        migrations.AddConstraint(
            model_name='story',
            constraint=models.CheckConstraint(condition=models.Q(('last_at__gte', models.F('first_at'))), name='story_last_after_first'),
        ),
        migrations.AddConstraint(
            model_name='story',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('merged_into__isnull', False), ('state', 'merged')), models.Q(models.Q(('state', 'merged'), _negated=True), ('merged_into', None)), _connector='OR'), name='story_merged_into'),
        ),
        migrations.AddIndex(
            model_name='storymention',
            index=models.Index(fields=['story', 'published_at', 'mention'], name='story_mentions'),
        ),
        migrations.AddIndex(
            model_name='storymention',
            index=models.Index(fields=['brand', 'text_key'], name='story_text_key'),
        ),
        migrations.AddIndex(
            model_name='storymention',
            index=models.Index(condition=models.Q(('link_key__isnull', False)), fields=['brand', 'link_key'], name='story_link_key'),
        ),
        migrations.RunSQL(HISTORY, UNDO),
        migrations.RunSQL(PLAIN, migrations.RunSQL.noop),
        migrations.RunSQL(AUTHORS, AUTHORS_BEFORE),
    ]
