from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "weiye.base.files"
    label = "files"
