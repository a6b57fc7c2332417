"""Work in the background."""

from datetime import date
from typing import Any

from django.utils import timezone
from procrastinate.contrib.django import app

from weiye.base.regions.models import Unit
from weiye.base.runs.actions import RETRY, Reports, start, work_off
from weiye.base.runs.models import Run
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence

from .retention import RIGHT, sweep

KIND = "retention.sweep"


@app.periodic(cron="40 2 * * *")
@app.task(queueing_lock=KIND, name="retention.nightly")
def nightly(timestamp: int) -> None:
    """A run for every unit at the top of the tree; one that was killed starts over."""
    with fence(system()):
        tops = list(
            Unit.objects.filter(parent=None).order_by("path").values_list("path", flat=True)
        )
    for path in tops:
        with fence(system(path)):
            start_sweep(actor=system(path), path=path, as_of=timezone.localdate())


def start_sweep(*, actor: Actor, path: str, as_of: date) -> Run:
    """Queue the sweep of a unit as of a day; raises `NotAllowed` without ``retention.manage``."""
    return start(
        actor=actor,
        kind=KIND,
        title="数据保留：清理",
        right=RIGHT,
        path=path,
        args={"as_of": as_of.isoformat()},
        task=work,
    )


@app.task(name=KIND, retry=RETRY)
def work(run_id: int, path: str) -> None:
    work_off(run_id=run_id, path=path, work=_work)


def _work(actor: Actor, run: Run, progress: Reports) -> dict[str, Any]:
    done = sweep(
        actor=actor, as_of=date.fromisoformat(run.args["as_of"]), progress=progress
    ).as_dict()
    words = {"warned": "提醒", "ended": "处理", "held": "保留", "in_use": "仍在使用"}
    said = "，".join(f"{words[name]}{sum(counts.values())}项" for name, counts in done.items())
    return {"message": f"{said}。", **done}
