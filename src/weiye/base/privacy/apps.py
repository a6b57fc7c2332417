from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "weiye.base.privacy"
    label = "privacy"
