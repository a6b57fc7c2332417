"""Reading and changing people: rights, fences, audit, provenance, and sentences on bad input."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from tests.services.assistance import world
from tests.services.assistance.world import DAY
from tests.world import actor
from weiye.base.audit.models import AuditEntry
from weiye.base.privacy.fields import blind_index
from weiye.base.scope.actor import NotAllowed
from weiye.base.scope.fence import fence
from weiye.registers.people import actions, queries
from weiye.registers.people.models import PeriodKind, Person, StatusPeriod

pytestmark = pytest.mark.django_db

ID, PHONE = "379901199001011234", "20001234567"


@pytest.fixture
def a() -> Any:
    me = actor("worker-a")
    with fence(me):
        yield me


@pytest.fixture
def somebody(a: Any) -> Person:
    found = world.person("王小明")
    found.id_number, found.id_index = ID, blind_index(ID)
    found.phone, found.phone_index = PHONE, blind_index(PHONE)
    found.name_key = actions.name_key(found.name)
    found.save()
    return found


def verbs(person: Person) -> list[str]:
    rows = AuditEntry.objects.filter(thing_type="person", thing_id=str(person.pk))
    return list(rows.order_by("id").values_list("verb", flat=True))


def test_every_reading_of_a_page_is_logged(a: Any, somebody: Person) -> None:
    assert actions.open_person(actor=a, person_id=somebody.pk).id_number == ID
    assert verbs(somebody) == ["person.read"]
    city = actor("city")
    with fence(city), pytest.raises(NotAllowed):
        actions.open_person(actor=city, person_id=somebody.pk)
    other = actor("worker-b")
    with fence(other), pytest.raises(Person.DoesNotExist):
        actions.open_person(actor=other, person_id=somebody.pk)


def test_clear_text_needs_a_reason_and_is_logged(a: Any, somebody: Person) -> None:
    with pytest.raises(ValidationError, match="原因"):
        actions.reveal(actor=a, person_id=somebody.pk, field="phone", reason=" ")
    with pytest.raises(ValidationError):
        actions.reveal(actor=a, person_id=somebody.pk, field="name", reason="x")
    assert actions.reveal(actor=a, person_id=somebody.pk, field="phone", reason="联系") == PHONE
    entry = AuditEntry.objects.get(verb="person.reveal")
    assert entry.detail == {"field": "phone", "reason": "联系"}
    assert PHONE not in str(entry.detail)


def test_an_edit_keeps_the_rest_and_says_where_it_came_from(a: Any, somebody: Person) -> None:
    actions.edit_person(
        actor=a,
        person_id=somebody.pk,
        facts={"education": 30, "phone": "20007654321", "graduated_on": None},
        known_none=["graduated_on"],
        on=DAY,
    )
    found = queries.person(a, somebody.pk)
    assert (found.education, found.phone, found.graduated_on) == (30, "20007654321", None)
    assert found.phone_index == blind_index("20007654321")
    assert "graduated_on" in found.known_none
    assert (found.id_number, found.source, found.as_of) == (ID, "工作人员登记", DAY)
    detail = AuditEntry.objects.get(verb="person.edit").detail
    assert {"education", "phone", "graduated_on"} <= set(detail["fields"])
    assert "20007654321" not in str(detail)


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"birth_date": DAY + timedelta(days=1)}, "birth_date"),
        ({"id_number": ID}, "id_number"),
        ({"minimum_living": "很穷"}, "minimum_living"),
        ({"lon": 122.0}, "lon"),
        ({"education": 55}, "education"),
        ({"skill_certificates": [{"level": 9}]}, "skill_certificates"),
        ({"name": ""}, "name"),
    ],
)
def test_a_bad_edit_changes_nothing(
    a: Any, somebody: Person, facts: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as error:
        actions.edit_person(actor=a, person_id=somebody.pk, facts=facts, on=DAY)
    assert list(error.value.message_dict) == [field]
    assert verbs(somebody) == []


def test_an_edit_without_a_change_is_none(a: Any, somebody: Person) -> None:
    actions.edit_person(actor=a, person_id=somebody.pk, facts={"education": 60}, on=DAY)
    assert verbs(somebody) == []


@pytest.mark.requirement("PPL-2")
def test_a_status_closes_the_one_before_and_the_past_stays(a: Any) -> None:
    person = world.person("甲", status="就业", since=date(2020, 1, 1))

    def change(status: str, on: date) -> StatusPeriod:
        return actions.change_status(
            actor=a, person_id=person.pk, status=status, on=on, today=DAY, source="test"
        )

    change("失业", date(2025, 3, 1))
    spans = [(p.status, p.during.lower, p.during.upper) for p in queries.periods(a, person.pk)]
    assert spans == [
        ("失业", date(2025, 3, 1), None),
        ("就业", date(2020, 1, 1), date(2025, 3, 1)),
    ]
    for day, status in ((date(2025, 2, 28), "就业"), (date(2025, 3, 1), "失业")):
        rows = queries.ledger(a, as_of=day).order_by("pk")
        assert [row.employment_status for row in rows] == [status]
        assert queries.with_status(queries.people(a), status, day).count() == 1
    with pytest.raises(ValidationError, match="不能早于"):
        change("就业", date(2025, 2, 1))
    with pytest.raises(ValidationError, match="不能晚于今天"):
        change("就业", DAY + timedelta(days=1))
    # On its own first day a status is corrected, not followed.
    change("灵活就业", date(2025, 3, 1))
    assert StatusPeriod.objects.filter(person=person).count() == 2
    before = change("灵活就业", date(2025, 4, 1))
    assert before.during.lower == date(2025, 3, 1)


@pytest.mark.requirement("PPL-2")
def test_a_beginning_that_was_not_known_is_filled_in(a: Any) -> None:
    person = world.person("甲", status=None)
    world.period(person, PeriodKind.EMPLOYMENT, "就业", date(2020, 1, 1), date(2024, 3, 1))
    period = world.period(person, PeriodKind.EMPLOYMENT, "失业", date(2025, 6, 1))
    StatusPeriod.objects.filter(pk=period.pk).update(start_known=False)

    def change(on: date) -> StatusPeriod:
        return actions.change_status(
            actor=a, person_id=person.pk, status="失业", on=on, today=DAY, source="本人说明"
        )

    with pytest.raises(ValidationError, match="不能早于"):
        change(date(2024, 2, 29))
    change(date(2024, 5, 1))
    period.refresh_from_db()
    assert (period.during.lower, period.during.upper) == (date(2024, 5, 1), None)
    assert (period.start_known, period.source) == (True, "本人说明")
    assert verbs(person) == ["person.status"]
    assert change(date(2024, 6, 1)).during.lower == date(2024, 5, 1)


@pytest.mark.requirement("PPL-2")
def test_registration_begins_ends_and_begins_again(a: Any) -> None:
    person = world.person("甲", status="失业")

    def register(registered: bool, on: date) -> StatusPeriod | None:
        return actions.change_registration(
            actor=a,
            person_id=person.pk,
            kind=PeriodKind.UNEMPLOYMENT_REGISTRATION,
            registered=registered,
            on=on,
            today=DAY,
            source="test",
        )

    register(True, date(2025, 1, 1))
    assert queries.registered_unemployed(queries.people(a), date(2025, 1, 1)).count() == 1
    assert register(False, date(2025, 2, 1)) is None
    assert queries.registered_unemployed(queries.people(a), date(2025, 2, 1)).count() == 0
    assert queries.registered_unemployed(queries.people(a), date(2025, 1, 31)).count() == 1
    register(True, date(2025, 3, 1))
    assert StatusPeriod.objects.filter(person=person, kind=2).count() == 2


def test_a_wish_is_kept_with_its_day(a: Any) -> None:
    person = world.person("甲")
    actions.record_wish(
        actor=a, person_id=person.pk, wish={"occupation_codes": ["4-01"], "min_wage": 3000}, on=DAY
    )
    actions.record_wish(actor=a, person_id=person.pk, wish={"hours": 3}, on=DAY)
    wish = queries.person(a, person.pk).wish
    assert (wish.occupation_codes, wish.min_wage, wish.hours, wish.said_on) == (
        ["4-01"],
        3000,
        3,
        DAY,
    )
    with pytest.raises(ValidationError):
        actions.record_wish(actor=a, person_id=person.pk, wish={"hours": 400}, on=DAY)
    with pytest.raises(ValidationError):
        actions.record_wish(actor=a, person_id=person.pk, wish={"salary": 1}, on=DAY)


def test_found_by_part_of_the_name_by_pinyin_and_by_whole_numbers_alone(
    a: Any, somebody: Person
) -> None:
    def found(text: str) -> list[int]:
        return [p.pk for p in queries.search(queries.people(a), text).order_by("pk")]

    for text in ("小明", "wang", "WANG XIAO", "wangxiaoming", ID, PHONE, f" {PHONE} "):
        assert found(text) == [somebody.pk], text
    for text in (ID[:10], "李", "20001234568"):
        assert found(text) == [], text


@pytest.mark.parametrize("text", [ID, PHONE, ID.lower(), f"王 {PHONE[:3]}-{PHONE[3:]}", ID[:7]])
def test_nothing_like_a_number_is_left_of_a_concealed_text(text: str) -> None:
    found = queries.concealed(text)
    assert queries.is_concealed(found)
    assert queries.concealed(f" {found} ") == found
    assert not queries.is_concealed(f"#{PHONE}")
    assert queries.is_concealed(queries.concealed(f"#{PHONE}"))
    for plain in ("王小明", "wang 12", "199001", ""):
        assert queries.concealed(plain) == plain


@pytest.mark.parametrize("as_of", [date(2025, 2, 28), date(2024, 2, 29), date(2025, 3, 1)])
@pytest.mark.parametrize(
    "born", [date(2004, 2, 29), date(2004, 3, 1), date(2004, 2, 28), date(2005, 2, 28)]
)
def test_age_in_the_list_and_in_its_filter(a: Any, born: date, as_of: date) -> None:
    person = world.person("甲", birth_date=born)
    years = as_of.year - born.year - ((as_of.month, as_of.day) < (born.month, born.day))
    (row,) = queries.ledger(a, as_of=as_of).order_by("pk")
    assert row.age == years
    for low, high in ((years, years), (None, years), (years, None)):
        kept = queries.aged(queries.people(a), low, high, as_of)
        assert [p.pk for p in kept.order_by("pk")] == [person.pk]
    for low, high in ((years + 1, None), (None, years - 1)):
        assert not queries.aged(queries.people(a), low, high, as_of).exists()
