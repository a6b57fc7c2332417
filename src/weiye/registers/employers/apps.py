from django.apps import AppConfig


class EmployersConfig(AppConfig):
    name = "weiye.registers.employers"
    label = "employers"
