"""Linkage, measured: one table of a million records against itself, with known truth.

    python -m bench.linkage [--records 1000000] [--seed 1] [--threads 2]

from the root, in the environment of requirements/bench.txt (docs/benchmarks.md: how to make it).
Weiye's `dedupe` against Splink 5 on DuckDB, each in a process of its own. Splink is given Weiye's
blocking keys, so that both judge exactly the same pairs (checked), and cleaned columns: names
without marks, 18-digit numbers, dates, telephones, addresses. It runs twice: with these columns as
its users would compare them, and fed with Weiye's own understanding of Chinese besides (pinyin,
addresses taken apart). Making columns and keys is timed for Weiye and not for Splink. Splink is
trained as its documentation says:
prior from deterministic rules, u from random pairs, EM once on pairs with one ID number and once on
pairs with one name and birth date, term frequencies on names, dates, telephones and homes.
Thresholds are chosen without the truth, by one rule for both: the lowest probability at which the
pairs above it are expected to be right in 99 of 100, not below 0.5. The best thresholds in
hindsight are shown as well.
"""

from __future__ import annotations

import argparse
import platform
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import numpy as np
import polars as pl

from .linkage_data import records

PRECISION = 0.99


@dataclass
class Result:
    """`pairs`: left and right place, probability, linked (as shipped), in a file."""

    wall: float
    cpu: float
    peak: int
    pairs: int
    detail: dict[str, float]


def weiye(folder: str, threads: int, evidence: bool) -> Result:
    from weiye.engine.linkage import Settings, dedupe, warm

    warm()
    frame = pl.read_parquet(f"{folder}/records.parquet").drop("person")
    begin, cpu = time.perf_counter(), time.process_time()
    # Everything scored is asked for, to find the best threshold in hindsight.
    out = dedupe(frame, settings=Settings(threads=threads, evidence=evidence))
    wall, used = time.perf_counter() - begin, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    out.drop("evidence").write_parquet(f"{folder}/weiye.parquet")
    return Result(wall, used, peak, out.height, {})


def columns(folder: str, threads: int) -> int:
    """What Splink is given, and how many pairs meet."""
    from weiye.engine.linkage import blocking, prepare
    from weiye.engine.linkage.linking import _records
    from weiye.engine.linkage.text import ID_WIDTH

    frame = pl.read_parquet(f"{folder}/records.parquet")
    frame = _records(frame, "表")
    prepared = prepare.prepare(frame, None)
    packed = prepared.records
    found = blocking.candidates(prepared, 60, threads)
    np.savez(f"{folder}/candidates.npz", left=found.left, right=found.right)

    def token(which: int) -> pl.Series:
        values = packed.tokens[:, which]
        return pl.select(
            pl.when(pl.lit(pl.Series(values != 0))).then(pl.Series(values).cast(pl.String))
        ).to_series()

    points = prepared.characters.points
    names = [
        "".join(chr(points[code]) for code in row if code > 1) or None
        for row in packed.name.tolist()
    ]
    numbers = [bytes(row[: row[ID_WIDTH - 1]]).decode() or None for row in packed.number]
    birth = np.where(packed.birth[:, 0] > 0, packed.birth[:, 0], packed.birth[:, 1])
    table = {
        "unique_id": np.arange(frame.height),
        "name": names,
        "sound": token(prepare.SOUND),
        "surname": [name[0] if name else None for name in names],
        "id_number": numbers,
        "birth_date": [str(value) if value else None for value in birth.tolist()],
        "sex": [("男", "女")[value - 1] if value else None for value in packed.shape[:, 2]],
        "phone": [str(value) if value else None for value in packed.phone.tolist()],
        "address": frame["address"].str.replace_all(" ", ""),
        "home": token(prepare.HOME),
        "building": token(prepare.BUILDING),
        "base": token(prepare.BASE),
        "unit": token(prepare.UNIT),
    }
    for which, (order, column, _) in enumerate(blocking.passes(prepared, 60, threads)):
        key = np.zeros(frame.height, np.uint64)
        key[order] = column
        series = pl.Series(key).cast(pl.String)
        table[f"k{which}"] = pl.select(
            pl.when(pl.lit(pl.Series(key != 0))).then(series)
        ).to_series()
    pl.DataFrame(table).write_parquet(f"{folder}/columns.parquet")
    return len(found.left)


