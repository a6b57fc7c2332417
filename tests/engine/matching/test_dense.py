"""Many candidates per list, where bounds on the score skip most of them: still the exact top k."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest

from tests.engine.matching import reference
from tests.engine.matching.test_match import (
    CODES,
    DAY,
    EDUCATION,
    SKILLS,
    UNITS,
    key_and_score,
    people_frame,
    vacancy_frame,
)
from weiye.engine.matching import Weights, match

pytestmark = pytest.mark.requirement("MAT-1")


def some(rng: random.Random, values: list[Any], none: float = 0.1) -> Any:
    return None if rng.random() < none else rng.choice(values)


def point(rng: random.Random, centre: tuple[float, float]) -> dict[str, float | None]:
    if rng.random() < 0.05:
        return {"lon": None, "lat": None}
    lon = centre[0] + rng.uniform(-0.03, 0.03)
    return {
        "lon": lon - 360 if lon > 180 else lon,
        "lat": min(90.0, centre[1] + rng.uniform(-0.03, 0.03)),
    }


def code(rng: random.Random) -> str:
    return (
        f"{rng.randint(1, 6)}-{rng.randint(1, 40):02}-{rng.randint(1, 3):02}-{rng.randint(1, 3):02}"
    )


def world(
    rng: random.Random, centre: tuple[float, float], people: int, jobs: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    skills = [*SKILLS, *(f"技能{n}" for n in range(80))]
    residents = [
        {
            "person_id": rng.randrange(2**40),
            **point(rng, centre),
            "birth_date": some(rng, [date(1955, 1, 1) + timedelta(100 * n) for n in range(180)]),
            "sex": "女",
            "education": some(rng, EDUCATION),
            "occupation_codes": [code(rng) for _ in range(rng.randint(0, 4))]
            + rng.sample(CODES, rng.randint(0, 1)),
            "skills": rng.sample(skills, rng.randint(0, 8)),
            "min_wage": some(rng, [0, 1800.5, 3000, 4000, 9000], 0.3),
            "hours": some(rng, [127, 127, 7, 3, 1]),
            "needs_accessible": rng.random() < 0.1,
            "max_walk_minutes": some(rng, [5, 15, 20, 30, 45, 60, 119, 300]),
            "groups": [],
            "unit": some(rng, UNITS),
        }
        for _ in range(people)
    ]
    vacancies = [
        {
            "vacancy_id": rng.randrange(2**40),
            **point(rng, centre),
            "remote": rng.random() < 0.03,
            "occupation_code": rng.choice(CODES) if rng.random() < 0.2 else code(rng),
            "skills": rng.sample(skills, rng.randint(0, 5)),
            "wage_min": some(rng, [2000, 3000.5, 5000]),
            "wage_max": some(rng, [3000, 4000, 6000.25, 9000]),
            "hours": some(rng, [0, 1, 3]),
            "min_age": some(rng, [16, 18]),
            "max_age": some(rng, [55, 65]),
            "min_education": some(rng, [70, 60, 30], 0.6),
            "accessible": rng.random() < 0.5,
            "labels": [],
            "openings": rng.choice([0, 1, 2, 3]),
            "posted_on": DAY - timedelta(rng.randrange(60)),
            "expires_on": some(rng, [DAY + timedelta(n) for n in range(-2, 9)], 0.5),
            "unit": some(rng, UNITS),
        }
        for _ in range(jobs)
    ]
    return residents, vacancies


def any_weights(rng: random.Random) -> Weights:
    steps = sorted((rng.randrange(10**6) for _ in range(4)), reverse=True)
    names = ("occupation_exact", "occupation_small", "occupation_middle", "occupation_major")
    others = {
        name: rng.choice([0, 1, rng.randrange(10**3), rng.randrange(10**6), rng.randrange(10**9)])
        for name in Weights().as_dict()
        if name not in names
    }
    return Weights(**dict(zip(names, steps, strict=True)), **others)


@pytest.mark.parametrize("direction", ["person", "vacancy"])
@pytest.mark.parametrize(
    ("seed", "centre", "top"),
    [
        (1, (122.1, 37.5), 5),
        (2, (122.1, 37.5), 20),
        (3, (179.99, -41.0), 3),
        (4, (15.0, 89.98), 4),
        (5, (0.0, 0.0), 1),
    ],
)
def test_pruning_never_changes_a_list(
    seed: int, centre: tuple[float, float], top: int, direction: Any
) -> None:
    rng = random.Random(seed)
    sizes = (20, 1500) if direction == "person" else (1500, 20)
    people, jobs = world(rng, centre, *sizes)
    for weights in (Weights(), any_weights(rng)):
        wanted = reference.match(people, jobs, DAY, top, weights.as_dict(), direction)
        got = match(
            people_frame(people),
            vacancy_frame(jobs),
            as_of=DAY,
            top=top,
            weights=weights,
            direction=direction,
        )
        assert wanted
        assert key_and_score(got) == [
            (row["person_id"], row["vacancy_id"], row["rank"], row["score"]) for row in wanted
        ]
