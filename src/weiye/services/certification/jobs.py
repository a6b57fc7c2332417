"""Certification in the background: notices that are over, yearly checks that have come."""

from django.utils import timezone
from procrastinate.contrib.django import app

from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.registers.people.transfers.moving import community_of

from .actions import open_checks, refresh_notices, suspend_overdue
from .models import Case, CaseState, PublicNotice

KIND = "certification.nightly"
_WAITS = (CaseState.CERTIFIED, CaseState.CHECK_DUE)


@app.periodic(cron="10 0 * * *")
@app.task(name=KIND, queue="default", queueing_lock=KIND, retry=3)
def nightly(timestamp: int) -> None:
    """Community by community, each a transaction of its own: what a kill breaks off is done by the
    next night's run, and nothing twice."""
    day = timezone.localdate()
    with fence(system()):
        waiting = Case.objects.filter(state__in=_WAITS).order_by()
        paths = {
            *waiting.values_list("unit_path", flat=True).distinct(),
            *PublicNotice.objects.order_by().values_list("unit_path", flat=True).distinct(),
        }
    for community in sorted({community_of(path) for path in paths}):
        actor = system(community)
        with fence(actor):
            refresh_notices(actor=actor, on=day)
            suspend_overdue(actor=actor, on=day)
            open_checks(actor=actor, on=day)
