from django.apps import AppConfig


class DispatchConfig(AppConfig):
    name = "octavo.dispatch"
    label = "dispatch"
