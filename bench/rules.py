"""Rules, measured: thirty benefits × a million people, three-valued verdicts and amounts.

    python -m bench.rules [--people 10000000] [--block 500000] [--repeat 3] [--sample 20000]

from the root, in the environment of requirements/bench.txt (docs/benchmarks.md: how to make it).
Engines: Weiye's sweep, the same rules written by hand in Polars, OpenFisca-Core (calculating alone,
with the least set-up, with the set-up its manual shows), DuckDB, and ZEN expressions person by
person on a sample. Each runs in a process of its own, on the same synthetic people made block by
block from one seed; making them and comparing is not timed. Weiye, Polars and DuckDB must give the
same three-valued verdicts and the same amounts about everybody; OpenFisca and ZEN know no unknown
and must agree about the people of whom everything is known. If they disagree no figures are shown.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import numpy as np
import polars as pl

from .policies.book import DAY, REGION, thirty
from .policies.combined import POLICIES
from .policies.people import blocks, everything_known

Answer = dict[str, tuple[np.ndarray, np.ndarray]]  # policy → verdict codes, fen (−1: none)


@dataclass
class Clock:
    """Time on the wall and of the processor, of what is measured only.

    ``cpu`` is computing; what the system needs to hand out memory is in the time on the wall.
    """

    wall: float = 0.0
    cpu: float = 0.0

    def __enter__(self) -> Clock:
        self._at = time.perf_counter(), os.times().user
        return self

    def __exit__(self, *_: object) -> None:
        self.wall += time.perf_counter() - self._at[0]
        self.cpu += os.times().user - self._at[1]


@dataclass
class Result:
    """What one engine did: clocks by name, peak memory, and fingerprints of its answers."""

    clocks: dict[str, tuple[float, float]]
    people: int
    peak_mb: int
    base_mb: int
    prints: dict[str, str] = field(default_factory=dict)


class Prints:
    """Fingerprints: about everybody, about those wholly known, about those of the sample."""

    def __init__(self, sample: int) -> None:
        self.sample = sample
        self.hashes = {name: hashlib.blake2b() for name in ("all", "known", "sample")}
        self.first = True

    def add(self, block: pl.DataFrame, answer: Answer, *, whole: bool) -> None:
        known = block.select(everything_known()).to_series().to_numpy()
        for name in POLICIES:
            codes, fen = answer[name]
            if whole:
                self._add("all", codes, fen)
            self._add("known", codes[known], fen[known])
            if self.first:
                some = known[: self.sample]
                self._add("sample", codes[: self.sample][some], fen[: self.sample][some])
        self.first = False

    def _add(self, name: str, codes: np.ndarray, fen: np.ndarray) -> None:
        self.hashes[name].update(np.ascontiguousarray(codes, dtype=np.int8).tobytes())
        self.hashes[name].update(np.ascontiguousarray(fen, dtype=np.int64).tobytes())

    def done(self, *which: str) -> dict[str, str]:
        return {name: self.hashes[name].hexdigest()[:16] for name in which}


def _nullable(verdicts: pl.DataFrame, amounts: pl.DataFrame, prefix: str = "") -> Answer:
    return {
        name: (
            verdicts[name].cast(pl.Int8).fill_null(-1).to_numpy(),
            amounts[prefix + name].fill_null(-1).to_numpy(),
        )
        for name in POLICIES
    }


def _weiye(made: Iterator[pl.DataFrame], prints: Prints) -> dict[str, Clock]:
    from weiye.engine.rules import sweep
    from weiye.engine.rules.program import LARGE

    # The sweep takes the block that is here: making it is not timed.
    clock, here = Clock(), [pl.DataFrame()]

    def given() -> Iterator[pl.DataFrame]:
        while True:
            yield here[0]

    # What a process loads but once (numba, the compiled loop) is shown by itself.
    loading, few = Clock(), next(blocks(LARGE, LARGE))
    with loading:
        next(sweep(thirty(), [few], as_of=DAY, region=REGION))
    answers = sweep(thirty(), given(), as_of=DAY, region=REGION)
    for block in made:
        here[0] = block
        with clock:
            answer = next(answers)
        prints.add(block, _nullable(answer.verdicts, answer.amounts), whole=True)
    return {"Weiye": clock, "Weiye, loading once": loading}


def _polars(made: Iterator[pl.DataFrame], prints: Prints) -> dict[str, Clock]:
    from .policies.in_polars import answers

    clock = Clock()
    for block in made:
        with clock:
            answer = answers(block)
        prints.add(block, _nullable(answer, answer, "¥"), whole=True)
    return {"Polars by hand": clock}


def _openfisca(made: Iterator[pl.DataFrame], prints: Prints) -> dict[str, Clock]:
    from .policies import in_openfisca as fisca

    system = fisca.system()
    alone, lean, documented = Clock(), Clock(), Clock()
    for block in made:
        with documented:
            simulation = fisca.documented(system, block)
        del simulation
        with lean:
            simulation = fisca.lean(system, block)
        with alone:
            found = fisca.answers(simulation)
        answer = {
            name: (met.astype(np.int8), np.where(met, fen, -1))
            for name, (met, fen) in found.items()
        }
        prints.add(block, answer, whole=False)
    for clock in (lean, documented):
        clock.wall, clock.cpu = clock.wall + alone.wall, clock.cpu + alone.cpu
    return {
        "OpenFisca, calculating alone": alone,
        "OpenFisca, least set-up": lean,
        "OpenFisca, set-up of its manual": documented,
    }


def _duckdb(made: Iterator[pl.DataFrame], prints: Prints) -> dict[str, Clock]:
    from .policies import in_duckdb as duck

    clock, database, text = Clock(), duck.connection(), duck.statement()
    for block in made:
        duck.loaded(database, block)
        with clock:
            duck.answer(database, text)
        answer = duck.answers(database)
        prints.add(block, _nullable(answer, answer, "¥"), whole=True)
    return {"DuckDB": clock}


def _zen(made: Iterator[pl.DataFrame], prints: Prints) -> dict[str, Clock]:
    from .policies import in_zen

    block = next(made).head(prints.sample).filter(everything_known())
    people, clock = in_zen.people(block), Clock()
    with clock:
        found = in_zen.answers(people)
    answer = {
        name: (
            np.array([met for met, _ in rows], dtype=np.int8),
            np.array([-1 if fen is None else fen for _, fen in rows]),
        )
        for name, rows in found.items()
    }
    prints.add(block, answer, whole=False)
    return {"ZEN, person by person": clock}


ENGINES: dict[str, tuple[Callable[..., dict[str, Clock]], tuple[str, ...]]] = {
    "weiye": (_weiye, ("all", "known", "sample")),
    "polars": (_polars, ("all", "known", "sample")),
    "openfisca": (_openfisca, ("known", "sample")),
    "duckdb": (_duckdb, ("all", "known", "sample")),
    "zen": (_zen, ("sample",)),
}


def run(engine: str, people: int, size: int, sample: int) -> Result:
    """One engine, in a process of its own."""
    function, which = ENGINES[engine]
    prints = Prints(sample)
    made = ahead(blocks(people, size))
    # What making a block takes by itself belongs to no engine.
    next(blocks(size, size)).select(everything_known())
    base = _peak()
    clocks = function(made, prints)
    return Result(
        {name: (clock.wall, clock.cpu) for name, clock in clocks.items()},
        people
        if engine != "zen"
        else next(blocks(size, size)).head(sample).select(everything_known().sum()).item(),
        _peak(),
        base,
        prints.done(*which),
    )


def ahead(made: Iterator[pl.DataFrame], count: int = 4) -> Iterator[pl.DataFrame]:
    """Several blocks at a time, so that memory is not given back and asked for again in between."""
    while batch := list(itertools.islice(made, count)):
        yield from batch


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.rules", description=__doc__.split("\n")[0])
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--block", type=int, default=500_000)
    parser.add_argument("--repeat", type=int, default=3, help="turns of Weiye and Polars")
    parser.add_argument("--sample", type=int, default=20_000, help="people asked by ZEN")
    parser.add_argument("--engines", default=",".join(ENGINES))
    options = parser.parse_args(argv)
    wanted = options.engines.split(",")
    print(
        f"{options.people:,} people × {len(POLICIES)} policies in blocks of {options.block:,};",
        end=" ",
    )
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, Polars {pl.__version__}")
    best: dict[str, Result] = {}
    ratios: list[tuple[float, float]] = []
    for turn in range(options.repeat):
        turns: dict[str, Result] = {}
        for engine in wanted:
            if turn and engine not in ("weiye", "polars"):
                continue
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                load = os.getloadavg()[0]
                arguments = (engine, options.people, options.block, options.sample)
                turns[engine] = pool.submit(run, *arguments).result()
            for name, (wall, cpu) in turns[engine].clocks.items():
                print(f"  {name}: {wall:.2f} s, {cpu:.2f} s of CPU, load {load:.1f}", flush=True)
            if engine not in best or _wall(turns[engine]) < _wall(best[engine]):
                best[engine] = turns[engine]
        if {"weiye", "polars"} <= turns.keys():
            pair = [next(iter(turns[name].clocks.values())) for name in ("weiye", "polars")]
            ratios.append((pair[0][0] / pair[1][0], pair[0][1] / pair[1][1]))
    if not _agree(best):
        print("The engines do not agree: no figures.", file=sys.stderr)
        return 1
    _table(best)
    if ratios:
        wall = ", ".join(f"{ratio:.2f}" for ratio, _ in ratios)
        cpu = ", ".join(f"{ratio:.2f}" for _, ratio in ratios)
        print(f"Weiye / Polars by hand, turn by turn: time {wall}; CPU {cpu}")
    return 0


def _wall(result: Result) -> float:
    return next(iter(result.clocks.values()))[0]


def _agree(results: dict[str, Result]) -> bool:
    agreed = True
    for which in ("all", "known", "sample"):
        found = {name: r.prints[which] for name, r in results.items() if which in r.prints}
        same = len(set(found.values())) <= 1
        print(f"same answers ({which}): {', '.join(found)}: {'yes' if same else found}")
        agreed = agreed and same
    return agreed


def _table(results: dict[str, Result]) -> None:
    ours = results.get("weiye")
    print("| | s | s of CPU | person-rules/s | × Weiye's time | × its CPU | peak MB (of it data) |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for result in results.values():
        for name, (wall, cpu) in result.clocks.items():
            asked = result.people * len(POLICIES)
            row = [name, f"{wall:.2f}", f"{cpu:.2f}", f"{asked / wall:.2g}"]
            if ours is not None:
                mine = next(iter(ours.clocks.values()))
                share = ours.people / result.people
                row += [f"{wall * share / mine[0]:.1f}", f"{cpu * share / mine[1]:.1f}"]
            print(f"| {' | '.join(row)} | {result.peak_mb} ({result.base_mb}) |")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
