"""Verdicts: clauses, near misses, reasons, households, dated figures, frames from elsewhere."""

from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from weiye.engine.rules import (
    PERSON_FACTS,
    Clause,
    FactsError,
    Kind,
    RuleError,
    evaluate,
    facts_frame,
    parse,
)

from .book import DAY, REGION, a_book, ask, clause, parameter, period, rule, verdict


def either(name: str, *parts: Clause) -> Clause:
    return Clause(name, f"句子 {name}", "test", None, parts)


def test_absent_is_unknown_and_null_is_known_none():
    text = "registered_unemployed_since <= today"
    assert verdict(
        text,
        {},
        {"registered_unemployed_since": None},
        {"registered_unemployed_since": "2025-06-30"},
        {"registered_unemployed_since": "2025-07-01"},
    ) == [None, False, True, False]


def test_null_of_a_countable_fact_is_zero_and_of_a_list_empty():
    assert verdict("disability_grade == 0", {"disability_grade": None}, {}) == [True, None]
    assert verdict("size(children) == 0", {"children": None}, {}) == [True, None]
    assert verdict("not veteran", {"veteran": None}, {}) == [True, None]
    assert verdict("minimum_living == '无'", {"minimum_living": None}, {}) == [True, None]
    assert verdict("monthly_income < 0.01", {"monthly_income": None}, {}) == [True, None]


def test_null_of_what_everybody_has_is_unknown():
    assert verdict("sex == '男'", {"sex": None}) == [None]
    assert verdict("age(birth_date) > 3", {"birth_date": None}) == [None]


def test_rules_clauses_and_near_misses():
    asked = rule(
        a_book(),
        clause("sex == '女'", "woman"),
        clause("veteran", "veteran"),
        clause("disability_grade >= 1", "disabled"),
    )
    yes = {"sex": "女", "veteran": True, "disability_grade": 1}
    people = [
        yes,
        yes | {"veteran": False},
        yes | {"veteran": False, "disability_grade": 0},
        {"sex": "女", "veteran": True},
        {"sex": "女", "veteran": False},
        {},
    ]
    rules = ask(asked, *people).rules()
    assert rules["verdict"].to_list() == ["met", "unmet", "unmet", "unknown", "unmet", "unknown"]
    assert rules["near_miss"].to_list() == [None, "veteran", None, "disabled", None, None]
    clauses = ask(asked, *people).clauses()
    assert clauses["clause"].to_list() == ["woman", "veteran", "disabled"] * len(people)
    fifth = clauses.filter(pl.col("id") == 4)
    assert fifth["verdict"].to_list() == ["met", "unmet", "unknown"]
    assert fifth["facts_missing"].to_list() == [[], [], ["disability_grade"]]


def test_a_rule_is_the_kleene_and_of_its_top_clauses_and_parts_are_listed_apart():
    asked = rule(
        a_book(),
        clause("veteran", "veteran"),
        either("one", clause("land_lost", "land"), clause("disability_grade >= 1", "disabled")),
    )
    people = [
        {"veteran": True, "land_lost": False, "disability_grade": 2},
        {"veteran": True, "land_lost": False},
        {"veteran": True, "land_lost": False, "disability_grade": 0},
    ]
    verdicts = ask(asked, *people)
    assert verdicts.rules()["verdict"].to_list() == ["met", "unknown", "unmet"]
    assert verdicts.rules()["near_miss"].to_list() == [None, "one", "one"]
    rows = verdicts.clauses().filter(pl.col("id") == 1)
    assert rows["clause"].to_list() == ["veteran", "one", "land", "disabled"]
    assert rows["part_of"].to_list() == [None, None, "one", "one"]
    assert rows["facts_missing"].to_list() == [[], ["disability_grade"], [], ["disability_grade"]]


def test_reasons_say_what_is_met_or_what_to_look_up():
    asked = rule(
        a_book(),
        clause("veteran", "veteran"),
        either("one", clause("land_lost", "land"), clause("disability_grade >= 1", "disabled")),
    )
    reasons = ask(
        asked,
        {"veteran": True, "land_lost": False, "disability_grade": 2},
        {"veteran": True, "land_lost": True, "disability_grade": 2},
        {"veteran": True},
        {"veteran": False},
    ).rules()["reason"]
    assert reasons.to_list() == [
        "句子 veteran；句子 disabled",
        "句子 veteran；句子 land、句子 disabled",
        "待核实：残疾等级、是否失地",
        None,
    ]


def test_a_settled_half_of_an_or_asks_for_nothing():
    asked = rule(a_book(), "veteran and land_lost or disability_grade >= 1")
    missing = ask(asked, {"veteran": False}, {"veteran": True}).clauses()["facts_missing"]
    assert missing.to_list() == [["disability_grade"], ["disability_grade", "land_lost"]]


