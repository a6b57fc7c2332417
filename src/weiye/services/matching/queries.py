"""One-click matching (一键匹配): one person, one vacancy, one community; computed afresh.

Kernels run serially here: these are called inside web requests. Vacancies are public and those of
neighbouring communities are near too; people are the actor's own area alone.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from weiye.base.packs.queries import pack_in_force
from weiye.base.scope.actor import Actor
from weiye.engine.matching import Hindrance, Matcher, why_not
from weiye.engine.occupations import names
from weiye.registers.employers.models import PublicVacancy
from weiye.registers.people import queries as people_queries
from weiye.registers.people.frames import community_code, people_frame, seekers
from weiye.registers.people.models import Person

from .frames import last_wishes, vacancies_frame, weights_of, within_reach, within_reach_of

# What a point that is not the person's own means for the walking time.
POINT_NOTES = {
    "building": "步行时间从所住楼栋算起",
    "grid": "住处位置未标注，步行时间按网格中心估算",
    "community": "住处位置未标注，步行时间按社区中心估算",
}
# Remote work, in a wide area.
MOST_WISHES = 5_000
WISH_NOTE = "求职意愿未登记，先按时间不限、步行{minutes}分钟推荐，请核实"


@dataclass(frozen=True)
class JobMatch:
    """A vacancy for one person, best first."""

    vacancy: PublicVacancy
    rank: int
    score: int
    distance_m: float | None
    walk_minutes: float | None
    reasons: list[str]


@dataclass(frozen=True)
class PersonMatch:
    """A person of the actor's area for one vacancy, best first."""

    person: Person
    rank: int
    score: int
    distance_m: float | None
    walk_minutes: float | None
    reasons: list[str]


@dataclass(frozen=True)
class ForPerson:
    jobs: list[JobMatch]
    why_none: str
    """Why nothing is listed, in one sentence; empty when something is."""


def pairs(
    people: pl.DataFrame,
    *,
    as_of: date,
    top: int,
    region: str,
    vacancies: pl.DataFrame | None = None,
    direction: str = "person",
    threads: int = 1,
) -> pl.DataFrame:
    """The engine's pairs for a frame of people, with notes on assumed points and wishes added to
    the reasons. ``vacancies`` default to what is within reach."""
    if vacancies is None:
        vacancies = vacancies_frame(within_reach(people, as_of))
    matcher = Matcher(
        vacancies,
        as_of=as_of,
        weights=weights_of(dict(pack_in_force(region).matching)),
        names=names(),
    )
    found = matcher.match(
        people,
        top=top,
        direction="person" if direction == "person" else "vacancy",
        threads=threads,
    )
    return _with_notes(found, people)


