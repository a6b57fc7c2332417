"""A visit is taken over once, and never over a newer word (PPL-1)."""

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.services.assistance import world
from tests.services.assistance.world import DAY
from tests.world import A, B, actor
from weiye.base.audit.models import AuditEntry
from weiye.base.packs import load_pack
from weiye.base.packs.surveys import ASKABLE
from weiye.base.privacy.fields import blind_index
from weiye.base.privacy.identifiers import id_check_digit
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import NotAllowed
from weiye.base.scope.fence import fence
from weiye.registers.people import actions as people
from weiye.registers.people import queries as ledger
from weiye.registers.people import said
from weiye.registers.people.columns import WISH
from weiye.registers.people.models import Household, Person, WorkWish
from weiye.registers.people.surveys import actions, queries
from weiye.registers.people.surveys.facts import states
from weiye.registers.people.surveys.form import VisitForm, read
from weiye.registers.people.surveys.models import (
    Decision,
    SurveyAnswer,
    SurveyConflict,
    SurveyVisit,
    Todo,
)

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("PPL-1")]
LATER = DAY + timedelta(days=10)
AT = datetime(LATER.year, LATER.month, LATER.day, 2, tzinfo=UTC)
PACK = load_pack(A)


def number(first17: str) -> str:
    return first17 + id_check_digit(first17)


@pytest.fixture
def a() -> Any:
    me = actor("worker-a")
    with fence(me):
        yield me


def form(*said_of: dict[str, Any], at: datetime = AT, **given: Any) -> VisitForm:
    unit = Unit.objects.get(code=A)
    sent = {
        "client": str(uuid.uuid4()),
        "unit_id": unit.pk,
        "outcome": "surveyed",
        "answered_by": "self",
        "at": at.isoformat(),
        "edition": "2025-1",
        "people": list(said_of),
    }
    return read({**sent, **given})


def submit(me: Any, filled: VisitForm) -> actions.Submitted:
    return actions.submit_survey(actor=me, form=filled, pack=PACK, now=AT + timedelta(days=3))


def of(person: Person, **facts: Any) -> dict[str, Any]:
    none = facts.pop("none", [])
    base = facts.pop("base", {})
    part = facts.pop("part", "member")
    answers = {name.replace("__", "."): value for name, value in facts.items()}
    return {
        "person_id": person.pk, "part": part, "facts": answers, "none": none, "base": base,
    }  # fmt: skip


def test_everything_that_is_asked_has_a_place_in_the_ledger() -> None:
    for fact in ASKABLE:
        if fact.startswith("wish."):
            assert fact.removeprefix("wish.") in WISH
        else:
            assert fact == said.STATUS or fact in people.EDITABLE
        assert queries.label_of(fact)
    assert PACK.surveys is not None
    columns = {"minimum_living", "poverty_alleviation"}
    for question in PACK.surveys.questions:
        if question.fact in columns:
            known = dict(Person._meta.get_field(question.fact).flatchoices)  # type: ignore[union-attr]
            assert set(question.choices) <= set(known)
    for department in PACK.surveys.departments:
        assert department.facts <= set(said.LABELS)


def test_answers_are_taken_over_with_their_day_and_source(a: Any) -> None:
    person = world.person("王小明", education=60, phone="")
    done = submit(
        a,
        form(
            of(
                person,
                phone="20001234567",
                education=30,
                health_limits=["不宜夜班"],
                employment_status={"status": "失业", "since": "2025-07-01"},
                wish__min_wage=3000,
                wish__place="家门口",
                none=["children"],
            )
        ),
    )
    assert (done.taken, done.conflicts) == (7, 0)
    row = ledger.person(a, person.pk)
    assert (row.education, row.phone, row.health_limits) == (30, "20001234567", ["不宜夜班"])
    assert row.phone_index == blind_index("20001234567")
    assert (row.wish.min_wage, row.wish.place) == (3000, "家门口")
    words = {w.fact: w for w in ledger.provenance(row)}
    assert (words["education"].source, words["education"].on) == ("入户调查·本人", LATER)
    assert (words["sex"].source, words["sex"].on) == ("test", DAY)
    assert words["children"].known and words["children"].on == LATER
    on = ledger.status_on(a, person.pk, LATER)[person.pk].employment
    assert on is not None and (on.status, on.since) == ("失业", date(2025, 7, 1))
    assert SurveyVisit.objects.get().by_name == a.name


