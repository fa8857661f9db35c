from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "octavo.people"
    label = "people"
