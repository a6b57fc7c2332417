from django.apps import AppConfig


class LinkageConfig(AppConfig):
    name = "weiye.services.linkage"
    label = "linkage"
