from django.apps import AppConfig


class AlertConfig(AppConfig):
    name = "octavo.alert"
    label = "alert"
