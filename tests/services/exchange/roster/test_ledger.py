"""What a roster says is what the ledger holds, on the real database under both fences."""

from datetime import date

import pytest
from django.db import connection

from tests.services.exchange.making import id_number, people, xlsx
from tests.services.exchange.roster.bringing import (
    HEAD,
    TODAY,
    brought,
    counts,
    everybody,
    unit,
)
from tests.world import A, actor, path_of
from weiye.base.audit.models import AuditEntry
from weiye.base.privacy.fields import blind_index
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.registers.people.frames import facts_frame
from weiye.registers.people.models import Household, PeriodKind, Person, StatusPeriod
from weiye.services.exchange import queries
from weiye.services.exchange.models import ImportState
from weiye.services.exchange.sample import PEOPLE, WRONG_ROWS, sample_roster

pytestmark = pytest.mark.requirement("PPL-3")


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
