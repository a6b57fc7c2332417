"""岗位清单: the best vacancies within reach, from the matching engine."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from weiye.registers.employers.models import PublicVacancy
from weiye.registers.people.frames import community_code, seekers
from weiye.services.matching.queries import pairs

from ..models import ListKind
from .entries import Entry, Sheet, cut

# As many as a worker can talk through at the door, and as fit on the sheet.
TOP_JOBS = 10

_WHO = ("id", "title", "employer_name", "unit_name", "place", "contact", "phone")
_WHAT = ("kind", "wage_min", "wage_max", "labels", "skills", "remote", "openings")


def match(sheet: Sheet) -> pl.DataFrame:
    """The engine's pairs for everybody with a file who looks for work, hidden ones left out."""
    people = seekers(sheet.people, sheet.as_of)
    most = max((len(ids) for ids in sheet.hidden.values()), default=0)
    found = pairs(
        people,
        as_of=sheet.as_of,
        top=TOP_JOBS + most,
        region=community_code(sheet.path),
        threads=sheet.threads,
    )
    hidden = [
        (person, int(vacancy))
        for person, file in sorted(sheet.files.items())
        for vacancy in sorted(sheet.hidden.get(file, ()))
    ]
    taken = pl.DataFrame(
        hidden, schema={"person_id": pl.Int64, "vacancy_id": pl.Int64}, orient="row"
    )
    return (
        found.join(taken, on=["person_id", "vacancy_id"], how="anti", maintain_order="left")
        .with_columns(pl.int_range(1, pl.len() + 1).over("person_id").alias("rank"))
        .filter(pl.col("rank") <= TOP_JOBS)
    )


def entries(sheet: Sheet, found: pl.DataFrame) -> Iterator[Entry]:
    wanted = found["vacancy_id"].unique().to_list()
    columns = (*_WHO, *_WHAT, "posted_on", "expires_on")
    vacancies: dict[int, dict[str, Any]] = {
        row["id"]: row
        for row in PublicVacancy.objects.filter(pk__in=wanted).order_by("pk").values(*columns)
    }
    for pair in found.iter_rows(named=True):
        vacancy = vacancies[pair["vacancy_id"]]
        yield Entry(
            file_id=sheet.files[pair["person_id"]],
            kind=ListKind.JOB,
            subject=str(vacancy["id"]),
            rank=pair["rank"],
            title=cut(vacancy["title"], 200),
            summary=cut(
                " · ".join([vacancy["employer_name"], pay(vacancy), way(pair, vacancy)]), 300
            ),
            # How new it is would change the entry every day; its source has the date.
            reasons=tuple(cut(r, 300) for r in pair["reasons"] if not r.endswith("发布")),
            source=f"{vacancy['unit_name']}岗位，{vacancy['posted_on']:%Y年%m月%d日}发布",
            detail={
                "vacancy_id": vacancy["id"],
                "distance_m": pair["distance_m"],
                "walk_minutes": pair["walk_minutes"],
                "walk_how": "直线距离×1.3，每小时4.8公里"
                if pair["walk_minutes"] is not None
                else "",
                "employer": vacancy["employer_name"],
                "place": vacancy["place"],
                "contact": vacancy["contact"],
                "phone": vacancy["phone"],
                "form": vacancy["kind"],
                "wage_min": vacancy["wage_min"],
                "wage_max": vacancy["wage_max"],
                "labels": vacancy["labels"],
                "remote": vacancy["remote"],
                "expires_on": vacancy["expires_on"].isoformat() if vacancy["expires_on"] else None,
            },
        )


def pay(vacancy: dict[str, Any]) -> str:
    low, high = vacancy["wage_min"], vacancy["wage_max"]
    if low is None and high is None:
        return "工资面议"
    if high is None:
        return f"月薪{low}元起"
    if low is None or low == high:
        return f"月薪{high}元" if low == high else f"月薪最高{high}元"
    return f"月薪{low}–{high}元"


def way(pair: dict[str, Any], vacancy: dict[str, Any]) -> str:
    minutes = pair["walk_minutes"]
    if minutes is None:
        return "远程" if vacancy["remote"] else "本社区"
    return f"步行约{max(1, round(minutes))}分钟"
