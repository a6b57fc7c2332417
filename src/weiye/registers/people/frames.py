"""People as tables for the engine: read in bulk by COPY, nothing decrypted.

Every frame holds people at or below ``path`` that the actor may see, ordered by id.
"""

import json
from collections.abc import Collection
from datetime import date
from itertools import takewhile
from typing import Any

import polars as pl
from django.db import connection, models

from weiye.base.regions.models import Level, Unit
from weiye.base.scope.actor import Actor
from weiye.engine.rules import FactsError
from weiye.engine.rules import facts_frame as facts_of_objects
from weiye.engine.rules.calendar import add_months
from weiye.engine.rules.facts import PERSON_FACTS

from .models import PeriodKind, WorkWish

# Facts that a column of the same name holds.
_BOOLEANS = (
    "continuing_school",
    "labour_capacity",
    "work_wish",
    "single_parent_of_minor",
    "land_lost",
    "veteran",
    "pension_drawn",
)
_DATES = ("birth_date", "resident_since", "graduated_on", "certified_difficult_since")
_INTEGERS = (
    "retirement_base",
    "education",
    "contract_months",
    "disability_grade",
    "insured_months_local",
    "monthly_income",
)
_TEXTS = ("sex", "hukou_unit", "minimum_living", "poverty_alleviation")
_EMPLOYED = ("就业", "灵活就业")

# Plain range scans, joined here: right after an import the database knows nothing yet about how
# many rows there are, and a plan that joins them took twenty seconds instead of a tenth.
_RANGE = "unit_path >= %(lo)s AND unit_path < %(hi)s"
_INSIDE = f"{_RANGE} AND unit_path >= %(from)s AND unit_path < %(to)s"
# By the person's unit, not the row's own: a person may have moved between grids since.
_THEIRS = f"{_RANGE} AND person_id IN (SELECT id FROM people_person WHERE {_INSIDE})"  # noqa: S608
_PERIODS = f"""
    SELECT person_id, kind, status, lower(during), upper(during), start_known::int
    FROM people_statusperiod
    WHERE kind IN ({int(PeriodKind.EMPLOYMENT)}, {int(PeriodKind.UNEMPLOYMENT_REGISTRATION)})
      AND lower(during) <= %(as_of)s AND {{where}}
"""  # noqa: S608
_PERIODS_SCHEMA: dict[str, pl.DataType] = {
    "id": pl.Int64(),
    "kind": pl.Int8(),
    "status": pl.String(),
    "start": pl.Date(),
    "stop": pl.Date(),
    "start_known": pl.Int8(),
}
_FACTS = """
    SELECT id, unit_path, household_id::text, {plain}, {booleans},
           array_to_string(children, ' '), skill_certificates::text, benefits_received::text,
           array_to_string(known_none, ' ')
    FROM people_person WHERE {{where}} AND anonymised_on IS NULL AND died_on IS NULL ORDER BY id
""".format(  # noqa: S608
    plain=", ".join((*_DATES, *_INTEGERS, *_TEXTS)),
    booleans=", ".join(f"{name}::int" for name in _BOOLEANS),
)
_FACTS_SCHEMA: dict[str, pl.DataType] = {
    "id": pl.Int64(),
    "unit_path": pl.String(),
    "household_id": pl.String(),
    **{name: pl.Date() for name in _DATES},
    **{name: pl.Int64() for name in _INTEGERS},
    **{name: pl.String() for name in _TEXTS},
    **{name: pl.Int8() for name in _BOOLEANS},
    "children": pl.String(),
    "skill_certificates": pl.String(),
    "benefits_received": pl.String(),
    "known_none": pl.String(),
}


