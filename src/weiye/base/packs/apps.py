from django.apps import AppConfig


class PacksConfig(AppConfig):
    name = "weiye.base.packs"
    label = "packs"