def name_and_place(comparison: Callable[..., object], frequent: Callable[..., object]) -> list[Any]:
    import splink.comparison_level_library as level

    nowhere = "(base_l IS NULL OR base_r IS NULL) AND (unit_l IS NULL OR unit_r IS NULL)"
    return [
        comparison(
            "name", level.NullLevel("name"), frequent("name"), level.ExactMatchLevel("sound"),
            level.LevenshteinLevel("name", 1), level.ExactMatchLevel("surname"),
        ),
        comparison(
            "place", level.CustomLevel(nowhere).configure(is_null_level=True), frequent("home"),
            level.ExactMatchLevel("building"), level.ExactMatchLevel("base"),
            level.ExactMatchLevel("unit"),
        ),
    ]  # fmt: skip


def plain(comparison: Callable[..., object], frequent: Callable[..., object]) -> list[Any]:
    import splink.comparison_level_library as level

    return [
        comparison(
            "name", level.NullLevel("name"), frequent("name"), level.LevenshteinLevel("name", 1),
            level.ExactMatchLevel("surname"),
        ),
        comparison(
            "address", level.NullLevel("address"), frequent("address"),
            level.JaroWinklerLevel("address", 0.95), level.JaroWinklerLevel("address", 0.88),
        ),
        comparison("unit", level.NullLevel("unit"), frequent("unit")),
    ]  # fmt: skip


