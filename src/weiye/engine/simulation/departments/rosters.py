"""The rosters of all departments about one society, block by block, and the truth about them."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import polars as pl

from ..places import Place
from ..society import Society
from .characters import Characters
from .errors import FIELDS, Mistakes
from .files import CsvRoster, XlsxRoster
from .shapes import cells
from .sources import everybody, listed

TRUTH: Final = "truth.csv"
FOLDER: Final = "rosters"


class Rosters:
    """Writes `rosters/<file>` for every department and, apart from them, `truth.csv`.

    `truth.csv`: `department, file, sheet, row, person_id, errors` for every row of every roster;
    `row` counts from 1 as a spreadsheet shows it, `sheet` is empty in CSV, `errors` are joined by
    `|`. `departments`, `errors` and `characters` are the files of that name of a pack.
    """

    def __init__(
        self,
        folder: Path,
        *,
        departments: Mapping[str, Any],
        errors: Mapping[str, Any],
        characters: Mapping[str, str],
        seed: int,
        as_of: date,
        area: str,
    ) -> None:
        self.rows: dict[str, int] = {}
        self._folder = folder
        self._departments, self._errors = departments, errors
        self._mistakes = Mistakes(Characters.of(characters))
        self._seed, self._as_of, self._area = seed, as_of, area
        self._block = 0
        self._files: dict[str, CsvRoster | XlsxRoster] = {}

    def __enter__(self) -> Self:
        home = self._folder / FOLDER
        home.mkdir(parents=True, exist_ok=True)
        day = f"{self._as_of.year}年{self._as_of.month}月{self._as_of.day}日"
        words = {"county": self._area, "day": day}
        for name, department in self._departments.items():
            header = [column[0] for column in department["columns"]]
            if department["kind"] == "csv":
                path = home / f"{department['file']}.csv"
                self._files[name] = CsvRoster(path, header, department["encoding"])
            else:
                self._files[name] = XlsxRoster(home, department["file"], header, department, words)
        self._truth = (self._folder / TRUTH).open("wb")
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()
        self._truth.close()

    def add(self, society: Society, places: Sequence[Place]) -> None:
        """Writes what every department has of one block."""
        frame = everybody(society, places, self._as_of)
        self._block += 1
        for number, (name, department) in enumerate(self._departments.items()):
            rng = np.random.default_rng([self._seed, self._block, number])
            self._list(rng, name, department, frame)

    def _list(
        self,
        rng: np.random.Generator,
        name: str,
        department: Mapping[str, Any],
        frame: pl.DataFrame,
    ) -> None:
        rates = {**self._errors["base"], **self._errors["rows"], **department["rates"]}
        before = self.rows.get(name, 0)
        rows = listed(rng, frame, department, rates, self._as_of)
        rows = rows.with_columns(card_number="id_number")
        rows = self._mistakes.plant(rng, rows, _of_columns(rates, department["columns"]))
        file = self._files[name]
        rows = _as_exported(rows, csv=isinstance(file, CsvRoster))
        table = pl.DataFrame(cells(rng, rows, department["columns"], before + 1))
        empty = (rng.random(rows.height) < rates["empty"]).tolist()
        if isinstance(file, CsvRoster):
            if department["encoding"] == "gbk":
                rows = _without_rare(rows)
            where = file.add(table, empty)
        else:
            numbers = rows["errors"].list.contains("id_float").to_list()
            column = [entry[1] for entry in department["columns"]].index("id_number")
            table = _with_floats(table, column, numbers)
            by = department.get("sheets")
            sheets = rows[by].fill_null("").to_list() if by else [""] * rows.height
            where = file.add(table, empty, sheets, rows["household_id"].fill_null(0).to_list())
        truth = where.select(
            pl.lit(name).alias("department"),
            "file",
            "sheet",
            "row",
            rows["person_id"],
            pl.Series(
                "errors", rows.select(pl.concat_list("rows", "errors").list.join("|"))["rows"]
            ),
        )
        truth.write_csv(self._truth, include_header=not self.rows)
        self.rows[name] = before + rows.height


def _of_columns(
    rates: Mapping[str, float], columns: Sequence[Sequence[str]]
) -> Mapping[str, float]:
    """The rates of the fields that the roster has a column for."""
    there = {FIELDS[column[1]] for column in columns if column[1] in FIELDS}
    return {kind: rate for kind, rate in rates.items() if kind.split("_")[0] in there}


def _as_exported(rows: pl.DataFrame, *, csv: bool) -> pl.DataFrame:
    """ID numbers that a spreadsheet took for numbers, in CSV as it then shows them."""
    if not csv:
        return rows
    broken = pl.col("errors").list.contains("id_float")
    shown = pl.col("id_number").map_elements(_scientific, return_dtype=pl.String)
    return rows.with_columns(id_number=pl.when(broken).then(shown).otherwise("id_number"))


def _scientific(number: str) -> str:
    return f"{float(number):.5E}" if number.isascii() and number.isdigit() else number


def _without_rare(rows: pl.DataFrame) -> pl.DataFrame:
    """Notes names with characters that GBK lacks; they arrive as question marks."""
    lost = pl.Series([not _in_gbk(name) for name in rows["name"].to_list()], dtype=pl.Boolean)
    note = pl.when(lost).then(pl.lit("name_rare_lost"))
    return rows.with_columns(
        errors=pl.concat_list("errors", pl.concat_list(note).list.drop_nulls())
    )


def _in_gbk(name: str) -> bool:
    try:
        name.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True


def _with_floats(table: pl.DataFrame, column: int, numbers: list[bool]) -> pl.DataFrame:
    """The table with ID numbers as numbers where they were taken for such."""
    if not any(numbers):
        return table
    values = [
        float(value) if number and value else value
        for value, number in zip(table.to_series(column).to_list(), numbers, strict=True)
    ]
    name = table.columns[column]
    return table.with_columns(pl.Series(name, values, dtype=pl.Object))
