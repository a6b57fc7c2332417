"""The matching contract in plain Python, pair by pair: written from files.md, not from the kernel.

Its own spherical distance (law of haversines on degrees), its own education table, its own
tree comparison on text; no numpy, no polars.
"""

from __future__ import annotations

import math
from datetime import date
from typing import Any

Row = dict[str, Any]
LEVEL = {"1": 6, "2": 5, "3": 4, "4": 3, "6": 3, "7": 2, "8": 1, "9": 0}


def metres(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    def hav(degrees: float) -> float:
        return math.sin(math.radians(degrees) / 2) ** 2

    h = hav(lat2 - lat1) + math.cos(math.radians(lat1)) * math.cos(math.radians(lat2)) * hav(
        lon2 - lon1
    )
    return 2 * 6_371_008.8 * math.atan2(math.sqrt(h), math.sqrt(max(0.0, 1 - h)))


def has_point(row: Row) -> bool:
    return row["lon"] is not None and row["lat"] is not None


def age_on(born: date, day: date) -> int:
    try:
        birthday = born.replace(year=day.year)
    except ValueError:
        birthday = date(day.year, 3, 1)
    return day.year - born.year - (day < birthday)


def feasible(person: Row, job: Row, day: date) -> tuple[bool, float | None]:
    """Whether the pair may be listed, and its walking metres if they are known."""
    if not job["posted_on"] <= day or (job["expires_on"] and job["expires_on"] < day):
        return False, None
    if job["openings"] < 1:
        return False, None
    if job["min_age"] is not None or job["max_age"] is not None:
        if person["birth_date"] is None:
            return False, None
        age = age_on(person["birth_date"], day)
        if job["min_age"] is not None and age < job["min_age"]:
            return False, None
        if job["max_age"] is not None and age > job["max_age"]:
            return False, None
    if job["min_education"] is not None:
        if person["education"] is None:
            return False, None
        if LEVEL[str(person["education"])[0]] < LEVEL[str(job["min_education"])[0]]:
            return False, None
    for bit in range(7):
        needed = bool((job["hours"] or 0) & 2**bit)
        if needed and not (person["hours"] or 0) & 2**bit:
            return False, None
    if person["needs_accessible"] and not job["accessible"]:
        return False, None
    if (
        job["wage_max"] is not None
        and person["min_wage"] is not None
        and job["wage_max"] < person["min_wage"]
    ):
        return False, None
    if job["remote"]:
        return True, None
    if not (has_point(person) and has_point(job)):
        same = person.get("unit") is not None and person.get("unit") == job.get("unit")
        return same, None
    distance = metres(person["lon"], person["lat"], job["lon"], job["lat"])
    limit = person["max_walk_minutes"]
    return limit is None or distance * 1.3 / 80 <= limit, distance


def likeness(wishes: list[str] | None, code: str | None) -> int:
    def parts(text: str) -> list[str]:
        kept = text.split("-")
        while kept and int(kept[-1]) == 0:
            kept.pop()
        return kept

    job = parts(code) if code else []
    best = 0
    for wish in wishes or []:
        wanted = parts(wish)
        if not wanted:
            continue
        shared = 0
        while shared < min(len(wanted), len(job)) and wanted[shared] == job[shared]:
            shared += 1
        best = max(best, 4 if shared == len(wanted) else shared)
    return best


def score(person: Row, job: Row, distance: float | None, day: date, w: dict[str, int]) -> int:
    like = likeness(person["occupation_codes"], job["occupation_code"])
    total = (
        0,
        w["occupation_major"],
        w["occupation_middle"],
        w["occupation_small"],
        w["occupation_exact"],
    )[like]
    common = {s.strip() for s in person["skills"] or []} & {s.strip() for s in job["skills"] or []}
    total += min(w["skill_max"], w["skill_each"] * len(common - {""}))
    if job["remote"]:
        total += w["remote"]
    elif distance is not None:
        value = w["near_zero"] - w["near_per_minute"] * (distance * 1.3 / 80)
        total += max(0, math.floor(value + 0.5))
    total += max(0, w["fresh_max"] - w["fresh_per_day"] * (day - job["posted_on"]).days)
    wish = person["min_wage"]
    pay = job["wage_min"] if job["wage_min"] is not None else job["wage_max"]
    if wish and pay is not None and pay > wish:
        percent = math.floor((pay - wish) * 100.0 / wish)
        total += min(w["wage_over_max"], w["wage_over_each_percent"] * percent)
    return total


def match(
    people: list[Row],
    jobs: list[Row],
    day: date,
    top: int,
    weights: dict[str, int],
    direction: str = "person",
) -> list[Row]:
    lists: dict[int, list[Row]] = {}
    own, other = (
        ("person_id", "vacancy_id") if direction == "person" else ("vacancy_id", "person_id")
    )
    for person in people:
        for job in jobs:
            ok, distance = feasible(person, job, day)
            if ok:
                pair = {
                    "person_id": person["person_id"],
                    "vacancy_id": job["vacancy_id"],
                    "score": score(person, job, distance, day, weights),
                    "distance_m": distance,
                }
                lists.setdefault(pair[own], []).append(pair)
    result = []
    for key in sorted(lists):
        ranked = sorted(lists[key], key=lambda pair: (-pair["score"], pair[other]))
        result += [{**pair, "rank": i} for i, pair in enumerate(ranked[:top], start=1)]
    return result
