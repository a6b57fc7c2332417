"""What the people of the demonstration learnt, where they worked, and who told us what of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import polars as pl

from weiye.engine.simulation import Society
from weiye.registers.people.biography import MOST_RECORDS, cleaned

from .files import EDUCATION

MARK: Final = "（演示）"
CERTIFIED: Final = {
    "4-03-02-01": "中式烹调师", "4-03-02-02": "中式面点师", "4-10-01-05": "养老护理员",
    "4-10-01-06": "家政服务员", "6-18-02-04": "焊工", "6-31-01-03": "电工",
    "6-05-01-03": "缝纫工", "4-07-05-01": "保安员",
}  # fmt: skip
# Fact → the department whose word it is, and what is worth telling.
SHARED: Final = {
    "minimum_living": ("民政局共享数据" + MARK, ("低保", "低保边缘", "特困")),
    "disability_grade": ("残联共享数据" + MARK, (1, 2, 3, 4)),
    "poverty_alleviation": ("农业农村局共享数据" + MARK, ("脱贫享受政策", "防止返贫监测")),
    "veteran": ("退役军人事务局共享数据" + MARK, (True,)),
}


def biographies(society: Society, limits: Sequence[str], as_of: date) -> dict[int, dict[str, Any]]:
    """Columns of `Person` beside the facts, by the society's own number of the person.

    `limits` are the health limits of the pack's survey; some of the disabled have one.
    """
    schools = _records(
        society.schooling,
        lambda row: {
            "school": row["school"],
            "from": f"{row['since']:%Y-%m}",
            "to": f"{row['until']:%Y-%m}" if row["until"] else "",
            "level": EDUCATION[row["education"]],
        },
    )
    jobs = _records(
        society.jobs,
        lambda row: {
            "employer": row["employer"],
            "from": f"{row['since']:%Y-%m}",
            "to": f"{row['until']:%Y-%m}" if row["until"] else "",
            "job": row["title"],
            "left": row["ended"],
        },
    )
    found: dict[int, dict[str, Any]] = {}
    for row in society.people.iter_rows(named=True):
        number = row["person_id"]
        sources = {
            source: [fact] for fact, (source, values) in SHARED.items() if row[fact] in values
        }
        limited = row["disability_grade"] and row["labour_capacity"] and limits
        found[number] = {
            "id_kind": row["id_kind"],
            "education_history": cleaned("education_history", schools[number], on=as_of),
            "work_history": cleaned("work_history", jobs[number], on=as_of),
            "health_limits": [limits[number % len(limits)]] if limited else None,
            "fact_sources": sources,
        }
    return found


def certificates(held: Sequence[Mapping[str, Any]] | None, number: int, on: date) -> Any:
    """Certificates with a name, a number that nobody issued, and a day."""
    if not held:
        return held
    return [
        {
            **one,
            "name": f"职业技能等级证书（{CERTIFIED.get(one['code'], '职业')}）",
            "number": f"YS{on.year - 1 - number % 9}{number:07}",
            "on": date(on.year - 1 - number % 9, 1 + number % 12, 1 + number % 28).isoformat(),
            "issuer": "职业技能评价机构" + MARK,
        }
        for one in held
    ]


def _records(frame: pl.DataFrame, told: Any) -> dict[int, list[dict[str, Any]]]:
    records: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in frame.iter_rows(named=True):
        if len(records[row["person_id"]]) < MOST_RECORDS:
            records[row["person_id"]].append(told(row))
    return records
