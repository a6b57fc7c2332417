"""Facts → groups: who has joined, who has left and why."""

from typing import Any

import polars as pl

from weiye.engine.rules import TO_CONFIRM, evaluate

from ...frames import insert, update
from ...models import GroupMembership
from .part import Part
from .standing import Changes
from .why import reasons


def refresh(
    part: Part, facts: pl.DataFrame, answers: pl.DataFrame, turned: Changes | None = None
) -> None:
    """``answers``: the engine's verdicts about everybody in the part, with ``unit_path``;
    ``turned``: what has changed since the rules last looked."""
    turned = turned or Changes(blind=True)
    rules = {rule.id: rule for rule in part.pack.groups}
    groups = answers.filter(pl.col("rule").is_in(list(rules)))
    met = {
        (row["id"], row["rule"]): row
        for row in groups.filter(pl.col("verdict") == "met").iter_rows(named=True)
    }
    doubt = {
        (key, rule): reason
        for key, rule, reason in groups.filter(pl.col("verdict") == "unknown")
        .select("id", "rule", "reason")
        .iter_rows()
    }
    stays: dict[tuple[int, str], dict[str, Any]] = {
        (row["person_id"], row["group"]): dict(row)
        for row in part.within(GroupMembership.objects.visible_to(part.actor))
        .filter(left_on__isnull=True)
        .order_by("id")
        .values("id", "person_id", "group", "since", "reason", "source", "to_confirm", "found_on")
    }
    new, changed, left = [], [], []
    for key, row in met.items():
        rule = rules[row["rule"]]
        content = {
            "since": row["since"],
            "reason": row["reason"],
            "source": rule.source,
            "to_confirm": rule.status == TO_CONFIRM,
        }
        stay = stays.get(key)
        if stay is None:
            new.append(
                {
                    "person_id": row["id"],
                    "unit_path": row["unit_path"],
                    "group": row["rule"],
                    **content,
                    "found_on": part.as_of,
                    "left_reason": "",
                    "joined_change": "",
                    "left_change": "",
                    "pack_version": part.pack.version,
                }
            )
        elif any(stay[name] != value for name, value in content.items()):
            changed.append({"id": stay["id"], **content, "pack_version": part.pack.version})
    gone = [key for key in stays if key not in met]
    entered = [(row["person_id"], row["group"]) for row in new]
    why_in = reasons(part, facts, turned, entered, joined=True)
    why_out = reasons(part, facts, turned, gone, joined=False)
    for row, key in zip(new, entered, strict=True):
        row["joined_change"] = why_in.get(key, "")
    unmet = _unmet(part, facts, gone) if gone else {}
    for key in gone:
        # A rule that is no longer in force, or switched off, answers nothing.
        reason = doubt.get(key) or unmet.get(key) or "该群体的认定规则已停用"
        left.append(
            {
                "id": stays[key]["id"],
                "left_on": part.ended(stays[key]["found_on"]),
                "left_reason": reason,
                "left_change": why_out.get(key, ""),
            }
        )
    part.outcome.changes["groups_joined"] += insert(GroupMembership, new)
    part.outcome.changes["groups_changed"] += update(GroupMembership, changed)
    part.outcome.changes["groups_left"] += update(GroupMembership, left)


def _unmet(
    part: Part, facts: pl.DataFrame, gone: list[tuple[int, str]]
) -> dict[tuple[int, str], str]:
    """Why people left: the clauses that no longer hold, in words."""
    wanted = {rule for _, rule in gone}
    rules = [rule for rule in part.pack.groups if rule.id in wanted]
    verdicts = evaluate(rules, facts, as_of=part.as_of, region=part.region)
    texts = {(rule.id, clause.id): clause.text for rule in rules for clause in rule.clauses}
    clauses = verdicts.clauses().filter(
        (pl.col("verdict") == "unmet") & pl.col("part_of").is_null()
    )
    found: dict[tuple[int, str], list[str]] = {}
    keys = set(gone)
    for person, rule, clause in clauses.select("id", "rule", "clause").iter_rows():
        if (person, rule) in keys:
            found.setdefault((person, rule), []).append(texts[rule, clause])
    return {key: f"不再符合：{'、'.join(said)}" for key, said in found.items()}
