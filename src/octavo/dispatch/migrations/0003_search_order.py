"""What a search finds comes newest first where nothing else is said: saved views go on in the order they were saved in."""

from typing import Any

from django.db import migrations


def say_the_order(apps: Any, _: Any) -> None:
    for view in apps.get_model("dispatch", "SavedView").objects.all():
        fields = [part.partition("=")[0] for part in view.query.split("&")]
        if "q" not in fields or "tab=snoozed" in view.query or "tab=done" in view.query:
            continue
        if "sort" not in fields:
            view.query += "&sort=urgent"
        elif view.query.endswith("&sort=newest"):
            view.query = view.query.removesuffix("&sort=newest")
        view.save(update_fields=["query"])


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0002_initial")]
    operations = [migrations.RunPython(say_the_order, migrations.RunPython.noop)]
