"""Writes a simulated society as the files of the engine's contracts; no database."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl

from weiye.engine.simulation import Society
from weiye.engine.tables import write_table

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


def write_files(society: Society, folder: Path) -> dict[str, int]:
    """Writes people, vacancies, facts and a roster into the folder; rows by file name.

    - `people.parquet`, `vacancies.parquet`: the tables of `./weiye match` (who looks for work)
    - `facts.json`: everybody and every firm, for `./weiye groups check` and `policies check`
    - `roster.csv`: everybody as a roster, for `./weiye roster import`

    Raises `TableError` if a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    people, vacancies = matching_people(society), matching_vacancies(society)
    write_table(people, folder / "people.parquet")
    write_table(vacancies, folder / "vacancies.parquet")
    write_table(roster(society), folder / "roster.csv")
    facts = folder / "facts.json"
    temporary = facts.with_name(".facts.json.tmp")
    count = 0
    with temporary.open("w", encoding="utf-8") as file:
        file.write("[")
        for count, text in enumerate(_facts(society), start=1):
            file.write(("," if count > 1 else "") + "\n" + text)
        file.write("\n]\n")
    temporary.replace(facts)
    return {
        "people.parquet": people.height,
        "vacancies.parquet": vacancies.height,
        "facts.json": count,
        "roster.csv": society.people.height,
    }


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


def _facts(society: Society) -> Iterator[str]:
    """One JSON object per person and firm; a fact that is unknown is left out."""
    columns = ["person_id", "household_id", "unit_code", "known_none", *FACTS]
    for row in society.people.select(columns).iter_rows(named=True):
        entry: dict[str, Any] = {"id": str(row["person_id"]), "kind": "person"}
        entry["household_id"] = str(row["household_id"])
        entry["residence_unit"] = row["unit_code"][:12]
        for name in FACTS:
            if row[name] is not None or name in row["known_none"]:
                entry[name] = row[name]
        yield json.dumps(entry, ensure_ascii=False, default=date.isoformat)
    firms = society.employers.select("employer_id", "uscc", "kind", "registered_on", "headcount")
    units = society.employers["unit_code"]
    for row, unit in zip(firms.iter_rows(named=True), units, strict=True):
        entry = {"id": f"firm-{row['employer_id']}", "kind": "firm", "unit": unit}
        entry |= {"uscc": row["uscc"], "registered_on": row["registered_on"]}
        entry["headcount"] = row["headcount"]
        yield json.dumps(entry, ensure_ascii=False, default=date.isoformat)


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
