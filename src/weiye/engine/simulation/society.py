"""Puts the parts together: from places and assumptions to frames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from .histories import period_frame, wish_frame
from .homes import settle
from .households import Members, draw, make_pool
from .people import person_frame
from .places import Place
from .population import make_population
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
    - `employers`, `vacancies`, `programmes`: see `work`
    """

    areas: pl.DataFrame
    households: pl.DataFrame
    people: pl.DataFrame
    periods: pl.DataFrame
    wishes: pl.DataFrame
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
) -> Society:
    """Simulates the households of the places, and work and classes around them.

    `society` and `work` are the assumptions of a pack (`simulation/society.yaml`, `work.yaml`),
    `county` the 12-digit code of the unit whose catalogue the classes are. `first_area` (1–99) is
    the first ID area code used: societies that are to share a register need different ones.
    Raises ValueError if there are more people than the area codes can number.
    """
    for_pools, for_homes, for_people, for_lives, for_work = rng.spawn(5)
    assumed, census = society["assumed"], society["census"]
    places = sorted(places, key=lambda place: place.path)

    members, place_of_household = _members(for_pools, places, assumed, census)
    areas, homes = settle(for_homes, places, place_of_household)
    rural = np.array([place.rural for place in places], dtype=bool)[place_of_household]
    people = make_population(for_people, assumed, members, rural[members.household], as_of)
    frame = person_frame(for_people, assumed, people, homes, first_area)
    at_home = homes[members.household].drop("point_source")
    # A person's point is that of the home; none is set for the person alone.
    frame = frame.with_columns(at_home.get_columns(), point_source=pl.lit("demonstration"))

    starts = np.searchsorted(place_of_household, place_of_household)
    number = np.arange(len(place_of_household)) - starts + 1
    households = homes.select(
        pl.Series("household_id", np.arange(1, homes.height + 1)),
        pl.format(
            "YS{}-{}",
            pl.col("unit_code").str.slice(6, 6),
            pl.Series("number", number).cast(pl.String).str.zfill(5),
        ).alias("number"),
        pl.all(),
    )
    series = f"{county[:6]}-PX{first_area:02}"
    offset = (first_area - 1) * 100_000
    firms = employer_frame(for_work, work, places, employers, as_of, 1 + offset)
    titles = [programme["title"] for programme in work["programmes"]]
    return Society(
        areas=areas,
        households=households,
        people=frame,
        periods=period_frame(for_lives, people),
        wishes=wish_frame(for_lives, people, frame, work["wishes"], titles, assumed["lowest_wage"]),
        employers=firms,
        vacancies=vacancy_frame(for_work, work, firms, vacancies, as_of, 1 + offset),
        programmes=programme_frame(for_work, work, places, programmes, as_of, series),
    )


def _members(
    rng: np.random.Generator,
    places: Sequence[Place],
    assumed: Mapping[str, Any],
    census: Mapping[str, Any],
) -> tuple[Members, np.ndarray[Any, np.dtype[np.int64]]]:
    """Draws the households of towns and villages and puts them in the order of their places."""
    drawn = []
    for rural in (False, True):
        here = [index for index, place in enumerate(places) if place.rural == rural]
        counts = [places[index].households for index in here]
        pyramid = assumed["pyramid"]["rural" if rural else "urban"]
        pool = make_pool(rng, pyramid, census["male"], census["household_size"])
        # Each place is drawn apart, so that a single community looks like its pyramid too.
        for index, count in zip(here, counts, strict=True):
            if count:
                drawn.append((index, count, draw(rng, pool, count)))
    drawn.sort(key=lambda part: part[0])
    shift = np.cumsum([0, *(count for _, count, _ in drawn)])
    parts = [
        replace(part, household=part.household + begin)
        for (_, _, part), begin in zip(drawn, shift, strict=False)
    ]
    place = np.repeat([index for index, _, _ in drawn], [count for _, count, _ in drawn])
    columns = ("household", "role", "female", "age")
    joined = [np.concatenate([getattr(part, name) for part in parts]) for name in columns]
    return Members(*joined), place.astype(np.int64)
