"""Reading that leaves a trace: a case says as much of a person as their page does."""

from weiye.base.audit.actions import record
from weiye.base.scope.actor import Actor

from ..models import Case


def log_read(*, actor: Actor, case: Case, sheet: str = "") -> None:
    """A case was opened, or one of its papers was printed or taken along."""
    record(
        actor=actor,
        verb="certification.print" if sheet else "certification.read",
        path=case.unit_path,
        thing=case,
        detail={"sheet": sheet} if sheet else {},
    )
