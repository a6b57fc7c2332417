from django.apps import AppConfig


class AssistanceConfig(AppConfig):
    name = "weiye.services.assistance"
    label = "assistance"
