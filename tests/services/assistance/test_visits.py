"""Return visits: by when whom, one record a visit, and what has changed since."""

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from tests.services.assistance import world
from tests.services.assistance.world import A_PATH, DAY
from tests.world import actor, sign_in
from weiye.base.audit.models import AuditEntry
from weiye.base.packs import VisitInterval, load_pack
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.registers.people import actions as people_actions
from weiye.registers.people.models import Person
from weiye.services.assistance import actions as assistance
from weiye.services.assistance.models import AssistanceFile, Visit, VisitDue
from weiye.services.assistance.visits import actions, queries
from weiye.services.assistance.visits.due import due

pytestmark = pytest.mark.requirement("PPL-9")
database = pytest.mark.django_db


def days(number: int) -> date:
    return DAY + timedelta(days=number)


@pytest.fixture
def a() -> Any:
    me = actor("worker-a")
    with fence(system()):
        world.work()
    with fence(me):
        yield me


def run(as_of: date = DAY) -> None:
    assistance.run_pipeline(actor=actor("worker-a"), path=A_PATH, as_of=as_of)


def visit(person: Person, on: date, *, who: Any = None, **given: Any) -> Visit:
    values: dict[str, Any] = {"way": "visit", "result": "met", "note": ""} | given
    return actions.record_visit(
        actor=who or actor("worker-a"),
        person_id=person.pk,
        on=on,
        today=values.pop("today", on),
        token=values.pop("token", uuid.uuid4()),
        **values,
    )


def test_the_pack_says_how_often_and_that_nobody_has_confirmed_it() -> None:
    pack = load_pack("371002001001")
    assert pack.visits["zero-employment"].days == 30
    for interval in pack.visits.values():
        # The document asks for return visits and names no interval.
        assert interval.status == "待确认" and interval.enabled
        assert interval.source.startswith("鲁人社函〔2024〕36号")
        assert interval.first_days <= interval.days


def interval(key: str, every: int, first: int) -> VisitInterval:
    return VisitInterval(
        key, key, key, "", every, first, "s", "待确认", True, date(2024, 1, 1), None
    )


_DAYS = st.dates(date(2024, 1, 1), date(2025, 12, 31))
_INTERVALS = st.lists(st.tuples(st.integers(1, 200), st.integers(1, 200), _DAYS), max_size=4)


@given(_INTERVALS, st.none() | _DAYS)
def test_the_day_against_a_plain_count(
    rows: list[tuple[int, int, date]], last: date | None
) -> None:
    intervals = {f"i{n}": interval(f"i{n}", row[0], row[1]) for n, row in enumerate(rows)}
    applies = {f"i{n}": row[2] for n, row in enumerate(rows)}
    found = due(intervals, applies, last)
    if not rows:
        assert found is None
        return
    expected = []
    for every, first, since in rows:
        visited = last is not None and last >= since
        expected.append(
            last + timedelta(days=every)
            if visited and last is not None
            else since + timedelta(days=first)
        )
    assert found is not None
    assert found.on == min(expected)
    assert found.interval.days == min(row[0] for row in rows)


@database
def test_the_shortest_interval_counts_from_entering_then_from_the_visit(a: Any) -> None:
    home = world.household("h")
    jobless = world.person("无业", household=home, status="失业", since=date(2025, 2, 1))
    poor = world.person("低保", minimum_living="低保")
    plain = world.person("平常")
    run()
    rows = {row.person_id: row for row in VisitDue.objects.all()}
    assert set(rows) == {jobless.pk, poor.pk}
    assert (rows[jobless.pk].due_on, rows[jobless.pk].interval_days) == (days(7), 30)
    assert rows[jobless.pk].because == "零就业家庭：每30天一次"
    assert rows[jobless.pk].to_confirm
    assert (rows[poor.pk].due_on, rows[poor.pk].interval_days) == (days(30), 90)
    assert not VisitDue.objects.filter(person=plain).exists()
    everybody = Person.objects.visible_to(a)
    assert set(queries.overdue(everybody, days(8)).values_list("pk", flat=True)) == {jobless.pk}
    assert not queries.overdue(everybody, days(7)).exists()
    visit(jobless, days(3))
    row = VisitDue.objects.get(person=jobless)
    assert (row.due_on, row.last_on) == (days(33), days(3))
    # The nightly run comes to the same.
    run(days(3))
    again = VisitDue.objects.get(person=jobless)
    assert (again.due_on, again.last_on, again.applies) == (row.due_on, row.last_on, row.applies)


