from typing import Any

from django.apps import AppConfig


class CertificationConfig(AppConfig):
    name = "weiye.services.certification"
    label = "certification"

    def ready(self) -> None:
        from weiye.registers.people.merging.actions import (
            people_merged,
            people_merging,
            people_unmerged,
        )
        from weiye.registers.people.transfers.moving import people_moved

        people_moved.connect(_moved, dispatch_uid="certification.follow")
        people_merging.connect(_merging, dispatch_uid="certification.one_alone")
        people_merged.connect(_merged, dispatch_uid="certification.follow_merged")
        people_unmerged.connect(_merged, dispatch_uid="certification.follow_unmerged")


def _moved(sender: Any, **moved: Any) -> None:
    from .moving import follow

    moved.pop("signal", None)
    follow(**moved)


def _merging(sender: Any, **told: Any) -> None:
    from .moving import one_alone

    one_alone((told["kept"], told["gone"]))


def _merged(sender: Any, **told: Any) -> None:
    from .moving import settle

    settle((told["kept"], told["gone"]))
