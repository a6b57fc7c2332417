"""Four sets kept apart: the ledger of assistance, the certified, a benefit's, a post's."""

from typing import Any

import pytest

from weiye.base.packs import load_pack

from .cases import DAY, JINAN, WEIHAI, asked, person

pytestmark = pytest.mark.requirement("PPL-5", "PPL-6", "PPL-7")

LEDGER, CERTIFIED, POST = "assistance-file", "certified-difficult", "public-welfare-post"
BENEFIT = "social-insurance-subsidy-flexible"
CONDITIONS = "就业困难人员"

JOBLESS: dict[str, Any] = {
    "employment_status": "失业",
    "employed_since": None,
    "unemployed_since": "2025-05-01",
    "registered_unemployed_since": "2025-05-10",
    # Somebody of the household earns: no 零就业家庭.
    "household_id": "h",
}
CERTIFICATE = {"certified_difficult_since": "2025-01-01"}


def sets_of(region: str = WEIHAI, **facts: Any) -> dict[str, bool]:
    """In which of the sets a person is, asked of the pack; the husband or wife works."""
    pack = load_pack(region)
    policy = pack.policy(BENEFIT)
    assert policy is not None
    rules = [*pack.scope_rules(), policy.rule, *(r for r in pack.groups if r.id == CONDITIONS)]
    people = [person(**facts), person(household_id="h")]
    rows = asked(rules, people, region, DAY, "person").rules()
    return {
        row["rule"]: str(row["verdict"]) == "met"
        for row in rows.iter_rows(named=True)
        if row["id"] == 0
    }


@pytest.mark.parametrize("region", [JINAN, WEIHAI])
@pytest.mark.parametrize(
    ("in_set", "not_in_set", "facts"),
    [
        # 低保边缘 is the ledger's, not the regulation's.
        (LEDGER, CERTIFIED, JOBLESS | {"minimum_living": "低保边缘"}),
        (LEDGER, BENEFIT, JOBLESS | {"minimum_living": "低保边缘"}),
        (LEDGER, POST, JOBLESS),
        (CERTIFIED, BENEFIT, JOBLESS | CERTIFICATE),
        (CERTIFIED, POST, CERTIFICATE | {"employment_status": "灵活就业"}),
        (BENEFIT, POST, CERTIFICATE | {"employment_status": "灵活就业"}),
        (POST, CERTIFIED, JOBLESS | {"disability_grade": 2}),
        (POST, BENEFIT, JOBLESS | {"disability_grade": 2}),
        # Who meets the conditions is not certified by that, and who is may not meet them any more.
        (CONDITIONS, CERTIFIED, JOBLESS | {"disability_grade": 2}),
        (CERTIFIED, CONDITIONS, CERTIFICATE),
    ],
)
def test_one_set_never_stands_in_for_another(
    region: str, in_set: str, not_in_set: str, facts: dict[str, Any]
) -> None:
    found = sets_of(region, **facts)
    assert found[in_set]
    assert not found[not_in_set]


def test_each_set_names_its_own_source() -> None:
    pack = load_pack(JINAN)
    policy = pack.policy(BENEFIT)
    assert policy is not None
    sources = {
        LEDGER: pack.scopes[LEDGER].rule.source,
        CERTIFIED: pack.scopes[CERTIFIED].rule.source,
        POST: pack.scopes[POST].rule.source,
        BENEFIT: policy.rule.source,
    }
    assert sources == {
        LEDGER: "鲁就办〔2023〕13号 第16项",
        CERTIFIED: "山东省就业促进条例（2016年修正） 第42条",
        POST: "鲁就办〔2023〕13号 第4项",
        BENEFIT: "鲁就办〔2023〕13号 第16项",
    }


def test_a_post_is_for_those_whom_the_plan_names() -> None:
    def post(**facts: Any) -> bool:
        return sets_of(**JOBLESS | facts)[POST]

    assert not post()
    assert post(poverty_alleviation="脱贫享受政策")
    assert post(poverty_alleviation="防止返贫监测")
    assert post(birth_date="1975-06-30")  # 大龄失业
    assert not post(birth_date="1975-06-30", employment_status="其他")  # 大龄, but not 失业
    assert post(minimum_living="低保边缘")  # 低收入
    assert post(disability_grade=3)
    assert not post(disability_grade=3, pension_drawn=True)
    assert not post(disability_grade=3, labour_capacity=False)
    # What single counties have added is off.
    assert not post(sex="女", birth_date="1990-01-01", children=["2012-01-01", "2015-01-01"])
    assert not post(birth_date="2004-01-01")


def test_who_draws_a_pension_is_in_no_assistance_group() -> None:
    pack = load_pack(WEIHAI)
    rules = [rule for rule in pack.groups if rule.family in ("援助台账", "认定", "两低两高")]
    needy = JOBLESS | {
        "minimum_living": "低保",
        "poverty_alleviation": "脱贫享受政策",
        "disability_grade": 1,
        "skill_certificates": None,
        "education": 71,
        "pension_drawn": True,
        "birth_date": "1970-01-01",
    }
    rows = asked(rules, [person(**needy)], WEIHAI, DAY, "person").rules()
    assert set(rows["verdict"].to_list()) == {"unmet"}
