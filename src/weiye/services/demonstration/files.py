"""Writes a simulated society as the files of the engine's contracts; no database."""

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Final, Self

import polars as pl

from weiye.engine.simulation import Society
from weiye.engine.tables import write_table
from weiye.engine.tables.writing import as_text

FACTS: Final = [
    "birth_date",
    "sex",
    "retirement_base",
    "hukou_unit",
    "resident_since",
    "education",
    "graduated_on",
    "continuing_school",
    "labour_capacity",
    "work_wish",
    "employment_status",
    "unemployed_since",
    "registered_unemployed_since",
    "employed_since",
    "contract_months",
    "disability_grade",
    "minimum_living",
    "poverty_alleviation",
    "single_parent_of_minor",
    "land_lost",
    "children",
    "veteran",
    "monthly_income",
    "skill_certificates",
    "pension_drawn",
    "insured_months_local",
    "certified_difficult_since",
]

EDUCATION: Final = {
    10: "研究生", 20: "本科", 30: "大专", 40: "中专",
    60: "高中", 70: "初中", 80: "小学", 90: "其他",
}  # fmt: skip
PARTS: Final = {1: "工作日上午", 2: "工作日下午", 4: "工作日晚上", 8: "夜间",
                16: "周末上午", 32: "周末下午", 64: "周末晚上"}  # fmt: skip


TABLES: Final = ("households", "periods", "schooling", "jobs", "departed", "employers")


