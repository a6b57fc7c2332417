from typing import Any

from django.apps import AppConfig


class LinkageConfig(AppConfig):
    name = "weiye.services.linkage"
    label = "linkage"

    def ready(self) -> None:
        from weiye.registers.people.merging.actions import people_merged, people_unmerged
        from weiye.registers.people.transfers.moving import people_moved
        from weiye.services.exchange.links import use

        from .actions import keep_doubts, resolve

        use(resolve, keep_doubts)
        people_moved.connect(_moved, dispatch_uid="linkage.follow")
        people_merged.connect(_merged, dispatch_uid="linkage.follow_merged")
        people_unmerged.connect(_unmerged, dispatch_uid="linkage.follow_unmerged")


def _moved(sender: Any, **moved: Any) -> None:
    from .actions import follow

    follow(moved["person_ids"])


def _merged(sender: Any, **told: Any) -> None:
    from .actions import follow

    follow((told["kept"], told["gone"]))


def _unmerged(sender: Any, **told: Any) -> None:
    from .actions import follow, taken_back

    taken_back(told["kept"], told["gone"])
    follow((told["kept"], told["gone"]))
