"""Tables for measuring how rows are linked, in the communities of a unit. No database."""

from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from weiye.engine.simulation.departments import LinkageTables, linkage_tables
from weiye.engine.tables import write_table

from .places import (
    communities,
    filled,
    province_pack,
    read_yaml,
    society_assumptions,
)

DAY: Final = date(2026, 6, 30)


def linkage_data(
    people: int, *, packs: Path, unit: str = "370000000000", seed: int = 1, as_of: date = DAY
) -> LinkageTables:
    """A register and a roster about so many people, and the truth (see `linkage_tables`).

    `packs` is the folder of the packs. Raises `NoSuchUnit`.
    """
    pack = province_pack(packs, unit)
    society = society_assumptions(pack)
    households = max(1, round(people / society["census"]["household_size"]))
    return linkage_tables(
        filled(communities(pack, unit), households),
        society=society,
        errors=read_yaml(pack, "errors"),
        characters=read_yaml(pack, "characters"),
        as_of=as_of,
        seed=seed,
    )


def write_linkage(tables: LinkageTables, folder: Path) -> dict[str, int]:
    """`left.csv`, `right.csv` (the tables of `./weiye link`) and `truth.csv`; rows by file name."""
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, pl.DataFrame] = {
        "left.csv": tables.left,
        "right.csv": tables.right,
        "truth.csv": tables.truth,
        "left_errors.csv": tables.left_errors,
    }
    for name, frame in files.items():
        write_table(frame, folder / name)
    return {name: frame.height for name, frame in files.items()}
