from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0003_counts'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='alert_sound',
            field=models.BooleanField(default=False, verbose_name='a tone when an alert rings'),
        ),
    ]
