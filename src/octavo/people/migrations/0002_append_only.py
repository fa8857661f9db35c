"""The audit trail is append-only, whoever asks."""

from django.db import migrations

GUARD = """
CREATE FUNCTION octavo_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON people_event
    FOR EACH STATEMENT EXECUTE FUNCTION octavo_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial")]
    operations = [migrations.RunSQL(GUARD, "DROP FUNCTION octavo_append_only CASCADE")]
