"""Filling a template in the background."""

from procrastinate.contrib.django import app

from weiye.base.runs.actions import RETRY, work_off


@app.task(name="template.fill", queue="default", retry=RETRY)
def fill_template(run_id: int, path: str) -> None:
    from .actions import fill_now

    work_off(run_id=run_id, path=path, work=fill_now)
