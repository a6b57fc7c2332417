"""People and firms of the worked examples, and how to ask a pack about them. All invented."""

from datetime import date
from typing import Any

from weiye.base.packs import Pack, load_pack
from weiye.engine.rules import Verdicts, evaluate, facts_frame

WEIHAI, JINAN = "371000000000", "370100000000"
DAY = date(2025, 6, 30)

# A man of 42 about whom everything is known, in no group at all.
NOBODY: dict[str, Any] = {
    "birth_date": "1983-05-01",
    "sex": "男",
    "retirement_base": None,
    "hukou_unit": "371002001001",
    "residence_unit": "371002001001",
    "education": 20,
    "graduated_on": "2005-06-30",
    "continuing_school": None,
    "labour_capacity": True,
    "work_wish": True,
    "employment_status": "就业",
    "unemployed_since": None,
    "registered_unemployed_since": None,
    "employed_since": "2005-08-01",
    "disability_grade": None,
    "minimum_living": None,
    "poverty_alleviation": None,
    "household_id": None,
    "single_parent_of_minor": None,
    "land_lost": None,
    "children": None,
    "veteran": None,
    "monthly_income": 8000,
    "skill_certificates": [{"code": "4-03-02-01", "level": 4}],
    "pension_drawn": False,
    "certified_difficult_since": None,
    "benefits_received": None,
}


def person(**facts: Any) -> dict[str, Any]:
    """`NOBODY` with other facts; ``unknown="a b"`` takes facts away."""
    unknown = facts.pop("unknown", "").split()
    return {key: value for key, value in (NOBODY | facts).items() if key not in unknown}


def asked(
    rules: Any, people: list[dict[str, Any]], region: str, day: date, subject: str
) -> Verdicts:
    named = [{"id": number, **one} for number, one in enumerate(people)]
    return evaluate(rules, facts_frame(named, subject=subject), as_of=day, region=region)


def group_verdicts(
    group: str, *people: dict[str, Any], region: str = WEIHAI, day: date = DAY
) -> list[str]:
    rules = [rule for rule in load_pack(region).groups if rule.id == group]
    assert rules, group
    return [str(v) for v in asked(rules, list(people), region, day, "person").rules()["verdict"]]


def policy_rows(
    policy: str, *objects: dict[str, Any], region: str = WEIHAI, day: date = DAY
) -> list[dict[str, Any]]:
    pack: Pack = load_pack(region)
    found = pack.policy(policy)
    assert found is not None
    rows = asked([found.rule], list(objects), region, day, found.rule.subject).rules()
    return rows.rows(named=True)
