"""The accurate tier says what rings, and what names no harm hardly does: a higher bar loses little. Bars that somebody moved stay."""

from typing import Any

from django.db import migrations


def raise_untouched(apps: Any, _: Any) -> None:
    for rule in apps.get_model("alert", "Rule").objects.filter(kind="grave", threshold=750):
        if rule.settings.get("urgent") == 400:
            rule.threshold, rule.settings["urgent"] = 850, 600
            rule.save(update_fields=["threshold", "settings"])


class Migration(migrations.Migration):
    dependencies = [("alert", "0005_counts_without_numbers")]
    operations = [migrations.RunPython(raise_untouched, migrations.RunPython.noop)]
