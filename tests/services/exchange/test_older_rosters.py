"""Files that come late: an older roster fills what is unknown and undoes nothing newer."""

from datetime import date

import pytest

from tests.services.exchange.making import id_number, xlsx
from tests.services.exchange.roster.bringing import HEAD, TODAY, brought, counts, everybody
from tests.world import actor
from weiye.base.audit.models import AuditEntry
from weiye.base.scope.fence import fence
from weiye.registers.people import actions as people
from weiye.registers.people.models import PeriodKind, StatusPeriod
from weiye.services.exchange import queries

pytestmark = [pytest.mark.requirement("PPL-2", "PPL-3"), pytest.mark.django_db]
OLD, MIDDLE = date(2025, 1, 15), date(2025, 4, 1)
NUMBER = id_number()


def roster(as_of, head, row, *, phone=""):
    """Brought twice: the second time nothing may change. The first batch."""
    content = xlsx([[*HEAD, *head], ["王一", NUMBER, phone, *row]])
    first = brought("worker-a", content, as_of=as_of)
    before = snapshot()
    again = brought("worker-a", content, as_of=as_of)
    assert counts(again) == (1, 0, 0, 1, 0, 0)
    assert snapshot() == before
    return first


def snapshot():
    with fence(actor("worker-a")):
        person = everybody()["王一"]
        wish = getattr(person, "wish", None)
        return (
            {field.name: getattr(person, field.attname) for field in person._meta.concrete_fields},
            wish and {f.name: getattr(wish, f.attname) for f in wish._meta.concrete_fields},
            spans(),
        )


def spans(kind=None):
    with fence(actor("worker-a")):
        rows = StatusPeriod.objects.order_by("kind", "during")
        return [
            (p.status, p.during.lower, p.during.upper, p.start_known)
            for p in rows
            if kind is None or p.kind == kind
        ]


def remarks(batch):
    me = actor("worker-a")
    with fence(me):
        return [text.partition(" ")[2] for text in queries.preview(me, batch.pk).remarks]


def test_an_older_roster_fills_gaps_and_leaves_what_is_newer():
    roster(TODAY, ["学历", "现住址"], ["初中", "1号楼"], phone="20000000001")
    older = roster(
        OLD, ["学历", "现住址", "残疾等级"], ["大专", "2号楼", "二级"], phone="20000000002"
    )
    assert counts(older) == (1, 0, 1, 0, 0, 0)
    person = everybody()["王一"]
    assert (person.education, person.address, person.phone) == (70, "1号楼", "20000000001")
    assert (person.disability_grade, person.as_of) == (2, TODAY)
    assert person.fact_dates == {"disability_grade": OLD.isoformat()}
    assert sorted(remarks(older)) == [
        f"台账里的“{label}”更新（{TODAY}），没有改动" for label in ("学历", "现住址", "联系电话")
    ]
    # What was filled in is of its own day: a file between the two may change it.
    roster(MIDDLE, ["学历", "残疾等级"], ["大专", "三级"])
    person = everybody()["王一"]
    assert (person.education, person.disability_grade) == (70, 3)
    roster(OLD, ["残疾等级"], ["二级"])
    assert everybody()["王一"].disability_grade == 3


def test_a_newer_roster_that_confirms_makes_the_fact_newer():
    roster(OLD, ["学历", "残疾等级"], ["初中", "二级"])
    confirming = roster(TODAY, ["学历"], ["初中"])
    assert counts(confirming)[3] == 1, "nothing has changed"
    middle = roster(MIDDLE, ["学历", "残疾等级"], ["大专", "三级"])
    person = everybody()["王一"]
    assert (person.education, person.disability_grade) == (70, 3)
    assert remarks(middle) == [f"台账里的“学历”更新（{TODAY}），没有改动"]


def test_the_same_day_counts_as_newer():
    roster(TODAY, ["学历"], ["初中"])
    roster(TODAY, ["学历"], ["大专"])
    assert everybody()["王一"].education == 30


def test_known_to_be_none_is_a_fact_with_a_day():
    roster(TODAY, ["毕业时间"], ["无"])
    older = roster(OLD, ["毕业时间"], ["2000-07-01"])
    person = everybody()["王一"]
    assert (person.graduated_on, person.known_none) == (None, ["graduated_on"])
    assert len(remarks(older)) == 1
    roster(TODAY, ["毕业时间"], ["2000-07-01"])
    older = roster(OLD, ["毕业时间"], ["无"])
    person = everybody()["王一"]
    assert (person.graduated_on, person.known_none) == (date(2000, 7, 1), [])
    assert len(remarks(older)) == 1


def test_what_a_worker_wrote_or_took_back_stands_against_older_files():
    roster(OLD, ["学历", "残疾等级", "是否失地"], ["初中", "二级", "否"])
    me = actor("worker-a")
    with fence(me):
        people.edit_person(
            actor=me,
            person_id=everybody()["王一"].pk,
            facts={"education": 30, "disability_grade": None},
            on=TODAY,
        )
    middle = roster(MIDDLE, ["学历", "残疾等级", "是否失地"], ["初中", "三级", "是"])
    person = everybody()["王一"]
    assert (person.education, person.disability_grade, person.land_lost) == (30, None, True)
    assert (person.as_of, person.source) == (TODAY, "工作人员登记")
    assert sorted(remarks(middle)) == [
        f"台账里的“{label}”更新（{TODAY}），没有改动" for label in ("学历", "残疾等级")
    ]


