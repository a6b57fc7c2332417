"""``./weiye worker``: works off the background queue until it is told to stop."""

import logging

from procrastinate.contrib.django import app

from weiye.base.scope.login import refuse_unfenced_login

log = logging.getLogger("weiye.worker")


def main(argv: list[str]) -> int:
    refuse_unfenced_login()
    log.info("worker started")
    with app.replace_connector(app.connector.get_worker_connector()):  # type: ignore[attr-defined]
        app.run_worker(
            # Kernels and bulk SQL fill the machine; one job at a time keeps pages quick.
            concurrency=1,
            fetch_job_polling_interval=2,
            update_heartbeat_interval=5,
            stalled_worker_timeout=20,
            delete_jobs="successful",
            install_signal_handlers=True,
        )
    return 0
