from django.apps import AppConfig


class ComponentsConfig(AppConfig):
    name = "weiye.desks.components"
    label = "components"
