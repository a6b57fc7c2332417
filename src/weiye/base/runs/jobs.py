"""Upkeep of the queue."""

import logging

from procrastinate.contrib.django import app

log = logging.getLogger("weiye.runs")


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="runs.rescue", name="runs.rescue")
async def rescue(timestamp: int) -> None:
    """Put jobs back whose worker was killed: their work starts over (see `work_off`)."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=30):
        log.warning("job %s (%s) lost its worker and is started again", job.id, job.task_name)
        await app.job_manager.retry_job(job)


@app.task(name="runs.ping")
def ping() -> None:
    """Does nothing; `./weiye check` waits for it to see that a worker works."""
