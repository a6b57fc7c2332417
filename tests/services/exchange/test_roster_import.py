"""A roster into the ledger, on the real database under both fences."""

import io
import os
import signal
import subprocess
import sys
from datetime import date

import openpyxl
import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections

from tests.services.exchange.making import id_number, people, xlsx
from tests.world import A, B, actor, path_of
from weiye.base.audit.models import AuditEntry
from weiye.base.privacy.fields import blind_index
from weiye.base.regions.models import Unit
from weiye.base.runs.actions import work_off
from weiye.base.runs.models import Run, RunState
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.registers.people.frames import facts_frame
from weiye.registers.people.models import Household, PeriodKind, Person, StatusPeriod, WorkWish
from weiye.services.assistance.jobs import KIND as PIPELINE
from weiye.services.exchange import actions, jobs, queries
from weiye.services.exchange.models import ImportBatch, ImportState
from weiye.services.exchange.preview import masked
from weiye.services.exchange.sample import PEOPLE, WRONG_ROWS, sample_roster
from weiye.services.exchange.sheets import SheetRefused

pytestmark = pytest.mark.requirement("PPL-3")
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


@pytest.mark.django_db
def test_sample_roster_comes_in_and_the_second_time_nothing_changes():
    content = sample_roster("测试甲社区", date(2025, 6, 30))
    good = PEOPLE - WRONG_ROWS
    checked = brought("worker-a", content, check_only=True)
    assert counts(checked) == (PEOPLE, good, 0, 0, WRONG_ROWS, 0)
    assert everybody() == {}, "a check changes nothing"
    batch = brought("worker-a", content)
    assert counts(batch) == (PEOPLE, good, 0, 0, WRONG_ROWS, 0)
    assert batch.state == ImportState.DONE
    with fence(actor("worker-a")):
        assert Person.objects.count() == good
        families = Household.objects.count()
        assert 20 <= families <= 30
        assert Person.objects.filter(household=None).count() == 0
        periods = StatusPeriod.objects.count()
    again = brought("worker-a", content)
    assert counts(again) == (PEOPLE, 0, 0, good, WRONG_ROWS, 0)
    with fence(actor("worker-a")):
        assert (
            Person.objects.count(),
            StatusPeriod.objects.count(),
            Household.objects.count(),
        ) == (
            good,
            periods,
            families,
        )


@pytest.mark.django_db
def test_households_that_two_senders_count_from_one_stay_two():
    head = ["户号", "与户主关系", *HEAD]
    rows = [
        [number, relation, name, id_number(date(1980, 1, 1), order), f"2000000000{order}"]
        for order, (number, relation, name) in enumerate(
            [("1", "户主", "王一"), ("1", "子", "王二"), ("1", "户主", "李一"), ("1", "妻", "李二")]
        )
    ]
    for _ in range(2):
        brought("worker-a", xlsx([head, *rows[:2]]), name="民政.xlsx")
        brought("worker-a", xlsx([head, *rows[2:]]), name="残联.xlsx")
    home = {name: person.household_id for name, person in everybody().items()}
    assert home["王一"] == home["王二"] != home["李一"] == home["李二"]
    # The number of the household register is the same in every file.
    rows[0][0] = rows[3][0] = "371002123"
    brought("worker-a", xlsx([head, rows[0]]))
    brought("worker-a", xlsx([head, rows[3]]))
    home = {name: person.household_id for name, person in everybody().items()}
    assert home["王一"] == home["李二"]


