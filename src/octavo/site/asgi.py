"""The web application as an ASGI server runs it."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "octavo.site.settings")

from django.core.asgi import get_asgi_application

from octavo.channels.webhook import MAX_BODY
from octavo.site.limits import BodyLimit

application = BodyLimit(get_asgi_application(), {"/hooks/": MAX_BODY})
