from django.apps import AppConfig


class IntegrityConfig(AppConfig):
    name = "weiye.base.integrity"
    label = "integrity"
