from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "weiye.base.runs"
    label = "runs"
