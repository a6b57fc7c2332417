from typing import Any

from django.apps import AppConfig


class AssistanceConfig(AppConfig):
    name = "weiye.services.assistance"
    label = "assistance"

    def ready(self) -> None:
        from weiye.registers.people.transfers.moving import people_moved

        from . import changed

        changed.connect()
        people_moved.connect(_moved, dispatch_uid="assistance.take_over")


def _moved(sender: Any, **moved: Any) -> None:
    from .actions.moving import take_over

    moved.pop("signal", None)
    take_over(**moved)
