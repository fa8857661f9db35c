"""What kinds of harm a message names, and whether its reading abstained."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("conversations", "0004_learning")]

    operations = [
        migrations.RunSQL(
            """
            ALTER TABLE conversations_mention
                ADD COLUMN harm integer NOT NULL DEFAULT 0 CHECK (harm BETWEEN 0 AND 4095),
                ADD COLUMN abstained boolean NOT NULL DEFAULT false
            """,
            "ALTER TABLE conversations_mention DROP COLUMN harm, DROP COLUMN abstained",
            state_operations=[
                migrations.AddField("mention", "harm", models.IntegerField(default=0)),
                migrations.AddField("mention", "abstained", models.BooleanField(default=False)),
            ],
        )
    ]
