"""Figures for Prometheus.

What one process counts (requests, jobs) is added up over the web processes of the machine by files
under ``WEIYE_HOME/metrics``. What the database knows (queue, runs, imports, connections) is asked
at the moment of the scrape: every web machine tells the same, so take the maximum, not the sum.
"""

import os
import shutil
import threading
import time
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection

from .sharing import FOLDER

# Seconds. The page budget is 1 s at p95 (NFR), long work goes to the background.
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Figures(NamedTuple):
    requests: Any
    seconds: Any
    jobs: Any
    job_seconds: Any


_FIRST = threading.Lock()


def figures() -> Figures:
    """The process's own figures; the library is loaded when the first thing is counted."""
    # Two threads may count the first thing at once, and a figure is registered once.
    with _FIRST:
        return _figures()


@cache
def _figures() -> Figures:
    from prometheus_client import Counter, Histogram

    return Figures(
        Counter("weiye_requests", "Requests by route and status", ["route", "method", "status"]),
        Histogram("weiye_request_seconds", "Seconds per request", ["route"], buckets=BUCKETS),
        Counter("weiye_jobs", "Background jobs by task and outcome", ["task", "outcome"]),
        Histogram("weiye_job_seconds", "Seconds per background job", ["task"],
                  buckets=(*BUCKETS, 60.0, 600.0)),
    )  # fmt: skip


def request(*, route: str, method: str, status: int, seconds: float) -> None:
    counted = figures()
    counted.requests.labels(route, method, str(status)).inc()
    counted.seconds.labels(route).observe(seconds)


def job(*, task: str, outcome: str, seconds: float) -> None:
    counted = figures()
    counted.jobs.labels(task, outcome).inc()
    counted.job_seconds.labels(task).observe(seconds)


def exposition() -> bytes:
    """Everything, in Prometheus' text format."""
    from prometheus_client import CollectorRegistry, generate_latest, multiprocess
    from prometheus_client.registry import REGISTRY

    figures()
    if os.environ.get(FOLDER):
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry = REGISTRY
    asked = CollectorRegistry()
    asked.register(_Database())
    return bytes(generate_latest(registry)) + bytes(generate_latest(asked))


# name, help, labels, statement. Statements are cheap: unfinished work, or one index.
_ASKED: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    (
        "weiye_queue_jobs",
        "Background jobs by state",
        ("task", "status"),
        (
            "SELECT task_name, status::text, count(*) FROM procrastinate_jobs "
            "WHERE status IN ('todo', 'doing', 'failed') GROUP BY 1, 2"
        ),
    ),
    (
        "weiye_queue_oldest_seconds",
        "How long the oldest due job has been waiting",
        (),
        (
            "SELECT coalesce(extract(epoch FROM max(now() - coalesce(j.scheduled_at, e.at))), 0) "
            "FROM procrastinate_jobs j LEFT JOIN LATERAL (SELECT max(at) AS at FROM "
            "procrastinate_events WHERE job_id = j.id AND type = 'deferred') e ON true "
            "WHERE j.status = 'todo' AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())"
        ),
    ),
    (
        "weiye_worker_silent_seconds",
        "Seconds since the last sign of life of any worker (-1: there is none)",
        (),
        (
            "SELECT coalesce(extract(epoch FROM now() - max(last_heartbeat)), -1) "
            "FROM procrastinate_workers"
        ),
    ),
    (
        "weiye_runs",
        "Long work by kind and state; finished work of the last 24 hours",
        ("kind", "state"),
        (
            "SELECT kind, state, count(*) FROM runs_run WHERE state IN ('queued', 'running') "
            "OR finished_at > now() - interval '24 hours' GROUP BY 1, 2"
        ),
    ),
    (
        "weiye_imports",
        "Imports of the last 24 hours by kind and state",
        ("kind", "state"),
        (
            "SELECT kind, state, count(*) FROM exchange_importbatch "
            "WHERE created_at > now() - interval '24 hours' GROUP BY 1, 2"
        ),
    ),
    (
        "weiye_audit_unsealed",
        "Audit entries that no batch seals yet",
        (),
        (
            "SELECT count(*) FROM audit_auditentry WHERE id > "
            "coalesce((SELECT watermark FROM audit_auditbatch ORDER BY number DESC LIMIT 1), 0)"
        ),
    ),
    (
        "weiye_database_connections",
        "Connections of the fenced login by state",
        ("state",),
        (
            "SELECT coalesce(state, 'unknown'), count(*) FROM pg_stat_activity "
            "WHERE usename = current_user GROUP BY 1"
        ),
    ),
    (
        "weiye_database_bytes",
        "Size of the database",
        (),
        "SELECT pg_database_size(current_database())",
    ),
)
PATIENCE_MS = 2000


class _Database:
    """Asks the database at the moment of the scrape."""

    def collect(self) -> Iterator[Any]:
        from django.db import DatabaseError, transaction
        from prometheus_client.core import GaugeMetricFamily

        from weiye.base.scope.actor import system
        from weiye.base.scope.fence import fence

        started = time.monotonic()
        whole = 1
        found = []
        try:
            with fence(system()), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {PATIENCE_MS}")
                for name, words, labels, statement in _ASKED:
                    family = GaugeMetricFamily(name, words, labels=labels)
                    try:
                        with transaction.atomic():
                            cursor.execute(statement)
                            rows = cursor.fetchall()
                    except DatabaseError:
                        whole = 0
                        continue
                    for row in rows:
                        family.add_metric([str(each) for each in row[:-1]], float(row[-1] or 0))
                    found.append(family)
        except DatabaseError:
            whole = 0
        yield from found
        yield GaugeMetricFamily(
            "weiye_database_asked", "Whether all figures of the database are here", value=whole
        )
        yield GaugeMetricFamily(
            "weiye_scrape_seconds", "Seconds for them", value=time.monotonic() - started
        )
        free = shutil.disk_usage(settings.HOME).free if settings.HOME.is_dir() else 0
        yield GaugeMetricFamily("weiye_disk_free_bytes", "Free below WEIYE_HOME", value=free)
