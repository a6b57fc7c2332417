"""``./weiye simulate``: synthetic people in real communities, into files or the database."""

import argparse
import sys
from datetime import date
from pathlib import Path

from django.utils import timezone

from weiye.base.scope.actor import system
from weiye.engine.tables import TableError

from . import actions
from .files import write_files
from .loading import NoAreaTree
from .places import NoSuchUnit


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
        help="write people.parquet, vacancies.parquet, facts.json and roster.csv there "
        "instead of loading the database",
    )
    options = parser.parse_args(argv)
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
    pack, places, counts = actions.plan_simulation(options.unit, options.people)
    society = actions.society_of(
        pack=pack,
        unit_code=options.unit,
        places=places,
        seed=options.seed,
        as_of=as_of,
        counts=counts,
    )
    rows = write_files(society, options.out)
    return ", ".join(f"{name} {count}" for name, count in rows.items()) + f" in {options.out}"
