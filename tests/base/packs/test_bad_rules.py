"""Every mistake a rule can hold, in a pack's YAML: named with file, line, clause and place."""

import ast
import re
from pathlib import Path

import pytest

from weiye.base.packs import PackError
from weiye.base.packs.loading import load_all
from weiye.engine import rules as engine

PACK = """\
id: bad
name: 坏例
region: "37"
sources:
  law: {cite: 例, title: 例, confirmed: true}
"""
PARAMETERS = """\
parameters:
  elder_age:
    text: 大龄
    kind: number
    by_sex: true
    values: [{valid_from: 2000-01-01, value: {女: 40, 男: 50}, source: law 1}]
  retirement_schedule:
    text: 退休
    kind: retirement-schedule
    values:
      - valid_from: 2025-01-01
        source: law 1
        value:
          男: {60: {since: 2025, every: 4, cap: 36}}
          女: {55: {since: 2025, every: 4, cap: 36}}
"""
TERMS = """\
terms:
  adult: {text: 成年, source: law 1, when: age(birth_date) >= 16}
  alone: {text: 独居, source: law 1, when: not any(n.veteran for n in household)}
"""
GROUPS = """\
groups:
  - id: 甲
    family: 重点群体
    source: law 1
    valid_from: 2020-01-01
    clauses:
      - {id: fine, text: 好, source: law 1, when: adult or alone}
      - id: broken
        text: 坏
        source: law 1
        when: EXPRESSION
"""
LINE = 11  # of EXPRESSION

# expression → what is said, the character it points to (None: of the whole)
MISTAKES: dict[str, tuple[str, int | None]] = {
    # Not an expression at all
    "age(birth_date) >=": ("expected a value, found the end", 19),
    "veteran veteran": ("expected an operator or the end, found 'veteran'", 9),
    "sex = '男'": ("unexpected character '='", 5),
    "birth_date < 2025-02-30": ("no such day: 2025-02-30", 14),
    "sex in []": ("an empty list after 'in'", 8),
    "sex in [sex]": ("a list after 'in' holds plain values only", 8),
    "-veteran": ("a minus sign stands before a number only", 2),
    "(" * 80 + "true" + ")" * 80: ("an expression nested too deeply", None),
    "not " * 80 + "true": ("an expression nested too deeply", None),
    "true and " * 500 + "true": ("an expression of more than 4000 characters", None),
    "any(x > 3 for x in age(birth_date))": ("expected a list", 1),
    # Names
    "veterans": ("there is no fact or term 'veterans'; did you mean 'veteran'?", 1),
    "age(birth_date) > param.elder": (
        "there is no parameter 'elder'; did you mean 'elder_age'?",
        19,
    ),
    "param.retirement_schedule == 1": ("parameter retirement_schedule is not a value", 1),
    "months_sinc(birth_date) > 3": (
        "there is no function 'months_sinc'; did you mean 'months_since'?",
        1,
    ),
    "group('乙')": ("there is no group '乙'", 1),
    "group('甲')": ("甲 refers to itself", 1),
    "group(sex)": ("group takes the name of a group", 1),
    "any(group('甲') and m.veteran for m in household)": ("group: only of the person asked", 5),
    # Types
    "birth_date": ("expected yes/no, this is date", 1),
    "age(sex) > 3": ("expected date YYYY-MM-DD, this is text", 5),
    "sex == 1": ("text beside whole number", 5),
    "sex < '男'": ("text has no order", 5),
    "children == children": ("lists and records cannot be compared", 10),
    "sex in ['男', 3]": ("3 is not text", 14),
    "monthly_income < 1.234": ("1.234 is not a whole number of fen", None),
    "monthly_income * monthly_income > 3": ("* takes numbers, or an amount and a number", 16),
    "sex + sex == sex": ("+ takes numbers or amounts", 5),
    "birth_date is none": ("this is never 'none'", 12),
    # Functions
    "age() > 3": ("age takes 2 arguments, not 0", 1),
    "known(1)": ("known takes one fact", 1),
    "size(sex) > 1": ("size takes a list", 1),
    "share(3, 1, 2) == sex": ("amount in yuan beside text", 16),
    "share(sex, 1, 2) > 1": ("expected an amount, this is text", 7),
    "share(monthly_income, 1) > 1": ("share takes an amount and two numbers", 1),
    "share(monthly_income, 1, 0) > 1": ("share takes an amount and two whole numbers", 1),
    "min(1) > 0": ("min takes two values or more", 1),
    "max(sex, sex) == '男'": ("max takes numbers, amounts or dates", 1),
    "lies_in(hukou_unit, 'abc')": ("lies_in takes a unit and the first digits of a code", 1),
    "same_area(hukou_unit, hukou_unit, 1)": ("same_area takes two units and 2 to 12 digits", 1),
    "before_retirement(birth_date, sex, 50)": (
        "no parameter retirement_schedule is in force on 2020-01-01",
        1,
    ),
    # Lists and households
    "any(c > 3 for c in sex)": ("'sex' is not a list", 20),
    "any(c for c in skill_certificates)": ("c is a record: name one field", 5),
    "any(age(today) > 3 for c in children)": ("this does not look at c", 1),
    "any(age(sex) > 3 for sex in children)": ("sex is the name of a fact or term", 1),
    "any(veteran and age(c) > 3 for c in children)": (
        "veteran: inside any/all/count/sum only the item itself is in reach",
        5,
    ),
    "any(c.level > param.elder_age for c in skill_certificates)": (
        "param.elder_age depends on sex, which is not in reach here",
        15,
    ),
    "sum(c.code for c in skill_certificates) > 1": ("sum takes numbers or amounts", 1),
    "any(m.veteran and any(c.level > 1 for c in skill_certificates) for m in household)": (
        "this list is not in reach here",
        None,
    ),
    "any(m.veteran and any(n.veteran for n in household) for m in household)": (
        "household: only the person's own",
        None,
    ),
    "any(m.alone for m in household)": ("any/all/count/sum cannot be nested so", 5),
    "sex.nosuch == 1": ("sex has no fields", 1),
}
# What a term does wrong is said where the term stands.
IN_A_TERM = {"any(m.alone for m in household)": "terms.yaml:3"}


