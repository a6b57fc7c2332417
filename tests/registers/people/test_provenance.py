"""From whom and of which day each fact is, by whatever way it came (PPL-1)."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.services.assistance import world
from tests.services.assistance.world import DAY
from tests.world import A, actor
from weiye.base.packs import load_pack
from weiye.base.privacy.fields import blind_index
from weiye.base.regions.models import Unit
from weiye.base.scope.fence import fence
from weiye.registers.people import actions, queries, said
from weiye.registers.people.intake import Entry, PeopleIntake
from weiye.registers.people.models import Person

ID = "379901199001011234"
NAMES = ["education", "land_lost", "phone"]
DAYS = st.integers(0, 4).map(lambda n: (date(2025, 1, 1) + timedelta(days=n)).isoformat())
WORDS = st.tuples(
    DAYS, st.sampled_from(["甲", "乙", "丙"]), st.lists(st.sampled_from(NAMES), min_size=1)
)


@pytest.mark.requirement("PPL-1")
@given(st.lists(WORDS, min_size=1, max_size=7))
def test_each_fact_has_the_source_of_its_newest_word(
    words: list[tuple[str, str, list[str]]],
) -> None:
    (as_of, source, _), held = words[0], set[str]()
    dates: dict[str, str] = {}
    sources: dict[str, list[str]] = {}
    newest: dict[str, tuple[str, str]] = {}
    for day, by, names in words:
        news = {n for n in names if not said.stands(dates, as_of, n, known=n in held, on=day)}
        became = by if news and day >= as_of else source
        sources = said.resourced(sources, source, known=held, said=news, by=by, became=became)
        dates = said.restated(dates, as_of, known=held, said=news, on=day)
        source, as_of, held = became, max(as_of, day) if news else as_of, held | news
        for name in names:
            if name not in newest or day >= newest[name][0]:
                newest[name] = (day, by)
    assert {n: said.source_of(sources, source, n) for n in held} == {
        n: by for n, (_, by) in newest.items()
    }
    assert source not in sources, "only what differs is kept"


pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.django_db
@pytest.mark.requirement("PPL-1")
def test_roster_hand_and_status_leave_each_its_own_word() -> None:
    me = actor("worker-a")
    with fence(me):
        unit = Unit.objects.get(code=A)
        roster = {"actor": me, "unit": unit, "write": True}
        intake = PeopleIntake(**roster, source="公安户籍名册", as_of=date(2025, 1, 1))
        facts = {"name": "王小明", "birth_date": date(1990, 1, 1), "minimum_living": "无"}
        intake.take([Entry(ID, unit, dict(facts))])
        later = PeopleIntake(**roster, source="民政低保名册", as_of=date(2025, 5, 1))
        later.take([Entry(ID, unit, {"name": "王小明", "minimum_living": "低保"})])
        row = Person.objects.get(id_index=blind_index(ID))
        actions.edit_person(
            actor=me, person_id=row.pk, facts={"education": 30}, on=DAY, source="工作人员登记"
        )
        actions.change_status(
            actor=me, person_id=row.pk, status="失业", on=DAY, today=DAY, source="本人说"
        )
        older = PeopleIntake(**roster, source="残联名册", as_of=date(2025, 2, 1))
        older.take([Entry(ID, unit, {"disability_grade": 2, "minimum_living": "无"})])
        pack = load_pack(A)
        words = {
            w.fact: w for w in queries.provenance(queries.person(me, row.pk), pack=pack, day=DAY)
        }
    told = {f: (w.source, w.on, w.department, w.fresh) for f, w in words.items() if w.known}
    assert told == {
        "birth_date": ("公安户籍名册", date(2025, 1, 1), "公安", True),
        "name": ("民政低保名册", date(2025, 5, 1), "", False),
        "minimum_living": ("民政低保名册", date(2025, 5, 1), "民政", True),
        "education": ("工作人员登记", DAY, "", False),
        "employment_status": ("本人说", DAY, "", False),
        "disability_grade": ("残联名册", date(2025, 2, 1), "残联", True),
    }
    assert words["phone"].label == "电话" and not words["phone"].known
    far = DAY.replace(year=DAY.year + 1)
    with fence(me):
        later_on = {
            w.fact: w.fresh
            for w in queries.provenance(queries.person(me, row.pk), pack=pack, day=far)
        }
    assert not later_on["minimum_living"] and later_on["disability_grade"]


@pytest.mark.django_db
@pytest.mark.requirement("PPL-1")
def test_another_document_with_the_same_number_is_another_person() -> None:
    me = actor("worker-a")
    with fence(me):
        unit = Unit.objects.get(code=A)

        def take(kind: str, name: str, day: date) -> Any:
            intake = PeopleIntake(actor=me, unit=unit, source="t", as_of=day, write=True)
            return intake.take([Entry("M12345678", unit, {"name": name}, id_kind=kind)])[0]

        assert take("护照", "金某", DAY).result == "new"
        other = take("港澳居民来往内地通行证", "何某", DAY + timedelta(days=1))
        assert other.result not in ("new", "changed")
        row = Person.objects.get(id_index=blind_index("M12345678"))
        assert (row.name, row.id_kind) == ("金某", "护照")
        # Found by the whole number, however it is typed.
        found = queries.search(queries.people(me), "m 1234-5678")
        assert list(found.values_list("pk", flat=True)) == [row.pk]


@pytest.mark.django_db
@pytest.mark.requirement("PPL-1")
def test_health_limits_are_of_the_closed_list_and_in_no_list(
    django_assert_num_queries: Any,
) -> None:
    me = actor("worker-a")
    with fence(me):
        row = world.person("甲")
        facts = {"health_limits": ["不宜夜班"]}
        actions.edit_person(actor=me, person_id=row.pk, facts=facts, on=DAY)
        with pytest.raises(Exception, match="请从列表中选择"):
            actions.edit_person(
                actor=me, person_id=row.pk, facts={"health_limits": ["高血压三期"]}, on=DAY
            )
        listed = queries.people(me).get(pk=row.pk)
        assert "health_limits" in listed.get_deferred_fields()
        assert queries.person(me, row.pk).health_limits == ["不宜夜班"]
