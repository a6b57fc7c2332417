"""A roster with people who are registered elsewhere: asked for from the import."""

import io
from datetime import date

import openpyxl
import pytest

from tests.services.exchange.making import id_number, xlsx
from tests.services.exchange.test_roster_import import brought
from tests.world import A, B, actor
from weiye.base.runs.models import Run
from weiye.base.scope.actor import NotAllowed
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person
from weiye.registers.people.transfers import actions as transfers
from weiye.registers.people.transfers import queries
from weiye.services.exchange import actions, jobs
from weiye.services.exchange.intake.roster import ASKED, ELSEWHERE

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-2")]
TODAY = date(2025, 7, 1)
HEAD = ["姓名", "身份证号"]


def returned(batch) -> list[str]:
    """The errors in the file that comes back, by row."""
    book = openpyxl.load_workbook(io.BytesIO(batch.rejects.read()))
    return [row[-1] for row in book.active.iter_rows(min_row=2, values_only=True)]


def test_everybody_of_the_roster_is_asked_for_and_the_file_says_so() -> None:
    here = [["林一", id_number(order=11)], ["林二", id_number(order=13)]]
    brought("worker-a", xlsx([HEAD, *here]), code=A)
    b = actor("worker-b")
    batch = brought(
        "worker-b", xlsx([HEAD, *here, ["王三", id_number(order=15)]]), code=B, check_only=True
    )
    with fence(b):
        assert returned(batch) == [ELSEWHERE, ELSEWHERE, None]
        batch, counts = actions.ask_transfers_now(actor=b, batch_id=batch.pk, today=TODAY)
        assert (counts["submitted"], batch.counts["asked"], batch.counts["transfers"]) == (2, 2, 2)
        assert returned(batch) == [ASKED, ASKED, None]
        again, counts = actions.ask_transfers_now(actor=b, batch_id=batch.pk, today=TODAY)
        assert counts["submitted"] == 0
        done = actions.commit_now(actor=b, batch_id=again.pk, today=TODAY)
        assert done.counts["new"] == 1
        assert returned(done) == [ASKED, ASKED, None]
    a = actor("worker-a")
    with fence(a):
        waiting = list(queries.waiting(a))
        assert sorted(row.name for row in waiting) == ["林一", "林二"]
        for row in waiting:
            transfers.accept(actor=a, transfer_id=row.pk)
    with fence(b):
        assert Person.objects.count() == 3
    after = brought("worker-b", xlsx([HEAD, *here]), code=B)
    assert after.counts["transfers"] == 0


def test_it_runs_as_long_work_and_only_for_those_who_may_ask() -> None:
    brought("worker-a", xlsx([HEAD, ["林一", id_number(order=11)]]), code=A)
    batch = brought(
        "worker-b", xlsx([HEAD, ["林一", id_number(order=11)]]), code=B, check_only=True
    )
    b = actor("worker-b")
    with fence(b):
        run = actions.ask_transfers(actor=b, batch_id=batch.pk)
    jobs.transfers(run_id=run.pk, path=run.unit_path)
    with fence(b):
        assert Run.objects.get(pk=run.pk).message == "已提交1人的迁入申请，等待原社区确认。"
    grid = actor("grid-a")
    with fence(grid), pytest.raises(NotAllowed):
        actions.ask_transfers(actor=grid, batch_id=batch.pk)