def test_households_are_joined_and_unknown_households_stay_open():
    text = "all(m.employment_status == '失业' for m in household if m.adult)"
    adult = {"birth_date": "1980-01-01"}
    child = {"birth_date": "2015-01-01"}
    home = {"household_id": "h"}
    out = {"employment_status": "失业"}
    work = {"employment_status": "就业"}
    assert verdict(text, adult | home | out, child | home) == [True, True]
    assert verdict(text, adult | home | out, adult | home | work) == [False, False]
    assert verdict(text, adult | home | out, adult | home) == [None, None]
    assert verdict(text, adult | out, adult | work) == [None, False]
    assert verdict(text, adult | out | {"household_id": None}) == [True]
    some = "any(m.employment_status == '就业' for m in household)"
    assert verdict(some, adult | work, adult | out) == [True, None]
    asked = rule(a_book(), text)
    rows = ask(asked, adult | home | out, adult | home, adult | out).clauses()
    assert rows["facts_missing"].to_list() == [
        ["employment_status"],
        ["employment_status"],
        ["household_id"],
    ]


def test_two_households_do_not_mix_and_ids_may_look_like_row_numbers():
    text = "count(m.veteran for m in household) == 1"
    veteran, none = {"veteran": True}, {"veteran": False}
    assert verdict(
        text,
        veteran | {"household_id": "2"},
        none | {"household_id": "2"},
        veteran | {"household_id": None},
        veteran,
    ) == [True, True, True, None]


def test_dated_figures_hold_on_their_days_and_in_their_areas():
    book = a_book()
    book.parameters["limit"] = parameter(
        "limit",
        Kind.INT,
        period(10, date(2020, 1, 1), date(2024, 12, 31)),
        period(20, date(2025, 1, 1), None),
        period(30, date(2025, 1, 1), None, region="3710"),
        period(40, date(2025, 1, 1), None, region="371002"),
    )
    inside = {"insured_months_local": 25}
    huancui = inside | {"residence_unit": "371002001001"}
    wendeng = inside | {"residence_unit": "371003001001"}
    elsewhere = inside | {"residence_unit": "370102001001"}
    asked = rule(book, "insured_months_local >= param.limit")

    def on(day: date, region: str) -> list[bool | None]:
        facts = facts_frame(
            [{"id": n, **p} for n, p in enumerate([inside, huancui, wendeng, elsewhere])]
        )
        return evaluate([asked], facts, as_of=day, region=region).wide()["r"].to_list()

    assert on(date(2024, 12, 31), REGION) == [True] * 4
    # The area asked about decides; a part of it with a figure of its own decides for its people.
    assert on(DAY, "371000000000") == [False, False, False, False]
    assert on(DAY, "370000000000") == [True, False, False, True]
    assert on(date(2019, 12, 31), REGION) == [None] * 4


def test_a_figure_that_nobody_has_confirmed_is_unknown_and_named():
    asked = rule(a_book(), "monthly_income < param.unset")
    rows = ask(asked, {"monthly_income": 3}).clauses()
    assert rows["verdict"].to_list() == ["unknown"]
    assert rows["facts_missing"].to_list() == [["param.unset"]]
    assert ask(asked, {"monthly_income": 3}).rules()["reason"].to_list() == ["待核实：unset"]


def test_rules_and_clauses_hold_on_their_own_days_only():
    book = a_book()
    late = rule(book, "veteran", name="late", valid_from=date(2025, 7, 1))
    off = rule(book, "veteran", name="off", enabled=False)
    now = rule(
        book,
        clause("veteran", "a"),
        clause("land_lost", "b", valid_from=date(2025, 7, 1)),
        clause("land_lost", "c", enabled=False),
        name="now",
    )
    person = {"veteran": True, "land_lost": False}
    today = ask([late, off, now], person).rules()
    assert today.select("rule", "verdict").rows() == [("now", "met")]
    later = ask([late, off, now], person, as_of=date(2025, 7, 1)).rules()
    assert later.select("rule", "verdict").rows() == [("late", "met"), ("now", "unmet")]
    assert ask([off], person).rules().height == ask([off], person).clauses().height == 0


def test_amount_and_since_are_given_where_met():
    asked = rule(
        a_book(),
        "veteran",
        amount=parse("min(share(monthly_income, 2, 3), 1000.50)"),
        since=parse("turns(birth_date, 40)"),
    )
    person = {"monthly_income": 100.01, "birth_date": "1980-02-29"}
    rows = ask(
        asked,
        person | {"veteran": True},
        person | {"veteran": True, "monthly_income": 9999},
        person | {"veteran": False},
        person,
        {"veteran": True},
    ).rules()
    assert rows["amount"].to_list() == [Decimal("66.67"), Decimal("1000.50"), None, None, None]
    assert rows["since"].to_list() == [date(2020, 2, 29)] * 2 + [None] * 3


