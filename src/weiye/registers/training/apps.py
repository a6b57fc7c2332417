from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "weiye.registers.training"
    label = "training"
