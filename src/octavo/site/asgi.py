"""The web application as an ASGI server runs it."""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "octavo.site.settings")

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.asgi import get_asgi_application
from servestatic import ServeStaticASGI

from octavo.channels.webhook import MAX_BODY
from octavo.site.limits import BodyLimit

STATIC_SECONDS = 24 * 3600
"""How long a browser may keep a static file without asking. Its address changes with every change of ours (`fingerprint`)."""


def _with_static_files(pages: Any) -> ServeStaticASGI:
    """Static files answered before Django, from wherever the finders see them."""
    served = ServeStaticASGI(pages, autorefresh=settings.DEBUG, max_age=STATIC_SECONDS, allow_all_origins=False)
    for finder in finders.get_finders():
        for storage in {storage.location: storage for _, storage in finder.list([])}.values():
            served.add_files(storage.location, prefix=settings.STATIC_URL)
    return served


application = _with_static_files(BodyLimit(get_asgi_application(), {"/hooks/": MAX_BODY}))
"""Bodies that are too large are refused before they are read: Django would first take in the whole."""