def test_the_same_form_again_does_nothing(a: Any) -> None:
    person = world.person("王小明")
    filled = form(of(person, education=30))
    first = submit(a, filled)
    people.edit_person(actor=a, person_id=person.pk, facts={"education": 20}, on=LATER)
    again = submit(a, filled)
    assert again.again and again.visit == first.visit
    assert Person.objects.get(pk=person.pk).education == 20
    assert SurveyVisit.objects.count() == 1
    with pytest.raises(ValidationError, match="内容与上次不同"):
        submit(a, replace(filled, note="别的"))


def test_a_newer_word_is_never_overwritten_silently(a: Any) -> None:
    person = world.person("王小明", education=60)
    filled = form(of(person, education=30, veteran=True))
    people.edit_person(
        actor=a,
        person_id=person.pk,
        facts={"education": 20, "veteran": True},
        on=LATER + timedelta(days=1),
    )
    done = submit(a, filled)
    assert (done.taken, done.conflicts) == (0, 1)
    assert Person.objects.get(pk=person.pk).education == 20
    row = SurveyConflict.objects.get()
    assert queries.words_of("education", row.held or "", PACK.surveys) == "大学本科"
    assert queries.words_of("education", row.answered or "", PACK.surveys) == "大学专科"
    given_ = {"actor": a, "conflict_id": row.pk, "today": LATER + timedelta(days=3)}
    actions.decide(**given_, decision=Decision.REPLACE)
    found = ledger.person(a, person.pk)
    words = {w.fact: w for w in ledger.provenance(found)}
    assert found.education == 30 and words["education"].source == "入户核对"
    with pytest.raises(ValidationError, match="已经处理过"):
        actions.decide(**given_, decision=Decision.KEEP)
    assert not queries.open_conflicts(a).exists()


def test_of_one_day_what_the_form_had_seen_gives_way_and_what_it_had_not_stays(a: Any) -> None:
    person = world.person("王小明", education=60, veteran=False)
    people.edit_person(
        actor=a, person_id=person.pk, facts={"education": 20, "veteran": True}, on=LATER
    )
    seen = states(ledger.person(a, person.pk), LATER)["education"].mark("education")
    done = submit(a, form(of(person, education=30, veteran=False, base={"education": seen})))
    assert (done.taken, done.conflicts) == (1, 1)
    row = Person.objects.get(pk=person.pk)
    assert (row.education, row.veteran) == (30, True)
    assert SurveyConflict.objects.get().fact == "veteran"


def test_what_a_department_said_lately_is_shown_and_left_to_decide(a: Any) -> None:
    person = world.person("王小明", minimum_living=None, known_none=[])
    people.edit_person(
        actor=a,
        person_id=person.pk,
        facts={"minimum_living": "低保"},
        on=DAY,
        source="民政低保名册",
    )
    assert PACK.surveys is not None
    asked = {
        each.question.fact: each
        for _, section in queries.questions(ledger.person(a, person.pk), PACK.surveys, LATER).asked
        for each in section
    }
    assert asked["minimum_living"].shared and asked["minimum_living"].department == "民政"
    assert not asked["education"].shared
    done = submit(a, form(of(person, minimum_living="无")))
    assert (done.taken, done.conflicts) == (0, 1)
    assert Person.objects.get(pk=person.pk).minimum_living == "低保"
    stale = DAY.replace(year=DAY.year + 2)
    late = form(of(person, minimum_living="无"), at=AT.replace(year=stale.year))
    after = actions.submit_survey(actor=a, form=late, pack=PACK, now=late.at)
    assert after.taken == 1


