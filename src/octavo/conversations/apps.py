from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "octavo.conversations"
    label = "conversations"
