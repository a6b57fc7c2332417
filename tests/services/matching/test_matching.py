"""One-click matching against a plain check of every pair."""

from random import Random
from typing import Any

import pytest

from tests.services.assistance import world
from tests.services.assistance.world import A_PATH, DAY
from tests.world import A, B, C, D, E, actor
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.engine.matching import why_not
from weiye.registers.employers.models import PublicVacancy
from weiye.registers.people.frames import people_frame, seekers
from weiye.registers.people.models import Person, WorkWish
from weiye.services.matching import queries
from weiye.services.matching.frames import vacancies_frame, within_reach, within_reach_of

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
    (row,) = people_frame(a, A_PATH, DAY, people=[seeker.pk]).to_dicts()
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


def scattered(chance: Random) -> None:
    """People of three communities with and without points and wishes, in and out of buildings."""
    homes = [Unit.objects.get(code=code) for code in (A, B, C)]
    for home in tuple(homes):
        grid = home
        for number, level in enumerate(("grid", "building", "building")):
            lon, lat = 122.10 + chance.uniform(-0.03, 0.03), 37.50 + chance.uniform(-0.03, 0.03)
            # In A nothing below the community has a point: it counts for the buildings too.
            known = home.code != A and chance.random() < 0.6
            parent = grid if level == "building" else home
            unit = Unit.objects.create(
                code=f"{home.code}{number}",
                name=level,
                level=level,
                parent=parent,
                path=f"{parent.path}x{number}/",
                lon=lon if known else None,
                lat=lat if known else None,
            )
            grid = unit if level == "grid" else grid
            homes.append(unit)
    homes.append(Unit.objects.get(code="371002000000"))
    homes.append(Unit.objects.get(code="371002001000"))
    for number in range(90):
        point = {}
        if chance.random() < 0.6:
            far = chance.choice([0.002, 0.02, 0.2])
            point = {
                "lon": 122.10 + chance.uniform(-far, far),
                "lat": 37.50 + chance.uniform(-far, far),
            }
        wish = {"hours": 3, "max_walk_minutes": chance.choice([0, 1, 5, 15, 30, 31, 60, 240])}
        world.person(
            f"人{number}",
            status="失业",
            wish=wish if chance.random() < 0.6 else None,
            code=chance.choice(homes).code,
            **point,
        )


@pytest.mark.requirement("MAT-1", "MAT-2")
@pytest.mark.parametrize("seed", range(3))
def test_one_vacancy_finds_the_same_people_as_without_the_box(seed: int) -> None:
    chance = Random(seed)
    with fence(system()):
        Unit.objects.filter(code=B).update(lon=None, lat=None)
        scattered(chance)
        for number in range(20):
            far = chance.choice([0.002, 0.02, 0.2])
            world.vacancy(
                400 + number,
                "岗位",
                code=chance.choice([A, B, C, D, "371002001000", "371002000000"]),
                **(
                    {
                        "lon": 122.10 + chance.uniform(-far, far),
                        "lat": 37.50 + chance.uniform(-far, far),
                    }
                    if number % 5
                    else {"lon": None, "lat": None}
                ),
            )
    found, smaller = 0, 0
    for me in (actor("county"), actor("clerk"), actor("worker-a")):
        with fence(me):
            everybody = seekers(people_frame(me, me.path, DAY), DAY)
            for vacancy in PublicVacancy.objects.order_by("pk"):
                expected = queries.pairs(
                    everybody,
                    as_of=DAY,
                    top=100,
                    region="371002000000",
                    vacancies=vacancies_frame(PublicVacancy.objects.filter(pk=vacancy.pk)),
                    direction="vacancy",
                )
                got = queries.for_vacancy(me, vacancy_id=vacancy.pk, as_of=DAY, top=100)
                assert [(m.person.pk, m.score, m.walk_minutes, m.reasons) for m in got] == list(
                    expected.select("person_id", "score", "walk_minutes", "reasons").iter_rows()
                )
                found += len(got)
                read = within_reach_of(me, vacancy)
                assert read is not None
                smaller += len(read) < everybody.height
    assert found > 60
    assert smaller > 50, "the box must spare most of the area"


@pytest.mark.requirement("MAT-1")
def test_remote_work_in_a_wide_area_is_for_those_who_told_their_wish(
    a: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = [world.person(f"人{n}", status="失业", wish=SEEKS | {"hours": 127}).pk for n in range(3)]
    silent = world.person("没说过", status="失业").pk
    WorkWish.objects.filter(pk=told[1]).update(said_on=None)
    here = {m.person.pk for m in queries.for_vacancy(a, vacancy_id=6, as_of=DAY)}
    assert here == {*told, silent}
    clerk = actor("clerk")
    with fence(clerk):
        there = queries.for_vacancy(clerk, vacancy_id=6, as_of=DAY)
        assert {m.person.pk for m in there} == set(told)
        monkeypatch.setattr(queries, "MOST_WISHES", 2)
        last = queries.for_vacancy(clerk, vacancy_id=6, as_of=DAY)
        assert {m.person.pk for m in last} == {told[0], told[2]}


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
