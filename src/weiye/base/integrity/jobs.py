"""The checks in the background: asked for on the page, and every night over everything."""

import logging

from procrastinate.contrib.django import app

from weiye.base.regions.models import Unit
from weiye.base.runs.actions import RETRY, work_off
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence

from . import actions

log = logging.getLogger("weiye.integrity")


@app.task(name="integrity.check", retry=RETRY)
def check(run_id: int, path: str) -> None:
    work_off(run_id=run_id, path=path, work=actions.work)


@app.periodic(cron="17 3 * * *")
@app.task(queueing_lock="integrity.nightly", name="integrity.nightly")
def nightly(timestamp: int) -> None:
    """Each province (the top of the tree) as a whole, for the trend."""
    for path in Unit.objects.filter(parent=None).order_by("path").values_list("path", flat=True):
        actor = system(path)
        with fence(actor):
            outcomes = actions.examine(actor=actor)
            actions.keep(actor=actor, outcomes=outcomes)
        for outcome in actions.severe(outcomes):
            log.error("integrity: %s: %s rows", outcome.check.id, outcome.count)
