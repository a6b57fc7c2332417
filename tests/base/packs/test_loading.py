"""Packs: read strictly, inherited by id, every mistake named with file and line."""

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from weiye.base.packs import ROOT, PackError, load_all, load_pack
from weiye.engine.rules import TO_CONFIRM

WEIHAI, JINAN = "371000000000", "370100000000"
BENEFIT = "shandong/benefits/hiring-subsidy.yaml"


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    """A copy of the real packs to break."""
    root = tmp_path / "packs"
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns("*.gz", "*.md"))
    return root


def test_the_most_particular_pack_covers_an_area():
    assert load_pack("371002001001").id == "weihai"
    assert load_pack(JINAN).id == "shandong"
    with pytest.raises(PackError, match="no pack covers the area 110000000000"):
        load_pack("110000000000")


@pytest.mark.requirement("POL-1")
def test_a_city_inherits_and_overrides_by_id():
    city, province = load_pack(WEIHAI), load_pack(JINAN)
    assert [rule.id for rule in city.groups] == [rule.id for rule in province.groups]
    name, day = "startup_subsidy_firm", date(2025, 6, 30)
    assert city.parameters[name].value(day, WEIHAI) == Decimal(20000)
    assert province.parameters[name].value(day, JINAN) == Decimal(12000)
    assert city.parameters[name].value(date(2023, 10, 26), WEIHAI) == Decimal(12000)
    assert city.scopes["assistance-file"].rule.source.startswith("威就办")
    assert province.scopes["assistance-file"].rule.source.startswith("鲁就办")
    assert city.version != province.version


@pytest.mark.requirement("POL-1")
def test_a_benefit_says_what_a_catalogue_needs():
    for pack in load_all():
        assert pack.policies
        for policy in pack.policies:
            assert policy.rule.valid_from and policy.rule.source and policy.quote
            assert policy.summary and policy.documents and policy.decided_by and policy.amount_text
            for clause in policy.rule.clauses:
                assert clause.source and clause.text and clause.where.startswith("packs/")


@pytest.mark.requirement("POL-1")
def test_what_is_read_on_public_pages_only_is_off_and_to_be_confirmed():
    for pack in load_all():
        cited = pack.sources["public-pages"].cite
        rules = (*pack.groups, *(policy.rule for policy in pack.policies), *pack.scope_rules())
        clauses = [
            part for rule in rules for clause in rule.clauses for part in (clause, *clause.parts)
        ]
        doubtful = [clause for clause in clauses if clause.source.startswith(cited)]
        assert doubtful
        for clause in doubtful:
            assert not clause.enabled
            assert clause.status == TO_CONFIRM
        for parameter in pack.parameters.values():
            for period in parameter.periods:
                if period.source.startswith(cited):
                    assert not period.enabled


def test_groups_stand_in_the_order_of_the_file_contract():
    names = """
        低技能 低收入 高失业 离校未就业高校毕业生
        零就业家庭 低保家庭 低保边缘家庭 脱贫享受政策人口 防止返贫监测对象 大龄 残疾 长期失业
        较长时间未就业高校毕业生 就业困难人员
        二孩妈妈 低龄老年人 退役军人 未继续升学毕业生 农村转移就业劳动者
    """
    assert [rule.id for rule in load_pack(WEIHAI).groups] == names.split()


@pytest.mark.requirement("AID-3")
def test_the_quota_12333():
    quota = load_pack(WEIHAI).quotas["12333"]
    assert dict(quota.occasions) == {"policy": 2, "guidance": 3, "vacancy": 3, "training": 3}
    assert (quota.months, quota.once_a_day, quota.scope) == (12, True, "quota-12333")
    assert "第16项" in quota.source


def test_matching_weights_have_every_key_the_engine_asks_for():
    weights = load_pack(WEIHAI).matching
    assert set(weights) == {
        *("occupation_exact", "occupation_small", "occupation_middle", "occupation_major"),
        *("skill_each", "skill_max", "near_zero", "near_per_minute", "remote"),
        *("fresh_max", "fresh_per_day", "wage_over_each_percent", "wage_over_max"),
    }
    assert all(isinstance(weight, int) and weight >= 0 for weight in weights.values())


