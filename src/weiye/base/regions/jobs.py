"""Background work on the tree."""

import logging
from datetime import timedelta

from django.utils import timezone
from procrastinate.contrib.django import app

from weiye.base.audit.models import AuditEntry
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence

from . import actions

log = logging.getLogger("weiye.regions")

# A long change writes its entry before it ends, and a request that it overtook may end after it.
LATELY = timedelta(days=1)
MOVING = tuple(f"unit.{verb}" for verb in ("amend", "move", "merge", "split", "close", "reopen"))


@app.periodic(cron="23 * * * *")
@app.task(queueing_lock="regions.gather", name="regions.gather")
def gather(timestamp: int) -> None:
    """Bring along what was saved in the moment of a change, if there was one lately."""
    with fence(system()):
        since = timezone.now() - LATELY
        if not AuditEntry.objects.filter(verb__in=MOVING, at__gt=since).exists():
            return
        found = actions.gather(actor=system())
    if found:
        log.warning("rows left behind by a change of the tree were gathered: %s", found)