@pytest.mark.django_db
@pytest.mark.requirement("PPL-2")
def test_what_a_row_says_is_what_the_ledger_holds():
    number = id_number(date(1980, 1, 1), 11)
    head = [
        "户号", "与户主关系", *HEAD, "现住址", "学历", "就业状态", "失业日期", "失业登记日期",
        "残疾等级", "低保情况", "求职意向", "期望工资", "可工作时间", "可步行时间", "技能证书",
        "毕业时间", "户籍地", "子女出生日期",
    ]  # fmt: skip
    row = [
        "371002", "户主", "王一", number, "2000 000 0001", "3号楼1单元101室", "初中", "失业",
        "2024.5.1",
        "2024年5月20日", "二级", "低保", "保安、大拿", "3000-4000", "上午、晚上", "20分钟",
        "电工(中级)", "无", "山东省威海市环翠区", "2015-03-01",
    ]  # fmt: skip
    brought("worker-a", xlsx([head, row]))
    person = everybody()["王一"]
    assert (person.id_number, person.phone, person.address) == (
        number,
        "20000000001",
        "3号楼1单元101室",
    )
    assert (person.birth_date, person.sex) == (date(1980, 1, 1), "男")
    assert (person.education, person.disability_grade, person.minimum_living) == (70, 2, "低保")
    assert person.skill_certificates == [{"code": "电工", "level": 4}]
    assert person.children == [date(2015, 3, 1)]
    assert person.hukou_unit == "371002000000"
    assert person.known_none == ["graduated_on"]
    assert (person.household.number, person.household_role) == ("371002", "户主")
    assert person.wish.occupation_codes == ["4-07-05-01"]
    assert (person.wish.min_wage, person.wish.hours, person.wish.max_walk_minutes) == (3000, 5, 20)
    assert person.wish.skills == ["电工"]
    assert (person.source, person.as_of) == ("导入：名册.xlsx", TODAY)
    assert person.unit_path == path_of(A)
    with fence(actor("worker-a")):
        found = {(p.kind, p.status): p.during for p in StatusPeriod.objects.filter(person=person)}
    assert set(found) == {
        (PeriodKind.EMPLOYMENT, "失业"),
        (PeriodKind.UNEMPLOYMENT_REGISTRATION, ""),
    }
    assert found[(PeriodKind.EMPLOYMENT, "失业")].lower == date(2024, 5, 1)
    assert found[(PeriodKind.UNEMPLOYMENT_REGISTRATION, "")].lower == date(2024, 5, 20)


@pytest.mark.django_db
def test_numbers_are_encrypted_in_every_table():
    number = id_number()
    brought("worker-a", xlsx([HEAD, ["王一", number, "20000000001"], ["王二", number, "1"]]))
    with fence(system()), connection.cursor() as cursor:
        for table in ("people_person", "exchange_importbatch", "files_storedfile", "runs_run"):
            cursor.execute(f"SELECT t::text FROM {table} t")
            text = "".join(row[0] for row in cursor.fetchall())
            for secret in (number, "20000000001", number.encode().hex()):
                assert secret not in text, table


@pytest.mark.django_db
def test_blank_cells_keep_what_is_known_and_changes_are_named():
    number = id_number()
    head = [*HEAD, "学历", "现住址"]
    brought("worker-a", xlsx([head, ["王一", number, "20000000001", "初中", "1号楼"]]))
    batch = brought("worker-a", xlsx([head, ["王一", number, "20000000002", "", "1号楼"]]))
    assert counts(batch) == (1, 0, 1, 0, 0, 0)
    person = everybody()["王一"]
    assert (person.phone, person.education) == ("20000000002", 70)
    assert person.phone_index == blind_index("20000000002")
    with fence(actor("worker-a")):
        page = queries.preview(actor("worker-a"), batch.pk)
        assert [c.state for c in page.rows[0].cells] == ["", "", "changed", "", ""]
        last = AuditEntry.objects.filter(verb="person.import").order_by("-id").first()
        assert last.detail == {"fields": ["phone"]}


@pytest.mark.django_db
@pytest.mark.requirement("PPL-2")
@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (["失业", "2024-05-01", "", ""], [("失业", date(2024, 5, 1), None)]),
        (["失业", "2024-03-01", "", ""], [("失业", date(2024, 3, 1), None)]),
        (
            ["就业", "", "2025-02-01", ""],
            [("失业", date(2024, 5, 1), date(2025, 2, 1)), ("就业", date(2025, 2, 1), None)],
        ),
        (["就业", "", "2023-02-01", ""], [("失业", date(2024, 5, 1), None)]),
        (
            ["退休", "", "", ""],
            [("失业", date(2024, 5, 1), TODAY), ("退休", TODAY, None)],
        ),
    ],
)
def test_status_over_time(second, expected):
    number = id_number()
    head = [*HEAD, "就业状态", "失业日期", "就业时间", "失业登记日期"]
    brought("worker-a", xlsx([head, ["王一", number, "", "失业", "2024-05-01", "", ""]]))
    content = xlsx([head, ["王一", number, "", *second]])
    brought("worker-a", content)
    for _ in range(2):
        with fence(actor("worker-a")):
            rows = StatusPeriod.objects.filter(kind=0).order_by("during")
            assert [(p.status, p.during.lower, p.during.upper) for p in rows] == expected
        assert counts(brought("worker-a", content))[3] == 1, "a second time changes nothing"


