"""Nobody looks a row of counts up by its number: rows of one bin add up, and `counts.compact` joins them."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("alert", "0004_watch")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE alert_count DROP CONSTRAINT alert_count_pkey", "ALTER TABLE alert_count ADD PRIMARY KEY (id)"
        )
    ]
