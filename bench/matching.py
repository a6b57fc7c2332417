"""Matching, measured: `python -m bench.matching` from the root, with `src` on the path.

One person against the open vacancies of a town, and 10 000 people × 2 000 vacancies against the
same computation written plainly in Polars: a cross join in blocks, filters, a sort, a window. The
two results are compared row by row before any figure is printed. Each contender runs in a process
of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path

os.environ.setdefault("NUMBA_CACHE_DIR", "/tmp/weiye-numba-cache")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import numpy as np
import polars as pl

from weiye.engine.matching import Matcher, Weights, match

DAY = date(2025, 6, 30)
TOP = 20
TOWN = (122.1, 37.45)  # south-western corner, degrees
SIDE = 12_000.0  # metres
SKILLS = np.array(["电工证", "月嫂", "驾照C1", "养老护理员", "焊工证", "育婴员", "厨师证"])


def people(n: int, rng: np.random.Generator) -> pl.DataFrame:
    """Synthetic residents, evenly over the town."""
    return pl.DataFrame(
        {
            "person_id": np.arange(1, n + 1),
            **_points(n, rng),
            "birth_date": [date(1962, 1, 1) + timedelta(int(d)) for d in rng.integers(0, 16000, n)],
            "education": rng.choice([10, 20, 30, 40, 60, 70, 80], n),
            "occupation_codes": [
                [_code(rng) for _ in range(k)] for k in rng.integers(0, 4, n).tolist()
            ],
            "skills": [
                sorted(rng.choice(SKILLS, k, replace=False).tolist())
                for k in rng.integers(0, 3, n).tolist()
            ],
            "min_wage": rng.integers(18, 50, n) * 100,
            "hours": rng.choice([1, 3, 7, 19, 127], n),
            "needs_accessible": rng.random(n) < 0.06,
            "max_walk_minutes": rng.choice([15, 20, 30, 45], n),
        }
    )


def vacancies(n: int, rng: np.random.Generator) -> pl.DataFrame:
    """Synthetic vacancies, evenly over the town; one in fifty remote."""
    low = rng.integers(18, 45, n) * 100
    return pl.DataFrame(
        {
            "vacancy_id": np.arange(1, n + 1),
            **_points(n, rng),
            "remote": rng.random(n) < 0.02,
            "occupation_code": [_code(rng) for _ in range(n)],
            "skills": [
                sorted(rng.choice(SKILLS, k, replace=False).tolist())
                for k in rng.integers(0, 3, n).tolist()
            ],
            "wage_min": low,
            "wage_max": low + rng.integers(0, 20, n) * 100,
            "hours": rng.choice([0, 1, 2, 3, 7], n),
            "min_age": np.full(n, 18),
            "max_age": rng.choice([50, 55, 60, 65], n),
            "min_education": pl.Series(rng.choice([0, 0, 70, 60, 30], n)).replace(0, None),
            "accessible": rng.random(n) < 0.3,
            "openings": rng.integers(1, 5, n),
            "posted_on": [DAY - timedelta(int(d)) for d in rng.integers(0, 60, n)],
            "expires_on": [DAY + timedelta(int(d)) for d in rng.integers(0, 60, n)],
        }
    )


def _points(n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    lat = TOWN[1] + rng.random(n) * SIDE / 111_195
    lon = TOWN[0] + rng.random(n) * SIDE / (111_195 * np.cos(np.radians(TOWN[1])))
    return {"lon": lon, "lat": lat}


def _code(rng: np.random.Generator) -> str:
    major, middle, small, last = rng.integers([1, 1, 1, 1], [7, 16, 4, 9])
    return f"{major}-{middle:02}-{small:02}-{last:02}"


def in_polars(persons: pl.DataFrame, jobs: pl.DataFrame, weights: Weights) -> pl.DataFrame:
    """The same contract as one would write it in Polars, codes given in full and no gaps in the
    data; returns person_id, vacancy_id, rank, score."""
    w = weights
    level = {1: 6, 2: 5, 3: 4, 4: 3, 6: 3, 7: 2, 8: 1, 9: 0}
    born = pl.col("birth_date")
    before = (
        pl.lit(DAY.month * 100 + DAY.day) < born.dt.month().cast(pl.Int32) * 100 + born.dt.day()
    )
    persons = persons.with_columns(
        age=DAY.year - born.dt.year() - before,
        level=(pl.col("education") // 10).replace_strict(level),
    )
    wishes = persons.select("person_id", wish="occupation_codes").explode("wish").drop_nulls("wish")
    jobs = jobs.filter(
        (pl.col("posted_on") <= DAY) & (pl.col("expires_on") >= DAY) & (pl.col("openings") > 0)
    ).with_columns(asked=(pl.col("min_education") // 10).replace_strict(level, default=None))
    results = []
    for block in persons.iter_slices(1000):
        lat, lon = pl.col("lat").radians(), pl.col("lon").radians()
        lat2, lon2 = pl.col("lat_right").radians(), pl.col("lon_right").radians()
        half = ((lat - lat2) / 2).sin() ** 2 + lat.cos() * lat2.cos() * (
            (lon - lon2) / 2
        ).sin() ** 2
        minutes = 2 * 6_371_008.8 * half.sqrt().arcsin() * 1.3 / 80
        pairs = (
            block.lazy()
            .join(jobs.lazy(), how="cross")
            .filter(
                (pl.col("hours_right") & ~pl.col("hours") == 0)
                & pl.col("age").is_between("min_age", "max_age")
                & (pl.col("asked").is_null() | (pl.col("asked") <= pl.col("level")))
                & (~pl.col("needs_accessible") | pl.col("accessible"))
                & (pl.col("wage_max") >= pl.col("min_wage"))
            )
            .with_columns(minutes=pl.when(~pl.col("remote")).then(minutes))
            .filter(pl.col("remote") | (pl.col("minutes") <= pl.col("max_walk_minutes")))
        )
        like = pl.lit(0)
        for length, term in (
            (1, w.occupation_major),
            (4, w.occupation_middle),
            (7, w.occupation_small),
            (10, w.occupation_exact),
        ):
            same = pl.col("wish").str.head(length) == pl.col("occupation_code").str.head(length)
            like = pl.when(same).then(term).otherwise(like)
        fit = (
            pairs.select("person_id", "vacancy_id", "occupation_code")
            .join(wishes.lazy(), on="person_id")
            .group_by("person_id", "vacancy_id")
            .agg(fit=like.max())
        )
        common = pl.col("skills").list.set_intersection("skills_right").list.len().cast(pl.Int64)
        near = (w.near_zero - w.near_per_minute * pl.col("minutes")).clip(0)
        over = ((pl.col("wage_min") - pl.col("min_wage")) * 100 / pl.col("min_wage")).floor()
        days = (DAY - pl.col("posted_on")).dt.total_days()
        score = (
            pl.col("fit").fill_null(0)
            + (common * w.skill_each).clip(upper_bound=w.skill_max)
            + pl.when("remote").then(w.remote).otherwise((near + 0.5).floor().cast(pl.Int64))
            + (w.fresh_max - w.fresh_per_day * days).clip(0)
            + (over.cast(pl.Int64) * w.wage_over_each_percent).clip(0, w.wage_over_max)
        )
        results.append(
            pairs.join(fit, on=["person_id", "vacancy_id"], how="left")
            .select("person_id", "vacancy_id", score=score.cast(pl.Int64))
            .sort("person_id", "score", "vacancy_id", descending=[False, True, False])
            .with_columns(rank=pl.int_range(1, pl.len() + 1).over("person_id"))
            .filter(pl.col("rank") <= TOP)
            .collect()
        )
    return pl.concat(results).select("person_id", "vacancy_id", "rank", "score")


def peak_megabytes() -> float:
    """The most memory this process has held so far (Linux)."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def tables() -> tuple[pl.DataFrame, pl.DataFrame]:
    rng = np.random.default_rng(12333)
    return people(10_000, rng), vacancies(2_000, rng)


