"""Addresses of alerts, rules and hooks."""

from __future__ import annotations

from django.urls import path

from octavo.alert import telling_views, views, watch_views

urlpatterns = [
    path("alerts/", views.alerts_page, name="alerts"),
    path("alerts/undo/", views.undo_decision, name="alert-undo"),
    path("alerts/undo/line/", watch_views.line_back, name="alert-line-undo"),
    path("alerts/told/", telling_views.told_page, name="alert-told"),
    path("alerts/told/mail/", telling_views.mail_wish, name="alert-mail"),
    path("alerts/told/sound/", telling_views.sound_wish, name="alert-sound"),
    path("alerts/told/quiet/", telling_views.quiet_set, name="alert-quiet"),
    path("alerts/told/quiet/end/", telling_views.quiet_end, name="alert-quiet-end"),
    path("alerts/record/", views.honesty_page, name="alert-record"),
    path("alerts/told/devices/", telling_views.device_add, name="alert-device-add"),
    path("alerts/told/devices/<int:number>/<slug:action>/", telling_views.device_act, name="alert-device-act"),
    path("push-worker.js", telling_views.push_worker, name="push-worker"),
    path("alerts/watch/", watch_views.watch_page, name="alert-watch"),
    path("alerts/watch/<slug:slug>/", watch_views.watch_page, name="alert-watch-of"),
    path("alerts/watch/<slug:slug>/shifts/", watch_views.shift_add, name="alert-shift-add"),
    path("alerts/watch/<slug:slug>/handovers/", watch_views.handover_add, name="alert-handover-add"),
    path("alerts/watch/<slug:slug>/zone/", watch_views.watch_zone, name="alert-watch-zone"),
    path("alerts/watch/<slug:slug>/passing/", watch_views.passing_set, name="alert-passing"),
    path("alerts/shifts/<int:number>/remove/", watch_views.shift_remove, name="alert-shift-remove"),
    path("alerts/handovers/<int:number>/remove/", watch_views.handover_remove, name="alert-handover-remove"),
    path("alerts/rules/", views.rules_page, name="alert-rules"),
    path("alerts/rules/<int:number>/change/", views.rule_change, name="alert-rule-change"),
    path("alerts/rules/<int:number>/try/", views.rule_try, name="alert-rule-try"),
    path("alerts/rules/<int:number>/unlearn/", views.rule_unlearn, name="alert-rule-unlearn"),
    path("alerts/rules/<slug:slug>/", views.rules_page, name="alert-rules-of"),
    path("alerts/rules/<slug:slug>/hooks/", views.hook_add, name="alert-hook-add"),
    path("alerts/hooks/<int:number>/<slug:action>/", views.hook_act, name="alert-hook-act"),
    path("alerts/deliveries/<int:number>/again/", views.delivery_again, name="alert-delivery-again"),
    path("alerts/<int:number>/", views.alert_page, name="alert"),
    path("alerts/<int:number>/<slug:action>/", views.alert_act, name="alert-act"),
]