def test_a_pack_is_read_again_only_when_a_file_changes(packs: Path):
    first = load_pack(WEIHAI, root=packs)
    assert load_pack(WEIHAI, root=packs) is first
    path = packs / "shandong" / "quotas.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("policy: 2", "policy: 20"))
    second = load_pack(WEIHAI, root=packs)
    assert second.quotas["12333"].occasions["policy"] == 20
    assert second.version != first.version


def test_the_version_depends_on_the_content_alone(packs: Path):
    assert load_pack(WEIHAI, root=packs).version == load_pack(WEIHAI).version
    (packs / "shandong" / "regions.yaml").write_text("anything: goes")  # the area tree's own
    assert load_pack(WEIHAI, root=packs).version == load_pack(WEIHAI).version


def test_the_city_may_add_a_group_and_a_policy(packs: Path):
    (packs / "weihai" / "groups.yaml").write_text(
        """
groups:
  - id: 退役军人
    family: 重点群体
    source: weihai-plan 第1项
    valid_from: 2024-01-01
    clauses: [{id: v, text: 退役, source: weihai-plan 第1项, when: veteran and land_lost}]
  - id: 新群体
    family: 重点群体
    source: weihai-plan 第1项
    valid_from: 2024-01-01
    clauses: [{id: v, text: 新, source: weihai-plan 第1项, when: group('退役军人')}]
"""
    )
    pack = load_pack(WEIHAI, root=packs)
    names = [rule.id for rule in pack.groups]
    assert names[-1] == "新群体"
    assert names.index("退役军人") == [r.id for r in load_pack(JINAN).groups].index("退役军人")
    assert pack.book.groups["退役军人"].source.startswith("威就办")


