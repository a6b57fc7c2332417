"""Invented employers, their vacancies, and the classes of a county."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from .identifiers import credit_code, phones
from .names import Naming, surnames
from .places import Place, around
from .population import Rng

Schema = dict[str, Any]
"""Column → Polars type."""

MARK: Final = "（演示）"
FIRM_PHONES: Final = 900_000_000
"""Where the serial numbers of firms' telephones begin."""

EMPLOYERS_SCHEMA: Final[Schema] = {
    "employer_id": pl.Int64,
    "unit_code": pl.String,
    "unit_path": pl.String,
    "name": pl.String,
    "uscc": pl.String,
    "kind": pl.String,
    "trade": pl.String,
    "address": pl.String,
    "contact": pl.String,
    "phone": pl.String,
    "lon": pl.Float64,
    "lat": pl.Float64,
    "headcount": pl.Int64,
    "registered_on": pl.Date,
}
VACANCIES_SCHEMA: Final[Schema] = {
    "vacancy_id": pl.Int64,
    "employer_id": pl.Int64,
    "unit_code": pl.String,
    "unit_path": pl.String,
    "title": pl.String,
    "occupation_code": pl.String,
    "kind": pl.String,
    "openings": pl.Int64,
    "duties": pl.String,
    "conditions": pl.String,
    "place": pl.String,
    "contract_type": pl.String,
    "social_insurance": pl.String,
    "protection": pl.String,
    "wage_min": pl.Int64,
    "wage_max": pl.Int64,
    "hours": pl.Int64,
    "min_age": pl.Int64,
    "max_age": pl.Int64,
    "min_education": pl.Int64,
    "skills": pl.List(pl.String),
    "labels": pl.List(pl.String),
    "accessible": pl.Boolean,
    "remote": pl.Boolean,
    "lon": pl.Float64,
    "lat": pl.Float64,
    "posted_on": pl.Date,
    "expires_on": pl.Date,
}
PROGRAMMES_SCHEMA: Final[Schema] = {
    "code": pl.String,
    "title": pl.String,
    "content": pl.String,
    "hours": pl.Int64,
    "audience": pl.String,
    "requirement": pl.String,
    "provider": pl.String,
    "place": pl.String,
    "lon": pl.Float64,
    "lat": pl.Float64,
    "starts_on": pl.Date,
    "ends_on": pl.Date,
    "seats": pl.Int64,
    "min_education": pl.Int64,
    "occupation_codes": pl.List(pl.String),
}


def weights(rows: Sequence[Mapping[str, Any]]) -> npt.NDArray[np.float64]:
    """The `weight` of each row as probabilities."""
    raw = np.array([float(row["weight"]) for row in rows])
    result: npt.NDArray[np.float64] = raw / raw.sum()
    return result


def employer_frame(
    rng: Rng,
    work: Mapping[str, Any],
    naming: Naming,
    places: Sequence[Place],
    number: int,
    as_of: date,
    first: int,
) -> pl.DataFrame:
    """Employers spread over the places, more where more people live; `first` is their first id."""
    pull = np.array(
        [place.households + (3 if place.rural else 12) for place in places], dtype=float
    )
    # Large communities draw shops, but not in step with their size.
    pull = np.sqrt(pull)
    chosen = rng.choice(len(places), size=number, p=pull / pull.sum())
    rows = []
    used: set[str] = set()
    for n, index in enumerate(chosen.tolist()):
        place = places[index]
        trades = [t for t in work["trades"] if place.rural or t.get("where") != "rural"]
        trade = trades[rng.choice(len(trades), p=weights(trades))]
        name = _name(rng, work["words"], trade["names"], used)
        point = np.array([place.lon]), np.array([place.lat]), np.array([place.radius * 1.3])
        lon, lat = around(rng, *point)
        low, high = trade["headcount"]
        age = int(rng.integers(200, 5_000))
        rows.append(
            (
                first + n, place.code, place.path, name,
                credit_code(trade["registration"], first + n), trade["kind"], trade["trade"],
                f"{place.address}{int(rng.integers(1, 200))}号", "",
                "", float(lon[0]), float(lat[0]),
                int(rng.integers(low, high + 1)), as_of - timedelta(days=age),
            )
        )  # fmt: skip
    titles = pl.Series(np.array(["女士", "先生"])[rng.integers(0, 2, number)])
    family = surnames(rng, naming, number)
    return pl.DataFrame(rows, schema=EMPLOYERS_SCHEMA, orient="row").with_columns(
        (family + titles).alias("contact"),
        phones(np.arange(first, first + number) + FIRM_PHONES).alias("phone"),
    )