@pytest.mark.django_db
@pytest.mark.requirement("PPL-2", "PPL-4")
def test_unemployed_without_a_day_since_when_is_unknown():
    number = id_number()
    head = [*HEAD, "就业状态", "失业日期"]
    brought("worker-a", xlsx([head, ["王一", number, "", "就业", "无"]]))
    for _ in range(2):
        batch = brought("worker-a", xlsx([head, ["王一", number, "", "失业", ""]]))
    assert counts(batch)[3] == 1, "a second time changes nothing"
    me = actor("worker-a")
    with fence(me):
        (row,) = facts_frame(me, path_of(A), TODAY).to_dicts()
        assert row["employment_status"] == "失业"
        assert (row["unemployed_since"], row["unemployed_since_known"]) == (None, False)
        assert "未知" in queries.preview(me, batch.pk).remarks[0]
    brought("worker-a", xlsx([head, ["王一", number, "", "失业", "2024-05-01"]]))
    with fence(me):
        (row,) = facts_frame(me, path_of(A), TODAY).to_dicts()
        assert row["unemployed_since"] == date(2024, 5, 1)


@pytest.mark.django_db
def test_known_not_registered_ends_a_registration():
    number = id_number()
    head = [*HEAD, "失业登记日期"]
    brought("worker-a", xlsx([head, ["王一", number, "", "2024-05-01"]]))
    brought("worker-a", xlsx([head, ["王一", number, "", "无"]]))
    with fence(actor("worker-a")):
        period = StatusPeriod.objects.get()
        assert (period.during.lower, period.during.upper) == (date(2024, 5, 1), TODAY)


@pytest.mark.django_db
def test_a_head_of_household_begins_a_household_where_no_number_is_given():
    rows = [[n, i, p] for n, i, p in people(4)]
    relations = ["户主", "妻", "户主", "子"]
    content = xlsx(
        [[*HEAD, "与户主关系"], *([*r, x] for r, x in zip(rows, relations, strict=True))]
    )
    brought("worker-a", content)
    with fence(actor("worker-a")):
        homes = [p.household_id for p in Person.objects.order_by("id")]
    assert homes[0] == homes[1] != homes[2] == homes[3]
    assert counts(brought("worker-a", content))[3] == 4


@pytest.mark.django_db
def test_a_building_that_is_known_is_found_in_the_address():
    with fence(system()):
        community = unit()
        building = Unit.objects.create(
            code=f"{A}g01b003", name="3号楼", level="building", path=f"{community.path}g01/b003/"
        )
    content = xlsx([[*HEAD, "现住址"], [*people(1)[0], "幸福小区3栋2单元501室"]])
    brought("worker-a", xlsx([HEAD, people(1)[0]]))
    batch = brought("worker-a", content)
    assert counts(batch)[2] == 1
    with fence(actor("worker-a")):
        person = Person.objects.get()
        assert (person.unit_id, person.unit_path) == (building.pk, building.path)
    assert counts(brought("worker-a", content))[3] == 1


# --- the fence -----------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.requirement("ORG-2")
def test_somebody_of_another_community_is_reported_never_touched_never_told():
    rows = people(2)
    brought("worker-b", xlsx([HEAD, rows[0]]), code=B)
    batch = brought("worker-a", xlsx([HEAD, ["改名", *rows[0][1:]], rows[1]]))
    assert counts(batch) == (2, 1, 0, 0, 0, 1)
    with fence(actor("worker-a")):
        page = queries.preview(actor("worker-a"), batch.pk)
        assert page.problems == ("第2行 这个身份证号已在其他社区登记，需要办理迁移后才能导入",)
        assert "测试乙" not in "".join(page.problems)
        assert page.rows[0].outcome == "transfer"
    assert set(everybody("worker-b")) == {rows[0][0]}
    assert set(everybody("worker-a")) == {rows[1][0]}


