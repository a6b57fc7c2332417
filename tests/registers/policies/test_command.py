"""`./weiye groups check` and `./weiye policies check`: the contract of files.md."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.base.packs.cases import person
from weiye.registers.policies.command import groups_main, policies_main

FIRM = {
    "id": "f",
    "kind": "firm",
    "firm_kind": "小微企业",
    "registered_on": "2024-01-01",
    "benefits_received": None,
}


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Run a command on facts; the JSON it printed, or the error."""

    def run(main, facts: Any, *more: str, region: str = "371000000000", status: int = 0) -> Any:
        path = tmp_path / "facts.json"
        path.write_text(facts if isinstance(facts, str) else json.dumps(facts), encoding="utf-8")
        argv = ["check", "--facts", str(path), "--as-of", "2025-06-30", "--region", region, *more]
        assert main(argv) == status
        shown = capsys.readouterr()
        if status:
            assert shown.out == ""
            assert shown.err.count("\n") == 1
            return shown.err
        assert shown.err == ""
        return json.loads(shown.out.splitlines()[-1]) if "--out" not in more else shown.out

    return run


@pytest.mark.requirement("PPL-4")
@pytest.mark.requirement("PPL-5")
def test_groups_lists_met_and_unknown_in_the_packs_order(ask):
    jobless = person(
        sex="女",
        employment_status="失业",
        unemployed_since="2024-01-31",
        registered_unemployed_since="2024-02-01",
        disability_grade=2,
        household_id="h",
    )
    husband = person(household_id="h", employment_status="失业")
    answers = ask(groups_main, [{"id": 7, **jobless}, {"id": 8, **husband}])
    assert [list(answer) for answer in answers] == [["id", "groups"]] * 2
    assert [answer["id"] for answer in answers] == [7, 8]
    first = answers[0]["groups"]
    assert [entry["group"] for entry in first] == [
        "低收入",
        "高失业",
        "零就业家庭",
        "大龄",
        "残疾",
        "长期失业",
        "就业困难人员",
    ]
    assert [list(entry) for entry in first] == [
        ["group", "verdict", "since", "reason", "source"]
    ] * len(first)
    assert {entry["verdict"] for entry in first} == {"met", "unknown"}
    longest = next(entry for entry in first if entry["group"] == "长期失业")
    assert longest == {
        "group": "长期失业",
        "verdict": "met",
        "since": "2025-01-31",
        "reason": "处于法定劳动年龄；有劳动能力；未领取养老金；目前失业；已失业1年以上",
        "source": "鲁就办〔2023〕13号 第16项",
    }


@pytest.mark.requirement("POL-2")
def test_policies_say_yes_no_or_what_is_missing_clause_by_clause(ask):
    received = [{"policy": "startup-subsidy-firm", "from": "2024-05-01", "amount": 20000}]
    facts = [
        FIRM,
        FIRM | {"id": "twice", "benefits_received": received},
        {"id": "unsure", "kind": "firm", "firm_kind": "小微企业", "registered_on": "2024-01-01"},
    ]
    answers = ask(policies_main, facts, "--policy", "startup-subsidy-firm")
    assert answers[0] == {
        "id": "f",
        "policies": [
            {
                "policy": "startup-subsidy-firm",
                "name": "一次性创业补贴（小微企业）",
                "verdict": "met",
                "amount": 20000,
                "clauses": [
                    {
                        "clause": name,
                        "source": "鲁就办〔2023〕13号 第7项",
                        "verdict": "met",
                        "facts_missing": [],
                    }
                    for name in ("kind", "registered", "once")
                ],
                "near_miss": None,
            }
        ],
    }
    twice, unsure = answers[1]["policies"][0], answers[2]["policies"][0]
    assert (twice["verdict"], twice["amount"], twice["near_miss"]) == ("unmet", None, "once")
    assert (unsure["verdict"], unsure["near_miss"]) == ("unknown", "once")
    assert unsure["clauses"][2]["facts_missing"] == ["benefits_received"]


def test_people_and_firms_in_one_list_each_get_their_own_policies(ask):
    answers = ask(policies_main, [{"id": 1, "kind": "person", **person()}, FIRM, {"id": 3}])
    assert [answer["id"] for answer in answers] == [1, "f", 3]
    named = [[policy["policy"] for policy in answer["policies"]] for answer in answers]
    assert named[0] == named[2] == ["social-insurance-subsidy-flexible"]
    assert set(named[1]) == {
        "startup-subsidy-firm",
        "startup-subsidy-sole-trader",
        "hiring-subsidy",
        "social-insurance-subsidy-employer",
    }


def test_one_object_is_answered_with_a_list(ask):
    assert [answer["id"] for answer in ask(groups_main, {"id": "x"})] == ["x"]
    assert ask(groups_main, []) == []
    assert ask(policies_main, []) == []


def test_ill_typed_facts_of_whoever_is_not_asked_about_are_named_too(ask):
    assert "headcount must be a whole number" in ask(
        groups_main, [{"id": 1}, FIRM | {"headcount": "many"}], status=2
    )


