from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "weiye.registers.people"
    label = "people"
