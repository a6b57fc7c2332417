"""Databases that commit, and runs worked off by hand."""

import pytest
from django.db import connections

from tests.world import actor
from weiye.base.runs.models import Run
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Household, Person, StatusPeriod, WorkWish
from weiye.services.exchange import actions, jobs
from weiye.services.exchange.models import ImportBatch


@pytest.fixture
def queued(monkeypatch):
    """Runs of a batch are worked off by hand, and the pipeline is not followed up."""
    monkeypatch.setattr(jobs, "_open_files", lambda actor, batch: None)

    def start(verb, batch, who="worker-a"):
        actor_ = actor(who)
        with fence(actor_):
            return getattr(actions, verb)(actor=actor_, batch_id=batch.pk)

    return start


@pytest.fixture
def clean(django_db_setup, django_db_blocker):
    """A database that really commits; what these tests made goes again, the planted world stays."""
    from weiye.base.files.models import StoredFile

    with django_db_blocker.unblock():
        try:
            yield
        finally:
            with fence(system()):
                for model in (ImportBatch, Run, WorkWish, StatusPeriod, Person, Household):
                    model.objects.all().delete()
                StoredFile.objects.all().delete()
            with connections["owner"].cursor() as cursor:
                cursor.execute("DELETE FROM audit_auditentry WHERE verb LIKE '%import%'")
                cursor.execute("DELETE FROM procrastinate_jobs")
            for used in connections.all():
                used.close()