@pytest.mark.django_db
@pytest.mark.requirement("ORG-2")
def test_a_street_does_not_move_people_between_its_communities():
    row = people(1)[0]
    brought("worker-b", xlsx([HEAD, row]), code=B)
    street = "371002001000"
    content = xlsx([[*HEAD, "社区"], [*row, "测试甲社区"]])
    batch = brought("clerk", content, code=street)
    assert counts(batch) == (1, 0, 0, 0, 0, 1)
    assert everybody("worker-b")[row[0]].unit_path == path_of(B)


@pytest.mark.django_db
def test_a_street_imports_by_community_column():
    rows = people(4)
    texts = ["测试甲社区", "测试乙社区居委会", B, "不存在的社区"]
    content = xlsx([[*HEAD, "社区名称"], *([*r, t] for r, t in zip(rows, texts, strict=True))])
    batch = brought("clerk", content, code="371002001000")
    assert counts(batch) == (4, 3, 0, 0, 1, 0)
    assert len(everybody("worker-a")) == 1
    assert len(everybody("worker-b")) == 2
    with pytest.raises(SheetRefused, match="要有“社区”一列"):
        brought("clerk", xlsx([HEAD, rows[0]]), code="371002001000")


@pytest.mark.django_db
def test_a_row_of_another_community_is_an_error():
    content = xlsx([[*HEAD, "社区"], [*people(1)[0], "测试乙社区"]])
    batch = brought("worker-a", content)
    assert counts(batch) == (1, 0, 0, 0, 1, 0)
    with fence(actor("worker-a")):
        assert (
            "不是本次导入的测试甲社区" in queries.preview(actor("worker-a"), batch.pk).problems[0]
        )


@pytest.mark.django_db
@pytest.mark.requirement("ORG-2")
def test_who_may_import_where():
    content = xlsx([HEAD, people(1)[0]])
    for who, code in (("worker-a", B), ("grid-a", A), ("city", A), ("county", A)):
        with pytest.raises(NotAllowed):
            brought(who, content, code=code)
    with pytest.raises(ValidationError, match="社区、街道"):
        actions.upload(
            actor=system(), unit=unit("371000000000"), kind="roster", name="a.xlsx", content=content
        )
    batch = brought("worker-a", content)
    with fence(actor("worker-b")), pytest.raises(ImportBatch.DoesNotExist):
        queries.batch(actor("worker-b"), batch.pk)


# --- steps ---------------------------------------------------------------------------------------


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


@pytest.mark.django_db
def test_who_may_not_import_reads_no_import_either():
    batch = uploaded()
    walker = actor("grid-a")
    with fence(walker):
        for read in (queries.batch, queries.preview, queries.rejects_file):
            with pytest.raises(NotAllowed):
                read(walker, batch.pk)


@pytest.mark.django_db
def test_a_mapping_is_changed_checked_and_remembered():
    head = ["姓名", "身份证号", "电话", "备用电话"]
    content = xlsx([head, *([*row, "20009999999"] for row in people(3))])
    batch = uploaded(content=content)
    who = actor("worker-a")
    with fence(who):
        assert batch.mapping == {"0": "name", "1": "id_number", "2": "phone"}
        with pytest.raises(ValidationError, match=r"“联系电话”选了2列"):
            actions.set_mapping(
                actor=who,
                batch_id=batch.pk,
                mapping={0: "name", 1: "id_number", 2: "phone", 3: "phone"},
            )
        with pytest.raises(ValidationError, match="身份证号"):
            actions.set_mapping(actor=who, batch_id=batch.pk, mapping={0: "name"})
        actions.check_now(actor=who, batch_id=batch.pk)
        batch = actions.set_mapping(
            actor=who,
            batch_id=batch.pk,
            mapping={0: "name", 1: "id_number", 2: "", 3: "phone"},
        )
        assert (batch.state, batch.counts) == (ImportState.UPLOADED, {})
        with pytest.raises(ValidationError, match="先核对"):
            actions.commit_now(actor=who, batch_id=batch.pk)
        actions.check_now(actor=who, batch_id=batch.pk)
        actions.commit_now(actor=who, batch_id=batch.pk)
        columns = queries.preview(who, batch.pk).columns
        assert [(c.field, c.why) for c in columns][3] == ("phone", "手工选择")
    assert all(p.phone == "20009999999" for p in everybody().values())
    assert uploaded(content=content).mapping == {"0": "name", "1": "id_number", "3": "phone"}


