"""How people come in: nobody signs up by themselves, they are invited.

Guessing passwords is slowed by allauth's rate limits (ACCOUNT_RATE_LIMITS, and its own defaults for the rest). They
count in Django's default cache, a table that all web processes share: a sign-in costs a few queries more, a page none.
"""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.urls import reverse


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("settings")