def line_of(text: str, needle: str) -> int:
    return text[: text.index(needle)].count("\n") + 1


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("shandong/groups.yaml", "    family: 认定", "    famly: 认定", "unknown key 'famly'"),
        ("shandong/groups.yaml", "family: 认定", "family: 其他", "expected one of 两低两高"),
        (
            "shandong/groups.yaml",
            "        source: plan 第11项\n        when: veteran",
            "        when: veteran",
            "the key 'source' is missing",
        ),
        (
            "shandong/groups.yaml",
            "        source: plan 第11项\n        when: veteran",
            "        source: nowhere 第11项\n        when: veteran",
            "there is no source 'nowhere'",
        ),
        ("shandong/groups.yaml", "when: veteran", "when: veterans", "no fact or term 'veterans'"),
        ("shandong/groups.yaml", "when: veteran", "when: veteran ==", "expected a value, found"),
        ("shandong/groups.yaml", "when: veteran", "when: birth_date", "clause veteran: expected"),
        ("shandong/groups.yaml", "when: veteran", "when: [veteran]", "expected a text"),
        (
            "shandong/groups.yaml",
            "when: veteran",
            "when: group('无此')",
            "there is no group '无此'",
        ),
        ("shandong/groups.yaml", "  - id: 退役军人", "  - id: 大龄", "the id '大龄' occurs twice"),
        (
            "shandong/groups.yaml",
            "when: veteran",
            "when: age(birth_date) >= param.nosuch",
            "there is no parameter 'nosuch'",
        ),
        (
            "shandong/groups.yaml",
            "when: veteran",
            "when: monthly_income < 1.234",
            "not a whole number of fen",
        ),
        (
            "shandong/groups.yaml",
            "valid_from: 2016-01-01",
            "valid_from: 2016-02-30",
            "expected a date",
        ),
        (
            "shandong/groups.yaml",
            "valid_from: 2016-01-01",
            "valid_from: 2016-01-01\n    valid_to: 2015-01-01",
            "valid_to lies before valid_from",
        ),
        (
            "shandong/groups.yaml",
            "enabled: false",
            "enabled: vielleicht",
            "expected true or false",
        ),
        (
            "shandong/groups.yaml",
            "            status: 待确认\n",
            "            status: 大概\n",
            "expected one of 已确认",
        ),
        (
            "shandong/groups.yaml",
            "when: veteran",
            "when: veteran\n        any_of: []",
            "either 'when' or 'any_of'",
        ),
        (
            "shandong/groups.yaml",
            "when: veteran",
            "when: veteran\n        enabled: false",
            "at least one clause that is asked",
        ),
        (
            "shandong/groups.yaml",
            "        when: land_lost",
            "        any_of: [{id: x, text: x, source: plan 1, when: land_lost}]",
            "unknown key 'any_of'",
        ),
        (
            "shandong/groups.yaml",
            "since: graduated_on",
            "since: veteran",
            "clause since: expected date",
        ),
        ("shandong/quotas.yaml", "quotas:\n", "quotas: {}\nx:\n", "unknown key 'x'"),
        ("shandong/groups.yaml", "groups:\n", "\tgroups:\n", "not well-formed YAML"),
        (
            "shandong/terms.yaml",
            "when: employment_status in",
            "when: employment in",
            "'employment'",
        ),
        ("shandong/terms.yaml", "  employed:", "  veteran:", "veteran is the name of a fact"),
        (
            "shandong/terms.yaml",
            "  employed:",
            "  spare: {text: x, source: plan 1, when: veteran}\n  employed:",
            "no rule uses the term spare",
        ),
        (
            "shandong/parameters.yaml",
            "value: {女: 40, 男: 50}",
            "value: {女: 40}",
            "the key '男' is missing",
        ),
        ("shandong/parameters.yaml", "value: 16", "value: sechzehn", "expected a whole number"),
        ("shandong/parameters.yaml", "value: 12000", "value: 12000.001", "expected an amount"),
        (
            "shandong/parameters.yaml",
            "valid_to: 2024-12-31",
            "valid_to: 2025-01-01",
            "two values at the same time",
        ),
        (
            "weihai/parameters.yaml",
            "value: 20000,",
            'region: "3701", value: 20000,',
            "3701 does not lie in 3710",
        ),
        ("shandong/quotas.yaml", "policy: 2, ", "", "the key 'policy' is missing"),
        ("shandong/quotas.yaml", "policy: 2", "policy: 0", "expected a whole number of 1 or more"),
        ("shandong/quotas.yaml", "scope: quota-12333", "scope: nobody", "no scope 'nobody'"),
        ("shandong/scopes.yaml", "[零就业家庭, 残疾", "[零就业家庭, 残", "there is no group '残'"),
        (
            "shandong/matching.yaml",
            "  remote: 150000",
            "  distant: 150000",
            "unknown key 'distant'",
        ),
        ("shandong/matching.yaml", "remote: 150000", "remote: 0.15", "expected a whole number"),
        (BENEFIT, "subject: firm", "subject: shop", "expected one of person, firm"),
        (BENEFIT, "name: 一次性吸纳就业补贴\n", "name: ''\n", "expected a text"),
        (BENEFIT, "documents: [", "documents: x # [", "expected a list"),
        (
            BENEFIT,
            "param.hiring_subsidy_per_person *",
            "headcount *",
            "clause amount: expected an amount",
        ),
        (
            BENEFIT,
            "firm_kind == '社会组织'",
            "firm_kind == 3",
            "clause kind: text beside whole number",
        ),
        (
            BENEFIT,
            "any(h.hire_entitles for",
            "any(h.hire_entitle for",
            "no fact or term 'hire_entitle'",
        ),
        ("weihai/pack.yaml", "inherits: shandong", "inherits: shanxi", "there is no pack 'shanxi'"),
        (
            "weihai/pack.yaml",
            "inherits: shandong",
            "inherits: weihai",
            "weihai inherits from itself",
        ),
        (
            "weihai/pack.yaml",
            'region: "3710"',
            'region: "1101"',
            "does not lie in that of shandong",
        ),
        ("weihai/pack.yaml", 'region: "3710"', "region: 威海", "expected the first digits"),
        ("weihai/pack.yaml", "id: weihai", "id: 威海", "must be 'weihai'"),
        ("weihai/pack.yaml", "confirmed: true", "confirmed: 3", "expected true or false"),
    ],
)
def test_every_mistake_is_named_with_its_file_and_line(packs, file, old, new, message):
    path = packs / file
    text = path.read_text(encoding="utf-8")
    assert old in text, "the pack no longer holds what this test breaks"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PackError) as caught:
        load_all(packs)
    assert message in caught.value.message
    name, _, line = caught.value.where.rpartition(":")
    assert name == f"packs/{file}"
    # The line of the change, or of the entry around it or beside it.
    changed = line_of(text, old)
    assert changed - 25 <= int(line) <= changed + 8