@pytest.mark.django_db
def test_what_the_roster_leaves_open_is_answered_once_for_all():
    head = ["姓名", "身份证号", "已领养老金"]
    rows = [
        [name, number, said] for (name, number, _), said in zip(people(2), ("是", ""), strict=True)
    ]
    batch = uploaded(content=xlsx([head, *rows]))
    who = actor("worker-a")
    mapping = {0: "name", 1: "id_number", 2: "pension_drawn"}
    with fence(who):
        with pytest.raises(ValidationError, match="统一回答"):
            actions.set_mapping(actor=who, batch_id=batch.pk, mapping=mapping, answered=["sex"])
        actions.set_mapping(
            actor=who,
            batch_id=batch.pk,
            mapping=mapping,
            answered=["pension_drawn", "labour_capacity"],
        )
        actions.check_now(actor=who, batch_id=batch.pk)
        assert [a.chosen for a in queries.preview(who, batch.pk).answers] == [True, True]
        actions.commit_now(actor=who, batch_id=batch.pk)
    stored = everybody()
    # What a row says itself wins.
    assert [stored[row[0]].pension_drawn for row in rows] == [True, False]
    assert [stored[row[0]].labour_capacity for row in rows] == [True, True]
    assert stored[rows[0][0]].source == "导入（含统一回答）：名册.xlsx"


@pytest.mark.django_db
def test_preview_masks_numbers_that_name_somebody():
    batch = uploaded(content=xlsx([["姓名", "身份证号", "手机"], *people(3)]))
    who = actor("worker-a")
    with fence(who):
        actions.check_now(actor=who, batch_id=batch.pk)
        page = queries.preview(who, batch.pk)
    texts = [s for c in page.columns for s in c.samples]
    texts += [c.text for r in page.rows for c in r.cells]
    for _name, number, phone in people(3):
        assert number not in texts and phone not in texts
    assert len(page.rows) == 3
    assert {field.label for field in page.fields if field.needed} == {"姓名", "身份证号"}


def test_dates_are_no_numbers_that_name_somebody():
    assert masked("birth_date", "2024-01-05") == "2024-01-05"
    assert masked("address", "电话20001234567") == "电话200******67"
    assert masked("address", "379901 19900101 0017").startswith("379***")


@pytest.mark.django_db
def test_day_of_the_file_is_read_above_the_header():
    content = xlsx([["名册"], ["填报日期：2025年6月30日"], HEAD, people(1)[0]])
    assert uploaded(content=content).as_of == date(2025, 6, 30)
    assert uploaded(content=content, as_of=TODAY).as_of == TODAY


@pytest.mark.django_db
def test_cancelled_import_is_gone_with_its_file():
    batch = uploaded()
    who = actor("worker-a")
    with fence(who):
        file = batch.file_id
        batch = actions.cancel(actor=who, batch_id=batch.pk)
        assert batch.state == ImportState.CANCELLED
        assert (
            not type(batch)._meta.get_field("file").related_model.objects.filter(pk=file).exists()
        )
        with pytest.raises(ValidationError, match="已经取消"):
            actions.check_now(actor=who, batch_id=batch.pk)


@pytest.mark.django_db
def test_done_import_is_not_done_twice_nor_cancelled():
    batch = brought("worker-a", xlsx([HEAD, *people(2)]))
    who = actor("worker-a")
    with fence(who):
        assert actions.commit_now(actor=who, batch_id=batch.pk).counts == batch.counts
        with pytest.raises(ValidationError, match="已经导入"):
            actions.cancel(actor=who, batch_id=batch.pk)
        with pytest.raises(ValidationError, match="已经导入"):
            actions.check_now(actor=who, batch_id=batch.pk)
        assert Person.objects.count() == 2


