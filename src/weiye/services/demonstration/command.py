"""``./weiye simulate``: synthetic people in real communities, into files or the database."""

import argparse
import contextlib
import itertools
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from weiye.base.scope.actor import system
from weiye.engine.simulation.departments import Rosters
from weiye.engine.tables import TableError

from . import actions
from .files import Folder
from .linkage import linkage_data, write_linkage
from .loading import NoAreaTree
from .places import NoSuchUnit, read_yaml, unit_name


def main(argv: list[str]) -> int:
    """Exit status 0 when done, 2 for a wrong argument or a database that may not be used."""
    parser = argparse.ArgumentParser(
        prog="./weiye simulate",
        description="Make synthetic households, firms and vacancies in the real communities of a "
        "unit. Whole households are made, so the number of people is met nearly. Nobody is real: "
        "ID numbers lie under the unassigned area code 3799xx.",
    )
    parser.add_argument("--unit", required=True, help="12-digit code: everything below is filled")
    parser.add_argument("--people", required=True, type=int, help="about how many people")
    parser.add_argument("--seed", type=int, default=actions.SEED, help="same seed, same society")
    parser.add_argument(
        "--as-of", type=date.fromisoformat, default=None, metavar="DATE", help="default: today"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="write files there (people.parquet, vacancies.parquet, facts.json, roster.csv, "
        "residents.parquet, …) instead of loading the database, which is then not wanted",
    )
    parser.add_argument(
        "--rosters",
        action="store_true",
        help="with --out: the rosters of departments with their errors, and truth.csv",
    )
    parser.add_argument(
        "--link",
        action="store_true",
        help="with --out: only left.csv and right.csv for ./weiye link, and truth.csv",
    )
    options = parser.parse_args(argv)
    if (options.rosters or options.link) and not options.out:
        parser.error("--rosters and --link want --out")
    as_of = options.as_of or timezone.localdate()
    try:
        if options.out:
            told = _write(options, as_of)
        else:
            loaded = actions.load_simulated(
                actor=system(),
                unit_code=options.unit,
                people=options.people,
                seed=options.seed,
                as_of=as_of,
            )
            told = (
                f"{loaded.people} people in {loaded.households} households, "
                f"{loaded.employers} employers, {loaded.vacancies} vacancies"
                if loaded.new
                else f"{options.unit} has synthetic people already: nothing was changed"
            )
    except (NoSuchUnit, NoAreaTree, actions.RealPeople, TableError, ValueError, OSError) as error:
        sys.stderr.write(f"weiye: {error}\n")
        return 2
    sys.stderr.write(f"{told}\n")
    return 0


def _write(options: argparse.Namespace, as_of: date) -> str:
    if options.link:
        packs = settings.PACKS_DIR
        tables = linkage_data(
            options.people, packs=packs, unit=options.unit, seed=options.seed, as_of=as_of
        )
        return _told(write_linkage(tables, options.out), options.out)
    pack, places, counts = actions.plan_simulation(options.unit, options.people)
    blocks = actions.societies_of(
        pack=pack,
        unit_code=options.unit,
        places=places,
        seed=options.seed,
        as_of=as_of,
        counts=counts,
    )
    first = next(blocks)  # what cannot be made is told before anything is written
    done = 0
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(Folder(options.out))
        rosters = stack.enter_context(_rosters(options, as_of, pack)) if options.rosters else None
        for society in itertools.chain([first], blocks):
            folder.add(society)
            if rosters:
                rosters.add(society, places)
            done += society.people.height
            sys.stderr.write(f"\r{done} people")
        sys.stderr.write("\n")
    return _told(folder.rows | (rosters.rows if rosters else {}), options.out)


def _rosters(options: argparse.Namespace, as_of: date, pack: Path) -> Rosters:
    return Rosters(
        options.out,
        departments=read_yaml(pack, "departments"),
        errors=read_yaml(pack, "errors"),
        characters=read_yaml(pack, "characters"),
        seed=options.seed,
        as_of=as_of,
        area=unit_name(pack, options.unit),
    )


def _told(rows: Mapping[str, int], folder: Path) -> str:
    return ", ".join(f"{name} {count}" for name, count in rows.items()) + f" in {folder}"
