"""The compiled matching against the plain reference, and what must never make a difference."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.matching import reference
from weiye.engine.matching import PEOPLE, VACANCIES, Matcher, Weights, kernel, match, warm, why_not
from weiye.engine.tables import TableError

pytestmark = pytest.mark.requirement("MAT-1")

DAY = date(2025, 6, 30)
CODES = [
    "4",
    "4-10",
    "4-10-01",
    "4-10-01-06",
    "4-10-00-00",
    "4-10-01-07",
    "4-13-01-02",
    "1-01-00-01",
]
SKILLS = ["电工证", "月嫂", "驾照C1", "养老护理员"]
UNITS = ["371002001001", "371002001002"]
EDUCATION = [10, 14, 20, 30, 40, 44, 60, 61, 70, 80, 90, 7]

# A street, some yards apart, and the places where longitudes and latitudes end.
NEAR = st.tuples(
    st.integers(0, 40).map(lambda n: 122.1 + n * 0.0007),
    st.integers(0, 40).map(lambda n: 37.5 + n * 0.0006),
)
FAR = st.sampled_from(
    [
        (180.0, 10.0),
        (-180.0, 10.0),
        (179.999, 10.001),
        (-179.999, 10.0),
        (0.0, 0.0),
        (30.0, 89.9995),
        (-150.0, 89.9995),
        (77.0, 90.0),
        (77.0, -90.0),
        (12.0, -89.999),
        (-12.0, -89.9991),
        (122.1, 37.5),
    ]
)
POINT = st.one_of(NEAR, NEAR, FAR, st.just((None, None)), st.just((122.1, None)))
LEAP = st.sampled_from([date(1976, 2, 29), date(1960, 6, 30), date(1960, 7, 1), date(2008, 2, 29)])


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(strategy, strategy, strategy, st.none())


@st.composite
def person(draw: st.DrawFn) -> dict[str, Any]:
    lon, lat = draw(POINT)
    return {
        "lon": lon,
        "lat": lat,
        "birth_date": draw(maybe(st.one_of(LEAP, st.dates(date(1950, 1, 1), date(2009, 12, 31))))),
        "sex": draw(st.sampled_from(["男", "女"])),
        "education": draw(maybe(st.sampled_from(EDUCATION))),
        "occupation_codes": draw(maybe(st.lists(st.sampled_from(CODES), max_size=3))),
        "skills": draw(maybe(st.lists(st.sampled_from([*SKILLS, " 月嫂 ", ""]), max_size=3))),
        "min_wage": draw(maybe(st.sampled_from([0, 1, 2000, 3000, 3001, 5000]))),
        "hours": draw(maybe(st.integers(0, 127) | st.just(127))),
        "needs_accessible": draw(maybe(st.sampled_from([False, False, True]))),
        "max_walk_minutes": draw(maybe(st.sampled_from([0, 5, 15, 16, 30, 45, 90, 200, 100000]))),
        "groups": draw(st.lists(st.sampled_from(["残疾", "大龄"]), max_size=2)),
        "unit": draw(maybe(st.sampled_from(UNITS))),
    }


@st.composite
def vacancy(draw: st.DrawFn) -> dict[str, Any]:
    lon, lat = draw(POINT)
    return {
        "lon": lon,
        "lat": lat,
        "remote": draw(st.sampled_from([False, False, False, True])),
        "occupation_code": draw(maybe(st.sampled_from(CODES))),
        "skills": draw(maybe(st.lists(st.sampled_from(SKILLS), max_size=3))),
        "wage_min": draw(maybe(st.sampled_from([0, 2000, 3000, 3300]))),
        "wage_max": draw(maybe(st.sampled_from([2999, 3000, 3001, 6000]))),
        "hours": draw(maybe(st.sampled_from([0, 1, 3, 64, 127]))),
        "min_age": draw(maybe(st.sampled_from([16, 17, 18, 49, 65]))),
        "max_age": draw(maybe(st.sampled_from([17, 49, 64, 65, 200]))),
        "min_education": draw(maybe(st.sampled_from(EDUCATION))),
        "accessible": draw(maybe(st.booleans())),
        "labels": draw(st.lists(st.sampled_from(["爱心岗", "妈妈岗"]), max_size=1)),
        "openings": draw(st.sampled_from([0, 1, 1, 5])),
        "posted_on": DAY - timedelta(days=draw(st.sampled_from([-1, 0, 1, 29, 30, 31, 400]))),
        "expires_on": draw(maybe(st.sampled_from([DAY - timedelta(1), DAY, DAY + timedelta(1)]))),
        "unit": draw(maybe(st.sampled_from(UNITS))),
    }


def numbered(rows: list[dict[str, Any]], key: str, ids: list[int]) -> list[dict[str, Any]]:
    return [{key: number, **row} for number, row in zip(ids, rows, strict=True)]


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    people = draw(st.lists(person(), max_size=8))
    jobs = draw(st.lists(vacancy(), max_size=12))
    # Few kinds of row: ties are the rule.
    people += [dict(row) for row in people[: draw(st.integers(0, 2))]]
    jobs += [dict(row) for row in jobs[: draw(st.integers(0, 4))]]
    unique = st.integers(-(2**62), 2**62) | st.integers(0, 30)
    ids = st.lists(unique, min_size=len(people), max_size=len(people), unique=True)
    job_ids = st.lists(unique, min_size=len(jobs), max_size=len(jobs), unique=True)
    return numbered(people, "person_id", draw(ids)), numbered(jobs, "vacancy_id", draw(job_ids))


def people_frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    schema = {c.name: c.dtype for c in PEOPLE} | {"sex": pl.String, "groups": pl.List(pl.String)}
    return pl.DataFrame(rows, schema=schema)


def vacancy_frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    schema = {c.name: c.dtype for c in VACANCIES} | {"labels": pl.List(pl.String)}
    return pl.DataFrame(rows, schema=schema)


def key_and_score(pairs: pl.DataFrame) -> list[tuple[int, ...]]:
    return pairs.select("person_id", "vacancy_id", "rank", "score").rows()


thorough = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
brief = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("direction", ["person", "vacancy"])
@thorough
@given(tables=tables(), top=st.sampled_from([1, 2, 3, 5, 100]))
def test_equals_the_reference(tables: Any, top: int, direction: Any) -> None:
    people, jobs = tables
    weights = Weights()
    wanted = reference.match(people, jobs, DAY, top, weights.as_dict(), direction)
    got = match(
        people_frame(people),
        vacancy_frame(jobs),
        as_of=DAY,
        top=top,
        weights=weights,
        direction=direction,
    )
    assert key_and_score(got) == [
        (row["person_id"], row["vacancy_id"], row["rank"], row["score"]) for row in wanted
    ]
    for row, pair in zip(wanted, got.iter_rows(named=True), strict=True):
        if row["distance_m"] is None:
            assert pair["distance_m"] is None
            assert pair["walk_minutes"] is None
        else:
            assert pair["distance_m"] == pytest.approx(row["distance_m"], abs=2e-3)
            assert pair["walk_minutes"] == pytest.approx(row["distance_m"] * 1.3 / 80, abs=0.0501)
            assert pair["walk_minutes"] == round(pair["walk_minutes"], 1)
        assert pair["reasons"]
        assert all(pair["reasons"])


@brief
@given(tables=tables())
def test_both_directions_hold_the_same_pairs_and_why_not_agrees(tables: Any) -> None:
    people, jobs = tables
    p, v = people_frame(people), vacancy_frame(jobs)
    forth = match(p, v, as_of=DAY, top=1000)
    back = match(p, v, as_of=DAY, top=1000, direction="vacancy")
    columns = ["person_id", "vacancy_id", "score", "distance_m", "walk_minutes", "reasons"]
    assert forth.select(columns).sort(columns[:2]).equals(back.select(columns).sort(columns[:2]))
    listed = set(forth.select("person_id", "vacancy_id").iter_rows())
    for person in people:
        for job in jobs:
            fits = (person["person_id"], job["vacancy_id"]) in listed
            assert fits == (why_not(person, job, DAY) == [])


@brief
@given(tables=tables(), seed=st.randoms(use_true_random=False))
def test_sex_groups_labels_and_order_of_rows_change_nothing(tables: Any, seed: Any) -> None:
    people, jobs = tables
    before = match(people_frame(people), vacancy_frame(jobs), as_of=DAY, top=3)
    for row in people:
        row["sex"] = "女" if row["sex"] == "男" else "男"
        row["groups"] = ["低保家庭"] if not row["groups"] else []
    for row in jobs:
        row["labels"] = ["银龄岗"]
    seed.shuffle(people)
    seed.shuffle(jobs)
    after = match(people_frame(people), vacancy_frame(jobs), as_of=DAY, top=3)
    assert before.equals(after)
    blind = match(
        people_frame(people).drop("sex", "groups"),
        vacancy_frame(jobs).drop("labels"),
        as_of=DAY,
        top=3,
    )
    assert before.equals(blind)


PERSON = {
    "person_id": 1,
    "lon": 122.1,
    "lat": 37.5,
    "birth_date": date(1976, 2, 29),
    "sex": "女",
    "education": 60,
    "occupation_codes": ["4-10-01-06"],
    "skills": ["电工证"],
    "min_wage": 3000,
    "hours": 3,
    "needs_accessible": False,
    "max_walk_minutes": 15,
    "groups": [],
    "unit": None,
}
JOB = {
    "vacancy_id": 7,
    "lon": 122.1,
    "lat": 37.5,
    "remote": False,
    "occupation_code": "4-10-01-06",
    "skills": ["电工证", "月嫂"],
    "wage_min": 3500,
    "wage_max": 4200,
    "hours": 1,
    "min_age": None,
    "max_age": None,
    "min_education": None,
    "accessible": False,
    "labels": [],
    "openings": 1,
    "posted_on": DAY,
    "expires_on": DAY,
    "unit": None,
}


def one(person: dict[str, Any], job: dict[str, Any], day: date = DAY, **rest: Any) -> pl.DataFrame:
    return match(people_frame([PERSON | person]), vacancy_frame([JOB | job]), as_of=day, **rest)


def test_reasons_are_plain_chinese() -> None:
    pairs = one({}, {}, names={"4-10-01-06": "保育师"})
    assert pairs["reasons"].to_list() == [
        [
            "想做的工种：保育师",
            "走路不到1分钟",
            "时间合适：工作日上午",
            "工资3500–4200元，达到期望3000元",
            "技能相符：电工证",
            "今天新发布",
        ]
    ]
    far = one(
        {"lat": 37.505, "min_wage": None, "needs_accessible": True, "occupation_codes": ["4-13"]},
        {"wage_min": None, "wage_max": None, "hours": None, "accessible": True, "skills": None},
    )
    assert far["reasons"].to_list() == [
        [
            "与想做的工种同属一个大类：4-10-01-06",
            "走路约9分钟",
            "上班时间没有写明，请先问清",
            "工资面议",
            "单位有无障碍条件",
            "今天新发布",
        ]
    ]
    assert "可以远程在家做" in one({}, {"remote": True})["reasons"][0]
    bare = {"lon": None, "lat": None, "unit": UNITS[0]}
    assert "就在本社区" in one(bare, {"unit": UNITS[0]})["reasons"][0][1]


def test_the_score_is_the_sum_of_its_terms() -> None:
    w = Weights()
    pairs = one({}, {})
    assert pairs["score"].to_list() == [
        w.occupation_exact
        + w.skill_each
        + w.near_zero
        + w.fresh_max
        + 16 * w.wage_over_each_percent  # 3500 is 16.67 % above 3000
    ]


def test_weights_change_the_order_only_through_their_term() -> None:
    jobs = vacancy_frame(
        [
            JOB | {"vacancy_id": 1, "occupation_code": "1-01-00-01"},
            JOB | {"vacancy_id": 2, "lat": 37.505},
        ]
    )
    people = people_frame([PERSON])
    assert match(people, jobs, as_of=DAY)["vacancy_id"].to_list() == [2, 1]
    plain = Weights(
        **dict.fromkeys(Weights().as_dict(), 0) | {"near_zero": 10**6, "near_per_minute": 9}
    )
    assert match(people, jobs, as_of=DAY, weights=plain)["vacancy_id"].to_list() == [1, 2]


@pytest.mark.parametrize(
    ("day", "fits"),
    [(date(2026, 2, 28), False), (date(2026, 3, 1), True), (date(2028, 2, 29), True)],
)
def test_born_on_leap_day_turns_a_year_older_on_the_first_of_march(day: date, fits: bool) -> None:
    job = {"min_age": 50, "posted_on": date(2025, 1, 1), "expires_on": None}
    assert (one({}, job, day=day).height == 1) is fits


@pytest.mark.parametrize(
    ("person", "job", "constraint"),
    [
        ({}, {"posted_on": DAY + timedelta(1), "expires_on": None}, "open"),
        ({}, {"expires_on": DAY - timedelta(1)}, "open"),
        ({}, {"openings": 0}, "openings"),
        ({}, {"max_age": 48}, "age"),
        ({"birth_date": None}, {"max_age": 48}, "age"),
        ({}, {"min_education": 30}, "education"),
        ({"education": None}, {"min_education": 90}, "education"),
        ({"hours": 2}, {}, "hours"),
        ({"hours": None}, {}, "hours"),
        ({"needs_accessible": True}, {}, "accessible"),
        ({"min_wage": 4201}, {}, "wage"),
        ({"lat": 37.52}, {}, "walk"),
        ({"lat": None}, {}, "place"),
        ({}, {"lon": None}, "place"),
    ],
)
def test_each_hard_condition_stands_alone(
    person: dict[str, Any], job: dict[str, Any], constraint: str
) -> None:
    assert one({}, {}).height == 1
    for direction in ("person", "vacancy"):
        assert one(person, job, direction=direction).is_empty()
    found = why_not(PERSON | person, JOB | job, DAY)
    assert [hindrance.constraint for hindrance in found] == [constraint]
    assert found[0].sentence


@pytest.mark.parametrize(
    "job",
    [
        {"max_age": 49, "min_age": 49},
        {"min_education": 40},
        {"wage_min": None, "wage_max": 3000},
        {"wage_max": None},
    ],
)
def test_bounds_are_included(job: dict[str, Any]) -> None:
    assert one({}, job).height == 1


def test_missing_columns_and_repeated_ids_are_named() -> None:
    people, jobs = people_frame([PERSON]), vacancy_frame([JOB])
    with pytest.raises(TableError, match=r"lon、hours"):
        match(people.drop("lon", "hours"), jobs, as_of=DAY)
    with pytest.raises(TableError, match="vacancy_id"):
        match(people, pl.concat([jobs, jobs]), as_of=DAY)
    with pytest.raises(TableError, match="min_wage"):
        match(people.with_columns(min_wage=pl.lit("三千")), jobs, as_of=DAY)
    with pytest.raises(ValueError, match="top"):
        match(people, jobs, as_of=DAY, top=0)


@pytest.mark.requirement("MAT-2")
def test_one_matcher_serves_one_person_one_vacancy_and_many_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    people = people_frame(
        [PERSON | {"person_id": n, "lat": 37.5 + n * 1e-5} for n in range(1, 300)]
    )
    jobs = vacancy_frame([JOB | {"vacancy_id": n, "lon": 122.1 + n * 1e-5} for n in range(1, 50)])
    matcher = Matcher(jobs, as_of=DAY)
    whole = matcher.match(people, top=5)
    single = matcher.match(people.filter(pl.col("person_id") == 17), top=5)
    assert single.equals(whole.filter(pl.col("person_id") == 17))
    shop = match(people, jobs[:1], as_of=DAY, direction="vacancy", top=5)
    assert shop["rank"].to_list() == [1, 2, 3, 4, 5]

    monkeypatch.setattr("weiye.engine.matching.matcher.BLOCK_PAIRS", 64)
    for threads in (1, 2, 5):
        assert matcher.match(people, top=5, threads=threads).equals(whole)


def test_the_kernel_is_compiled_once_for_whatever_comes() -> None:
    """A second signature would be another ten seconds in the middle of a request."""
    warm()
    people, jobs = people_frame([PERSON]), vacancy_frame([JOB])
    for direction in ("person", "vacancy"):
        match(people, jobs, as_of=DAY, direction=direction)  # type: ignore[arg-type]
        match(people[:0], jobs, as_of=DAY, direction=direction)  # type: ignore[arg-type]
        match(people, jobs[:0], as_of=DAY, direction=direction)  # type: ignore[arg-type]
    other = people.with_columns(pl.col("hours").cast(pl.UInt8), pl.col("min_wage").cast(pl.Int32))
    assert match(other.drop("unit"), jobs, as_of=DAY).height == 1
    for function in (kernel.best, kernel.describe, kernel.skills_in_common):
        assert len(function.signatures) == 1  # type: ignore[attr-defined]