@pytest.mark.django_db
def test_rejects_come_back_as_the_senders_file():
    rows = people(2)
    batch = brought("worker-a", xlsx([HEAD, rows[0], ["王二", "123", ""]]))
    with fence(actor("worker-a")):
        found = queries.rejects_file(actor("worker-a"), batch.pk)
        assert found.name == "名册_错误说明.xlsx"
        sheet = openpyxl.load_workbook(io.BytesIO(found.read())).active
        assert [sheet["D1"].value, sheet["D2"].value] == ["错误说明", None]
        assert "应为18位" in sheet["D3"].value
    with fence(actor("worker-b")), pytest.raises(ImportBatch.DoesNotExist):
        queries.rejects_file(actor("worker-b"), batch.pk)


@pytest.mark.django_db
def test_upload_that_cannot_be_taken_leaves_nothing():
    with pytest.raises(SheetRefused):
        uploaded(content=xlsx([["商品"], ["铅笔"]]))
    with fence(system()):
        assert ImportBatch.objects.count() == 0


# --- in the background ---------------------------------------------------------------------------


@pytest.fixture
def queued(monkeypatch):
    """Runs of a batch are worked off by hand, and the pipeline is not followed up."""
    monkeypatch.setattr(jobs, "_open_files", lambda actor, batch: None)

    def start(verb, batch, who="worker-a"):
        actor_ = actor(who)
        with fence(actor_):
            return getattr(actions, verb)(actor=actor_, batch_id=batch.pk)

    return start


def ended(run):
    with fence(system()):
        return Run.objects.get(pk=run.pk)


