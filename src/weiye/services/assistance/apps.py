from typing import Any

from django.apps import AppConfig


class AssistanceConfig(AppConfig):
    name = "weiye.services.assistance"
    label = "assistance"

    def ready(self) -> None:
        from weiye.registers.people.merging.actions import (
            people_merged,
            people_merging,
            people_unmerged,
        )
        from weiye.registers.people.transfers.moving import people_moved

        from . import changed

        changed.connect()
        people_moved.connect(_moved, dispatch_uid="assistance.take_over")
        people_merging.connect(_merging, dispatch_uid="assistance.one_file")
        people_merged.connect(_merged, dispatch_uid="assistance.look_again")
        people_unmerged.connect(_unmerged, dispatch_uid="assistance.two_files")


def _moved(sender: Any, **moved: Any) -> None:
    from .actions.moving import take_over

    moved.pop("signal", None)
    take_over(**moved)


def _merging(sender: Any, **told: Any) -> None:
    from .actions.merging import one_file

    one_file(kept=told["kept"], gone=told["gone"], note=told["note"])


def _merged(sender: Any, **told: Any) -> None:
    from .actions.merging import look_again

    look_again(people=[told["kept"]], household=told["household"])


def _unmerged(sender: Any, **told: Any) -> None:
    from .actions.merging import look_again, two_files

    two_files(kept=told["kept"], gone=told["gone"], note=told["note"])
    look_again(people=[told["kept"], told["gone"]])
