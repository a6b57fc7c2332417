from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ScopeConfig(AppConfig):
    name = "weiye.base.scope"
    label = "scope"

    def ready(self) -> None:
        from . import leakproof  # noqa: F401 (registers the lookup)
        from .policies import after_migrate

        # Signals of all apps are sent after the last migration, so every table exists by then.
        post_migrate.connect(after_migrate, sender=self)
