from typing import Any

from django.apps import AppConfig


class CertificationConfig(AppConfig):
    name = "weiye.services.certification"
    label = "certification"

    def ready(self) -> None:
        from weiye.registers.people.transfers.moving import people_moved

        people_moved.connect(_moved, dispatch_uid="certification.files_follow")


def _moved(sender: Any, **moved: Any) -> None:
    from .actions.evidence import files_follow

    moved.pop("signal", None)
    files_follow(**moved)
