"""Packages on schedule."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from weiye.base.regions.models import Unit
from weiye.base.runs.actions import RETRY
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence

KIND = "reflow.hand_over"


@app.periodic(cron="30 4 * * *")
@app.task(name=f"{KIND}.nightly", queue="default", queueing_lock=f"{KIND}.nightly")
def nightly(timestamp: int) -> None:
    """Queue a package for every community whose next is due, after the night's rules."""
    from .queries import due

    actor = system()
    as_of = timezone.localdate()
    with fence(actor):
        for unit in due(actor, as_of=as_of):
            one.defer(unit_id=unit.pk, day=as_of.isoformat())


@app.task(name=KIND, queue="default", retry=RETRY)
def one(unit_id: int, day: str) -> None:
    """One community's package, in a transaction of its own; again after a kill, never twice."""
    from datetime import date

    from .actions import hand_over

    unit = Unit.objects.get(pk=unit_id)
    actor = system(unit.path)
    with transaction.atomic(), fence(actor):
        hand_over(actor=actor, unit=unit, as_of=date.fromisoformat(day))
