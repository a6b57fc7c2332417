from django.apps import AppConfig


class ResidentConfig(AppConfig):
    name = "weiye.desks.resident"
    label = "resident"