class TestInTheBackground:
    """These commit, since progress travels on a second connection."""

    def test_check_and_commit_by_jobs(self, clean, queued):
        batch = uploaded()
        run = queued("dry_run", batch)
        assert queued("dry_run", batch).pk == run.pk, "a double click starts nothing twice"
        jobs.check(run_id=run.pk, path=run.unit_path)
        found = ended(run)
        assert (found.state, found.done, found.result["counts"]["new"]) == (RunState.DONE, 3, 3)
        assert "将新增3人" in found.message
        run = queued("commit", batch)
        jobs.commit(run_id=run.pk, path=run.unit_path)
        assert "新增3人" in ended(run).message
        assert len(everybody()) == 3

    def test_kill_in_the_middle_leaves_nothing_and_the_second_run_finishes(
        self, clean, queued, monkeypatch
    ):
        batch = uploaded(content=xlsx([HEAD, *people(40)]))
        jobs.check(run_id=queued("dry_run", batch).pk, path=path_of(A))
        run = queued("commit", batch)
        monkeypatch.setattr("weiye.services.exchange.reading.BLOCK_ROWS", 10)

        class Killed(BaseException):
            """Like kill -9: nobody catches it, nothing is recorded."""

        def work(actor, run, progress):
            calls = []

            class Dying:
                def report(self, *args):
                    calls.append(args)
                    if len(calls) == 3:
                        raise Killed

            return jobs._commit(actor, run, Dying())

        with pytest.raises(Killed):
            work_off(run_id=run.pk, path=run.unit_path, work=work)
        assert everybody() == {}
        assert ended(run).state == RunState.RUNNING
        jobs.commit(run_id=run.pk, path=run.unit_path)
        jobs.commit(run_id=run.pk, path=run.unit_path)
        with fence(actor("worker-a")):
            assert Person.objects.count() == 40
        assert ended(run).state == RunState.DONE

    def test_kill_9_of_the_worker(self, clean, queued):
        """The same with a real process and a real SIGKILL."""
        batch = uploaded(content=xlsx([HEAD, *people(40)]))
        jobs.check(run_id=queued("dry_run", batch).pk, path=path_of(A))
        run = queued("commit", batch)
        script = f"""
import os, signal, django
django.setup()
from weiye.base.runs import progress
from weiye.services.exchange import jobs, reading
reading.BLOCK_ROWS = 10
def report(self, done, total, message):
    if done == 30:
        os.kill(os.getpid(), signal.SIGKILL)
progress.Progress.report = report
jobs.commit(run_id={run.pk}, path={run.unit_path!r})
"""
        settings = connection.settings_dict
        login = f"{settings['USER']}:{settings['PASSWORD']}@{settings['HOST']}:{settings['PORT']}"
        env = os.environ | {
            "WEIYE_APP_URL": f"postgresql://{login}/{settings['NAME']}",
            "DJANGO_SETTINGS_MODULE": "weiye.config.settings",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        ran = subprocess.run(
            [sys.executable, "-c", script], env=env, check=False, capture_output=True, text=True
        )
        assert ran.returncode == -signal.SIGKILL, ran.stderr
        assert everybody() == {}
        assert ended(run).state == RunState.RUNNING
        jobs.commit(run_id=run.pk, path=run.unit_path)
        assert ended(run).result["counts"]["new"] == 40
        with fence(actor("worker-a")):
            assert Person.objects.count() == 40

    def test_kill_after_the_commit_does_not_import_twice(self, clean, queued):
        batch = uploaded()
        jobs.check(run_id=queued("dry_run", batch).pk, path=path_of(A))
        run = queued("commit", batch)
        jobs.commit(run_id=run.pk, path=run.unit_path)
        with fence(system()):
            Run.objects.filter(pk=run.pk).update(state=RunState.RUNNING, finished_at=None)
        jobs.commit(run_id=run.pk, path=run.unit_path)
        assert ended(run).result["counts"]["new"] == 3
        assert len(everybody()) == 3

    def test_cancel_while_it_runs(self, clean, queued, monkeypatch):
        batch = uploaded(content=xlsx([HEAD, *people(40)]))
        jobs.check(run_id=queued("dry_run", batch).pk, path=path_of(A))
        run = queued("commit", batch)
        monkeypatch.setattr("weiye.services.exchange.reading.BLOCK_ROWS", 10)

        def work(actor_, run, progress):
            class Watched:
                def report(self, done, total, message):
                    if done == 20:
                        cancel_elsewhere(run.pk)
                    progress.report(done, total, message)

            return jobs._commit(actor_, run, Watched())

        work_off(run_id=run.pk, path=run.unit_path, work=work)
        found = ended(run)
        assert (found.state, found.message) == (
            RunState.CANCELLED,
            "已取消，没有改动任何数据。",
        )
        assert everybody() == {}
        run = queued("commit", batch)
        jobs.commit(run_id=run.pk, path=run.unit_path)
        assert ended(run).result["counts"]["new"] == 40

    def test_the_pipeline_follows(self, clean):
        batch = uploaded()
        who = actor("worker-a")
        with fence(who):
            run = actions.dry_run(actor=who, batch_id=batch.pk)
        jobs.check(run_id=run.pk, path=run.unit_path)
        with fence(who):
            run = actions.commit(actor=who, batch_id=batch.pk)
        jobs.commit(run_id=run.pk, path=run.unit_path)
        with fence(system()):
            kinds = list(Run.objects.order_by("id").values_list("kind", "unit_path", "state"))
        assert kinds == [
            ("roster.check", path_of(A), "done"),
            ("roster.import", path_of(A), "done"),
            (PIPELINE, path_of(A), "queued"),
        ]

    def test_file_that_is_refused_says_so_in_the_run(self, clean, queued):
        content = xlsx([HEAD, *people(1)])
        batch = uploaded("clerk", content=content, code="371002001000")
        run = queued("dry_run", batch, "clerk")
        jobs.check(run_id=run.pk, path=run.unit_path)
        found = ended(run)
        assert found.state == RunState.FAILED
        assert "要有“社区”一列" in found.message


def cancel_elsewhere(run_id):
    """As a web request would: on a connection of its own."""
    import psycopg

    parameters = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    with psycopg.connect(**{n: parameters.get(n) for n in names}) as other:
        other.execute("SELECT set_config('weiye.lo', '0', true), set_config('weiye.hi', ':', true)")
        other.execute("UPDATE runs_run SET cancel_asked = true WHERE id = %s", [run_id])


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