class Folder:
    """The files of a simulation, written block by block; whole once it is closed, else gone.

    - `people.parquet`, `vacancies.parquet`: the tables of `./weiye match` (who looks for work)
    - `facts.json`: everybody and every firm, for `./weiye groups check` and `policies check`
    - `roster.csv`: everybody as a roster, for `./weiye roster import`
    - `residents.parquet`: everybody with all that is known; and the other frames of a `Society`
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._parts = folder / ".parts"
        self.rows: dict[str, int] = {}
        self._numbers: dict[str, int] = {}

    def __enter__(self) -> Self:
        shutil.rmtree(self._parts, ignore_errors=True)
        self._parts.mkdir()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            shutil.rmtree(self._parts, ignore_errors=True)

    def add(self, society: Society) -> None:
        """Writes one block. Raises `TableError` or OSError if it cannot be written."""
        self._table("people.parquet", matching_people(society))
        self._table("vacancies.parquet", matching_vacancies(society))
        residents = society.people.join(
            society.traces, on="person_id", how="left", maintain_order="left"
        )
        self._table("residents.parquet", residents)
        for name in TABLES:
            self._table(f"{name}.parquet", getattr(society, name))
        own = roster(society)
        first = "roster.csv" not in self.rows
        with (self._parts / "roster.csv").open("ab") as file:
            as_text(own).write_csv(file, include_header=first)
        self._count("roster.csv", own.height)
        with (self._parts / "facts.json").open("a", encoding="utf-8") as file:
            for lines in (person_facts(society.people), _firm_facts(society.employers)):
                if lines.len():
                    file.write(",\n" if self.rows.get("facts.json") else "[\n")
                    file.write(lines.str.join(",\n")[0])
                    self._count("facts.json", lines.len())

    def _table(self, name: str, frame: pl.DataFrame) -> None:
        number = self._numbers.get(name, 0)
        # Empty parts are kept for their columns only if there is no other.
        if frame.height or number == 0:
            write_table(frame, self._parts / f"{number:05}-{name}")
            self._numbers[name] = number + 1
        self._count(name, frame.height)

    def _count(self, name: str, rows: int) -> None:
        self.rows[name] = self.rows.get(name, 0) + rows

    def _finish(self) -> None:
        with (self._parts / "facts.json").open("a", encoding="utf-8") as file:
            file.write("\n]\n")
        for name, number in self._numbers.items():
            parts = [self._parts / f"{part:05}-{name}" for part in range(number)]
            whole = self._parts / name
            if number == 1:
                parts[0].replace(whole)
            else:
                pl.scan_parquet(parts).sink_parquet(
                    whole, row_group_size=ROW_GROUP, maintain_order=True
                )
                for part in parts:
                    part.unlink()
        for name in self.rows:
            (self._parts / name).replace(self._folder / name)


ROW_GROUP: Final = 100_000


def matching_people(society: Society) -> pl.DataFrame:
    """Those who look for work, as the matching contract has them; the groups are not computed."""
    facts = society.people.select("person_id", "lon", "lat", "birth_date", "sex", "education")
    wishes = society.wishes.drop("training_wishes", "said_on")
    empty = pl.lit([], dtype=pl.List(pl.String)).alias("groups")
    return facts.join(wishes, on="person_id", maintain_order="left").with_columns(empty)


def matching_vacancies(society: Society) -> pl.DataFrame:
    """Vacancies as the matching contract has them."""
    names = [
        "vacancy_id",
        "lon",
        "lat",
        "remote",
        "occupation_code",
        "skills",
        "wage_min",
        "wage_max",
        "hours",
        "min_age",
        "max_age",
        "min_education",
        "accessible",
        "labels",
        "openings",
        "posted_on",
        "expires_on",
    ]
    return society.vacancies.select(names)


def person_facts(people: pl.DataFrame) -> pl.Series:
    """One JSON object per person; a fact that is unknown is left out."""
    parts = [
        pl.format('"id": "{}"', "person_id"),
        pl.lit('"kind": "person"'),
        pl.format('"household_id": "{}"', "household_id"),
        pl.format('"residence_unit": "{}"', pl.col("unit_code").str.slice(0, 12)),
    ]
    for name in FACTS:
        value = pl.lit(f'"{name}": ') + _json(name, people.schema[name])
        none = pl.col("known_none").list.contains(name)
        parts.append(
            pl.when(pl.col(name).is_not_null())
            .then(value)
            .when(none)
            .then(pl.lit(f'"{name}": null'))
        )
    whole = pl.concat_str(parts, separator=", ", ignore_nulls=True)
    return people.select(pl.lit("{") + whole + pl.lit("}")).to_series()


def _json(name: str, dtype: pl.DataType) -> pl.Expr:
    """A fact as JSON text. No value holds a character that JSON would escape."""
    column = pl.col(name)
    if isinstance(dtype, pl.List):
        item = pl.element()
        if dtype.inner == pl.Date:
            texts = pl.format('"{}"', item.dt.strftime("%Y-%m-%d"))
        else:
            code, level = item.struct.field("code"), item.struct.field("level")
            texts = pl.lit('{"code": "') + code + pl.lit('", "level": ')
            texts = texts + level.cast(pl.String) + pl.lit("}")
        return pl.lit("[") + column.list.eval(texts).list.join(", ") + pl.lit("]")
    if dtype == pl.Date:
        return pl.format('"{}"', column.dt.strftime("%Y-%m-%d"))
    if dtype == pl.String:
        return pl.format('"{}"', column)
    return column.cast(pl.String)


def _firm_facts(employers: pl.DataFrame) -> pl.Series:
    """One JSON object per firm."""
    lines = [
        json.dumps(
            {
                "id": f"firm-{row['employer_id']}",
                "kind": "firm",
                "unit": row["unit_code"],
                "uscc": row["uscc"],
                "registered_on": row["registered_on"],
                "headcount": row["headcount"],
            },
            ensure_ascii=False,
            default=date.isoformat,
        )
        for row in employers.iter_rows(named=True)
    ]
    return pl.Series(lines, dtype=pl.String)


def roster(society: Society) -> pl.DataFrame:
    """Everybody as a community's own roster, column names and words as offices write them."""
    wishes = society.wishes.select("person_id", "min_wage", "hours", "max_walk_minutes")
    joined = society.people.join(wishes, on="person_id", how="left", maintain_order="left").join(
        society.households.select("household_id", "number"),
        on="household_id",
        maintain_order="left",
    )
    yes_no = {
        "labour_capacity": "有无劳动能力",
        "work_wish": "就业意愿",
        "pension_drawn": "是否领取养老金",
        "veteran": "退役军人",
    }
    days = {
        "birth_date": "出生日期",
        "graduated_on": "毕业时间",
        "unemployed_since": "失业日期",
        "registered_unemployed_since": "失业登记日期",
    }
    grades = {0: "无", 1: "一级", 2: "二级", 3: "三级", 4: "四级"}
    free = pl.concat_list(
        [pl.when(pl.col("hours") & bit == bit).then(pl.lit(word)) for bit, word in PARTS.items()]
    )
    return joined.select(
        pl.col("number").alias("户号"),
        pl.col("name").alias("姓名"),
        pl.col("household_role").alias("与户主关系"),
        pl.col("sex").alias("性别"),
        pl.col("id_number").alias("身份证号"),
        pl.col("phone").alias("联系电话"),
        pl.col("address").alias("详细地址"),
        *(pl.col(name).dt.strftime("%Y-%m-%d").alias(title) for name, title in days.items()),
        pl.col("education").replace_strict(EDUCATION, default=None).alias("文化程度"),
        pl.col("employment_status").alias("就业状态"),
        *(
            pl.when(pl.col(name))
            .then(pl.lit("是"))
            .when(~pl.col(name))
            .then(pl.lit("否"))
            .alias(title)
            for name, title in yes_no.items()
        ),
        pl.col("minimum_living").alias("低保情况"),
        pl.col("poverty_alleviation").alias("脱贫情况"),
        pl.col("disability_grade").replace_strict(grades, default=None).alias("残疾等级"),
        pl.col("monthly_income").alias("月收入"),
        pl.col("min_wage").alias("期望工资"),
        free.list.drop_nulls().list.join("、").alias("可工作时间"),
        pl.col("max_walk_minutes").alias("可步行时间"),
    )
