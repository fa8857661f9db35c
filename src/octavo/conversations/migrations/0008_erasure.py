import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import octavo.kit.clock


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0007_hours"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BrandErasure",
            fields=[
                (
                    "brand",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="erasure",
                        serialize=False,
                        to="conversations.brand",
                    ),
                ),
                ("asked_at", models.DateTimeField(default=octavo.kit.clock.now)),
                ("total", models.PositiveIntegerField()),
                ("gone", models.PositiveIntegerField(default=0)),
                (
                    "asked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ErasedAuthor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("author", models.BigIntegerField()),
                (
                    "erasure",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="authors",
                        to="conversations.branderasure",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("erasure", "author"), name="erased_author_once")]
            },
        ),
    ]
