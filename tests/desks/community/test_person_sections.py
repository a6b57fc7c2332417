"""What stands on a person's page, section by section; households; records of a biography."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.world import A, B, actor, path_of
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.desks.community.person import SECTIONS
from weiye.registers.people.models import Household, Person, StatusPeriod
from weiye.services.assistance.models import GroupMembership, ListEntry
from weiye.services.assistance.visits.models import Visit, VisitDue

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


def url(made, rest: str = "") -> str:  # type: ignore[no-untyped-def]
    return f"/community/people/{made.person.pk}/{rest}"


def page(signed, made, rest: str = "", who: str = "worker-a") -> str:  # type: ignore[no-untyped-def]
    answer = signed(who).get(url(made, rest))
    assert answer.status_code == 200
    text: str = answer.content.decode()
    assert "missing variable" not in text
    return text


def period(made, kind: int, status: str, days: int, until: int | None = None, **more: object):  # type: ignore[no-untyped-def]
    end = None if until is None else TODAY - timedelta(days=until)
    with fence(system()):
        return StatusPeriod.objects.create(
            person=made.person,
            unit_path=made.person.unit_path,
            kind=kind,
            status=status,
            during=DateRange(TODAY - timedelta(days=days), end),
            source="就业登记系统",
            **more,
        )


def test_sections_have_names_places_and_templates_of_their_own() -> None:
    keys = [section.key for section in SECTIONS]
    assert len(keys) == len(set(keys))
    assert {section.place for section in SECTIONS} == {"now", "who", "main", "rest"}
    assert SECTIONS[0].key == "now", "the first answer is what to do now"


@pytest.mark.requirement("AID-3")
def test_what_to_do_comes_first_the_late_before_the_rest(helped, signed) -> None:
    made = helped()
    with fence(system()):
        VisitDue.objects.create(
            person=made.person,
            unit_path=made.person.unit_path,
            due_on=TODAY + timedelta(days=3),
            interval_days=90,
            because="长期失业：每90天一次",
            source="某文",
        )
    text = page(signed, made)
    now = text[text.index('id="now"') : text.index('id="who"')]
    assert "做一次岗位推荐" in now
    assert "逾期" in now
    assert "告诉本人可以办“policy的条目”" in now
    assert "走访一次" in now
    assert "3天后" in now
    # Late, then by day, then without a day.
    assert now.index("逾期") < now.index("走访一次") < now.index("告诉本人可以办")
    assert text.index('id="now"') < text.index('id="contact"')


def test_what_was_told_is_no_task_any_more(helped, signed) -> None:
    made = helped()
    with fence(system()):
        made.contact.entries = [made.entries["policy"].pk]
        made.contact.save()
    text = page(signed, made)
    assert "告诉本人可以办" not in text
    assert "介绍岗位：job的条目" in text


def test_a_grid_worker_is_offered_no_action_that_they_may_not_take(helped, signed) -> None:
    made = helped()
    with fence(system()):
        made.file.worker = None
        made.file.save()
        ListEntry.objects.filter(pk=made.entries["policy"].pk).update(verdict="unknown")
    boss = page(signed, made)
    assert "指定责任人" in boss
    assert "1项政策才能判断" in boss
    grid = page(signed, made, who="grid-a")
    assert "指定责任人" not in grid
    assert "项政策才能判断" not in grid


@pytest.mark.requirement("PPL-2")
def test_statuses_are_drawn_listed_and_told_for_any_day(helped, signed) -> None:
    made = helped()
    period(made, 0, "就业", 900, 400)
    period(made, 2, "", 300, 100, number="SY2025001", end_reason="找到工作")
    text = page(signed, made)
    status = text[text.index('id="status"') :]
    assert '<svg class="wy-spans"' in status
    assert "编号 SY2025001" in status
    assert "结束：找到工作" in status
    assert "来自就业登记系统" in status

    day = TODAY - timedelta(days=500)
    told = page(signed, made, f"?on={day.isoformat()}")
    assert "就业状态：<b>就业</b>" in told
    assert "失业登记：<b>没有登记</b>" in told
    day = TODAY - timedelta(days=200)
    told = page(signed, made, f"?on={day.isoformat()}")
    assert "就业状态：<b>失业</b>" in told
    assert "失业登记：<b>已登记</b>" in told
    before = page(signed, made, "?on=1999-01-01")
    assert "就业状态：<b>没有记录</b>" in before


@pytest.mark.requirement("PPL-2")
@pytest.mark.parametrize("days", [100, 101, 300, 301, 400, 401])
def test_a_period_holds_its_first_day_and_not_its_last(helped, signed, days: int) -> None:
    made = helped()
    period(made, 0, "就业", 900, 400)
    period(made, 2, "", 300, 100)
    told = page(signed, made, f"?on={(TODAY - timedelta(days=days)).isoformat()}")
    assert f"就业状态：<b>{'失业' if days <= 400 else '就业'}</b>" in told
    assert f"失业登记：<b>{'已登记' if 100 < days <= 300 else '没有登记'}</b>" in told


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("2999-01-01", "日期不能晚于今天"),
        ("昨天", "请按“年-月-日”填写日期"),
        ("2026-02-30", "请按"),
    ],
)
def test_a_day_that_is_none_is_explained(helped, signed, typed: str, said: str) -> None:
    assert said in page(signed, helped(), f"?on={typed}")


@pytest.mark.requirement("PPL-5")
def test_groups_with_reasons_source_and_history(helped, signed) -> None:
    made = helped()
    with fence(system()):
        GroupMembership.objects.create(
            person=made.person,
            unit_path=made.person.unit_path,
            group="低保家庭",
            reason="家庭属于低保。",
            source="方案第16项",
            found_on=TODAY - timedelta(days=300),
            left_on=TODAY - timedelta(days=20),
            left_reason="低保已停发。",
            pack_version="t",
        )
    text = page(signed, made)
    groups = text[text.index('id="groups"') :]
    for words in ("失业已满1年。", "条例第四十二条", "以前的 1 个群体", "低保已停发。"):
        assert words in groups


@pytest.mark.requirement("PPL-9")
def test_visits_stand_among_what_was_done(helped, signed) -> None:
    made = helped()
    with fence(system()):
        Visit.objects.create(
            person=made.person,
            unit_path=made.person.unit_path,
            on=TODAY - timedelta(days=5),
            way="visit",
            result="absent",
            note="敲门没人应",
            worker_name="worker-a",
            token=uuid.uuid4(),
        )
    text = page(signed, made)
    done = text[text.index('id="done"') :]
    assert "回访：没人在家" in done
    assert "敲门没人应" in done
    # The latest first: the contact is older.
    assert done.index("敲门没人应") < done.index("讲了政策")


def test_facts_say_whose_word_they_are_and_what_nobody_knows(helped, signed) -> None:
    made = helped(
        veteran=True,
        disability_grade=0,
        children=[],
        fact_dates={"veteran": "2024-03-01"},
        fact_sources={"退役军人事务部门名册": ["veteran"]},
    )
    text = page(signed, made)
    facts = text[text.index('id="facts"') : text.index('id="consents"')]
    assert "退役军人事务部门名册" in facts
    assert "2024-03-01" in facts
    assert "没有残疾证" in facts
    unknown = facts[facts.index("还不清楚，下次可以问") :]
    assert "有劳动能力" in unknown
    assert "退役军人" not in unknown
    assert "残疾等级" not in unknown


RECORDS = {
    "0-employer": "惠民超市",
    "0-from": "2019-07",
    "0-to": "2024-02",
    "0-job": "收银",
    "0-left": "合同到期",
    "1-employer": "海晏食堂",
    "1-from": "2024-03",
}


@pytest.mark.requirement("PPL-1")
def test_work_is_set_down_record_by_record(helped, signed) -> None:
    made = helped()
    client = signed("worker-a")
    path = url(made, "records/work_history/")
    assert client.get(path).status_code == 200
    assert client.post(path, RECORDS).status_code == 302
    with fence(actor("worker-a")):
        kept = Person.objects.get(pk=made.person.pk)
        # Newest first, and whose word.
        assert [r["employer"] for r in kept.work_history] == ["海晏食堂", "惠民超市"]
    text = page(signed, made)
    assert "惠民超市" in text
    assert "2019-07至2024-02" in text
    assert "2024-03至今" in text
    # What is emptied goes.
    client.post(path, {"0-employer": "海晏食堂", "0-from": "2024-03"})
    with fence(actor("worker-a")):
        assert len(Person.objects.get(pk=made.person.pk).work_history) == 1


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"0-from": "2019-07"}, "没有填写单位"),
        ({"0-employer": "甲", "0-from": "2020-05", "0-to": "2019-01"}, "结束早于开始"),
        ({"0-employer": "甲", "0-from": "二〇一九"}, "2019-07"),
        ({"0-employer": "甲", "none": "on"}, "填了内容就不要勾"),
    ],
)
def test_a_wrong_record_is_explained_and_nothing_kept(
    helped, signed, sent: dict[str, str], said: str
) -> None:
    made = helped()
    answer = signed("worker-a").post(url(made, "records/work_history/"), sent)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    with fence(actor("worker-a")):
        assert Person.objects.get(pk=made.person.pk).work_history is None


def test_no_papers_is_an_answer(helped, signed) -> None:
    made = helped()
    client = signed("worker-a")
    assert client.post(url(made, "records/skill_certificates/"), {"none": "on"}).status_code == 302
    with fence(actor("worker-a")):
        assert "skill_certificates" in Person.objects.get(pk=made.person.pk).known_none
    for fact in ("name", "health_limits", "benefits_received"):
        assert client.get(url(made, f"records/{fact}/")).status_code == 404


def test_the_neighbours_records_do_not_exist(helped, signed) -> None:
    made = helped(unit=B)
    client = signed("worker-a")
    assert client.get(url(made, "records/work_history/")).status_code == 404
    assert client.post(url(made, "records/work_history/"), RECORDS).status_code == 404
    assert signed("grid-a").get(url(made, "records/work_history/")).status_code == 403


@pytest.fixture
def household(helped):  # type: ignore[no-untyped-def]
    with fence(system()):
        first = helped("王小明", labour_capacity=True, work_wish=True).person
        home = Household.objects.create(
            unit=first.unit, unit_path=path_of(A), number="A-17", address="文化中路12号楼301"
        )
        second = helped("王大海").person
        for member in (first, second):
            member.household = home
            member.save()
    return home


@pytest.mark.requirement("PPL-5")
def test_a_household_says_who_works_and_what_is_not_known(household, signed) -> None:
    path = f"/community/households/{household.pk}/"
    text = signed("worker-a").get(path).content.decode()
    assert "missing variable" not in text
    assert "没有把这一户判断为零就业家庭" in text
    assert "还不清楚，影响判断：</strong>王大海的" in text
    assert "301" not in text, "masked"
    with fence(system()):
        member = household.members.order_by("pk").first()
        GroupMembership.objects.create(
            person=member,
            unit_path=member.unit_path,
            group="零就业家庭",
            reason="家中没有人就业。",
            source="方案第16项",
            found_on=TODAY,
            pack_version="t",
        )
    text = signed("worker-a").get(path).content.decode()
    assert "没有把这一户判断为零就业家庭" not in text
    assert "家中没有人就业。" in text
    assert signed("worker-b").get(path).status_code == 404


@pytest.mark.requirement("PPL-5")
def test_a_household_costs_the_same_however_many_live_there(household, helped, signed) -> None:
    path = f"/community/households/{household.pk}/"
    client = signed("worker-a")

    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(path).status_code == 200
        return len(caught)

    client.get(path)
    few = cost()
    for number in range(4):
        member = helped(f"王{number}").person
        with fence(system()):
            member.household = household
            member.save()
    assert cost() == few
