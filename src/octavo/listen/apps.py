from django.apps import AppConfig


class ListenConfig(AppConfig):
    name = "octavo.listen"
    label = "listen"
