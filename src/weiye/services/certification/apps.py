from typing import Any

from django.apps import AppConfig


class CertificationConfig(AppConfig):
    name = "weiye.services.certification"
    label = "certification"

    def ready(self) -> None:
        from weiye.registers.people.transfers.moving import people_moved

        people_moved.connect(_moved, dispatch_uid="certification.follow")


def _moved(sender: Any, **moved: Any) -> None:
    from .moving import follow

    moved.pop("signal", None)
    follow(**moved)
