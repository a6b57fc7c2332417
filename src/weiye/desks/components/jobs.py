"""Background work of the shared components."""

from procrastinate.contrib.django import app

from weiye.base.runs.actions import RETRY, work_off

from .lists.exports import write


@app.task(name="list.export", queue="default", retry=RETRY)
def export(run_id: int, path: str) -> None:
    work_off(run_id=run_id, path=path, work=write)
