"""Who entered and left which group, why, and on which day; one household by itself."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.services.assistance import world
from tests.services.assistance.world import A_PATH, DAY
from tests.world import actor
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.registers.people import actions as people_actions
from weiye.registers.people.models import PeriodKind, Person, StatusPeriod
from weiye.services.assistance import actions, changed
from weiye.services.assistance.models import (
    FactChange,
    GroupMembership,
    Standing,
)
from weiye.services.assistance.queries import changes, today

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("PPL-5")]
NEXT = DAY + timedelta(days=1)


def run(as_of: date = DAY) -> Any:
    return actions.run_pipeline(actor=actor("worker-a"), path=A_PATH, as_of=as_of)


def stay(person: Person, group: str) -> GroupMembership:
    return GroupMembership.objects.filter(person=person, group=group).latest("id")


@pytest.fixture
def a() -> Any:
    me = actor("worker-a")
    with fence(system()):
        world.work()
    with fence(me):
        yield me


def test_the_fact_that_turned_is_named(a: Any) -> None:
    poor = world.person("脱困", minimum_living="低保")
    plain = world.person("受困")
    run()
    assert stay(poor, "低保家庭").joined_change == "首次登记，按现有情况识别"
    for person, level in ((poor, "无"), (plain, "低保边缘")):
        people_actions.edit_person(
            actor=a, person_id=person.pk, facts={"minimum_living": level}, on=NEXT
        )
    run(NEXT)
    left = stay(poor, "低保家庭")
    assert left.left_on == NEXT
    assert left.left_change == "家庭享受最低生活保障（低保情况：低保→无）"
    joined = stay(plain, "低保边缘家庭")
    assert joined.found_on == NEXT
    assert joined.joined_change == "属于低保边缘家庭（低保情况：无→低保边缘）"
    row = FactChange.objects.get(person=plain)
    assert (row.fact, row.before, row.after, row.seen_on) == (
        "minimum_living",
        "无",
        "低保边缘",
        NEXT,
    )
    # Nothing more to say on the next day.
    run(NEXT + timedelta(days=1))
    assert FactChange.objects.count() == 2


def test_time_alone_and_the_household_turn_groups_too(a: Any) -> None:
    home = world.household("h")
    jobless = world.person("无业", household=home, status="失业", since=date(2024, 7, 1))
    wife = world.person("有业", household=home, sex="女", birth_date=date(1995, 1, 1))
    run()
    assert not GroupMembership.objects.filter(person=jobless, group="长期失业").exists()
    run(NEXT)  # a year since 1 July 2024
    assert stay(jobless, "长期失业").joined_change == "时间到了：已失业1年以上"
    people_actions.change_status(
        actor=a, person_id=wife.pk, status="失业", on=NEXT, today=NEXT, source="t"
    )
    later = NEXT + timedelta(days=2)
    run(later)
    said = stay(jobless, "零就业家庭").joined_change
    assert "家中有劳动能力和就业意愿的成员都没有就业" in said
    assert "同户就业状态：就业→失业" in said


def test_who_was_in_a_group_on_any_past_day_is_one_query(
    a: Any, django_assert_num_queries: Any
) -> None:
    poor = world.person("脱困", minimum_living="低保")
    run()
    Person.objects.filter(pk=poor.pk).update(minimum_living="无")
    run(NEXT + timedelta(days=4))
    for day, is_in in (
        (DAY - timedelta(days=1), False),
        (DAY, True),
        (NEXT + timedelta(days=3), True),
        (NEXT + timedelta(days=4), False),
    ):
        with django_assert_num_queries(1):
            found = {s.person_id for s in changes.stays_on(a, day).filter(group="低保家庭")}
        assert (poor.pk in found) == is_in, day


@pytest.mark.requirement("PPL-4")
def test_the_first_page_tells_what_changed_and_why(a: Any) -> None:
    world.person("受困", minimum_living="低保")
    run()
    found = today(a, as_of=DAY)
    assert (found.joined, found.left) == (2, 0)  # 低保家庭 and 低收入
    assert {line.group for line in found.changes} == {"低保家庭", "低收入"}
    assert all(line.why for line in found.changes)
    assert [(d.on, d.joined, d.left) for d in changes.by_day(a, DAY, NEXT)] == [(DAY, 2, 0)]


def test_a_run_for_a_day_gone_by_undoes_nothing_that_is_known(a: Any) -> None:
    person = world.person("甲", minimum_living="低保")
    run(NEXT)
    held = Standing.objects.get(person=person)
    Person.objects.filter(pk=person.pk).update(minimum_living="无")
    run(DAY)
    again = Standing.objects.get(person=person)
    assert (again.facts, again.as_of) == (held.facts, held.as_of)
    assert not FactChange.objects.exists()


@pytest.mark.requirement("PPL-4")
def test_unemployment_spells_are_counted_from_the_history(a: Any) -> None:
    person = world.person("多次", status=None)
    for start, stop, status in (
        (date(2022, 1, 1), date(2024, 1, 1), "就业"),
        (date(2024, 1, 1), date(2024, 3, 1), "失业"),
        (date(2024, 3, 1), date(2024, 8, 1), "就业"),
        (date(2024, 8, 1), date(2024, 9, 1), "失业"),
        (date(2024, 9, 1), date(2025, 6, 1), "灵活就业"),
        (date(2025, 6, 1), None, "失业"),
    ):
        world.period(person, PeriodKind.EMPLOYMENT, status, start, stop)
    twice = world.person("两次", status=None)
    for start, stop, status in (
        (date(2022, 1, 1), date(2024, 8, 1), "就业"),
        (date(2024, 8, 1), date(2024, 9, 1), "失业"),
        (date(2024, 9, 1), date(2025, 6, 1), "就业"),
        (date(2025, 6, 1), None, "失业"),
    ):
        world.period(twice, PeriodKind.EMPLOYMENT, status, start, stop)
    run()
    assert "24个月内失业3次以上" in stay(person, "高失业").reason
    assert not GroupMembership.objects.filter(person=twice, group="高失业").exists()


FACTS = st.fixed_dictionaries(
    {},
    optional={
        "minimum_living": st.sampled_from(["低保", "低保边缘", "无", None]),
        "poverty_alleviation": st.sampled_from(["脱贫享受政策", "防止返贫监测", "无"]),
        "labour_capacity": st.booleans(),
        "work_wish": st.booleans(),
        "pension_drawn": st.booleans(),
        "disability_grade": st.sampled_from([0, 2]),
        "veteran": st.booleans(),
        "birth_date": st.sampled_from([date(1960, 1, 1), date(1970, 1, 1), date(2003, 5, 5)]),
    },
)
STATUS = st.sampled_from([None, "就业", "失业", "灵活就业", "在校", "退休"])
TABLES = (
    "assistance_groupmembership",
    "assistance_assistancefile",
    "assistance_listentry",
    "assistance_standing",
    "assistance_factchange",
    "assistance_visitdue",
)


def everything() -> dict[str, list[str]]:
    """What the pipeline keeps, without the numbers of rows and moments."""
    found = {}
    with connections["default"].cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT to_jsonb(t) - 'id' - 'seen_at' - 'file_id' FROM {table} t")
            rows = [json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in cursor]
            found[table] = sorted(json.dumps(row, sort_keys=True) for row in rows)
    return found


def test_one_household_by_itself_gives_what_a_whole_run_gives(a: Any) -> None:
    """Any change of any member: the short way and the long way write the same."""
    home = world.household("h")
    people = [
        world.person("甲", household=home, status="失业", since=date(2024, 1, 1)),
        world.person("乙", household=home, sex="女", minimum_living="低保"),
        world.person("丙", status="失业", registered=date(2025, 5, 1), wish={"hours": 3}),
        world.person("丁"),
    ]
    run()

    @settings(
        max_examples=6,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(st.integers(0, 3), FACTS, STATUS)
    def same(number: int, facts: dict[str, Any], status: str | None) -> None:
        person = people[number]
        found = []
        for short in (True, False):
            point = transaction.savepoint()
            Person.objects.filter(pk=person.pk).update(**facts)
            if status is not None:
                StatusPeriod.objects.filter(person=person, kind=PeriodKind.EMPLOYMENT).delete()
                world.period(person, PeriodKind.EMPLOYMENT, status, date(2025, 6, 20))
            if short:
                actions.refresh_people(actor=a, path=A_PATH, people=[person.pk], as_of=NEXT)
            else:
                run(NEXT)
            found.append(everything())
            transaction.savepoint_rollback(point)
        assert found[0] == found[1]

    # The day that comes is the same for everybody: nobody else changes by time alone.
    run(NEXT)
    same()


def test_a_row_that_is_saved_has_the_person_looked_at_again(
    a: Any, django_capture_on_commit_callbacks: Any
) -> None:
    from procrastinate.contrib.django.models import ProcrastinateJob

    with django_capture_on_commit_callbacks(execute=True):
        person = world.person("甲")
        people_actions.edit_person(
            actor=a, person_id=person.pk, facts={"minimum_living": "低保"}, on=NEXT
        )
        people_actions.change_status(
            actor=a, person_id=person.pk, status="失业", on=NEXT, today=NEXT, source="t"
        )
    jobs = ProcrastinateJob.objects.filter(task_name="assistance.person")
    assert [job.args for job in jobs] == [{"person_id": person.pk, "path": A_PATH}]
    labels = {model._meta.label for model in changed.watched()}
    assert {"people.Person", "people.StatusPeriod", "people.WorkWish"} <= labels