def refused(root: Path, text: str) -> PackError:
    folder = root / "bad"
    folder.mkdir(parents=True)
    quoted = "'" + text.replace("'", "''") + "'"
    for name, content in (
        ("pack", PACK),
        ("parameters", PARAMETERS),
        ("terms", TERMS),
        ("groups", GROUPS.replace("EXPRESSION", quoted)),
    ):
        (folder / f"{name}.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(PackError) as caught:
        load_all(root)
    return caught.value


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_named_with_file_line_clause_and_character(tmp_path: Path, text: str):
    said, column = MISTAKES[text]
    error = refused(tmp_path, text)
    assert error.where == f"packs/bad/{IN_A_TERM.get(text, f'groups.yaml:{LINE}')}"
    assert any(part in error.message for part in said.split("|")), error.message
    assert "clause broken" in error.message
    if column is not None:
        assert f"character {column}" in error.message


def test_every_kind_of_mistake_has_a_case():
    """Each message in the engine is said by one of the cases above."""
    said = " | ".join(message for message, _ in MISTAKES.values())
    folder = Path(str(engine.__file__)).parent
    # Of evaluate(), not of a rule.
    elsewhere = {re.escape("the rules asked together must share their subject and their book")}
    unsaid = []
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "RuleError":
                continue
            whole = fixed_part(node.args[0])
            if whole and not re.search(whole, said) and whole not in elsewhere:
                unsaid.append(whole)
    assert unsaid == []


def fixed_part(message: ast.expr) -> str:
    """A pattern of the message: what stands in it for a value may be anything."""
    if isinstance(message, ast.Constant):
        return re.escape(str(message.value))
    if isinstance(message, ast.JoinedStr):
        parts = [
            re.escape(str(part.value)) if isinstance(part, ast.Constant) else "[^|]*"
            for part in message.values
        ]
        return "".join(parts).strip()
    return ""