def _name(rng: Rng, words: Sequence[str], suffixes: Sequence[str], used: set[str]) -> str:
    """A name that no other employer of this society bears."""
    suffix = suffixes[int(rng.integers(len(suffixes)))]
    for word in (words[i] for i in rng.permutation(len(words))):
        if (name := f"{word}{suffix}{MARK}") not in used:
            used.add(name)
            return name
    for word in (words[i] for i in rng.permutation(len(words))):
        for other in (words[i] for i in rng.permutation(len(words))):
            if (name := f"{word}{other}{suffix}{MARK}") not in used:
                used.add(name)
                return name
    raise ValueError(f"no name is left for another {suffix}")


def vacancy_frame(
    rng: Rng, work: Mapping[str, Any], employers: pl.DataFrame, number: int, as_of: date, first: int
) -> pl.DataFrame:
    """Vacancies of the employers; one in twenty has expired or is nearly so."""
    trades = {trade["trade"]: trade for trade in work["trades"]}
    rows = []
    firms = employers.rows(named=True)
    if not firms:
        return pl.DataFrame(schema=VACANCIES_SCHEMA)
    # Everybody posts once in turn, then large employers more often.
    heads = np.sqrt(np.array([firm["headcount"] for firm in firms], dtype=float))
    turns = rng.permutation(len(firms))[:number].tolist()
    turns += rng.choice(
        len(firms), size=max(0, number - len(turns)), p=heads / heads.sum()
    ).tolist()
    for n, index in enumerate(turns):
        firm = firms[index]
        jobs = trades[firm["trade"]]["jobs"]
        job = jobs[rng.choice(len(jobs), p=weights(jobs))]
        form = work["forms"][job["form"]]
        low, high = job["wage"]
        pattern = job["hours"][int(rng.integers(len(job["hours"])))]
        wage = low + int(rng.integers(0, max(1, (high - low) // 200))) * 100
        top = min(high, wage + int(rng.integers(2, 12)) * 100)
        least, most = job["openings"]
        posted = as_of - timedelta(days=int(rng.integers(0, 45)))
        stale = rng.random() < 0.05
        expires = as_of - timedelta(days=1) if stale else posted + timedelta(days=90)
        said = [work["conditions"][int(rng.integers(len(work["conditions"])))]]
        said += [f"须有{job['certificate']}"] if job.get("certificate") else []
        said += [f"工作经验{job['experience']}"] if job.get("experience") else []
        rows.append(
            (
                first + n, firm["employer_id"], firm["unit_code"], firm["unit_path"],
                job["title"], job["occupation"], form["kind"], int(rng.integers(least, most + 1)),
                job["duties"] + (f"；{job['benefits']}" if job.get("benefits") else ""),
                "；".join(said), "居家办公" if job.get("remote") else firm["address"],
                form["contract"], "、".join(form["insurance"]),
                job.get("hazards", "无职业病危害，按岗位发放劳动保护用品"),
                wage, max(wage, top), work["hours"][pattern],
                job.get("min_age"), job.get("max_age"), job.get("min_education"),
                list(job.get("skills", [])), list(job.get("labels", [])),
                bool(job.get("accessible", False)), bool(job.get("remote", False)),
                firm["lon"], firm["lat"], min(posted, expires), expires,
            )
        )  # fmt: skip
    return pl.DataFrame(rows, schema=VACANCIES_SCHEMA, orient="row")


def programme_frame(
    rng: Rng,
    work: Mapping[str, Any],
    places: Sequence[Place],
    number: int,
    as_of: date,
    series: str,
) -> pl.DataFrame:
    """Classes of a catalogue, the next of each title within four months.

    Their codes begin with `series`.
    """
    rows = []
    titles = work["programmes"]
    largest = sorted(places, key=lambda place: (-place.households, place.code))
    for n in range(number):
        title = titles[n % len(titles)]
        place = (
            largest[n % min(2, len(largest))] if n < 6 else places[int(rng.integers(len(places)))]
        )
        word = work["words"][int(rng.integers(len(work["words"])))]
        provider = work["providers"][int(rng.integers(len(work["providers"])))]
        starts = as_of + timedelta(days=int(rng.integers(5, 120)))
        part_time = rng.random() < 0.4
        days = -(-title["hours"] // (3 if part_time else 7))
        least = title.get("min_education")
        rows.append(
            (
                f"{series}{n + 1:03}", title["title"], title["content"], title["hours"],
                "、".join(title["audience"]),
                ("夜课或周末课堂" if part_time else "日间全日制授课")
                + ("，须具备相应学历" if least else "，不限学历"),
                f"{word}{provider}{MARK}", place.address + "就业服务站",
                place.lon, place.lat, starts, starts + timedelta(days=days * 7 // 5),
                int(rng.integers(20, 51)), least,
                [title["occupation"]] if title["occupation"] else [],
            )
        )  # fmt: skip
    return pl.DataFrame(rows, schema=PROGRAMMES_SCHEMA, orient="row")
