from django.apps import AppConfig


class ResidentConfig(AppConfig):
    name = "weiye.desks.resident"
    label = "resident"

    def ready(self) -> None:
        from django.urls import reverse

        from weiye.base.scope.actor import Actor

        from ..components.desks import Desk, open_desk

        def home(actor: Actor) -> str:
            return reverse("resident:mine") if actor.can("mine.read") else ""

        open_desk(Desk("resident", "我的", "id-badge-2", home))
