from django.apps import AppConfig


class LinkageConfig(AppConfig):
    name = "weiye.services.linkage"
    label = "linkage"

    def ready(self) -> None:
        from weiye.services.exchange.links import use

        from .actions import keep_doubts, resolve

        use(resolve, keep_doubts)
