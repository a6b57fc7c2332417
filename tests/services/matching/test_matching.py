"""One-click matching against a plain check of every pair."""

from typing import Any

import pytest

from tests.services.assistance import world
from tests.services.assistance.world import A_PATH, DAY
from tests.world import B, E, actor
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.engine.matching import why_not
from weiye.registers.employers.models import PublicVacancy
from weiye.registers.people.frames import people_frame, seekers
from weiye.registers.people.models import Person
from weiye.services.matching import queries
from weiye.services.matching.frames import vacancies_frame, within_reach

pytestmark = pytest.mark.django_db

SEEKS = {"occupation_codes": ["4-07-05-01"], "hours": 3, "max_walk_minutes": 20}


@pytest.fixture
def a() -> Any:
    me = actor("worker-a")
    with fence(system()):
        world.work()
    with fence(me):
        yield me


@pytest.mark.requirement("MAT-1", "MAT-2")
def test_one_person(a: Any) -> None:
    seeker = world.person("甲", status="失业", wish=SEEKS)
    found = queries.for_person(a, person_id=seeker.pk, as_of=DAY)
    (row,) = people_frame(a, A_PATH, DAY, person_id=seeker.pk).to_dicts()
    vacancies = vacancies_frame(PublicVacancy.objects.all()).to_dicts()
    assert {job.vacancy.pk for job in found.jobs} == {
        v["vacancy_id"] for v in vacancies if not why_not(row, v, DAY)
    }
    assert [job.rank for job in found.jobs] == list(range(1, len(found.jobs) + 1))
    scores = [job.score for job in found.jobs]
    assert scores == sorted(scores, reverse=True)
    assert all(job.reasons for job in found.jobs)
    assert found.why_none == ""


@pytest.mark.requirement("MAT-2")
def test_the_box_keeps_everything_that_is_feasible(a: Any) -> None:
    for minutes in (0, 5, 15, 60):
        world.person("甲", status="失业", wish=SEEKS | {"max_walk_minutes": minutes})
    for number in range(60):
        # In rings around the community, up to three kilometres out.
        world.vacancy(100 + number, "岗位", lon=122.108 + (number - 30) * 0.001, lat=37.5)
    people = seekers(people_frame(a, A_PATH, DAY), DAY)
    near = {row["vacancy_id"] for row in vacancies_frame(within_reach(people, DAY)).to_dicts()}
    everything = vacancies_frame(PublicVacancy.objects.all()).to_dicts()
    feasible = {
        v["vacancy_id"]
        for v in everything
        for person in people.to_dicts()
        if not why_not(person, v, DAY)
    }
    assert feasible <= near
    assert len(near) < len(everything)


def test_without_a_point_only_vacancies_of_the_own_community_are_loaded(a: Any) -> None:
    world.person("甲", status="失业", wish=SEEKS)
    own = world.vacancy(301, "岗位", lon=None, lat=None)
    with fence(system()):
        far = world.vacancy(302, "岗位", lon=None, lat=None, code=E)
    people = seekers(people_frame(a, A_PATH, DAY), DAY)
    loaded = set(within_reach(people, DAY).values_list("pk", flat=True))
    assert own.pk in loaded
    assert far.pk not in loaded


@pytest.mark.requirement("MAT-1", "MAT-2")
def test_one_vacancy_finds_people_of_the_own_area_alone(a: Any) -> None:
    seeker = world.person("甲", status="失业", wish=SEEKS)
    world.person("不想", status="失业", work_wish=False, wish=SEEKS)
    clerk = actor("clerk")
    with fence(clerk):
        other = world.person("乙", status="失业", wish=SEEKS, code=B)
    mine = queries.for_vacancy(a, vacancy_id=1, as_of=DAY)
    assert [m.person.pk for m in mine] == [seeker.pk]
    with fence(clerk):
        both = queries.for_vacancy(clerk, vacancy_id=1, as_of=DAY)
        assert {m.person.pk for m in both} == {seeker.pk, other.pk}
        assert both[0].person.pk == seeker.pk  # nearer
    with pytest.raises(PublicVacancy.DoesNotExist):
        queries.for_vacancy(a, vacancy_id=999, as_of=DAY)


@pytest.mark.requirement("MAT-2")
def test_one_community_gives_the_same_pairs_as_each_person_alone(a: Any) -> None:
    people = [
        world.person(f"人{n}", status="失业", wish=SEEKS | {"min_wage": 2000 + 500 * n})
        for n in range(4)
    ]
    pairs = queries.matches(a, path=A_PATH, as_of=DAY).to_dicts()
    for person in people:
        alone = queries.for_person(a, person_id=person.pk, as_of=DAY).jobs
        together = [row for row in pairs if row["person_id"] == person.pk]
        assert [(j.vacancy.pk, j.score, j.reasons) for j in alone] == [
            (row["vacancy_id"], row["score"], row["reasons"]) for row in together
        ]


@pytest.mark.requirement("MAT-1")
def test_what_is_assumed_is_said(a: Any) -> None:
    silent = world.person("没说过", status="失业")
    jobs = queries.for_person(a, person_id=silent.pk, as_of=DAY).jobs
    walked = next(job for job in jobs if job.walk_minutes is not None)
    assert any("社区中心" in reason for reason in walked.reasons)
    assert any("意愿未登记" in reason for reason in walked.reasons)
    remote = next(job for job in jobs if job.vacancy.remote)
    assert not any("社区中心" in reason for reason in remote.reasons)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"work_wish": False}, "没有就业意愿"),
        ({"labour_capacity": False}, "无劳动能力"),
        ({"birth_date": None}, "出生日期未登记"),
        ({"status": "在校"}, "在校"),
        ({"status": "就业", "work_wish": None}, "没有登记求职意愿"),
    ],
)
def test_nobody_is_left_with_an_empty_page(a: Any, facts: dict[str, Any], words: str) -> None:
    person = world.person("甲", **({"status": "失业"} | facts))
    found = queries.for_person(a, person_id=person.pk, as_of=DAY)
    assert found.jobs == []
    assert words in found.why_none


def test_why_a_vacancy_is_not_listed_and_who_may_ask(a: Any) -> None:
    person = world.person("甲", status="失业", wish=SEEKS)
    hindrances = queries.why_not_pair(a, person_id=person.pk, vacancy_id=2, as_of=DAY)
    assert [h.constraint for h in hindrances] == ["hours"]
    other = actor("worker-b")
    with fence(other), pytest.raises(Person.DoesNotExist):
        queries.for_person(other, person_id=person.pk, as_of=DAY)
    city = actor("city")
    with fence(city), pytest.raises(NotAllowed):
        queries.for_person(city, person_id=person.pk, as_of=DAY)
