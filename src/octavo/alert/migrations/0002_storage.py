"""What the schema editor cannot say: an alert's history is append-only, and goes only with the alert itself."""

from django.db import migrations

HISTORY = """
ALTER TABLE alert_alertevent ADD CONSTRAINT alert_event_of_alert
    FOREIGN KEY (alert_id) REFERENCES alert_alert (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;

CREATE FUNCTION octavo_alert_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT FROM alert_alert WHERE id = OLD.alert_id) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the history of an alert is append-only';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON alert_alertevent
    FOR EACH ROW EXECUTE FUNCTION octavo_alert_history();
"""
UNDO = """
DROP FUNCTION octavo_alert_history CASCADE;
ALTER TABLE alert_alertevent DROP CONSTRAINT alert_event_of_alert;
"""


class Migration(migrations.Migration):
    dependencies = [("alert", "0001_initial"), ("conversations", "0003_storage")]
    operations = [migrations.RunSQL(HISTORY, UNDO)]
