"""SavedView: a filter of the inbox under a name."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from octavo.kit import clock


class SavedView(models.Model):
    """`query` is the query string of the inbox it opens. Shared views are everybody's, others their owner's."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=1000)
    shared = models.BooleanField(_("for everybody"), default=False)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint("owner", "name", name="saved_view_once")]

    def __str__(self) -> str:
        return self.name
