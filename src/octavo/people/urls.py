"""Addresses of sign-in, the welcome links and the personal half of the settings."""

from __future__ import annotations

from allauth.account import views as account
from django.urls import path, re_path

from octavo.people import views

urlpatterns = [
    # Of allauth's pages only these: nobody signs up alone, and without outgoing mail no password is reset by e-mail.
    path("sign-in/", account.login, name="account_login"),
    path("sign-out/", account.logout, name="account_logout"),
    path("sign-in/inactive/", account.account_inactive, name="account_inactive"),
    path("sign-in/again/", account.reauthenticate, name="account_reauthenticate"),
    path("settings/password/", account.password_change, name="account_change_password"),
    path("welcome/<str:token>/", views.welcome, name="welcome"),
    path("settings/", views.preferences, name="settings"),
    path("settings/people/", views.people, name="people"),
    path("settings/people/invite/", views.invite, name="people-invite"),
    path("settings/people/invitations/<int:number>/withdraw/", views.withdraw_invitation, name="people-withdraw"),
    path("settings/people/<int:number>/password/", views.offer_password, name="people-password"),
    re_path(
        r"^settings/people/(?P<number>[0-9]{1,18})/(?P<change>deactivate|reactivate|promote|demote)/$",
        views.change_person,
        name="people-change",
    ),
    path("settings/tokens/", views.api_tokens, name="api-tokens"),
    path("settings/tokens/<int:number>/revoke/", views.revoke_token, name="api-token-revoke"),
]
