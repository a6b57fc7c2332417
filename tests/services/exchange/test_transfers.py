"""A roster with people who are registered elsewhere: asked for from the import."""

import io
from datetime import date, datetime, timedelta

import openpyxl
import pytest
from django.utils import timezone

from tests.services.exchange.making import id_number, xlsx
from tests.services.exchange.roster.bringing import brought
from tests.world import A, B, actor
from weiye.base.audit.models import AuditEntry
from weiye.base.runs.models import Run
from weiye.base.scope.actor import NotAllowed
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Household, Person
from weiye.registers.people.transfers import actions as transfers
from weiye.registers.people.transfers import queries
from weiye.services.exchange import actions, jobs
from weiye.services.exchange.intake.roster import ASKED, ELSEWHERE, WITHHELD

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


# --- a roster is no oracle ------------------------------------------------------------------------


@pytest.fixture
def three_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    from weiye.registers.people.intake import telling
    from weiye.registers.people.transfers.terms import Terms

    monkeypatch.setattr(telling, "terms", lambda *_: Terms(7, 30, 20, 3))


def rows(*orders: int) -> list[list[str]]:
    return [["林一", id_number(order=order)] for order in orders]


def test_only_so_many_are_told_of_in_a_day(three_a_day: None) -> None:
    brought("worker-a", xlsx([HEAD, *rows(11, 13, 15, 17)]), code=A)
    brought("worker-b", xlsx([HEAD, *rows(31)]), code=B)
    content = xlsx([HEAD, *rows(11, 13, 41, 15, 17, 43), ["林伊", id_number(order=31)]])
    batch = brought("worker-b", content, code=B, check_only=True)
    b = actor("worker-b")
    with fence(b):
        # Whoever is new after that is not told apart from whoever is registered elsewhere.
        assert returned(batch) == [ELSEWHERE, ELSEWHERE, None, ELSEWHERE, WITHHELD, WITHHELD, None]
        assert (batch.counts["new"], batch.counts["transfers"], batch.counts["errors"]) == (1, 3, 2)
        # The same rows once more cost nothing; what is good comes in, and nothing else.
        batch, counts = actions.ask_transfers_now(actor=b, batch_id=batch.pk, today=TODAY)
        assert counts["submitted"] == 3
        done = actions.commit_now(actor=b, batch_id=batch.pk, today=TODAY)
        assert (done.counts["new"], done.counts["changed"], done.counts["errors"]) == (1, 1, 2)
        assert returned(done) == [ASKED, ASKED, None, ASKED, WITHHELD, WITHHELD, None]
        told = AuditEntry.objects.filter(verb="transfer.told").order_by("id")
        assert [(e.detail["people"], e.detail["withheld"]) for e in told] == [(3, 2)] * 4
        assert len({entry.detail["sheet"] for entry in told}) == 1
        assert Person.objects.count() == 2


def test_another_file_or_other_columns_share_the_days_number(three_a_day: None) -> None:
    brought("worker-a", xlsx([HEAD, *rows(11, 13, 15)]), code=A)
    first = brought("worker-b", xlsx([HEAD, *rows(11, 13)]), code=B, check_only=True)
    second = brought("worker-b", xlsx([HEAD, *rows(15, 11, 13, 51)]), code=B, check_only=True)
    clerk = brought("clerk", xlsx([HEAD, *rows(11, 13, 15)]), code=B, check_only=True)
    b = actor("worker-b")
    with fence(b):
        assert returned(first) == [ELSEWHERE, ELSEWHERE]
        assert returned(second) == [ELSEWHERE, WITHHELD, WITHHELD, WITHHELD]
        mapping = {int(at): name for at, name in first.mapping.items()}
        actions.set_mapping(actor=b, batch_id=first.pk, mapping=mapping, answered=["pension_drawn"])
        again = actions.check_now(actor=b, batch_id=first.pk, today=TODAY)
        assert returned(again) == [WITHHELD, WITHHELD]
    # Another account has a number of its own.
    with fence(actor("clerk")):
        assert returned(clerk) == [ELSEWHERE] * 3


def test_the_day_after_the_rest_is_told(three_a_day: None, monkeypatch: pytest.MonkeyPatch) -> None:
    brought("worker-a", xlsx([HEAD, *rows(11, 13, 15)]), code=A)
    brought("worker-b", xlsx([HEAD, *rows(11, 13, 15)]), code=B, check_only=True)
    other = xlsx([HEAD, *rows(15, 51)])
    today = brought("worker-b", other, code=B, check_only=True)
    from weiye.registers.people.intake import telling

    class Tomorrow:
        @staticmethod
        def localtime() -> datetime:
            return timezone.localtime() + timedelta(days=1)

        localdate = staticmethod(timezone.localdate)

    monkeypatch.setattr(telling, "timezone", Tomorrow)
    tomorrow = brought("worker-b", other, code=B, check_only=True)
    with fence(actor("worker-b")):
        assert returned(today) == [WITHHELD, WITHHELD]
        assert returned(tomorrow) == [ELSEWHERE, None]


def test_a_household_of_people_withheld_is_not_made(three_a_day: None) -> None:
    brought("worker-a", xlsx([HEAD, *rows(11, 13, 15)]), code=A)
    head = [*HEAD, "户编号"]
    content = xlsx([head, *([*row, f"37000000{n}"] for n, row in enumerate(rows(11, 13, 15, 51)))])
    brought("worker-b", content, code=B)
    with fence(actor("worker-b")):
        assert Household.objects.count() == 0
