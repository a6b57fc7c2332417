"""Writes a simulated society into the registers, in bulk and in the caller's transaction."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import polars as pl
from django.db.backends.postgresql.psycopg_any import DateRange

from weiye.base.privacy.fields import blind_index
from weiye.base.regions.actions import add_local_units, set_points
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor
from weiye.base.scope.bulk import insert_objects
from weiye.engine.simulation import Place, Society
from weiye.registers.employers.actions import problems, public_copy
from weiye.registers.employers.models import Employer, Vacancy, VacancyState
from weiye.registers.people.actions import name_key
from weiye.registers.people.columns import FACTS
from weiye.registers.people.models import Household, Person, StatusPeriod, WorkWish
from weiye.registers.training.models import Programme

from .biographies import biographies, certificates

SOURCE: Final = "演示数据（模拟生成）"
VISIT: Final = "入户走访登记（演示）"


class NoAreaTree(RuntimeError):
    """The official units that people are to live in are not in the database yet."""


def write(
    *,
    actor: Actor,
    society: Society,
    places: list[Place],
    county: Unit,
    as_of: date,
    limits: Sequence[str] = (),
    doubles: pl.DataFrame | None = None,
) -> None:
    """Adds everything in the society; nothing of it may be there yet.

    `limits`: see `biographies`. `doubles` are entered as people of their own although they are
    in the society already (see `doubles`).
    """
    units = _units(actor, society, places)
    people = _people(society, units, as_of, limits)
    if doubles is not None:
        _doubles(doubles, units, as_of)
    _histories(society, people, as_of)
    _work(society, units)
    _programmes(society, county)


def _units(actor: Actor, society: Society, places: list[Place]) -> dict[str, Unit]:
    """Grids and buildings, and invented points for communities that have none; units by code."""
    codes = [place.code for place in places]
    units = {unit.code: unit for unit in Unit.objects.filter(code__in=codes)}
    if missing := sorted(set(codes) - set(units)):
        raise NoAreaTree(f"{len(missing)} units are not in the database, {missing[0]} for one")
    points = pl.DataFrame(
        {
            "code": codes,
            "lon": [place.lon for place in places],
            "lat": [place.lat for place in places],
        }
    )
    set_points(actor=actor, points=points, source="demonstration")
    levels = ("grid", "building")
    for level in levels:
        rows = society.areas.filter(pl.col("level") == level)
        for (parent,), group in rows.group_by("parent_code", maintain_order=True):
            added = add_local_units(
                actor=actor,
                parent=units[str(parent)],
                rows=group.drop("parent_code").with_columns(synthetic=pl.lit(True)),
            )
            units |= {unit.code: unit for unit in added}
    return units


def _people(
    society: Society, units: dict[str, Unit], as_of: date, limits: Sequence[str]
) -> dict[int, Person]:
    """Households and people; people by the society's own number."""
    homes = {
        row["household_id"]: Household(
            unit=units[row["unit_code"]],
            unit_path=row["unit_path"],
            number=row["number"],
            address=row["address"],
            synthetic=True,
        )
        for row in society.households.iter_rows(named=True)
    }
    insert_objects(homes.values())
    people = {}
    lives = biographies(society, limits, as_of)
    for row in society.people.iter_rows(named=True):
        facts = {name: row[name] for name in (*FACTS, "known_none")}
        facts |= lives[row["person_id"]]
        facts["skill_certificates"] = certificates(
            facts["skill_certificates"], row["person_id"], as_of
        )
        people[row["person_id"]] = Person(
            unit=units[row["unit_code"]],
            unit_path=row["unit_path"],
            household=homes[row["household_id"]],
            name_key=name_key(row["name"]),
            id_number=row["id_number"],
            id_index=blind_index(row["id_number"]),
            phone=row["phone"],
            phone_index=blind_index(row["phone"]) if row["phone"] else None,
            address=row["address"],
            source=SOURCE,
            as_of=as_of,
            synthetic=True,
            **facts,
        )
    insert_objects(people.values())
    return people


def _doubles(doubles: pl.DataFrame, units: dict[str, Unit], as_of: date) -> None:
    """People whom somebody entered again at the door, without looking whether they are there."""
    insert_objects(
        Person(
            unit=units[row["unit_code"]],
            unit_path=row["unit_path"],
            name=row["name"],
            name_key=name_key(row["name"]),
            phone=row["phone"],
            phone_index=blind_index(row["phone"]) if row["phone"] else None,
            address=row["address"],
            birth_date=row["birth_date"],
            sex=row["sex"],
            source=VISIT,
            as_of=as_of,
            synthetic=True,
        )
        for row in doubles.iter_rows(named=True)
    )


def _histories(society: Society, people: dict[int, Person], as_of: date) -> None:
    insert_objects(
        (
            StatusPeriod(
                person=people[number],
                unit_path=people[number].unit_path,
                kind=kind,
                status=status,
                during=DateRange(since, until),
                source=SOURCE,
            )
            for number, kind, status, since, until in society.periods.select(
                "person_id", "kind", "status", "since", "until"
            ).iter_rows()
        ),
    )
    wishes = []
    for row in society.wishes.iter_rows(named=True):
        person = people[row.pop("person_id")]
        wishes.append(WorkWish(person=person, unit_path=person.unit_path, source=SOURCE, **row))
    insert_objects(wishes)


def _work(society: Society, units: dict[str, Unit]) -> None:
    """Employers, and their vacancies, all published; a few have expired since, as happens."""
    employers = {}
    for row in society.employers.drop("trade", "registered_on").iter_rows(named=True):
        number, code = row.pop("employer_id"), row.pop("unit_code")
        employers[number] = Employer(unit=units[code], synthetic=True, **row)
    insert_objects(employers.values())
    vacancies = []
    for row in society.vacancies.drop("vacancy_id").iter_rows(named=True):
        employer, code = employers[row.pop("employer_id")], row.pop("unit_code")
        vacancy = Vacancy(
            employer=employer,
            unit=units[code],
            state=VacancyState.PUBLISHED,
            synthetic=True,
            **row,
        )
        if wrong := problems(vacancy):
            raise ValueError(f"work.yaml: {vacancy.title} may not be published: {wrong}")
        vacancies.append(vacancy)
    insert_objects(vacancies)
    insert_objects(map(public_copy, vacancies))


def _programmes(society: Society, county: Unit) -> None:
    def programme(row: dict[str, Any]) -> Programme:
        return Programme(unit=county, unit_path=county.path, synthetic=True, **row)

    rows = society.programmes.iter_rows(named=True)
    insert_objects(map(programme, rows))