@database
def test_a_visit_is_recorded_once_and_can_be_taken_back(a: Any) -> None:
    poor = world.person("低保", minimum_living="低保")
    run()
    token = uuid.uuid4()
    first = visit(poor, days(1), token=token, note="想找活")
    assert visit(poor, days(1), token=token, note="想找活") == first
    assert Visit.objects.count() == 1
    assert AuditEntry.objects.filter(verb="visit.record", person_id=poor.pk).count() == 1
    assert VisitDue.objects.get(person=poor).due_on == days(91)
    with pytest.raises(ValidationError):
        actions.withdraw_visit(actor=a, visit_id=first.pk, reason=" ", today=days(2))
    actions.withdraw_visit(actor=a, visit_id=first.pk, reason="记错人", today=days(2))
    row = VisitDue.objects.get(person=poor)
    assert (row.due_on, row.last_on) == (days(30), None)


@database
@pytest.mark.parametrize(
    ("given_", "field"),
    [
        ({"way": "rocket"}, "way"),
        ({"result": "?"}, "result"),
        ({"on": DAY + timedelta(days=2)}, "on"),
        ({"on": DAY - timedelta(days=400)}, "on"),
        ({"note": "x" * 501}, "note"),
        ({"result": "refused"}, "note"),
        ({"evidence_id": uuid.UUID(int=1)}, "evidence"),
    ],
)
def test_what_cannot_be_recorded(a: Any, given_: dict[str, Any], field: str) -> None:
    poor = world.person("低保", minimum_living="低保")
    with pytest.raises(ValidationError) as caught:
        visit(poor, given_.pop("on", DAY), today=DAY, **given_)
    assert field in caught.value.message_dict
    assert not Visit.objects.exists()


@database
def test_who_was_not_met_is_still_due_and_a_neighbours_person_does_not_exist(a: Any) -> None:
    poor = world.person("低保", minimum_living="低保")
    run()
    visit(poor, days(1), result="absent")
    assert VisitDue.objects.get(person=poor).due_on == days(30)
    assert queries.since_last_visit(a, person_id=poor.pk, as_of=days(1)).tried == 1
    stranger = actor("worker-b")
    with fence(stranger):
        with pytest.raises(Person.DoesNotExist):
            visit(poor, days(1), who=stranger)
        assert not VisitDue.objects.exists()
    county = actor("county")
    with fence(county), pytest.raises(NotAllowed):
        visit(poor, days(1), who=county)


@database
@pytest.mark.parametrize(("way", "moves"), [("visit", True), ("phone", True), ("station", False)])
def test_a_service_occasion_at_the_door_or_by_telephone_was_a_visit(
    a: Any, way: str, moves: bool
) -> None:
    poor = world.person("低保", minimum_living="低保")
    run()
    contact = assistance.record_contact(
        actor=a,
        file_id=AssistanceFile.objects.get(person=poor).pk,
        kind="policy",
        way=way,
        on=days(2),
        note="讲了政策",
        token=uuid.uuid4(),
        today=days(2),
    )
    assert VisitDue.objects.get(person=poor).due_on == (days(92) if moves else days(30))
    if moves:
        last = queries.since_last_visit(a, person_id=poor.pk, as_of=days(3)).last
        assert last is not None and (last.on, last.note) == (days(2), "讲了政策")
        assistance.withdraw_contact(actor=a, contact_id=contact.pk, reason="记错")
        assert VisitDue.objects.get(person=poor).due_on == days(30)


