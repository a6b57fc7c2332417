from django.apps import AppConfig


class CommunityDeskConfig(AppConfig):
    name = "weiye.desks.community"
    label = "community_desk"
