from django.apps import AppConfig


class AdministrationDeskConfig(AppConfig):
    name = "weiye.desks.administration"
    label = "administration_desk"