def test_firms_have_their_own_facts():
    text = "any(h.adult and h.contract_months >= 12 for h in hires)"
    hire = {"birth_date": "2000-01-01", "contract_months": 12}
    assert verdict(text, {"hires": [hire]}, {"hires": []}, {"hires": [{}]}, {}, subject="firm") == [
        True,
        False,
        None,
        None,
    ]
    boss = "legal_person_facts.adult and legal_person_facts.graduated_on is not none"
    assert verdict(
        boss,
        {"legal_person_facts": {"birth_date": "2000-01-01", "graduated_on": "2022-06-30"}},
        {"legal_person_facts": {"birth_date": "2000-01-01", "graduated_on": None}},
        {"legal_person_facts": {"birth_date": "2000-01-01"}},
        {},
        subject="firm",
    ) == [True, False, None, None]
    asked = rule(a_book(), text, subject="firm")
    rows = ask(asked, {"hires": [{"contract_months": 12}]}, {}).clauses()
    assert rows["facts_missing"].to_list() == [["hires.birth_date"], ["hires"]]
    asked = rule(a_book(), "legal_person_facts.adult", subject="firm")
    assert ask(asked, {}).clauses()["facts_missing"].to_list() == [
        ["legal_person_facts.birth_date"]
    ]


def test_many_at_once_and_one_by_one_give_the_same():
    book = a_book()
    rules = [
        rule(book, "age(birth_date) >= param.elder_age", "not pension_drawn", name="elder"),
        rule(
            book, "size(skill_certificates) == 0", "months_since(unemployed_since) >= 6", name="b"
        ),
    ]
    people = [
        {
            key: value
            for number, (key, value) in enumerate(
                {
                    "birth_date": f"{1960 + n % 50}-0{1 + n % 9}-15",
                    "sex": "男女"[n % 2],
                    "pension_drawn": n % 3 == 0,
                    "skill_certificates": [{"code": "x", "level": 3}] * (n % 2),
                    "unemployed_since": None if n % 5 == 0 else f"202{n % 6}-03-31",
                }.items()
            )
            if (n + number) % 4
        }
        for n in range(60)
    ]
    bulk = ask(rules, *people)
    for frame in ("rules", "clauses"):
        whole = getattr(bulk, frame)()
        alone = pl.concat(
            getattr(
                evaluate(rules, facts_frame([{"id": n, **p}]), as_of=DAY, region=REGION), frame
            )()
            for n, p in enumerate(people)
        )
        assert whole.equals(alone)


def test_answers_come_in_the_order_of_the_people_then_of_the_rules():
    book = a_book()
    rules = [rule(book, "veteran", name=name) for name in ("z", "a", "m")]
    facts = facts_frame([{"id": name, "veteran": True} for name in ("q", "b", "k")])
    rows = evaluate(rules, facts, as_of=DAY, region=REGION).rules()
    assert rows.select("id", "rule").rows() == [
        (person, name) for person in ("q", "b", "k") for name in ("z", "a", "m")
    ]
    assert rows.schema["id"] == pl.String


def test_only_the_verdicts_asked_for_are_listed_and_met_is_the_short_answer():
    rules = [rule(a_book(), "veteran", since=parse("turns(birth_date, 18)"))]
    born = {"birth_date": "2000-01-01"}
    verdicts = ask(rules, born | {"veteran": True}, born | {"veteran": False}, born)
    assert verdicts.rules(listed=("met", "unknown"))["id"].to_list() == [0, 2]
    assert verdicts.met().rows() == [(0, "r", date(2018, 1, 1))]


def test_nobody_and_nothing():
    asked = rule(a_book(), "veteran", "any(m.veteran for m in household)")
    empty = facts_frame([])
    assert evaluate([asked], empty, as_of=DAY, region=REGION).rules().height == 0
    assert evaluate([asked], empty, as_of=DAY, region=REGION).clauses().height == 0
    assert evaluate([], facts_frame([{"id": 1}]), as_of=DAY, region=REGION).rules().height == 0


def test_rules_of_persons_and_firms_are_not_mixed():
    book = a_book()
    with pytest.raises(RuleError, match="share their subject"):
        ask([rule(book, "veteran"), rule(book, "headcount > 3", name="f", subject="firm")], {})


# Frames from elsewhere ------------------------------------------------------------------------