def measured(name: str) -> tuple[float, float, float, pl.DataFrame]:
    """Seconds (best of 3), peak memory, memory before, result; called in a process of its own."""
    persons, jobs = tables()
    runs: dict[str, Callable[[], pl.DataFrame]] = {
        "weiye": lambda: match(persons, jobs, as_of=DAY, top=TOP),
        "weiye, no reasons": lambda: match(persons, jobs, as_of=DAY, top=TOP, reasons=False),
        "weiye, per vacancy": lambda: match(persons, jobs, as_of=DAY, top=TOP, direction="vacancy"),
        "polars, no reasons": lambda: in_polars(persons, jobs, Weights()),
    }
    match(persons[:10], jobs[:10], as_of=DAY)  # compiles, or loads what is compiled
    before = peak_megabytes()
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        result = runs[name]()
        seconds.append(time.perf_counter() - start)
    return min(seconds), peak_megabytes(), before, result


def one_person() -> tuple[list[float], list[float]]:
    """Seconds for each of 300 people: the kernel's table of a town prepared, and from scratch."""
    persons, jobs = tables()
    matcher = Matcher(jobs, as_of=DAY)
    prepared, scratch = [], []
    for i in range(330):
        start = time.perf_counter()
        matcher.match(persons[i : i + 1], top=TOP)
        prepared.append(time.perf_counter() - start)
        start = time.perf_counter()
        match(persons[i : i + 1], jobs, as_of=DAY, top=TOP)
        scratch.append(time.perf_counter() - start)
    return prepared[30:], scratch[30:]


def main() -> int:
    print(
        f"{os.cpu_count()} cores, Python {platform.python_version()}, Polars {pl.__version__}; "
        f"load {os.getloadavg()[0]:.1f}"
    )
    print("10 000 people × 2 000 vacancies, top 20, from tables to a table, best of 3")
    rows = {}
    for name in ("weiye", "weiye, no reasons", "weiye, per vacancy", "polars, no reasons"):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            rows[name] = pool.submit(measured, name).result()
    columns = ["person_id", "vacancy_id", "rank", "score"]
    plain, ours = rows["polars, no reasons"][3], rows["weiye, no reasons"][3]
    if not plain.sort("person_id", "rank").equals(ours.select(columns)):
        print("the results differ: no figures")
        return 1
    peer = rows["polars, no reasons"][0]
    print(f"{'':20}{'seconds':>9}{'pairs':>9}{'× polars':>10}{'peak MB':>9}{'of it data':>12}")
    for name, (seconds, peak, before, result) in rows.items():
        print(
            f"{name:20}{seconds:9.3f}{result.height:9}{peer / seconds:10.1f}"
            f"{peak:9.0f}{peak - before:12.0f}"
        )
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        prepared, scratch = pool.submit(one_person).result()
    print("one person × 2 000 vacancies, with reasons, milliseconds")
    for name, times in (("vacancies prepared", prepared), ("from scratch", scratch)):
        cuts = statistics.quantiles(times, n=20)
        print(f"{name:20}  p50 {1000 * cuts[9]:6.1f}   p95 {1000 * cuts[18]:6.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