@settings(max_examples=12, deadline=None)
@given(
    st.integers(-3, 3),
    st.sampled_from([10, 20, 30]),
    st.sampled_from([10, 20, 30]),
    st.booleans(),
)
def test_a_word_wins_by_its_day_alone(offset: int, held: int, answered: int, seen: bool) -> None:
    me = actor("worker-a")
    with fence(me):
        person = world.person("甲", education=60)
        on = LATER + timedelta(days=offset)
        people.edit_person(actor=me, person_id=person.pk, facts={"education": held}, on=on)
        state = states(ledger.person(me, person.pk), LATER)["education"]
        base = {"education": state.mark("education")} if seen else {}
        done = submit(me, form(of(person, education=answered, base=base)))
        takes = held == answered or offset < 0 or (offset == 0 and seen)
        assert Person.objects.get(pk=person.pk).education == (answered if takes else held)
        assert done.conflicts == (0 if takes else 1)


def test_new_people_with_and_without_a_number_join_the_household(a: Any) -> None:
    head = world.person("王小明")
    known = number("37990119920202322")
    done = submit(
        a,
        form(
            of(head),
            {"part": "new", "name": "李小红", "id_number": known, "role": "配偶", "facts": {}},
            {"part": "new", "name": "王小小", "birth_date": "2020-05-01", "sex": "女"},
        ),
    )
    assert done.added == 2
    home = Household.objects.get()
    members = {p.name: p for p in Person.objects.filter(household=home)}
    assert set(members) == {"王小明", "李小红", "王小小"}
    wife = members["李小红"]
    assert (wife.sex, wife.birth_date, wife.household_role) == ("女", date(1992, 2, 2), "配偶")
    assert wife.id_index == blind_index(known)
    # The next form says them again: nobody is there twice.
    again = submit(
        a,
        form(
            of(head),
            {"part": "new", "name": "李小红", "id_number": known},
            {"part": "new", "name": "王小小"},
            household_id=home.pk,
        ),
    )
    assert again.added == 0 and Person.objects.filter(household=home).count() == 3


def test_who_lives_elsewhere_left_or_died_is_something_to_do(a: Any) -> None:
    taken = number("37990119930303321")
    other = actor("worker-b")
    with fence(other):
        stranger = world.person("外人", code=B)
        stranger.id_number, stranger.id_index = taken, blind_index(taken)
        stranger.save()
    home = Household.objects.create(
        unit=Unit.objects.get(code=A), unit_path="37/10/02/001/001/", number="1"
    )
    head, son, old = (world.person(n, household=home) for n in ("甲", "乙", "丙"))
    done = submit(
        a,
        form(
            of(head),
            of(son, part="left"),
            of(old, part="dead"),
            {"part": "new", "name": "丁", "id_number": taken, "facts": {"education": 20}},
        ),
    )
    assert set(done.todo) == {Todo.LEFT, Todo.DEAD, Todo.ELSEWHERE} and done.added == 0
    assert set(Person.objects.filter(household=home)) == {head}
    rows = {row.name: row for row in queries.to_settle(a)}
    assert set(rows) == {"乙", "丙", "丁"} and rows["丁"].person_id is None
    assert '"education": 20' in (SurveyAnswer.objects.get(pk=rows["丁"].pk).content or "")
    actions.settle(actor=a, answer_id=rows["乙"].pk)
    assert {row.name for row in queries.to_settle(a)} == {"丙", "丁"}


