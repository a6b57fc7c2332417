"""What time does to requests, and what is looked after at night."""

import logging

from procrastinate.contrib.django import app

from . import actions

log = logging.getLogger("weiye.transfers")


@app.periodic(cron="5 * * * *")
@app.task(name="transfers.sweep", queue="default", queueing_lock="transfers.sweep")
def sweep(timestamp: int) -> None:
    """Requests go up to the units above, or lapse."""
    done = actions.sweep()
    if any(done.values()):
        log.info("transfers: %s", done)
