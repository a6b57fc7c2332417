from django.apps import AppConfig


class DraftsConfig(AppConfig):
    name = "weiye.base.drafts"
    label = "drafts"
