from django.apps import AppConfig


class DemonstrationConfig(AppConfig):
    name = "weiye.services.demonstration"
    label = "demonstration"
