"""What several web processes count together: requests of a token, and sign-ins that failed.

Unlogged: a count costs no write-ahead log, and what is lost when PostgreSQL crashes is a few minutes of counting.
"""

import django.db.models.deletion
from django.db import migrations, models

# As Django's database cache wants it (createcachetable).
SIGN_INS = """
CREATE UNLOGGED TABLE people_signin_count (
    cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL
);
CREATE INDEX people_signin_count_expires ON people_signin_count (expires);
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0002_append_only")]

    operations = [
        migrations.CreateModel(
            name="TokenWindow",
            fields=[
                (
                    "token",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="people.apitoken",
                    ),
                ),
                ("ends_at", models.DateTimeField()),
                ("used", models.PositiveIntegerField()),
            ],
        ),
        migrations.RunSQL(
            "ALTER TABLE people_tokenwindow SET UNLOGGED", "ALTER TABLE people_tokenwindow SET LOGGED"
        ),
        migrations.RunSQL(SIGN_INS, "DROP TABLE people_signin_count"),
    ]
