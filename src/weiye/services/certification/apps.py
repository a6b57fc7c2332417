from django.apps import AppConfig


class CertificationConfig(AppConfig):
    name = "weiye.services.certification"
    label = "certification"
