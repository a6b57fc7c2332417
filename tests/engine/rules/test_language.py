"""Reading expressions: what is refused, and where."""

import pytest

from weiye.engine.rules import RuleError, Term, parse

from .book import a_book, rule, verdict


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("", "expected a value, found the end", 1),
        ("age(birth_date) >=", "expected a value, found the end", 19),
        ("age(birth_date >= 3", "expected ')', found the end", 20),
        ("sex == '男' sex", "expected an operator or the end, found 'sex'", 12),
        ("sex = '男'", "unexpected character '='", 5),
        ('sex == "男', "unexpected character '\"'", 8),
        ("birth_date < 2025-02-30", "no such day: 2025-02-30", 14),
        ("sex in []", "an empty list after 'in'", 8),
        ("sex in [sex]", "plain values only", 8),
        ("sex is '男'", "expected 'none', found", 8),
        ("any(veteran)", "expected 'for', found ')'", 12),
        ("any(true for and in household)", "expected a name, found 'and'", 14),
        ("-veteran", "a minus sign stands before a number only", 2),
        ("f('os')['x']", "expected an operator or the end, found '['", 8),
        ("a.b.c", "expected an operator or the end", 4),
        ("lambda: 1", "unexpected character ':'", 7),
        ("(" * 100 + "true" + ")" * 100, "nested too deeply", None),
        ("not " * 100 + "true", "nested too deeply", None),
        ("true and " * 600 + "true", "more than 4000 characters", None),
    ],
)
def test_what_is_not_an_expression_is_refused_with_its_place(text, message, column):
    with pytest.raises(RuleError) as caught:
        parse(text)
    assert message in caught.value.message
    if column is not None:
        assert caught.value.column == column


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nosuch == 1", "there is no fact or term 'nosuch'"),
        ("param.nosuch == 1", "there is no parameter 'nosuch'"),
        ("param.retirement_schedule == 1", "is not a value"),
        ("open('x')", "there is no function 'open'"),
        ("sex == 1", "text beside whole number"),
        ("sex < '男'", "text has no order"),
        ("veteran == 3", "yes/no beside whole number"),
        ("children == children", "cannot be compared"),
        ("birth_date", "expected yes/no, this is date"),
        ("age(sex) > 3", "expected date"),
        ("age() > 3", "age takes 2 arguments, not 0"),
        ("age(birth_date, today, today) > 3", "not 3"),
        ("birth_date is none", "never 'none'"),
        ("sex in ['男', 3]", "3 is not text"),
        ("monthly_income * monthly_income > 3", "* takes numbers"),
        ("sex + sex == sex", "+ takes numbers"),
        ("sum(c.code for c in skill_certificates) > 1", "sum takes numbers or amounts"),
        ("any(c > 3 for c in sex)", "'sex' is not a list"),
        ("any(c.nosuch for c in skill_certificates)", "no fact or term 'nosuch'"),
        ("any(c for c in skill_certificates)", "is a record"),
        ("any(veteran and age(c) > 3 for c in children)", "only the item itself is in reach"),
        ("any(age(today) > 3 for c in children)", "does not look at c"),
        ("any(age(sex) > 3 for sex in children)", "sex is the name of a fact"),
        ("any(c.level > param.elder_age for c in skill_certificates)", "depends on sex"),
        (
            "any(m.veteran and any(n.veteran for n in household) for m in household)",
            "household: only",
        ),
        ("group('x')", "there is no group 'x'"),
        ("group(sex)", "group takes the name of a group"),
        ("known(1)", "known takes one fact"),
        ("share(monthly_income, 1, 0) > 1", "share takes"),
        ("size(sex) > 1", "size takes a list"),
        ("lies_in(hukou_unit, 'abc')", "lies_in takes"),
        ("same_area(hukou_unit, residence_unit, 1)", "same_area takes"),
        ("min(1) > 0", "min takes two values or more"),
        ("max(sex, sex) == '男'", "max takes numbers, amounts or dates"),
        ("sex.nosuch == 1", "sex has no fields"),
        ("monthly_income < 1.234", "not a whole number of fen"),
        ("1 if veteran else 2", "expected yes/no"),
        ("(sex if veteran else 2) == 2", "text beside whole number"),
    ],
)
def test_what_means_nothing_is_refused(text, message):
    with pytest.raises(RuleError) as caught:
        verdict(text, {})
    assert message in caught.value.message
    assert caught.value.column is not None or "fen" in message


def test_a_term_or_group_that_refers_to_itself_is_refused():
    book = a_book()
    book.terms["loop"] = Term("loop", "", "test", parse("not loop"))
    with pytest.raises(RuleError, match="loop refers to itself"):
        verdict("loop", {}, book=book)
    book.groups["round"] = rule(book, "group('round')", name="round")
    with pytest.raises(RuleError, match="refers to itself"):
        verdict("group('round')", {}, book=book)


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("true or false and false", True),  # and binds tighter
        ("not false and false", False),  # not binds tighter
        ("1 + 2 * 3 == 7", True),
        ("1 <= 2 <= 2", True),
        ("1 <= 3 <= 2", False),
        ("2 in [1, 2]", True),
        ("2 not in [1, 2]", False),
        ("-1 < 0", True),
        ("2024-02-29 < 2024-03-01", True),
        ("(3 if false else 4) == 4", True),
        ("'a' == \"a\"", True),
    ],
)
def test_precedence(text, met):
    assert verdict(text, {}, {}) == [met, met]
