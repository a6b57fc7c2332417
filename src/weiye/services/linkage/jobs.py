"""Looking for people who are one: on a worker's word, and every week for each county."""

from typing import Any

from django.utils import timezone
from procrastinate.contrib.django import app

from weiye.base.regions.models import Unit
from weiye.base.runs.actions import RETRY, Reports, work_off
from weiye.base.runs.models import Run
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person

from .actions import KIND, search_now

COUNTY = 3


@app.task(name=KIND, queue="default", retry=RETRY)
def search(run_id: int, path: str) -> None:
    work_off(run_id=run_id, path=path, work=_search)


def _search(actor: Actor, run: Run, progress: Reports) -> dict[str, Any]:
    found = search_now(actor=actor, path=run.unit_path, on=timezone.localdate(), progress=progress)
    told = f"比对了{found.people:,}人，"
    told += (
        f"有{found.pairs:,}对要核对，其中新发现{found.new:,}对。"
        if found.pairs
        else "没有发现重复。"
    )
    return {"message": told, "pairs": found.pairs, "new": found.new}


@app.periodic(cron="0 3 * * 6")
@app.task(name=f"{KIND}.weekly", queue="default", queueing_lock=f"{KIND}.weekly")
def weekly(timestamp: int) -> None:
    """Each county that has people, on a day when nobody waits; as an office of its own name."""
    with fence(system()):
        paths = Person.objects.filter(anonymised_on__isnull=True).order_by()
        counties = {
            "/".join(path.strip("/").split("/")[:COUNTY]) + "/"
            for path in paths.values_list("unit_path", flat=True).distinct()
        }
    for path in sorted(counties):
        if Unit.objects.filter(path=path).exists():
            county.defer(path=path)


@app.task(name=f"{KIND}.county", queue="default", retry=RETRY)
def county(path: str) -> None:
    """One county in a transaction of its own; again after a kill, nothing twice."""
    actor = system(path, name="人员比对")
    with fence(actor):
        search_now(actor=actor, path=path, on=timezone.localdate())
