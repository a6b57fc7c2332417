"""Rosters brought in by somebody, and what the ledger then holds."""

from datetime import date

from django.db import connection

from tests.services.exchange.making import people, xlsx
from tests.world import A, actor
from weiye.base.regions.models import Unit
from weiye.base.runs.models import Run
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person
from weiye.services.exchange import actions

TODAY = date(2025, 7, 1)
HEAD = ["姓名", "身份证号", "联系电话"]


def unit(code=A):
    return Unit.objects.get(code=code)


def brought(who, content, *, code=A, name="名册.xlsx", as_of=TODAY, check_only=False, today=TODAY):
    """The batch after upload, check and commit as ``who``."""
    actor_ = actor(who)
    with fence(actor_):
        batch = actions.upload(
            actor=actor_, unit=unit(code), kind="roster", name=name, content=content, as_of=as_of
        )
        batch = actions.check_now(actor=actor_, batch_id=batch.pk, today=today)
        if not check_only:
            batch = actions.commit_now(actor=actor_, batch_id=batch.pk, today=today)
    return batch


def counts(batch):
    names = ("rows", "new", "changed", "unchanged", "errors", "transfers")
    return tuple(batch.counts[name] for name in names)


def everybody(who="worker-a"):
    with fence(actor(who)):
        return {
            p.name: p for p in Person.objects.select_related("household", "wish").order_by("id")
        }


def uploaded(who="worker-a", content=None, code=A, **more):
    actor_ = actor(who)
    with fence(actor_):
        return actions.upload(
            actor=actor_,
            unit=unit(code),
            kind="roster",
            name="名册.xlsx",
            content=content or xlsx([HEAD, *people(3)]),
            **more,
        )


def ended(run):
    with fence(system()):
        return Run.objects.get(pk=run.pk)


def cancel_elsewhere(run_id):
    """As a web request would: on a connection of its own."""
    import psycopg

    parameters = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    with psycopg.connect(**{n: parameters.get(n) for n in names}) as other:
        other.execute("SELECT set_config('weiye.lo', '0', true), set_config('weiye.hi', ':', true)")
        other.execute("UPDATE runs_run SET cancel_asked = true WHERE id = %s", [run_id])