def copied(sql: str, parameters: dict[str, Any], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """The rows of a SELECT as a frame, through ``COPY … TO STDOUT``; columns as in ``schema``."""
    with connection.cursor() as cursor:
        # Bound here: COPY takes no parameters, and Django's debugging cursor passes none on.
        statement = cursor.mogrify(f"COPY ({sql}) TO STDOUT (FORMAT csv)", parameters)
        with cursor.copy(statement) as copy:
            data = b"".join(copy)
    if not data:
        return pl.DataFrame(schema=schema)
    return pl.read_csv(data, has_header=False, new_columns=list(schema), schema=pl.Schema(schema))


def _range(actor: Actor, path: str) -> dict[str, Any]:
    lo, hi = actor.range
    return {"lo": lo, "hi": hi, "from": path or "0", "to": path[:-1] + "0" if path else ":"}


def facts_frame(
    actor: Actor, path: str, as_of: date, *, people: Collection[int] | None = None
) -> pl.DataFrame:
    """Facts in the schema of `engine.rules.facts.PERSON_FACTS`, as known on the day; of everybody,
    or of the named, who must be all there is of their households below the path.

    One row per person with ``id``, every fact and ``<fact>_known``; besides ``unit_path`` and
    ``inside``: false for members of a household who live outside ``path`` and are there only so
    that households are whole.
    """
    parameters = _range(actor, path) | {"as_of": as_of}
    named, of_named = "", ""
    if people is not None:
        parameters["people"] = sorted(people)
        named, of_named = " AND id = ANY(%(people)s)", " AND person_id = ANY(%(people)s)"
    raw = copied(_FACTS.format(where=_INSIDE + named), parameters, _FACTS_SCHEMA)
    periods = copied(_PERIODS.format(where=_THEIRS + of_named), parameters, _PERIODS_SCHEMA)
    raw = raw.with_columns(inside=pl.lit(True))
    if path != actor.path:
        parameters["households"] = [
            int(key) for key in raw["household_id"].drop_nulls().unique().to_list()
        ]
        where = f"household_id = ANY(%(households)s) AND {_RANGE} AND NOT ({_INSIDE})"
        others = copied(_FACTS.format(where=where), parameters, _FACTS_SCHEMA)
        if others.height:
            parameters["people"] = others["id"].to_list()
            where = f"person_id = ANY(%(people)s) AND {_RANGE}"
            periods.extend(copied(_PERIODS.format(where=where), parameters, _PERIODS_SCHEMA))
            raw = pl.concat([raw, others.with_columns(inside=pl.lit(False))]).sort("id")
    raw = raw.join(_history(periods, as_of), on="id", how="left", maintain_order="left")
    none = pl.col("known_none").fill_null("").str.split(" ")
    status = pl.col("employment_status")
    has_status = status.is_not_null()
    employed = status.is_in(_EMPLOYED)
    unemployed = status == "失业"
    # A shorter history gives only a lower bound; from three spells on that is enough.
    history = (pl.col("first_known") <= add_months(as_of, -24)) | (pl.col("spells") >= 3)
    frame = raw.with_columns(
        *(pl.col(name).cast(pl.Boolean) for name in _BOOLEANS),
        pl.col("children")
        .str.split(" ")
        .list.eval(pl.element().str.to_date(strict=False))
        .list.drop_nulls(),
        pl.when(unemployed).then(pl.col("status_since")).alias("unemployed_since"),
        pl.when(employed).then(pl.col("status_since")).alias("employed_since"),
        pl.when(history).then(pl.col("spells")).alias("unemployment_spells_24m"),
        _residence(raw["unit_path"]).alias("residence_unit"),
        _records(raw, "skill_certificates"),
        _records(raw, "benefits_received"),
    )
    known = {
        name: pl.col(name).is_not_null() | none.list.contains(name) for name in PERSON_FACTS.by_name
    }
    # A status says that the other since-days are none.
    known["unemployed_since"] |= has_status & ~unemployed
    known["employed_since"] |= has_status & ~employed
    known["contract_months"] |= has_status & ~employed
    known["registered_unemployed_since"] |= pl.col("was_registered")
    return frame.select(
        "id",
        "inside",
        "unit_path",
        *(pl.col(name) for name in PERSON_FACTS.by_name),
        *(expr.fill_null(False).alias(f"{name}_known") for name, expr in known.items()),
    )


def _history(periods: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """One row per person: what the periods begun by the day say."""
    job = pl.col("kind") == int(PeriodKind.EMPLOYMENT)
    registration = pl.col("kind") == int(PeriodKind.UNEMPLOYMENT_REGISTRATION)
    # Periods are half-open.
    now = pl.col("stop").is_null() | (pl.col("stop") > as_of)
    recent = pl.col("stop").is_null() | (pl.col("stop") > add_months(as_of, -24))
    return periods.group_by("id").agg(
        pl.col("status").filter(job & now).first().alias("employment_status"),
        pl.col("start")
        .filter(job & now & (pl.col("start_known") == 1))
        .first()
        .alias("status_since"),
        pl.col("start").filter(registration & now).first().alias("registered_unemployed_since"),
        registration.any().alias("was_registered"),
        (job & recent & (pl.col("status") == "失业")).sum().cast(pl.Int64).alias("spells"),
        pl.col("start").filter(job).min().alias("first_known"),
    )


def _residence(paths: pl.Series) -> pl.Series:
    """12-digit codes of the communities that the paths lie in."""
    codes = {path: community_code(path) for path in paths.unique().to_list()}
    if not codes:
        return pl.Series(dtype=pl.String)
    return paths.replace_strict(codes, return_dtype=pl.String)


def community_code(path: str) -> str:
    """The official code at or above a unit's path: grids and buildings have none.

    >>> community_code("37/10/02/001/001/g01/b002/")
    '371002001001'
    >>> community_code("37/10/nh/u5k/001/")  # below a functional area without a code
    '371000000000'
    """
    # Segments below one that is no code say nothing: their unit came from elsewhere.
    codes = takewhile(str.isdigit, path.split("/"))
    return "".join(codes)[:12].ljust(12, "0")


def _records(raw: pl.DataFrame, name: str) -> pl.Series:
    """A JSON column as a list of records; a record that does not fit makes the fact unknown."""
    dtype = PERSON_FACTS.columns()[name]
    filled = raw.select("id", name).drop_nulls()
    objects = [
        {"id": key, name: json.loads(text)} for key, text in filled.iter_rows() if text != "null"
    ]
    values: dict[int, Any] = {}
    try:
        found = [facts_of_objects(objects)] if objects else []
    except FactsError:
        found = []
        for item in objects:
            try:
                found.append(facts_of_objects([item]))
            except FactsError:
                continue
    for frame in found:
        values.update(zip(frame["id"].to_list(), frame[name].to_list(), strict=True))
    return pl.Series(name, [values.get(key) for key in raw["id"].to_list()], dtype=dtype)


def _default(name: str) -> int:
    field = WorkWish._meta.get_field(name)
    assert isinstance(field, models.Field)
    return int(field.get_default())


_WISH_DEFAULTS = {name: _default(name) for name in ("hours", "max_walk_minutes")}
_MATCHING = """
    SELECT id, unit_id, unit_path, birth_date, sex, education, labour_capacity::int,
           work_wish::int, pension_drawn::int, lon, lat
    FROM people_person WHERE {where} AND anonymised_on IS NULL AND died_on IS NULL ORDER BY id
"""
_MATCHING_SCHEMA: dict[str, pl.DataType] = {
    "id": pl.Int64(),
    "unit_id": pl.Int64(),
    "unit_path": pl.String(),
    "birth_date": pl.Date(),
    "sex": pl.String(),
    "education": pl.Int64(),
    "labour_capacity": pl.Int8(),
    "work_wish": pl.Int8(),
    "pension_drawn": pl.Int8(),
    "lon": pl.Float64(),
    "lat": pl.Float64(),
}
_WISHES = """
    SELECT person_id, array_to_string(occupation_codes, '|'), array_to_string(skills, '|'),
           array_to_string(training_wishes, '|'), min_wage, hours, needs_accessible::int,
           max_walk_minutes, said_on
    FROM people_workwish WHERE {where}
"""
_WISHES_SCHEMA: dict[str, pl.DataType] = {
    "id": pl.Int64(),
    "occupation_codes": pl.String(),
    "skills": pl.String(),
    "training_wishes": pl.String(),
    "min_wage": pl.Float64(),
    "hours": pl.Int64(),
    "needs_accessible": pl.Int8(),
    "max_walk_minutes": pl.Float64(),
    "said_on": pl.Date(),
}
# Nothing above the community says where somebody lives.
PLACES = (Level.BUILDING, Level.GRID, Level.COMMUNITY)


def people_frame(
    actor: Actor, path: str, as_of: date, *, people: Collection[int] | None = None
) -> pl.DataFrame:
    """Matching's table `people` (file contract) with what else the lists need; all or those named.

    Besides the contract: ``unit`` (community code), ``point_level`` (own, building, grid,
    community, or null for no point), ``wish_known`` (false: the table's defaults stand in for a
    wish that nobody recorded), ``training_wishes``, ``said_on``, ``employment_status``,
    ``labour_capacity``, ``work_wish``, ``pension_drawn``, ``unit_path``.
    """
    parameters: dict[str, Any] = _range(actor, path) | {"as_of": as_of}
    named, of_named = "", ""
    if people is not None:
        parameters["people"] = sorted(people)
        named, of_named = " AND id = ANY(%(people)s)", " AND person_id = ANY(%(people)s)"
    raw = copied(_MATCHING.format(where=_INSIDE + named), parameters, _MATCHING_SCHEMA)
    wishes = copied(_WISHES.format(where=_THEIRS + of_named), parameters, _WISHES_SCHEMA)
    periods = copied(_PERIODS.format(where=_THEIRS + of_named), parameters, _PERIODS_SCHEMA)
    frame = (
        raw.join(wishes.with_columns(wish_known=pl.lit(True)), on="id", how="left")
        .join(_history(periods, as_of).select("id", "employment_status"), on="id", how="left")
        .join(_points(raw["unit_id"]), on="unit_id", how="left")
        .sort("id")
    )
    own = pl.col("lon").is_not_null()
    lists = ("occupation_codes", "skills", "training_wishes")
    return (
        frame.with_columns(
            *(
                pl.col(name).cast(pl.Boolean)
                for name in ("labour_capacity", "work_wish", "pension_drawn")
            ),
            *(
                pl.col(name)
                .fill_null("")
                .str.split("|")
                .list.eval(pl.element().filter(pl.element() != ""))
                for name in lists
            ),
            *(pl.col(name).fill_null(default) for name, default in _WISH_DEFAULTS.items()),
            pl.col("needs_accessible").cast(pl.Boolean).fill_null(False),
            pl.col("wish_known").fill_null(False),
            pl.when(own).then("lon").otherwise("unit_lon").alias("lon"),
            pl.when(own).then("lat").otherwise("unit_lat").alias("lat"),
            pl.when(own).then(pl.lit("own")).otherwise("unit_level").alias("point_level"),
            _residence(frame["unit_path"]).alias("unit"),
        )
        .rename({"id": "person_id"})
        .drop("unit_id", "unit_lon", "unit_lat", "unit_level")
    )


def _points(unit_ids: pl.Series) -> pl.DataFrame:
    """Per unit the nearest point at or above it, up to the community, and that unit's level."""
    rows: list[tuple[int, float, float, str]] = []
    above = {
        unit.pk: unit
        for unit in Unit.objects.filter(pk__in=unit_ids.unique().to_list()).select_related(
            "parent__parent"
        )
    }
    for key, unit in sorted(above.items()):
        at: Unit | None = unit
        for _ in PLACES:
            if at is None or at.level not in PLACES:
                break
            if at.lon is not None and at.lat is not None:
                rows.append((key, at.lon, at.lat, at.level))
                break
            at = at.parent
    return pl.DataFrame(
        rows,
        schema={
            "unit_id": pl.Int64(),
            "unit_lon": pl.Float64(),
            "unit_lat": pl.Float64(),
            "unit_level": pl.String(),
        },
        orient="row",
    )


def seekers(people: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Those of `people_frame` for whom work is looked for.

    Sixteen or older and able; who does not want work, studies or serves is left alone, and who
    works, is retired or draws a pension is served on an express wish only.
    """
    sixteen = add_months(as_of, -12 * 16)
    status = pl.col("employment_status").fill_null("")
    settled = status.is_in(["就业", "退休"]) | pl.col("pension_drawn").fill_null(False)
    return people.filter(
        pl.col("birth_date") <= sixteen,
        pl.col("labour_capacity").fill_null(True),
        pl.col("work_wish").fill_null(True),
        ~status.is_in(["在校", "服役"]),
        ~settled | pl.col("work_wish").fill_null(False),
    )
