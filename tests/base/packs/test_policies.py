"""Each benefit of the packs by worked examples: met, unmet, unknown, and what it pays."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from .cases import JINAN, WEIHAI, person, policy_rows

pytestmark = pytest.mark.requirement("POL-2")

FIRM: dict[str, Any] = {
    "firm_kind": "小微企业",
    "registered_on": "2024-01-01",
    "unit": "371002001001",
    "benefits_received": None,
}
SHOP = FIRM | {"firm_kind": "个体工商户"}


def verdicts(policy: str, *objects: dict[str, Any], **more: Any) -> list[str]:
    return [row["verdict"] for row in policy_rows(policy, *objects, **more)]


def without(one: dict[str, Any], fact: str) -> dict[str, Any]:
    return {key: value for key, value in one.items() if key != fact}


def received(policy: str) -> dict[str, Any]:
    return {"benefits_received": [{"policy": policy, "from": "2024-03-01", "amount": 1}]}


@pytest.mark.parametrize(
    ("policy", "kind", "weihai", "shandong"),
    [
        ("startup-subsidy-firm", "小微企业", 20000, 12000),
        ("startup-subsidy-sole-trader", "个体工商户", 5000, 2000),
    ],
)
def test_the_start_up_subsidy_of_the_place(policy, kind, weihai, shandong):
    firm = FIRM | {"firm_kind": kind}
    for region, amount in ((WEIHAI, weihai), (JINAN, shandong), ("371002001001", weihai)):
        (row,) = policy_rows(policy, firm, region=region)
        assert (row["verdict"], row["amount"], row["near_miss"]) == ("met", Decimal(amount), None)
    # Before Weihai's plan the province's least held there too.
    (row,) = policy_rows(policy, firm | {"registered_on": "2023-03-01"}, day=date(2023, 10, 26))
    assert row["amount"] == Decimal(shandong)


@pytest.mark.parametrize("policy", ["startup-subsidy-firm", "startup-subsidy-sole-trader"])
def test_the_start_up_subsidy_is_paid_once_and_to_its_kind_of_firm(policy):
    right = FIRM if policy.endswith("firm") else SHOP
    wrong = SHOP if policy.endswith("firm") else FIRM
    rows = policy_rows(
        policy,
        right | received("startup-subsidy-firm"),
        right | received("startup-subsidy-sole-trader"),
        right | received("hiring-subsidy"),
        wrong,
        without(right, "benefits_received"),
        without(right, "firm_kind"),
        right | {"registered_on": "2025-07-01"},
        right | {"registered_on": None},
        without(right, "registered_on"),
        wrong | {"registered_on": None},
    )
    registered = "registered" if policy.endswith("firm") else "newly-registered"
    assert [(row["verdict"], row["near_miss"]) for row in rows] == [
        ("unmet", "once"),
        ("unmet", "once"),
        ("met", None),
        ("unmet", "kind"),
        ("unknown", "once"),
        ("unknown", "kind"),
        ("unmet", registered),
        ("unmet", registered),
        ("unknown", registered),
        ("unmet", None),
    ]
    assert [row["amount"] for row in rows if row["verdict"] != "met"] == [None] * 9


def test_a_sole_trader_must_be_newly_registered():
    old = SHOP | {"registered_on": "2022-12-31"}
    assert verdicts("startup-subsidy-sole-trader", SHOP, old) == ["met", "unmet"]


HIRE: dict[str, Any] = {
    "birth_date": "2002-01-01",
    "education": 20,
    "graduated_on": "2024-06-30",
    "employment_status": "失业",
    "registered_unemployed_since": None,
    "hired_on": "2025-01-01",
    "contract_months": 12,
    "insured": True,
    "certified_difficult_since": None,
}


def employer(*hires: dict[str, Any], kind: str = "社会组织") -> dict[str, Any]:
    return {"firm_kind": kind, "hires": list(hires)}


def test_the_hiring_subsidy_and_whom_it_is_for():
    worker = HIRE | {"education": 61, "birth_date": "1990-01-01", "graduated_on": "2008-06-30"}
    youth = worker | {"birth_date": "2000-01-02", "registered_unemployed_since": "2024-12-01"}
    half_a_year = worker | {"registered_unemployed_since": "2024-07-01"}
    for hire, verdict in (
        (HIRE, "met"),
        (HIRE | {"graduated_on": "2023-01-01"}, "met"),  # the last day of two years
        (HIRE | {"graduated_on": "2022-12-31"}, "unmet"),
        (HIRE | {"graduated_on": "2025-06-30"}, "met"),  # hired in the year of graduation
        (HIRE | {"graduated_on": "2026-06-30"}, "unmet"),
        (HIRE | {"employment_status": "就业"}, "unmet"),
        (HIRE | {"education": 61}, "unmet"),
        (youth, "met"),  # 24 on the day of hiring
        (youth | {"birth_date": "2000-01-01"}, "unmet"),  # 25
        (youth | {"birth_date": "2009-01-01"}, "met"),  # 16
        (youth | {"registered_unemployed_since": None}, "unmet"),
        (half_a_year, "met"),
        (half_a_year | {"registered_unemployed_since": "2024-07-02"}, "unmet"),
        (without(HIRE, "graduated_on"), "unknown"),
        (without(youth, "registered_unemployed_since"), "unknown"),
    ):
        assert verdicts("hiring-subsidy", employer(hire)) == [verdict], hire


def test_the_hiring_subsidy_by_clause():
    short = HIRE | {"contract_months": 11}
    rows = policy_rows(
        "hiring-subsidy",
        employer(short),
        employer(short, HIRE),
        employer(HIRE, kind="小微企业"),
        employer(),
        {"firm_kind": "社会组织"},
        employer(without(HIRE, "contract_months")),
    )
    assert [(row["verdict"], row["near_miss"]) for row in rows] == [
        ("unmet", "contract"),
        ("met", None),
        ("unmet", "kind"),
        ("unmet", None),
        ("unknown", None),
        ("unknown", "contract"),
    ]
    # What is paid a head is not confirmed: no amount is invented.
    assert rows[1]["amount"] is None


def test_social_insurance_of_people_in_flexible_work():
    flexible = {"employment_status": "灵活就业", "certified_difficult_since": "2024-01-01"}
    rows = policy_rows(
        "social-insurance-subsidy-flexible",
        person(**flexible),
        person(**flexible | {"certified_difficult_since": None}),
        person(**flexible | {"employment_status": "就业"}),
        person(**flexible | {"pension_drawn": True}),
        person(**flexible | {"certified_difficult_since": "2025-07-01"}),
        person(**flexible, unknown="pension_drawn"),
        person(**flexible, unknown="certified_difficult_since"),
    )
    assert [(row["verdict"], row["near_miss"]) for row in rows] == [
        ("met", None),
        ("unmet", "certified"),
        ("unmet", "flexible"),
        ("unmet", "no-pension"),
        ("unmet", "certified"),
        ("unknown", "no-pension"),
        ("unknown", "certified"),
    ]
    assert rows[0]["amount"] is None


def test_social_insurance_of_people_in_difficulty_whom_a_firm_hires():
    hire = HIRE | {"certified_difficult_since": "2024-06-01"}
    rows = policy_rows(
        "social-insurance-subsidy-employer",
        employer(hire, kind="小微企业"),
        employer(hire, kind="社会组织"),
        employer(hire | {"insured": False}, kind="小微企业"),
        employer(hire | {"certified_difficult_since": "2025-02-01"}, kind="大中型企业"),
        employer(without(hire, "insured"), kind="家政企业"),
        {"firm_kind": "小微企业"},
    )
    assert [(row["verdict"], row["near_miss"]) for row in rows] == [
        ("met", None),
        ("unmet", "kind"),
        ("unmet", "insured"),
        ("unmet", None),
        ("unknown", "insured"),
        ("unknown", None),
    ]
    # Insured, and in difficulty: the same person.
    two = employer(
        hire | {"insured": False}, HIRE | {"certified_difficult_since": None}, kind="小微企业"
    )
    assert verdicts("social-insurance-subsidy-employer", two) == ["unmet"]


def test_what_is_off_does_not_count_yet():
    """Trading for a year and the like were read on a public page only."""
    young = FIRM | {
        "registered_on": "2025-06-01",
        "legal_person_facts": {"insured_months_local": 0},
    }
    assert verdicts("startup-subsidy-firm", young) == ["met"]


def test_before_the_plan_there_is_no_benefit():
    assert policy_rows("startup-subsidy-firm", FIRM, day=date(2022, 12, 31)) == []
