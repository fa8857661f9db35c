"""Which of the ways of reading this installation uses."""

from __future__ import annotations

from django.conf import settings

from octavo.understand import Tier, within_reach


def best() -> Tier:
    """The tier that has the last word here: as the settings say, or the best one below that this machine can have."""
    return within_reach(Tier(settings.OCTAVO_OPTIONS.worker_tier))
