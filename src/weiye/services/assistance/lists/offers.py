"""Benefits that whoever hires the person may claim: what the person brings along to an interview.

No rule says "about the person hired". A firm's policy is one if a firm that hires the person today,
on an insured contract of three years, is entitled, and the same firm without the hire is not.
"""

from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from weiye.base.packs import Policy
from weiye.engine.rules import FIRM_FACTS, evaluate
from weiye.registers.people.frames import community_code, seekers

from .entries import Sheet

# Kinds of employers of the file contract, in the order in which they are named.
FIRMS = ("社会组织", "小微企业", "大中型企业", "个体工商户", "家政企业", "人力资源服务机构")
CONTRACT_MONTHS = 36


@dataclass(frozen=True)
class Offer:
    policy: Policy
    firms: tuple[str, ...]
    amount: Decimal | None


def offers(sheet: Sheet) -> dict[int, list[Offer]]:
    """Person → policies, in the pack's order, for everybody with a file who looks for work."""
    rules = sheet.pack.policy_rules("firm")
    looking = seekers(sheet.people, sheet.as_of).filter(
        pl.col("employment_status").fill_null("") != "就业"
    )
    hired = sheet.facts.filter(pl.col("id").is_in(looking["person_id"].to_list()))
    if not rules or not hired.height:
        return {}
    people = hired["id"].to_list()
    firms = pl.concat([_firms(sheet, _hires(hired, sheet), people), _firms(sheet, None, [0])])
    verdicts = evaluate(rules, firms, as_of=sheet.as_of, region=community_code(sheet.path)).rules()
    met = verdicts.filter(pl.col("verdict") == "met").with_columns(
        (pl.col("id") // len(FIRMS)).alias("person"), (pl.col("id") % len(FIRMS)).alias("firm")
    )
    anyway = {(rule, firm) for rule, firm in _of(met, 0)}
    found: dict[int, dict[str, tuple[list[str], Decimal | None]]] = {}
    for row in met.filter(pl.col("person") != 0).iter_rows(named=True):
        if (row["rule"], row["firm"]) not in anyway:
            named, _ = found.setdefault(row["person"], {}).setdefault(
                row["rule"], ([], row["amount"])
            )
            named.append(FIRMS[row["firm"]])
    return {
        person: [
            Offer(policy, tuple(rows[policy.id][0]), rows[policy.id][1])
            for policy in sheet.pack.policies
            if policy.id in rows
        ]
        for person, rows in sorted(found.items())
    }


def _of(met: pl.DataFrame, person: int) -> list[tuple[str, int]]:
    return list(met.filter(pl.col("person") == person).select("rule", "firm").iter_rows())


def _hires(hired: pl.DataFrame, sheet: Sheet) -> pl.Series:
    """For each person a list of one: the person as hired on the day."""
    dtype = FIRM_FACTS.columns()["hires"]
    assert isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct)
    own = {
        "hired_on": pl.lit(sheet.as_of),
        "insured": pl.lit(True),
        "contract_months": pl.lit(CONTRACT_MONTHS),
        "contract_months_known": pl.lit(True),
    }
    fields = [
        own.get(field.name, pl.col(field.name) if field.name in hired.columns else pl.lit(None))
        .cast(field.dtype)
        .alias(field.name)
        for field in dtype.inner.fields
    ]
    return hired.select(pl.concat_list(pl.struct(fields)).alias("hires")).to_series().cast(dtype)


def _firms(sheet: Sheet, hires: pl.Series | None, people: list[int]) -> pl.DataFrame:
    """A firm of every kind for each person; without ``hires``, one that hired nobody."""
    dtype = FIRM_FACTS.columns()["hires"]
    if hires is None:
        hires = pl.Series("hires", [[] for _ in people], dtype=dtype)
    frame = pl.DataFrame({"person": people, "hires": hires}).join(
        pl.DataFrame({"firm": range(len(FIRMS)), "firm_kind": FIRMS}), how="cross"
    )
    return frame.select(
        (pl.col("person") * len(FIRMS) + pl.col("firm")).alias("id"),
        "firm_kind",
        pl.lit(True).alias("firm_kind_known"),
        "hires",
        pl.lit(True).alias("hires_known"),
        pl.lit(community_code(sheet.path)).alias("unit"),
        pl.lit(True).alias("unit_known"),
    )
