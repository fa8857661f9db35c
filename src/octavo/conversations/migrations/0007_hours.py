"""A tally of all messages by hour, brand and sentiment aside, for the home page; and its sister readable by brand."""

from django.db import migrations, models

# A trigger of its own beside that of the mentions' tally: each can be changed without the other.
HOURS = """
CREATE FUNCTION octavo_tally_hours() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP IN ('UPDATE', 'DELETE') THEN
        INSERT INTO conversations_hourtally (hour, register, n)
        SELECT date_trunc('hour', published_at, 'UTC'), register, -count(*)
        FROM was WHERE relevant AND NOT own AND deleted_at IS NULL GROUP BY 1, 2;
    END IF;
    IF TG_OP IN ('UPDATE', 'INSERT') THEN
        INSERT INTO conversations_hourtally (hour, register, n)
        SELECT date_trunc('hour', published_at, 'UTC'), register, count(*)
        FROM becomes WHERE relevant AND NOT own AND deleted_at IS NULL GROUP BY 1, 2;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER hours_insert AFTER INSERT ON conversations_mention
    REFERENCING NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION octavo_tally_hours();
CREATE TRIGGER hours_update AFTER UPDATE ON conversations_mention
    REFERENCING OLD TABLE AS was NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION octavo_tally_hours();
CREATE TRIGGER hours_delete AFTER DELETE ON conversations_mention
    REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION octavo_tally_hours();
INSERT INTO conversations_hourtally (hour, register, n)
    SELECT hour, register, sum(n) FROM conversations_mentiontally GROUP BY 1, 2 HAVING sum(n) <> 0;
"""


class Migration(migrations.Migration):
    dependencies = [("conversations", "0006_bulk_checks")]

    operations = [
        migrations.CreateModel(
            name="HourTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hour", models.DateTimeField()),
                ("register", models.CharField(max_length=15)),
                ("n", models.BigIntegerField()),
            ],
            options={"indexes": [models.Index(fields=["hour"], name="hour_tally_hour")]},
        ),
        migrations.RunSQL(HOURS, "DROP FUNCTION octavo_tally_hours CASCADE;"),
        migrations.RemoveIndex(model_name="mentiontally", name="mention_tally_hour"),
        migrations.AddIndex(
            model_name="mentiontally", index=models.Index(fields=["brand", "hour"], name="mention_tally_brand_hour")
        ),
    ]