@pytest.mark.parametrize("said", [["就业", "", ""], ["就业", "", "2025-01-10"]])
def test_an_older_status_closes_nothing(said):
    head = ["就业状态", "失业日期", "就业时间"]
    roster(TODAY, head, ["失业", "2024-05-01", ""])
    older = roster(OLD, head, said)
    assert spans() == [("失业", date(2024, 5, 1), None, True)]
    assert remarks(older) == [f"台账里的“就业状态”更新（{TODAY}），没有改动"]


def test_an_older_status_fills_the_past():
    head = ["就业状态", "失业日期", "就业时间"]
    roster(TODAY, head, ["失业", "2025-03-01", ""])
    older = roster(OLD, head, ["就业", "", "2023-02-01"])
    assert remarks(older) == []
    assert spans() == [
        ("就业", date(2023, 2, 1), date(2025, 3, 1), True),
        ("失业", date(2025, 3, 1), None, True),
    ]


def test_an_older_status_tells_since_when_where_that_was_unknown():
    head = ["就业状态", "失业日期"]
    roster(TODAY, head, ["失业", ""])
    roster(MIDDLE, head, ["失业", ""])
    assert spans() == [("失业", MIDDLE, None, False)]
    older = roster(OLD, head, ["失业", "2024-05-01"])
    assert remarks(older) == []
    assert spans() == [("失业", date(2024, 5, 1), None, True)]
    other = roster(OLD, head, ["失业", "2024-03-01"])
    assert spans() == [("失业", date(2024, 5, 1), None, True)]
    assert len(remarks(other)) == 1


def test_an_older_word_about_the_registration_changes_nothing():
    kind = PeriodKind.UNEMPLOYMENT_REGISTRATION
    roster(TODAY, ["失业登记日期"], ["2024-05-20"])
    for word in ("无", "2024-09-01"):
        older = roster(OLD, ["失业登记日期"], [word])
        assert spans(kind) == [("", date(2024, 5, 20), None, True)]
        assert remarks(older) == [f"台账里的“失业登记日期”更新（{TODAY}），没有改动"]
    assert everybody()["王一"].known_none == []


def test_a_registration_that_a_newer_file_denies_does_not_come_back():
    roster(TODAY, ["失业登记日期"], ["无"])
    roster(OLD, ["失业登记日期"], ["2024-09-01"])
    assert spans() == []
    assert everybody()["王一"].known_none == ["registered_unemployed_since"]


def test_a_status_that_a_worker_set_stands_against_an_older_file():
    head = ["就业状态", "失业日期", "失业登记日期"]
    roster(OLD, head, ["失业", "2024-05-01", "2024-05-20"])
    me = actor("worker-a")
    with fence(me):
        pk = everybody()["王一"].pk
        on = date(2025, 3, 1)
        people.change_status(
            actor=me, person_id=pk, status="就业", on=on, today=TODAY, source="走访"
        )
        people.change_registration(
            actor=me,
            person_id=pk,
            kind=PeriodKind.UNEMPLOYMENT_REGISTRATION,
            registered=False,
            on=on,
            today=TODAY,
            source="走访",
        )
    middle = roster(date(2025, 6, 1), head, ["失业", "2024-05-01", "2024-05-20"])
    assert spans() == [
        ("失业", date(2024, 5, 1), on, True),
        ("就业", on, None, True),
        ("", date(2024, 5, 20), on, True),
    ]
    assert f"台账里的“就业状态”更新（{TODAY}），没有改动" in remarks(middle)


def test_wishes_go_by_the_day_on_which_they_were_said():
    roster(MIDDLE, ["期望工资"], ["3000"])
    older = roster(OLD, ["期望工资"], ["2500"])
    assert everybody()["王一"].wish.min_wage == 3000
    assert len(remarks(older)) == 1
    roster(TODAY, ["期望工资"], ["3000"])
    assert everybody()["王一"].wish.said_on == TODAY
    roster(date(2025, 6, 1), ["期望工资"], ["2800"])
    assert everybody()["王一"].wish.min_wage == 3000
    roster(TODAY, ["期望工资"], ["3500"])
    assert everybody()["王一"].wish.min_wage == 3500


def test_an_older_household_does_not_call_anybody_back():
    roster(TODAY, ["户号"], ["371002123"])
    older = roster(OLD, ["户号"], ["371002999"])
    assert everybody()["王一"].household.number == "371002123"
    assert remarks(older) == [f"台账里的“户号”更新（{TODAY}），没有改动"]


def test_a_confirmation_is_no_change_in_the_log():
    roster(OLD, ["学历"], ["初中"])
    roster(TODAY, ["学历"], ["初中"])
    with fence(actor("worker-a")):
        assert AuditEntry.objects.filter(verb="person.import").count() == 1
    assert everybody()["王一"].as_of == TODAY
