from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "weiye.base.audit"
    label = "audit"