def _with_notes(found: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    notes = people.select(
        "person_id",
        pl.col("point_level")
        .replace_strict(POINT_NOTES, default=None, return_dtype=pl.String)
        .alias("!place"),
        pl.when(~pl.col("wish_known"))
        .then(pl.format(WISH_NOTE.replace("{minutes}", "{}"), pl.col("max_walk_minutes").cast(int)))
        .alias("!wish"),
    )
    columns = found.columns
    place = pl.when(pl.col("walk_minutes").is_not_null()).then(pl.col("!place"))
    return (
        found.join(notes, on="person_id", how="left", maintain_order="left")
        .with_columns(
            pl.concat_list(
                "reasons", pl.concat_list(place, pl.col("!wish")).list.drop_nulls()
            ).alias("reasons")
        )
        .select(columns)
    )


def matches(actor: Actor, *, path: str, as_of: date, top: int = 20) -> pl.DataFrame:
    """One community (or street): the best ``top`` vacancies of everybody who looks for work.

    Columns as `engine.matching.match`. Raises `NotAllowed` without ``people.list``.
    """
    actor.require("people.list", path)
    people = seekers(people_frame(actor, path, as_of), as_of)
    return pairs(people, as_of=as_of, top=top, region=community_code(path))


def for_person(actor: Actor, *, person_id: int, as_of: date, top: int = 20) -> ForPerson:
    """The best vacancies for one person now. Raises ``Person.DoesNotExist`` outside the area."""
    actor.require("people.read")
    person = people_queries.people(actor).get(pk=person_id)
    everybody = people_frame(actor, person.unit_path, as_of, people=[person_id])
    people = seekers(everybody, as_of)
    if not people.height:
        return ForPerson([], _why_not_seeking(everybody.to_dicts()[0]))
    found = pairs(people, as_of=as_of, top=top, region=community_code(person.unit_path)).to_dicts()
    vacancies = PublicVacancy.objects.in_bulk([row["vacancy_id"] for row in found])
    jobs = [JobMatch(vacancies[row.pop("vacancy_id")], **_rest(row)) for row in found]
    why = "" if jobs else _why_nothing(people)
    return ForPerson(jobs, why)


def for_vacancy(actor: Actor, *, vacancy_id: int, as_of: date, top: int = 20) -> list[PersonMatch]:
    """The best people of the actor's own area for one published vacancy.

    Only those who can reach it are read (`within_reach_of`). Remote work everybody can reach: a
    community looks among all its people, an area above it (`by_wish_alone`) among the
    `MOST_WISHES` people who told their wish last, for it may be a county.

    Raises ``PublicVacancy.DoesNotExist`` for a vacancy that is not published.
    """
    actor.require("people.list")
    vacancy = PublicVacancy.objects.filter(pk=vacancy_id)
    asked = vacancy.get()
    region = community_code(asked.unit_path)
    near = (
        last_wishes(actor, MOST_WISHES)
        if by_wish_alone(actor, asked)
        else within_reach_of(actor, asked)
    )
    people = seekers(people_frame(actor, actor.path, as_of, people=near), as_of)
    found = pairs(
        people,
        as_of=as_of,
        top=top,
        region=region,
        vacancies=vacancies_frame(vacancy),
        direction="vacancy",
    ).to_dicts()
    known = {
        person.pk: person
        for person in people_queries.people(actor)
        .select_related("unit")
        .filter(pk__in=[row["person_id"] for row in found])
        .order_by("pk")
    }
    return [PersonMatch(known[row.pop("person_id")], **_rest(row)) for row in found]


def by_wish_alone(actor: Actor, vacancy: PublicVacancy) -> bool:
    """Whether `for_vacancy` looks only at people who have told their wish."""
    return vacancy.remote and actor.path.count("/") < 5


def why_not_pair(actor: Actor, *, person_id: int, vacancy_id: int, as_of: date) -> list[Hindrance]:
    """Which conditions stand between a person and a vacancy; empty if none does."""
    actor.require("people.read")
    person = people_queries.people(actor).get(pk=person_id)
    (row,) = people_frame(actor, person.unit_path, as_of, people=[person_id]).to_dicts()
    vacancy = vacancies_frame(PublicVacancy.objects.filter(pk=vacancy_id)).to_dicts()
    if not vacancy:
        raise PublicVacancy.DoesNotExist
    return why_not(row, vacancy[0], as_of)


def _rest(row: dict[str, Any]) -> dict[str, Any]:
    keys = ("rank", "score", "distance_m", "walk_minutes", "reasons")
    return {key: row[key] for key in keys}


def _why_not_seeking(row: dict[str, Any]) -> str:
    if row["labour_capacity"] is False:
        return "登记为无劳动能力，不推荐岗位。"
    if row["work_wish"] is False:
        return "登记为没有就业意愿，不推荐岗位。意愿有变化时请更新。"
    if row["birth_date"] is None:
        return "出生日期未登记，无法判断是否年满16周岁。"
    if row["employment_status"] in ("在校", "服役"):
        return f"目前{row['employment_status']}，不推荐岗位。"
    if row["employment_status"] in ("就业", "退休") or row["pension_drawn"]:
        return "已就业或已退休，且没有登记求职意愿。"
    return "未满16周岁，不推荐岗位。"


def _why_nothing(people: pl.DataFrame) -> str:
    row = people.to_dicts()[0]
    if row["lon"] is None:
        return "住处位置未知，附近没有本社区的岗位。标注位置后会有更多推荐。"
    return (
        f"步行{row['max_walk_minutes']:.0f}分钟内没有条件都符合的岗位。可以放宽距离、时间或工资。"
    )