def test_a_firm_is_in_no_group(ask):
    assert ask(groups_main, [FIRM])[0] == {"id": "f", "groups": []}


@pytest.mark.parametrize(
    "firm",
    [
        {"id": "f", "kind": "小微企业"},
        {"id": "f", "kind": "firm", "firm_kind": "小微企业"},
        {"id": "f", "kind": "firm", "facts": {"kind": "小微企业"}},
    ],
)
def test_the_kind_of_a_firm_may_stand_in_three_places(ask, firm):
    (answer,) = ask(policies_main, firm, "--policy", "startup-subsidy-firm")
    assert answer["policies"][0]["clauses"][0]["verdict"] == "met"


def test_the_region_decides_whose_rules_hold(ask):
    for region, amount in (("370000000000", 12000), ("371002001001", 20000)):
        (answer,) = ask(policies_main, FIRM, "--policy", "startup-subsidy-firm", region=region)
        assert answer["policies"][0]["amount"] == amount


def test_explain_adds_sentences_and_parts(ask):
    (answer,) = ask(policies_main, FIRM, "--policy", "startup-subsidy-firm", "--explain")
    policy = answer["policies"][0]
    assert policy["clauses"][0]["text"] == "创办的是小微企业"
    assert "正常经营1年以上" in policy["to_confirm"]


def test_the_same_input_gives_the_same_bytes(ask, tmp_path):
    facts = [{"id": n, **person(household_id=str(n // 3))} for n in range(20)]
    outs = []
    for name in ("a.json", "b.json"):
        ask(groups_main, facts, "--out", str(tmp_path / name))
        outs.append((tmp_path / name).read_bytes())
    assert outs[0] == outs[1]
    assert json.loads(outs[0]) == ask(groups_main, facts)
    assert {path.name for path in tmp_path.iterdir()} == {"a.json", "b.json", "facts.json"}


def test_unknown_facts_are_ignored_and_floats_are_exact(ask):
    (answer,) = ask(groups_main, '{"id": 1, "favourite_colour": "red", "monthly_income": 0.10}')
    assert answer["id"] == 1


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ("{", "facts.json:1: not JSON"),
        ("3", "object 1 is not an object with facts"),
        ("[3]", "object 1 is not an object with facts"),
        ('[{"id": 1}, "x"]', "object 2 is not an object"),
        ('{"sex": "男"}', "object 1: id must be a whole number or text"),
        ('[{"id": 1}, {"id": 1}]', "id 1 occurs more than once"),
        ('{"id": 1, "birth_date": "1980-02-30"}', "1: birth_date must be a date"),
        ('{"id": 1, "sex": "x", "veteran": 3}', "sex must be one of 男/女, not 'x'; 1: veteran"),
        ('{"id": 1, "monthly_income": NaN}', "NaN is no number"),
        ('{"id": 1, "monthly_income": 1e400}', "monthly_income must be an amount"),
        ('{"id": 1, "kind": 3}', "kind must be person or firm, not 3"),
        ("[" * 100000, "nested too deeply"),
        ("\ufeff{]", "not JSON"),
    ],
)
@pytest.mark.parametrize("main", [groups_main, policies_main])
def test_bad_facts_are_refused_in_one_sentence_and_nothing_is_written(
    ask, tmp_path, main, facts, message
):
    out = tmp_path / "out.json"
    error = ask(main, facts, "--out", str(out), status=2)
    assert message in error
    assert not out.exists()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--as-of", "30.06.2025"], "expected YYYY-MM-DD"),
        (["--as-of", "2025-02-29"], "no such day"),
        (["--region", "3710"], "expected a 12-digit area code"),
        (["--region", "110000000000"], "no pack covers the area 110000000000"),
        (["--facts", "/nowhere/facts.json"], "there is no such file"),
        (["--out", "/nowhere/out.json"], "not a file that can be written"),
        (["--nosuch"], "unrecognized arguments"),
    ],
)
def test_bad_options_are_refused_in_one_sentence(ask, argv, message):
    assert message in ask(groups_main, {"id": 1}, *argv, status=2)


def test_a_policy_that_the_pack_has_not_got(ask):
    error = ask(policies_main, {"id": 1}, "--policy", "nosuch", status=2)
    assert "there is no policy 'nosuch' in 威海市; there are" in error


def test_facts_that_are_not_utf8(ask, tmp_path, capsys):
    path = tmp_path / "gbk.json"
    path.write_bytes('{"id": "张"}'.encode("gbk"))
    argv = ["check", "--facts", str(path), "--as-of", "2025-06-30", "--region", "371000000000"]
    assert groups_main(argv) == 2
    assert "not UTF-8" in capsys.readouterr().err


def test_without_a_verb_or_a_needed_option(capsys):
    assert groups_main([]) == 2
    assert groups_main(["check"]) == 2
    assert "--facts, --as-of, --region" in capsys.readouterr().err


def test_an_existing_result_survives_a_refusal(ask, tmp_path):
    out = tmp_path / "out.json"
    out.write_text("before")
    ask(groups_main, '{"id": 1, "sex": 3}', "--out", str(out), status=2)
    assert out.read_text() == "before"