def splink(folder: str, threads: int, fed: bool) -> Result:
    import duckdb
    import splink.comparison_level_library as level
    import splink.comparison_library as library
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    passes = 8
    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}")

    def frequent(column: str) -> object:
        return level.ExactMatchLevel(column, term_frequency_adjustments=True)

    def comparison(name: str, *levels: object) -> object:
        return library.CustomComparison(
            output_column_name=name, comparison_levels=[*levels, level.ElseLevel()]
        )

    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            *(name_and_place(comparison, frequent) if fed else plain(comparison, frequent)),
            comparison(
                "id_number", level.NullLevel("id_number"), level.ExactMatchLevel("id_number"),
                level.DamerauLevenshteinLevel("id_number", 1),
                level.DamerauLevenshteinLevel("id_number", 2),
            ),
            comparison(
                "birth_date", level.NullLevel("birth_date"), frequent("birth_date"),
                level.DamerauLevenshteinLevel("birth_date", 1),
                level.CustomLevel("substr(birth_date_l, 1, 4) = substr(birth_date_r, 1, 4)"),
            ),
            comparison("sex", level.NullLevel("sex"), level.ExactMatchLevel("sex")),
            comparison(
                "phone", level.NullLevel("phone"), frequent("phone"),
                level.DamerauLevenshteinLevel("phone", 1),
            ),
        ],
        blocking_rules_to_generate_predictions=[block_on(f"k{at}") for at in range(passes)],
        retain_matching_columns=False,
    )  # fmt: skip
    begin, cpu = time.perf_counter(), time.process_time()
    api = DuckDBAPI(connection)
    table = api.register(connection.sql(f"SELECT * FROM '{folder}/columns.parquet'"))
    linker = Linker(table, settings, log_level=40)
    linker.training.estimate_probability_two_random_records_match(
        [block_on("id_number"), block_on("name", "birth_date", "phone")], recall=0.6
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in (block_on("id_number"), block_on("name", "birth_date")):
        linker.training.estimate_parameters_using_expectation_maximisation(
            rule, record_sample_proportion=1.0
        )
    trained = time.perf_counter() - begin
    predicted = linker.inference.predict()
    out = predicted.as_duckdbpyrelation() if hasattr(predicted, "as_duckdbpyrelation") else None
    if out is None:
        out = connection.sql(f"SELECT * FROM {predicted.physical_name}")
    frame = out.select("unique_id_l", "unique_id_r", "match_probability").pl()
    wall, used = time.perf_counter() - begin, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    frame.write_parquet(f"{folder}/splink{int(fed)}.parquet")
    return Result(wall, used, peak, frame.height, {"training": trained})


def judge(name: str, right: np.ndarray, chance: np.ndarray, linked: np.ndarray, true: int) -> str:
    """One line per way of choosing."""
    out = []

    def figures(chosen: np.ndarray) -> tuple[float, float, float]:
        hits = float((right & chosen).sum())
        precision, recall = hits / max(float(chosen.sum()), 1.0), hits / true
        return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)

    order = np.argsort(-chance, kind="stable")
    hits = np.cumsum(right[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + true)
    best = int(np.argmax(f1))
    hindsight = chance >= chance[order[best]]
    for what, chosen in (("without truth", linked), ("hindsight", hindsight)):
        p, r, f = figures(chosen)
        out.append(f"{name:22} {what:14} precision {p:.4f}  recall {r:.4f}  F1 {f:.4f}")
    return "\n".join(out)


def expected(chance: np.ndarray) -> np.ndarray:
    """Chosen by expected precision, not below 0.5."""
    falling = np.sort(chance[chance >= 0.5])[::-1]
    mean = np.cumsum(falling) / np.arange(1, len(falling) + 1)
    good = np.flatnonzero(mean >= PRECISION)
    return chance >= (falling[good[-1]] if len(good) else PRECISION)


def apart(function: object, *arguments: object) -> object:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()  # type: ignore[arg-type]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--data", help="records.parquet made before")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        frame = (
            pl.read_parquet(options.data)
            if options.data
            else records(options.records, seed=options.seed)
        )
        frame.write_parquet(f"{folder}/records.parquet")
        person = frame.sort("id")["person"].to_numpy()
        place = {value: at for at, value in enumerate(frame.sort("id")["id"].to_list())}
        counts = np.bincount(person)
        true = int((counts * (counts - 1) // 2).sum())
        del frame
        pairs = apart(columns, folder, options.threads)
        ours = apart(weiye, folder, options.threads, False)
        with_words = apart(weiye, folder, options.threads, True)
        theirs = apart(splink, folder, options.threads, False)
        fed = apart(splink, folder, options.threads, True)
        print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
        with np.load(f"{folder}/candidates.npz") as found:
            met = person[found["left"]] == person[found["right"]]
        print(f"{len(person)} records, {true} true pairs, {pairs} pairs compared, "
              f"{int(met.sum())} of them true")  # fmt: skip
        listed = pl.read_parquet(f"{folder}/weiye.parquet")
        left = np.array([place[value] for value in listed["left_id"].to_list()])
        right = np.array([place[value] for value in listed["right_id"].to_list()])
        print(judge("Weiye", person[left] == person[right], listed["probability"].to_numpy(),
                    (listed["decision"] == "link").to_numpy(), true))  # fmt: skip
        for which, name in enumerate(("Splink", "Splink, fed")):
            peer = pl.read_parquet(f"{folder}/splink{which}.parquet")
            a, b = peer["unique_id_l"].to_numpy(), peer["unique_id_r"].to_numpy()
            chance = peer["match_probability"].to_numpy()
            print(judge(name, person[a] == person[b], chance, expected(chance), true))
            if len(peer) != pairs:
                print(f"{name} compared {len(peer)} pairs, not {pairs}")
        for name, result in (("Weiye", ours), ("Weiye, with evidence", with_words),
                             ("Splink", theirs), ("Splink, fed", fed)):  # fmt: skip
            print(f"{name:22} {result.wall:6.1f} s  cpu {result.cpu:6.1f} s  "
                  f"peak {result.peak / 1024:6.0f} MB  {result.detail}")  # fmt: skip
        print(f"wall {theirs.wall / ours.wall:.1f} ×, cpu {theirs.cpu / ours.cpu:.1f} ×")


if __name__ == "__main__":
    main()
