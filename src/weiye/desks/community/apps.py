from django.apps import AppConfig


class CommunityConfig(AppConfig):
    name = "weiye.desks.community"
    label = "community"
