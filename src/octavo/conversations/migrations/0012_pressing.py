"""The order in which conversations need a person: within one urgency, a sure crisis before a doubtful one."""

import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0011_about_us"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="conversation",
            name="conversation_urgent",
        ),
        migrations.RemoveIndex(
            model_name="conversation",
            name="conversation_door",
        ),
        migrations.AddField(
            model_name="conversation",
            name="pressing",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.expressions.CombinedExpression(
                    django.db.models.expressions.CombinedExpression(models.F("urgency"), "*", models.Value(4)),
                    "+",
                    models.Case(
                        models.When(register="crisis", register_score__gte=700, then=3),
                        models.When(register="crisis", register_score__gte=450, then=2),
                        models.When(
                            models.Q(
                                ("register", "crisis"),
                                models.Q(("register__in", ["problem", "complaint"]), ("register_score__gte", 700)),
                                _connector="OR",
                            ),
                            then=1,
                        ),
                        default=0,
                    ),
                ),
                output_field=models.SmallIntegerField(),
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("status__in", ("open", "pending"))),
                fields=["-pressing", "-last_at", "-id"],
                name="conversation_urgent",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("status__in", ("open", "pending"))),
                fields=["register", "-pressing", "-last_at", "-id"],
                name="conversation_door",
            ),
        ),
    ]
