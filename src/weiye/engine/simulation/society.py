"""Puts the parts together: from places and assumptions to frames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from .histories import period_frame, wish_frame
from .homes import settle
from .households import Members, Pool, draw, make_pool
from .identifiers import Serials
from .identities import Numbering, identity_frame
from .lives import job_frame, schooling_frame
from .people import person_frame
from .places import Place
from .population import make_population
from .traces import departed_frame, trace_frame
from .work import employer_frame, programme_frame, vacancy_frame


@dataclass(frozen=True)
class Society:
    """Frames of one simulated society. Everything in them is invented, `synthetic` by nature.

    - `areas`: grids and buildings `code, parent_code, path, level, name, lon, lat`, parents first
    - `households`: `household_id, number, unit_code, unit_path, address, lon, lat, point_source`
    - `people`: `person_id, household_id, household_role, name, id_number, phone, unit_code,
      unit_path, address, lon, lat, point_source`, the facts of the engine's file contract,
      `known_none` and `synthetic`
    - `periods`: `person_id, kind, status, since, until`
    - `wishes`: `person_id`, and the columns of the matching contract
    - `traces`: what was different before, one row per person (see `traces`)
    - `departed`: who died or moved away within the last years (see `traces`)
    - `schooling`: `person_id, education, school, since, until, graduated`
    - `jobs`: `person_id, employer, title, occupation_code, since, until, ended`
    - `employers`, `vacancies`, `programmes`: see `work`
    """

    areas: pl.DataFrame
    households: pl.DataFrame
    people: pl.DataFrame
    periods: pl.DataFrame
    wishes: pl.DataFrame
    traces: pl.DataFrame
    departed: pl.DataFrame
    schooling: pl.DataFrame
    jobs: pl.DataFrame
    employers: pl.DataFrame
    vacancies: pl.DataFrame
    programmes: pl.DataFrame


def simulate(
    places: Sequence[Place],
    *,
    society: Mapping[str, Any],
    work: Mapping[str, Any],
    as_of: date,
    rng: np.random.Generator,
    employers: int,
    vacancies: int,
    programmes: int,
    county: str,
    first_area: int = 1,
    numbering: Numbering | None = None,
    pools: "Pools | None" = None,
) -> Society:
    """Simulates the households of the places, and work and classes around them.

    `society` and `work` are the assumptions of a pack (`simulation/society.yaml`, `work.yaml`),
    `county` the 12-digit code of the unit whose catalogue the classes are. `first_area` (1–99) is
    the first ID area code used: societies that are to share a register need different ones, or
    one `numbering` handed on from one to the next. `pools` saves making them again.
    Raises ValueError if there are more people than the area codes can number.
    """
    numbering = numbering or Numbering(Serials(first_area))
    for_pools, for_homes, for_people, for_lives, for_work, for_names, for_traces, for_past = (
        rng.spawn(8)
    )
    assumed = society["assumed"]
    places = sorted(places, key=lambda place: place.path)

    pools = pools or make_pools(for_pools, assumed, society["census"])
    members, place_of_household = draw_members(for_pools, places, pools)
    areas, homes = settle(for_homes, places, place_of_household)
    rural = np.array([place.rural for place in places], dtype=bool)[place_of_household]
    people = make_population(for_people, assumed, members, rural[members.household], as_of)
    who = identity_frame(
        for_names, society["names"], society["documents"], members, people.birth, numbering
    )
    frame = person_frame(for_people, assumed, people, homes, who, numbering)
    at_home = homes[members.household].drop("point_source")
    # A person's point is that of the home; none is set for the person alone.
    frame = frame.with_columns(at_home.get_columns(), point_source=pl.lit("demonstration"))

    starts = np.searchsorted(place_of_household, place_of_household)
    number = np.arange(len(place_of_household)) - starts + 1
    households = homes.select(
        pl.Series("household_id", np.arange(1, homes.height + 1) + numbering.households),
        pl.format(
            "YS{}-{}",
            pl.col("unit_code").str.slice(6, 6),
            pl.Series("number", number).cast(pl.String).str.zfill(5),
        ).alias("number"),
        pl.all(),
    )
    area = numbering.serials.first_area
    series = f"{county[:6]}-PX{area:02}"
    offset = (area - 1) * 100_000
    firms = employer_frame(
        for_work, work, society["names"], places, employers, as_of, 1 + offset + numbering.employers
    )
    titles = [programme["title"] for programme in work["programmes"]]
    periods = period_frame(for_lives, people)
    wishes = wish_frame(for_lives, people, frame, work["wishes"], titles, assumed["lowest_wage"])
    first = pl.lit(numbering.people)
    traces = trace_frame(for_traces, assumed, people, frame)
    schooling = schooling_frame(for_past, people, work["words"])
    jobs = job_frame(for_past, periods, work)
    numbering.people += frame.height
    departed = departed_frame(for_traces, society, people, frame, numbering)
    numbering.people += departed.height
    made = Society(
        areas=areas,
        households=households,
        people=frame,
        periods=periods.with_columns(pl.col("person_id") + first),
        wishes=wishes.with_columns(pl.col("person_id") + first),
        traces=traces,
        departed=departed,
        schooling=schooling.with_columns(pl.col("person_id") + first),
        jobs=jobs.with_columns(pl.col("person_id") + first),
        employers=firms,
        vacancies=vacancy_frame(
            for_work, work, firms, vacancies, as_of, 1 + offset + numbering.vacancies
        ),
        programmes=programme_frame(for_work, work, places, programmes, as_of, series),
    )
    numbering.households += households.height
    numbering.employers += employers
    numbering.vacancies += vacancies
    return made


Pools = tuple[Pool, Pool]
"""Compositions of households in towns and in villages."""


def make_pools(
    rng: np.random.Generator, assumed: Mapping[str, Any], census: Mapping[str, Any]
) -> Pools:
    """The pools of towns and of villages."""
    male, size = census["male"], census["household_size"]
    town = make_pool(rng, assumed["pyramid"]["urban"], male, size)
    return town, make_pool(rng, assumed["pyramid"]["rural"], male, size)


def draw_members(
    rng: np.random.Generator, places: Sequence[Place], pools: Pools
) -> tuple[Members, np.ndarray[Any, np.dtype[np.int64]]]:
    """Draws the households of every place; everybody, and the place of each household.

    Each place is drawn apart, so that a single community looks like its pyramid too.
    """
    parts, shift = [], 0
    for place in places:
        if place.households:
            part = draw(rng, pools[place.rural], place.households)
            parts.append(replace(part, household=part.household + shift))
            shift += place.households
    columns = ("household", "role", "female", "age")
    joined = [np.concatenate([getattr(part, name) for part in parts]) for name in columns]
    place_of = np.repeat(np.arange(len(places)), [place.households for place in places])
    return Members(*joined), place_of.astype(np.int64)
