"""政策清单: what the rules grant, what hangs on an unknown fact, what is one step away.

``verdict`` of an entry: ``met``, ``unknown``, ``near`` (one condition is in the way) or ``offer``
(whoever hires the person may claim it, see `offers`).
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import polars as pl

from weiye.base.packs import Policy
from weiye.engine.rules import PERSON_FACTS, TO_CONFIRM, Clause

from ..models import ListKind
from .entries import Entry, Sheet, cut
from .offers import Offer, offers

SAID = {"met": "符合条件", "unknown": "待核实", "near": "只差一项"}
_ORDER = {"met": 0, "unknown": 1, "near": 2}


def entries(sheet: Sheet) -> Iterator[Entry]:
    """Policies for persons, granted ones first, then by the pack's order."""
    known = {policy.id: (number, policy) for number, policy in enumerate(sheet.pack.policies)}
    missing: dict[tuple[int, str], list[str]] = {}
    clauses = sheet.clauses.filter(
        pl.col("rule").is_in(list(known)) & (pl.col("facts_missing").list.len() > 0)
    )
    for key, rule, facts in clauses.select("id", "rule", "facts_missing").iter_rows():
        names = missing.setdefault((key, rule), [])
        names += [fact for fact in facts if fact not in names]
    rows: dict[int, list[tuple[int, int, dict[str, Any], Policy]]] = {}
    for row in sheet.rules.filter(pl.col("rule").is_in(list(known))).iter_rows(named=True):
        if row["id"] not in sheet.files:
            continue
        verdict = row["verdict"]
        if verdict == "unmet":
            if row["near_miss"] is None:
                continue
            row["verdict"] = "near"
        number, policy = known[row["rule"]]
        rows.setdefault(row["id"], []).append((_ORDER[row["verdict"]], number, row, policy))
    brought = offers(sheet)
    for key in sorted({*rows, *brought}):
        found = sorted(rows.get(key, []), key=lambda item: item[:2])
        for rank, (_, _, row, policy) in enumerate(found, 1):
            facts = missing.get((key, policy.id), [])
            yield _entry(sheet.files[key], rank, row, policy, facts)
        for rank, offer in enumerate(brought.get(key, []), len(found) + 1):
            yield _offer(sheet.files[key], rank, offer)


def _offer(file_id: int, rank: int, offer: Offer) -> Entry:
    policy = offer.policy
    return Entry(
        file_id=file_id,
        kind=ListKind.POLICY,
        subject=policy.id,
        rank=rank,
        title=policy.rule.name,
        summary=cut(f"招用单位可申请 · {_money(offer.amount, policy)}", 300),
        reasons=(cut(f"本人符合招用对象条件，{'、'.join(offer.firms)}招用后可以申请", 300),),
        source=policy.rule.source,
        verdict="offer",
        detail={**_details(policy, offer.amount), "firms": list(offer.firms)},
    )


def _money(amount: Decimal | None, policy: Policy) -> str:
    return f"{amount.normalize():f}元" if amount is not None else policy.amount_text


def _details(policy: Policy, amount: Decimal | None) -> dict[str, Any]:
    return {
        "summary": policy.summary,
        "amount": str(amount) if amount is not None else None,
        "amount_text": policy.amount_text,
        "documents": list(policy.documents),
        "decided_by": policy.decided_by,
        "deadline": policy.deadline,
        "missing": [],
        "near_miss": "",
        "firms": [],
        "to_confirm": policy.rule.status == TO_CONFIRM,
    }


def _entry(file_id: int, rank: int, row: dict[str, Any], policy: Policy, facts: list[str]) -> Entry:
    amount: Decimal | None = row["amount"]
    near = _clause(policy, row["near_miss"]) if row["near_miss"] else None
    lacking = [label(fact) for fact in facts]
    if row["verdict"] == "near":
        reasons = [f"还差一项：{near.text if near else row['near_miss']}"]
    else:
        reasons = [part for part in str(row["reason"] or "").split("；") if part]
    return Entry(
        file_id=file_id,
        kind=ListKind.POLICY,
        subject=policy.id,
        rank=rank,
        title=policy.rule.name,
        summary=cut(f"{SAID[row['verdict']]} · {_money(amount, policy)}", 300),
        reasons=tuple(cut(reason, 300) for reason in reasons),
        source=policy.rule.source,
        verdict=row["verdict"],
        detail=_details(policy, amount)
        | {
            "missing": lacking if row["verdict"] == "unknown" else [],
            "near_miss": near.text if near and row["verdict"] == "near" else "",
        },
    )


def label(fact: str) -> str:
    """What a missing fact is called; ``param.x`` is a figure that the pack has not got."""
    head = fact.split(".")[0]
    if head == "param":
        return "当地标准"
    return PERSON_FACTS.by_name[head].label if head in PERSON_FACTS.by_name else head


def _clause(policy: Policy, clause_id: str) -> Clause | None:
    return next((clause for clause in policy.rule.clauses if clause.id == clause_id), None)
