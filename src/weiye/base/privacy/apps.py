from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class PrivacyConfig(AppConfig):
    name = "weiye.base.privacy"
    label = "privacy"

    def ready(self) -> None:
        # Each app says in its `privacy` module what is to be anonymised, deleted or kept, and what
        # follows when a key is replaced.
        autodiscover_modules("privacy")