def test_a_frame_from_a_database_with_other_widths_and_categories():
    frame = pl.DataFrame(
        {
            "id": [1, 2, 3],
            "sex": pl.Series(["男", "女", None], dtype=pl.Categorical),
            "disability_grade": pl.Series([1, None, None], dtype=pl.Int8),
            "disability_grade_known": [True, True, False],
            "monthly_income": pl.Series([1999.99, 2000.0, None]),
            "graduated_on": pl.Series([None, None, None], dtype=pl.Null),
            "graduated_on_known": [True, False, None],
            "something_else": ["x", "y", "z"],
        }
    )
    book = a_book()
    rules = [
        rule(book, "disability_grade == 0", name="none"),
        rule(book, "monthly_income < 2000", name="low"),
        rule(book, "graduated_on is none", name="never"),
        rule(book, "sex == '男'", name="man"),
    ]
    wide = evaluate(rules, frame, as_of=DAY, region=REGION).wide()
    assert wide.drop("id").rows() == [
        (False, True, True, True),
        (True, False, None, False),
        (None, None, None, None),
    ]


def test_a_value_whose_flag_says_unknown_is_not_used():
    frame = pl.DataFrame({"id": [1], "veteran": [True], "veteran_known": [False]})
    asked = rule(a_book(), "veteran")
    assert evaluate([asked], frame, as_of=DAY, region=REGION).wide()["r"].to_list() == [None]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"veteran": [True]}, "column id is missing"),
        ({"id": [1.5]}, "column id must hold whole numbers or text"),
        ({"id": [1, 1]}, "id 1 occurs more than once"),
        ({"id": [None, 1]}, "column id has nulls"),
        ({"id": [1], "veteran": ["yes"]}, "column veteran must be Boolean, not String"),
        ({"id": [1], "veteran": [True], "veteran_known": [1]}, "veteran_known must be Boolean"),
        ({"id": [1], "birth_date": ["1980-01-01"]}, "column birth_date must be Date"),
        ({"id": [1], "children": [["1980-01-01"]]}, "column children must be List(Date)"),
        ({"id": [1], "education": [2.5]}, "column education must be Int64"),
        (
            {"id": [1], "skill_certificates": [[{"level": "3"}]]},
            "column skill_certificates must be List(Struct",
        ),
    ],
)
def test_columns_of_the_wrong_type_are_named(columns, message):
    with pytest.raises(FactsError) as caught:
        PERSON_FACTS.check(pl.DataFrame(columns))
    assert message in str(caught.value)


def test_every_column_of_the_schema_is_accepted_by_it():
    frame = pl.DataFrame(schema={"id": pl.Int64(), **PERSON_FACTS.columns()})
    PERSON_FACTS.check(frame)
    book = a_book()
    asked = rule(book, "any(b.amount > 3 and b.to is none for b in benefits_received)", "adult")
    assert evaluate([asked], frame, as_of=DAY, region=REGION).rules().height == 0


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"birth_date": "1980-13-01"}, "1: birth_date must be a date YYYY-MM-DD, not '1980-13-01'"),
        ({"birth_date": "19800101"}, "birth_date must be a date"),
        ({"birth_date": 19800101}, "birth_date must be a date"),
        ({"sex": "F"}, "sex must be one of 男/女, not 'F'"),
        ({"veteran": 1}, "veteran must be true or false, not 1"),
        ({"veteran": "true"}, "veteran must be true or false"),
        ({"education": "20"}, "education must be a whole number"),
        ({"education": True}, "education must be a whole number"),
        ({"education": 100}, "education must be 1 to 99"),
        ({"disability_grade": 5}, "disability_grade must be 0 to 4"),
        ({"retirement_base": 45}, "retirement_base must be one of 50/55/60"),
        ({"residence_unit": "3710"}, "residence_unit must be a 12-digit code"),
        ({"monthly_income": -1}, "monthly_income must be 0 or more"),
        ({"monthly_income": 1.234}, "monthly_income must be an amount in yuan"),
        ({"monthly_income": float("nan")}, "monthly_income must be"),
        ({"children": "2020-01-01"}, "children must be a list"),
        ({"children": [None]}, "children[1] must be a date"),
        ({"skill_certificates": [{"level": 6}]}, "skill_certificates[1].level must be 1 to 5"),
        ({"skill_certificates": [3]}, "skill_certificates[1] must be an object"),
        ({"employment_status": ""}, "employment_status must be a text"),
        ({"minimum_living": ["低保"]}, "minimum_living must be a text"),
    ],
)
def test_ill_typed_facts_are_named(facts, message):
    with pytest.raises(FactsError) as caught:
        facts_frame([{"id": 1, **facts}])
    assert message in str(caught.value)


def test_all_ill_typed_facts_are_named_in_one_error():
    with pytest.raises(FactsError) as caught:
        facts_frame([{"id": "a", "sex": 1, "veteran": 2}, {"id": "b", "education": "x"}, {}])
    assert len(caught.value.problems) == 4


@pytest.mark.parametrize("one", [{}, {"id": ""}, {"id": None}, {"id": True}, {"id": 2**63}])
def test_every_object_needs_an_id(one):
    with pytest.raises(FactsError, match="id"):
        facts_frame([one])
