from django.apps import AppConfig


class RegionsConfig(AppConfig):
    name = "weiye.base.regions"
    label = "regions"
