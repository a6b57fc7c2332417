"""Vacancies: lawful before they are public, public data only, one's own area only."""

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.utils import ProgrammingError

from tests.world import A, B, actor
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import NotAllowed
from weiye.base.scope.fence import fence
from weiye.base.scope.gate import VISITOR
from weiye.registers.employers import actions, queries
from weiye.registers.employers.lawful import unlawful_words
from weiye.registers.employers.models import Employer, PublicVacancy, Vacancy

pytestmark = pytest.mark.django_db

DAY = date(2026, 6, 1)
LAWFUL = {
    "title": "保洁员",
    "openings": 2,
    "duties": "楼道保洁",
    "conditions": "身体健康",
    "place": "甲社区物业",
    "contract_type": "劳动合同",
    "social_insurance": "五险",
    "protection": "无职业危害",
    "wage_min": 3000,
    "wage_max": 3500,
    "posted_on": DAY,
}


def vacancy(**changes: Any) -> Vacancy:
    who = actor("worker-a")
    employer = actions.save_employer(
        actor=who, unit=Unit.objects.get(code=A), name="演示物业", phone="20000000001"
    )
    return actions.save_vacancy(actor=who, employer=employer, values={**LAWFUL, **changes})


@pytest.mark.requirement("JOB-2")
def test_published_is_public_and_closing_takes_it_back() -> None:
    who = actor("worker-a")
    with fence(who):
        row = vacancy()
        assert not PublicVacancy.objects.exists()
        actions.publish(actor=who, vacancy_id=row.pk, on=DAY)
        actions.publish(actor=who, vacancy_id=row.pk, on=DAY)
    with fence(VISITOR):
        shown = queries.open_on(DAY).get()
        assert (shown.title, shown.employer_name, shown.phone) == (
            "保洁员",
            "演示物业",
            "20000000001",
        )
        assert not Vacancy.objects.exists()
        assert not queries.open_on(date(2026, 5, 31)).exists()
    with fence(who):
        actions.close(actor=who, vacancy_id=row.pk)
    assert not PublicVacancy.objects.exists()


@pytest.mark.requirement("JOB-2", "ORG-2")
def test_the_published_row_is_read_by_all_and_written_by_its_own_area_alone() -> None:
    who = actor("worker-a")
    with fence(who):
        row = actions.publish(actor=who, vacancy_id=vacancy().pk, on=DAY)
    for other in (VISITOR, actor("worker-b")):
        with fence(other):
            shown = PublicVacancy.objects.get(pk=row.pk)
            assert PublicVacancy.objects.filter(pk=row.pk).update(title="改") == 0
            assert PublicVacancy.objects.filter(pk=row.pk).delete()[0] == 0
        shown.pk = row.pk + 1
        with pytest.raises(ProgrammingError, match="row-level security"), fence(other):
            shown.save(force_insert=True)
    assert PublicVacancy.objects.get().title == "保洁员"
    with fence(actor("clerk")):
        assert PublicVacancy.objects.filter(pk=row.pk).update(title="改") == 1


def test_what_the_law_asks_for_is_named_field_by_field() -> None:
    who = actor("worker-a")
    with fence(who):
        row = vacancy(duties="", protection="")
        with pytest.raises(actions.NotPublishable) as caught:
            actions.publish(actor=who, vacancy_id=row.pk, on=DAY)
    assert set(caught.value.problems) == {"duties", "protection"}
    assert "第三十二条" in caught.value.problems["duties"]


@pytest.mark.parametrize(
    "text", ["限女性", "男士优先", "只招本地户口", "需交押金", "不招残疾人", "限 男 生", "仅限汉族"]
)
def test_unlawful_wording_is_stopped_with_its_clause(text: str) -> None:
    who = actor("worker-a")
    with fence(who):
        row = vacancy(conditions=text)
        with pytest.raises(actions.NotPublishable) as caught:
            actions.publish(actor=who, vacancy_id=row.pk, on=DAY)
    assert "《" in caught.value.problems["conditions"]
    assert not PublicVacancy.objects.exists()


@pytest.mark.parametrize(
    "text", ["男女不限", "身体健康", "欢迎残疾人", "妈妈岗，时间灵活", "免费培训"]
)
def test_lawful_wording_passes(text: str) -> None:
    assert unlawful_words(text) == []


def test_a_published_vacancy_cannot_be_made_unlawful() -> None:
    who = actor("worker-a")
    with fence(who):
        row = vacancy()
        actions.publish(actor=who, vacancy_id=row.pk, on=DAY)
        with pytest.raises(actions.NotPublishable):
            actions.save_vacancy(
                actor=who, employer=row.employer, values={"conditions": "限女"}, vacancy=row
            )
        assert Vacancy.objects.get().conditions == "身体健康"


def test_nobody_under_sixteen_even_in_the_database() -> None:
    who = actor("worker-a")
    with fence(who):
        with pytest.raises(ValidationError):
            vacancy(min_age=15)
        row = vacancy()
        with pytest.raises(IntegrityError), transaction.atomic():
            Vacancy.objects.filter(pk=row.pk).update(min_age=15)


@pytest.mark.requirement("ORG-2")
def test_a_neighbour_cannot_touch_it() -> None:
    with fence(actor("worker-a")):
        row = vacancy()
    neighbour = actor("worker-b")
    with fence(neighbour):
        with pytest.raises(Vacancy.DoesNotExist):
            actions.publish(actor=neighbour, vacancy_id=row.pk, on=DAY)
        with pytest.raises(NotAllowed):
            actions.save_employer(actor=neighbour, unit=Unit.objects.get(code=A), name="x")
        assert not Employer.objects.exists()


def test_saving_an_employer_twice_keeps_one() -> None:
    who = actor("worker-a")
    with fence(who):
        vacancy()
        vacancy(title="保安")
        assert Employer.objects.count() == 1
        assert Vacancy.objects.count() == 2


CODE = "91350100M000100Y43"


@pytest.mark.requirement("ORG-2")
def test_a_firm_registered_elsewhere_is_neither_told_nor_taken_away() -> None:
    """The neighbour keeps it by its name; the county that corrects it leaves it where it is."""
    here, there = Unit.objects.get(code=A), Unit.objects.get(code=B)
    with fence(actor("worker-a")):
        first = actions.save_employer(actor=actor("worker-a"), unit=here, name="演示店", uscc=CODE)
    with fence(actor("worker-b")):
        for _ in range(2):
            second = actions.save_employer(
                actor=actor("worker-b"), unit=there, name="演示店", uscc=CODE, phone="2"
            )
            assert (second.uscc, second.unit_id) == (None, there.pk)
        assert Employer.objects.count() == 1
    county = actor("county")
    with fence(county):
        unit = Unit.objects.get(path=county.path)
        same = actions.save_employer(actor=county, unit=unit, name="演示商店", uscc=CODE)
        assert (same.pk, same.unit_id, same.name) == (first.pk, here.pk, "演示商店")
    with fence(actor("worker-a")):
        assert Employer.objects.get().unit_path == here.path


def test_the_public_copy_follows_the_employer() -> None:
    who = actor("worker-a")
    with fence(who):
        row = vacancy()
        actions.publish(actor=who, vacancy_id=row.pk, on=DAY)
        actions.save_employer(
            actor=who, unit=Unit.objects.get(code=A), name="演示物业", phone="20000000009"
        )
    assert PublicVacancy.objects.get(pk=row.pk).phone == "20000000009"
