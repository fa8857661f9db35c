from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0002_append_only'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='alert_sound',
            field=models.BooleanField(default=False, verbose_name='a tone when an alert rings'),
        ),
    ]