def test_nobody_home_is_kept_and_the_door_comes_up_again(a: Any) -> None:
    home = Household.objects.create(
        unit=Unit.objects.get(code=A), unit_path="37/10/02/001/001/", number="1"
    )
    head = world.person("甲", household=home, household_role="户主")
    world.person("乙", household=home)
    alone = world.person("丙")
    surveys = PACK.surveys
    assert surveys is not None

    def seen(day: date) -> dict[str, str]:
        rows = queries.doors(a, surveys=surveys, day=day)
        return {row.name: row.survey_state for row in rows}  # type: ignore[attr-defined]

    assert seen(LATER) == {"甲": "todo", "丙": "todo"}
    submit(a, form(of(head, education=30), outcome="nobody", answered_by=""))
    assert Person.objects.get(pk=head.pk).education == 60, "nobody answered"
    assert seen(LATER) == {"甲": "again", "丙": "todo"}
    assert seen(LATER + timedelta(days=7)) == {"甲": "todo", "丙": "todo"}
    submit(a, form(of(alone)))
    assert seen(LATER) == {"甲": "again", "丙": "done"}
    whole, *parts = queries.progress(a, surveys=surveys, day=LATER)
    assert (whole.total, whole.done, whole.again, whole.percent) == (2, 1, 1, 50)
    assert [(part.unit, part.total) for part in parts] == [("测试甲社区", 2)]
    assert seen(LATER + timedelta(days=400))["丙"] == "due"


def test_grid_workers_survey_and_nothing_else(a: Any) -> None:
    person = world.person("甲")
    grid = actor("grid-a")
    with fence(grid):
        assert submit(grid, form(of(person, education=20))).taken == 1
        with pytest.raises(NotAllowed):
            people.edit_person(actor=grid, person_id=person.pk, facts={"education": 10}, on=LATER)
        with pytest.raises(NotAllowed):
            actions.open_checks(actor=grid, most=1)
    other, city = actor("worker-b"), actor("city")
    with fence(other), pytest.raises(NotAllowed):
        submit(other, form(of(person)))
    with fence(city), pytest.raises(NotAllowed):
        submit(city, form(of(person)))


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"education": "本科"}, "请从列表中选择"),
        ({"education": 35.5}, "请从列表中选择"),
        ({"graduated_on": "2099-01-01"}, "不能晚于入户那天"),
        ({"children": ["去年"]}, "日期请写成"),
        ({"veteran": "是"}, "是或否"),
        ({"name": "别名"}, "不在入户调查里"),
        ({"monthly_income": -1}, "请填写数字"),
        ({"employment_status": {"status": "躺平"}}, "没有这种就业状态"),
        ({"phone": ""}, "没有回答的请不要填"),
        ({"phone": "123"}, "11位手机号"),
    ],
)
def test_what_cannot_be_is_told_at_its_place(a: Any, facts: dict[str, Any], words: str) -> None:
    person = world.person("甲")
    with pytest.raises(ValidationError, match=words) as told:
        form({"person_id": person.pk, "facts": facts})
    assert list(told.value.message_dict) == [f"people.0.facts.{next(iter(facts))}"]


def test_what_the_ledger_refuses_leaves_nothing_half_done(a: Any) -> None:
    one, two = world.person("甲"), world.person("乙")
    with pytest.raises(ValidationError) as told:
        submit(a, form(of(one, education=20), of(two, minimum_living="富裕")))
    assert list(told.value.message_dict) == ["people.1.facts.minimum_living"]
    assert Person.objects.get(pk=one.pk).education == 60
    assert not SurveyVisit.objects.exists() and not WorkWish.objects.exists()
    with pytest.raises(ValidationError, match="手机的日期"):
        submit(a, form(of(one), at=AT + timedelta(days=30)))


def test_whoever_looks_at_a_door_is_in_the_log_of_each_behind_it(a: Any) -> None:
    home = Household.objects.create(
        unit=Unit.objects.get(code=A), unit_path="37/10/02/001/001/", number="1"
    )
    both = [world.person(name, household=home) for name in ("甲", "乙")]
    assert actions.open_door(actor=a, person_id=both[1].pk) == both
    told = AuditEntry.objects.filter(verb="survey.open").values_list("person_id", flat=True)
    assert set(told) == {p.pk for p in both}