def test_the_line_of_an_expression_is_its_own(packs: Path):
    path = packs / "shandong" / "groups.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("when: veteran\n", "when: veterans\n"), encoding="utf-8")
    with pytest.raises(PackError) as caught:
        load_all(packs)
    assert caught.value.where == f"packs/shandong/groups.yaml:{line_of(text, 'when: veteran')}"
    assert "character 1" in caught.value.message


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("weihai/grups.yaml", "x: 1", "packs/weihai/grups.yaml: a pack has no such file"),
        ("weihai/groups.yaml", "", "packs/weihai/groups.yaml:1: the file is empty"),
        (
            "weihai/groups.yaml",
            "groups: 1\ngroups: 2",
            "packs/weihai/groups.yaml:2: the key 'groups' occurs twice",
        ),
        ("weihai/groups.yaml", "? [a]\n: 1", "packs/weihai/groups.yaml:1: expected a plain key"),
        ("weihai/groups.yaml", "- 1", "packs/weihai/groups.yaml:1: expected a mapping"),
    ],
)
def test_files_that_are_no_part_of_a_pack(packs: Path, file: str, content: str, message: str):
    (packs / file).write_text(content, encoding="utf-8")
    with pytest.raises(PackError, match=message.replace("[", "\\[")) as caught:
        load_all(packs)
    assert str(caught.value).startswith("packs/weihai/")


def test_a_file_that_is_not_utf8_is_named(packs: Path):
    (packs / "weihai" / "groups.yaml").write_bytes("组".encode("gbk"))
    with pytest.raises(PackError, match=r"packs/weihai/groups.yaml: cannot be read"):
        load_all(packs)


def test_no_packs_at_all(tmp_path: Path):
    with pytest.raises(PackError, match="there are no packs"):
        load_all(tmp_path)


def test_two_packs_of_one_area(packs: Path):
    shutil.copytree(packs / "weihai", packs / "weihai2")
    head = packs / "weihai2" / "pack.yaml"
    head.write_text(head.read_text(encoding="utf-8").replace("id: weihai", "id: weihai2"))
    with pytest.raises(PackError, match=r"weihai2/pack.yaml:\d+: another pack covers 3710"):
        load_all(packs)


def test_the_command_lists_every_rule(capsys: pytest.CaptureFixture[str]):
    from weiye.base.packs.command import main

    assert main(["check"]) == 0
    shown = capsys.readouterr().out
    for name in ("低技能", "startup-subsidy-firm", "quota-12333", "鲁就办〔2023〕13号 第16项"):
        assert name in shown


def test_the_command_names_the_first_mistake(packs, monkeypatch, capsys):
    from weiye.base.packs import command

    (packs / "weihai" / "groups.yaml").write_text("- 1", encoding="utf-8")
    monkeypatch.setattr(command, "load_all", lambda: load_all(packs))
    assert command.main(["check"]) == 2
    assert capsys.readouterr().err.startswith("weiye packs: packs/weihai/groups.yaml:1: expected")
