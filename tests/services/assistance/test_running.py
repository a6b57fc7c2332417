"""The pipeline as a command and as background work."""

import json
from typing import Any

import pytest
from django.db import connection

from tests.services.assistance import world
from tests.services.assistance.world import A_PATH, DAY
from tests.world import A, actor
from weiye.base.runs.models import Run, RunState
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.services.assistance import command, jobs
from weiye.services.assistance.actions import pipeline
from weiye.services.assistance.models import AssistanceFile


@pytest.fixture
def people(db: None) -> None:
    with fence(system()):
        world.work()
        for number in range(4):
            world.person(f"低保{number}", minimum_living="低保", status="失业")


def last_line(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text.strip().splitlines()[-1])
    return found


@pytest.mark.django_db
@pytest.mark.requirement("AID-2")
def test_command_prints_the_same_totals_twice(
    people: None, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--unit", A, "--as-of", DAY.isoformat(), "--json", "--threads", "1"]
    printed = []
    for _ in range(2):
        assert command.main(arguments) == 0
        printed.append(capsys.readouterr())
    first, second = printed
    assert first.out == second.out
    assert "changes: none" in second.err
    assert "changes: none" not in first.err
    totals = last_line(first.out)
    assert totals["unit"] == A
    assert totals["people"] == totals["files"] == 4
    assert totals["groups"]["低保家庭"] == 4
    assert totals["list_entries"]["job"] > 0
    assert set(totals["quota"]) == {"complete", "on_track", "behind"}


@pytest.mark.django_db
def test_command_refuses_an_unknown_unit(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--unit", "999999999999", "--as-of", "2025-06-30"]) == 2
    assert "no unit" in capsys.readouterr().err


@pytest.mark.django_db
@pytest.mark.requirement("AID-2")
def test_background_run_tells_what_it_did(people: None) -> None:
    me = actor("worker-a")
    with fence(me):
        run = jobs.start_pipeline(actor=me, path=A_PATH, as_of=DAY)
        assert jobs.start_pipeline(actor=me, path=A_PATH, as_of=DAY).pk == run.pk
        jobs.pipeline(run_id=run.pk, path=A_PATH)
        run.refresh_from_db()
        assert run.state == RunState.DONE
        assert "4份新建档案" in run.message
        assert run.result["totals"]["files"] == 4
        again = jobs.start_pipeline(actor=me, path=A_PATH, as_of=DAY)
        jobs.pipeline(run_id=again.pk, path=A_PATH)
        again.refresh_from_db()
        assert "没有变化" in again.message
    neighbour = actor("worker-b")
    with fence(neighbour), pytest.raises(NotAllowed):
        jobs.start_pipeline(actor=neighbour, path=A_PATH, as_of=DAY)


@pytest.mark.django_db
def test_nightly_queues_every_community_with_people(people: None) -> None:
    jobs.nightly(timestamp=0)
    with fence(system()):
        assert [run.unit_path for run in Run.objects.order_by("id")] == [A_PATH]


@pytest.mark.django_db
def test_a_province_is_run_street_by_street(people: None) -> None:
    everybody = system()
    with fence(everybody):
        world.person("外县", minimum_living="低保", code="371003001001")
        outcome = pipeline.run_pipeline(actor=everybody, path="37/", as_of=DAY)
        assert outcome.totals["files"] == AssistanceFile.objects.count() == 5


@pytest.mark.django_db
def test_the_application_may_renew_statistics_of_tables_it_does_not_own(people: None) -> None:
    from weiye.services.assistance.frames import refresh_statistics

    refresh_statistics()
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'people_person'")
        assert cursor.fetchone()[0] >= 4