@database
def test_what_has_changed_since_the_last_visit(a: Any) -> None:
    person = world.person(
        "低保", minimum_living="低保", registered=date(2025, 6, 1), status="失业", wish={"hours": 3}
    )
    run()
    visit(person, days(1), note="再联系")
    assert queries.since_last_visit(a, person_id=person.pk, as_of=days(1)).nothing
    people_actions.edit_person(
        actor=a,
        person_id=person.pk,
        facts={"minimum_living": "无", "veteran": True, "education": 30},
        on=days(2),
    )
    people_actions.change_status(
        actor=a, person_id=person.pk, status="灵活就业", on=days(3), today=days(3), source="t"
    )
    with fence(system()):
        world.vacancy(9, "新门卫", posted_on=days(3))
    run(days(3))
    since = queries.since_last_visit(a, person_id=person.pk, as_of=days(3))
    assert since.last is not None and since.last.note == "再联系"
    assert [(t.label, t.before, t.after, t.on) for t in since.statuses] == [
        ("就业状态", "失业", "灵活就业", days(3))
    ]
    facts = {t.label: (t.before, t.after) for t in since.facts}
    assert facts["低保情况"] == ("低保", "无")
    assert facts["退役军人"] == ("否", "是")
    assert facts["学历"] == ("普通高中", "大学专科")
    assert {stay.group for stay in since.left} >= {"低保家庭", "低收入", "长期失业"}
    assert "退役军人" in {stay.group for stay in since.joined}
    assert "新门卫" in {entry.title for entry in since.jobs}
    # There and back again is no change.
    people_actions.edit_person(actor=a, person_id=person.pk, facts={"veteran": False}, on=days(4))
    run(days(4))
    labels = {
        t.label for t in queries.since_last_visit(a, person_id=person.pk, as_of=days(4)).facts
    }
    assert "退役军人" not in labels and "低保情况" in labels


@database
def test_whose_file_was_closed_is_left_alone(a: Any) -> None:
    poor = world.person("低保", minimum_living="低保")
    run()
    file = AssistanceFile.objects.get(person=poor)
    assistance.close_file(actor=a, file_id=file.pk, reason="本人放弃援助", on=days(1))
    run(days(1))
    assert not VisitDue.objects.exists()
    assistance.reopen_file(actor=a, file_id=file.pk, reason="又需要")
    run(days(2))
    assert VisitDue.objects.get().person_id == poor.pk


@database
def test_the_pages(a: Any, client: Any) -> None:
    from django.utils import timezone

    today = timezone.localdate()
    person = world.person("走访甲", minimum_living="低保")
    world.person("走访乙", status="失业", since=today - timedelta(days=400))
    run(today - timedelta(days=60))
    run(today)
    sign_in(client, "worker-a")
    page = client.get("/community/visits/?when=overdue").content.decode()
    assert "走访甲" in page and "逾期30天" in page and "待确认" in page
    form = client.get(f"/community/people/{person.pk}/visit/").content.decode()
    assert "第一次走访" in form and "走访了" in form
    token = uuid.uuid4()
    data = {"way": "visit", "result": "met", "on": today.isoformat(), "token": token, "note": ""}
    answer = client.post(f"/community/people/{person.pk}/visit/", data)
    assert answer.status_code == 302
    assert VisitDue.objects.get(person=person).last_on == today
    assert "走访甲" not in client.get("/community/visits/?when=overdue").content.decode()
    wrong = client.post(f"/community/people/{person.pk}/visit/", data | {"on": "2999-01-01"})
    assert wrong.status_code == 422 and "日期不能晚于今天" in wrong.content.decode()
    sheet = client.get("/community/visits/paper/?when=overdue").content.decode()
    assert "走访乙" in sheet and "走访甲" not in sheet
    with fence(a):
        printed = AuditEntry.objects.filter(verb="person.print")
        assert printed.count() == 1 and printed.get().detail == {"list": "visits"}
    defined = client.get("/community/groups/").content.decode()
    assert "口径待确认" in defined and "山东省就业促进条例" in defined and "未启用" in defined
    changed = client.get("/community/groups/changes/", {"group": "长期失业"}).content.decode()
    assert "走访乙" in changed and "时间到了：已失业1年以上" in changed
    first = client.get("/community/").content.decode()
    assert "群体变化" in first and "走访逾期" in first
