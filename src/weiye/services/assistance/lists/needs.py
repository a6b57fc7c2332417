"""需求清单: what the person wants and what stands in the way, from the wish and the facts."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from weiye.engine.matching.reasons import hours_text
from weiye.engine.matching.schema import ALL_HOURS
from weiye.engine.occupations import name_of
from weiye.engine.rules import PERSON_FACTS

from ..models import ListKind
from .entries import Entry, Sheet, cut

# More gaps than this on one sheet are nobody's next step.
MOST_GAPS = 8


def entries(sheet: Sheet) -> Iterator[Entry]:
    gaps = _gaps(sheet)
    facts = {
        row["id"]: row
        for row in sheet.facts.filter(pl.col("inside"))
        .select(
            "id",
            "employment_status",
            "registered_unemployed_since",
            "certified_difficult_since",
            "minimum_living",
        )
        .iter_rows(named=True)
    }
    for person in sheet.people.iter_rows(named=True):
        key = person["person_id"]
        found = [
            *_wish(person),
            *_steps(facts[key], sheet.groups.get(key, frozenset()), person),
            *gaps.get(key, []),
        ]
        for rank, (subject, title, summary, reasons) in enumerate(found, 1):
            yield Entry(
                file_id=sheet.files[key],
                kind=ListKind.NEED,
                subject=subject,
                rank=rank,
                title=cut(title, 200),
                summary=cut(summary, 300),
                reasons=tuple(cut(reason, 300) for reason in reasons),
            )


Need = tuple[str, str, str, list[str]]


def _wish(person: dict[str, Any]) -> Iterator[Need]:
    """What the person said."""
    said = f"{person['said_on']:%Y年%m月%d日}登记" if person["said_on"] else "本人登记"
    if person["work_wish"] is False:
        yield "no-wish", "目前不想工作", "先了解原因，有变化时更新意愿", ["登记为没有就业意愿"]
    elif not person["wish_known"]:
        yield (
            "ask-wish",
            "登记求职意愿",
            "想做什么、工资、时间、能走多远",
            ["求职意愿未登记，岗位先按时间不限、附近推荐"],
        )
    else:
        wanted = [name for code in person["occupation_codes"] if (name := name_of(code))]
        parts = [
            f"想做{'、'.join(wanted)}" if wanted else "",
            f"月薪{person['min_wage']:.0f}元以上" if person["min_wage"] else "工资可商量",
            f"步行{person['max_walk_minutes']:.0f}分钟以内",
        ]
        yield "work", "想找工作", "；".join(part for part in parts if part), [said]
    if person["wish_known"]:
        free = person["hours"] & ALL_HOURS
        if free != ALL_HOURS:
            yield (
                "hours",
                "对工作时间有要求",
                f"有空：{hours_text(free)}" if free else "目前没有空闲时间",
                [said],
            )
        if person["needs_accessible"]:
            yield "accessible", "需要无障碍的工作条件", "只推荐标明无障碍的岗位", [said]
    for word in person["training_wishes"]:
        yield f"training:{word}"[:64], f"想学{word}", "见培训清单", [said]


def _steps(facts: dict[str, Any], groups: frozenset[str], person: dict[str, Any]) -> Iterator[Need]:
    """What should be done for the person first."""
    registered = facts["registered_unemployed_since"] is not None
    if facts["employment_status"] == "失业" and not registered:
        yield (
            "register",
            "办理失业登记",
            "登记后可享受就业服务和相应政策",
            ["目前失业，没有有效的失业登记"],
        )
    if "就业困难人员" in groups and facts["certified_difficult_since"] is None:
        yield (
            "certify",
            "申请就业困难人员认定",
            "认定后可享受社会保险补贴等政策",
            ["符合就业困难人员条件，还没有认定"],
        )
    if person["point_level"] in (None, "community", "grid"):
        yield (
            "place",
            "标注住处位置",
            "标注后步行时间更准",
            ["住处位置未标注" + ("，暂按社区或网格中心估算" if person["point_level"] else "")],
        )


def _gaps(sheet: Sheet) -> dict[int, list[Need]]:
    """Facts that nobody recorded and on which a group or a policy hangs."""
    doubtful = sheet.rules.filter(pl.col("verdict") == "unknown").select("id", "rule")
    missing = (
        sheet.clauses.join(doubtful, on=["id", "rule"])
        .select("id", "rule", pl.col("facts_missing").alias("fact"))
        .explode("fact")
        .drop_nulls("fact")
        .with_columns(pl.col("fact").str.split(".").list.first())
        .filter(pl.col("fact").is_in(list(PERSON_FACTS.by_name)))
        .unique(["id", "rule", "fact"])
    )
    names = {rule.id: rule.name for rule in sheet.pack.groups}
    names |= {policy.id: policy.rule.name for policy in sheet.pack.policies}
    order = {name: number for number, name in enumerate(names)}
    found: dict[int, list[Need]] = {}
    grouped = missing.filter(pl.col("rule").is_in(list(names))).group_by("id", "fact").agg("rule")
    rows = sorted(grouped.iter_rows(), key=lambda row: (row[0], -len(row[2]), row[1]))
    for key, fact, rules in rows:
        if key not in sheet.files or len(found.setdefault(key, [])) >= MOST_GAPS:
            continue
        label = PERSON_FACTS.by_name[fact].label
        hangs = "、".join(names[rule] for rule in sorted(rules, key=order.__getitem__))
        found[key].append(
            (f"info:{fact}", f"核实{label}", f"{label}未知", [f"{label}未知，影响判断：{hangs}"])
        )
    return found
