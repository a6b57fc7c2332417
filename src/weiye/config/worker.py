"""``./weiye worker``: works off the background queue until it is told to stop."""

import logging
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from procrastinate.contrib.django import app

from weiye.base.scope.login import refuse_unfenced_login
from weiye.config.telemetry import logs, metrics, sharing, tracing

log = logging.getLogger("weiye.worker")


def main(argv: list[str]) -> int:
    sys.excepthook = logs.last_words
    sharing.share(settings.HOME)
    refuse_unfenced_login()
    tracing.start("weiye-worker")
    log.info("worker started")
    try:
        with app.replace_connector(app.connector.get_worker_connector()):  # type: ignore[attr-defined]
            app.run_worker(
                # Kernels and bulk SQL fill the machine; one job at a time keeps pages quick.
                concurrency=1,
                fetch_job_polling_interval=2,
                update_heartbeat_interval=5,
                stalled_worker_timeout=20,
                delete_jobs="successful",
                install_signal_handlers=True,
                worker_middleware=[observed],
            )
    finally:
        tracing.stop()
    return 0


async def observed(process: Callable[[], Awaitable[Any]], context: Any, worker: Any) -> Any:
    """One line, figures and a span for each job; its arguments are nobody's business."""
    task, started, outcome = context.job.task_name, time.perf_counter(), "failed"
    logs.unbind_all()
    logs.bind(job=context.job.id)
    try:
        with tracing.span(f"job {task}", **{"weiye.job": context.job.id or 0}):
            result = await process()
        outcome = "done"
        return result
    except Exception as error:
        log.error("job failed", exc_info=error)
        raise
    finally:
        seconds = time.perf_counter() - started
        metrics.job(task=task, outcome=outcome, seconds=seconds)
        log.info(
            "job",
            extra={"weiye": {"task": task, "outcome": outcome, "ms": round(seconds * 1000, 1)}},
        )
