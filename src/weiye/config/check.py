"""``./weiye check``: does the running product do its main job?

Asks the web server for its pages, waits for the background worker, then does the main job on the
sample roster: import, groups, files, four lists. Everything is rolled back: a check leaves nothing.
"""

import argparse
import json
import sys
import time
import urllib.error
import urllib.request
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

import weiye
from weiye.base.regions.models import Unit
from weiye.base.runs.jobs import ping
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.services.assistance.actions import run_pipeline
from weiye.services.demonstration import queries as demonstration
from weiye.services.exchange import actions as exchange
from weiye.services.exchange.sample import WRONG_ROWS, sample_roster

PAGES = ("/healthz", "/", "/signin/")
PATIENCE_SECONDS = 60


class CheckFailed(Exception):
    """One sentence for the operator."""


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./weiye check", description=__doc__)
    parser.add_argument("--url", required=True, help="address of the running product")
    options = parser.parse_args(argv)
    try:
        for page in PAGES:
            ask(options.url.rstrip("/") + page)
        wait_for_worker()
        figures = main_job()
    except CheckFailed as error:
        sys.stderr.write(f"weiye: {error}\n")
        return 1
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        version = str(cursor.fetchone()[0]).split()[0]
    said = {
        "url": options.url,
        "units": Unit.objects.count(),
        **figures,
        "database": f"PostgreSQL {version}",
        "version": weiye.__version__,
    }
    sys.stdout.write(json.dumps(said, ensure_ascii=False) + "\n")
    return 0


def ask(url: str) -> None:
    """Raise `CheckFailed` unless the page answers 200."""
    if not url.startswith(("http://", "https://")):
        raise CheckFailed(f"{url} is no web address")
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 (checked above)
            answer.read()
    except (urllib.error.URLError, TimeoutError) as error:
        raise CheckFailed(f"{url} does not answer: {error}") from error


def wait_for_worker() -> None:
    job = ping.defer()
    deadline = time.monotonic() + PATIENCE_SECONDS
    # Jobs that succeeded are deleted.
    while ProcrastinateJob.objects.filter(pk=job).exclude(status="succeeded").exists():
        if time.monotonic() > deadline:
            raise CheckFailed(f"the background worker did nothing for {PATIENCE_SECONDS} s")
        time.sleep(0.1)


def main_job() -> dict[str, Any]:
    """Import the sample roster into the demonstration's community and run the pipeline there.

    Returns people, files and list entries of that community; raises `CheckFailed` if the import or
    the lists come out wrong. Nothing of it stays.
    """
    unit = demonstration.sample_unit()
    today = timezone.localdate()
    actor = system(unit.path, name="自检")
    with fence(actor):
        batch = exchange.upload(
            actor=actor,
            unit=unit,
            kind="roster",
            name="roster-sample.xlsx",
            content=sample_roster(unit.name, today),
        )
        exchange.check_now(actor=actor, batch_id=batch.pk)
        batch = exchange.commit_now(actor=actor, batch_id=batch.pk)
        totals = run_pipeline(actor=actor, path=unit.path, as_of=today).totals
        transaction.set_rollback(True)
    entries = sum(totals["list_entries"].values())
    if batch.counts["errors"] != WRONG_ROWS or not totals["files"] or not entries:
        raise CheckFailed(f"the main job came out wrong: {batch.counts}, {totals}")
    return {"people": totals["people"], "files": totals["files"], "list_entries": entries}
