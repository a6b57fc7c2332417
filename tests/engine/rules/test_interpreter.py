"""Compiled rules against the interpreter: every rule of the packs, the thirty of the benchmark, and
random expressions over every function of the language."""

import operator
from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.policies import book as bench
from weiye.base.packs import load_pack
from weiye.engine.rules import Kind, Rule, evaluate, facts_frame, parse, sweep
from weiye.engine.rules.compile.functions import FUNCTIONS
from weiye.engine.rules.facts import FIRM_FACTS, PERSON_FACTS, Items, Record

from . import interpreter
from .book import DAY, REGION, a_book, parameter, period, rule, verdict
from .reference import UNKNOWN, shift

QUICK = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
TEXTS = {
    "unit": ["371002001001", "371002001201", "371003004399", "370102001001", "370202001200"],
    "id": ["a", "b"],
    "kind": ["小微企业", "个体工商户", "社会组织"],
}

days = st.one_of(
    st.dates(date(1955, 1, 1), date(2026, 12, 31)),
    st.dates(date(2022, 6, 1), date(2025, 7, 31)),
    st.sampled_from([date(2025, 6, 30), date(2024, 12, 31), date(2024, 2, 29), date(1985, 6, 30)]),
)


def values(fact):
    """What JSON may say of a fact; mostly something, sometimes null."""
    return st.one_of(typed(fact, fact.type), typed(fact, fact.type), st.none())


def typed(fact, kind):
    if isinstance(kind, Items):
        return st.lists(typed(None, kind.of), max_size=3)
    if isinstance(kind, Record):
        return st.fixed_dictionaries({}, optional={part.name: values(part) for part in kind.fields})
    if fact is not None and fact.choices:
        return st.sampled_from(fact.choices)
    match kind:
        case Kind.BOOL:
            return st.booleans()
        case Kind.DATE:
            return days.map(date.isoformat)
        case Kind.MONEY:
            return st.integers(0, 400000).map(lambda fen: fen / 100)
        case Kind.INT if fact is not None and fact.name == "education":
            return st.sampled_from([10, 20, 31, 44, 50, 61, 71, 81, 90, 3, 9])
        case Kind.INT:
            low, high = (fact.least, fact.most) if fact is not None else (0, 40)
            return st.integers(low or 0, high if high is not None else 40)
    name = "" if fact is None else fact.name.rpartition("_")[2]
    return st.sampled_from(TEXTS.get(name, ["startup-subsidy-firm", "x"]))


def objects(schema):
    one = st.fixed_dictionaries({}, optional={fact.name: values(fact) for fact in schema.facts})
    return st.lists(one, min_size=1, max_size=6)


def agree(rules: list[Rule], everybody, *, day: date, region: str) -> None:
    """Verdicts, clauses, amounts, days and near misses; the sweep says the same."""
    subject = rules[0].subject
    named = [{"id": number, **one} for number, one in enumerate(everybody)]
    facts = facts_frame(named, subject=subject)
    verdicts = evaluate(rules, facts, as_of=day, region=region)
    rows = {(row["id"], row["rule"]): row for row in verdicts.rules().iter_rows(named=True)}
    clauses: dict = {}
    for row in verdicts.clauses().iter_rows(named=True):
        name = f"{row['part_of']}/{row['clause']}" if row["part_of"] else row["clause"]
        clauses.setdefault((row["id"], row["rule"]), {})[name] = row["verdict"]
    (swept,) = sweep(rules, [facts], as_of=day, region=region)
    for asked in verdicts.asked:
        world = interpreter.World(asked.book, subject, day, region, everybody)
        for number, one in enumerate(everybody):
            expected, row = interpreter.ask(asked, world, one), rows[number, asked.id]
            place = (asked.id, one)
            assert row["verdict"] == said(expected.verdict), place
            assert clauses[number, asked.id] == {
                name: said(found) for name, found in expected.clauses.items()
            }, place
            assert row["near_miss"] == expected.near_miss, place
            assert row["amount"] == expected.amount, place
            assert row["since"] == expected.since, place
            in_sweep = swept.verdicts[asked.id][number]
            assert in_sweep == (None if expected.verdict is UNKNOWN else expected.verdict), place
            if asked.amount is not None:
                fen = swept.amounts[asked.id][number]
                assert (None if fen is None else Decimal(fen) / 100) == expected.amount, place


def said(verdict) -> str:
    return "unknown" if verdict is UNKNOWN else "met" if verdict else "unmet"


def pack_rules(region: str, subject: str) -> list[Rule]:
    pack = load_pack(region)
    policies = [policy.rule for policy in pack.policies]
    return [
        each for each in (*pack.groups, *pack.scope_rules(), *policies) if each.subject == subject
    ]


@pytest.mark.requirement("PPL-5")
@QUICK
@given(
    everybody=objects(PERSON_FACTS),
    region=st.sampled_from(["371000000000", "370100000000", "371002000000"]),
    day=st.sampled_from([date(2023, 6, 30), date(2024, 12, 31), date(2025, 6, 30)]),
)
def test_every_rule_of_the_packs_about_persons(everybody, region, day):
    agree(pack_rules(region, "person"), everybody, day=day, region=region)


@QUICK
@given(
    everybody=objects(FIRM_FACTS),
    region=st.sampled_from(["371000000000", "370100000000"]),
    day=st.sampled_from([date(2023, 6, 30), date(2025, 6, 30)]),
)
def test_every_rule_of_the_packs_about_firms(everybody, region, day):
    agree(pack_rules(region, "firm"), everybody, day=day, region=region)


@QUICK
@given(everybody=objects(PERSON_FACTS))
def test_the_thirty_of_the_benchmark(everybody):
    agree(bench.thirty(), everybody, day=bench.DAY, region=bench.REGION)


# Random expressions ----------------------------------------------------------------------------


def full_book():
    book = a_book()
    by_area = (
        period(Decimal("1000.05")),
        period(Decimal(2000), region="3710"),
        period(Decimal(3000), region="371002"),
        period(Decimal(9), region="3701", end=date(2024, 1, 1)),
    )
    book.parameters["wage"] = parameter("wage", Kind.MONEY, *by_area)
    sexed = (period({"女": 3, "男": 5}), period({"女": 4, "男": 6}, region="371002"))
    book.parameters["months"] = parameter("months", Kind.INT, *sexed, by_sex=True)
    book.groups["old"] = rule(
        book, "age(birth_date) >= param.elder_age", "labour_capacity", name="old"
    )
    book.groups["off"] = rule(book, "veteran", name="off", enabled=False)
    return book


def texts(*templates: str, **parts) -> st.SearchStrategy[str]:
    """One of the templates, each {name} in it drawn from ``parts``."""

    def filled(template: str):
        names = {name: parts[name] for name in parts if f"{{{name}}}" in template}
        drawn = st.fixed_dictionaries({n: st.tuples(s, s) for n, s in names.items()})

        def put(given):
            text = template
            for name, (one, other) in given.items():
                text = text.replace(f"{{{name}}}", one, 1).replace(f"{{{name}}}", other)
            return text

        return drawn.map(put)

    return st.sampled_from(templates).flatmap(filled)


NUMBERS = st.integers(0, 40).map(str)
OPERATORS = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])


def a_day(me: str, depth: int):
    names = "birth_date graduated_on unemployed_since registered_unemployed_since employed_since"
    plain = [me + name for name in names.split()] + ["today", "2024-08-31", "2024-02-29"]
    if not depth:
        return st.sampled_from(plain)
    shifted = [
        f"{name}({{day}}, {{n}})" for name in ("add_days", "add_months", "add_years", "turns")
    ]
    facts = f"({me}birth_date, {me}sex, {me}retirement_base)"
    retire = [f"{kind}retirement_date{facts}" for kind in ("", "earliest_", "latest_")]
    more = [] if me else ["max({day}, {day})", "turns(birth_date, param.elder_age)", *retire]
    return texts(
        *plain, *shifted, *more, "add_months({day}, -{n})", day=a_day(me, depth - 1), n=NUMBERS
    )


def a_number(me: str, depth: int):
    plain = [me + name for name in ("contract_months", "insured_months_local", "disability_grade")]
    if not me:
        plain += ["param.months", "size(children)", "size(skill_certificates)"]
    if not depth:
        return st.sampled_from([*plain, "3", "12"])
    since = [f"{name}({{day}})" for name in ("age", "years_since", "months_since", "days_since")]
    more = (
        []
        if me
        else [
            "count({member} for m in household)",
            "count({member} for m in household if {member})",
            "sum(m.insured_months_local for m in household if {member})",
            "count(age(c) < {n} for c in children)",
            "count(c.level <= 3 for c in skill_certificates)",
            "sum(months_since(b.from, b.to) for b in benefits_received if b.policy == 'x')",
            "({number} if {test} else {number})",
        ]
    )
    return texts(
        *plain,
        *since,
        *more,
        "months_since({day}, {day})",
        "days_since({day}, {day})",
        "year({day})",
        f"level({me}education)",
        "({number} + {number})",
        "({number} - {number})",
        "({number} * {n})",
        "min({number}, {number})",
        "max({number}, {n})",
        day=a_day(me, depth - 1),
        number=a_number(me, depth - 1),
        n=NUMBERS,
        test=a_test(me, depth - 1),
        member=a_test("m.", 0),
    )


def an_amount(depth: int):
    plain = ["monthly_income", "param.wage", "param.unset", "100.01"]
    if not depth:
        return st.sampled_from(plain)
    return texts(
        *plain,
        "share({money}, {n}, 7)",
        "share(param.wage, 2, 3)",
        "({money} + {money})",
        "({money} - {money})",
        "({money} * {number})",
        "min({money}, {money})",
        "max({money}, 1000.50)",
        "({money} if {test} else {money})",
        "param.wage * param.months",
        "sum(b.amount for b in benefits_received if b.to is none)",
        "sum(b.amount for b in benefits_received)",
        money=an_amount(depth - 1),
        n=NUMBERS,
        number=a_number("", depth - 1),
        test=a_test("", 0),
    )


def a_test(me: str, depth: int):
    plain = [
        f"{me}labour_capacity",
        f"not {me}pension_drawn",
        f"{me}employment_status == '失业'",
        f"{me}sex != '男'",
        f"{me}minimum_living in ['低保', '特困']",
        f"{me}graduated_on is none",
        f"known({me}unemployed_since)",
        f"{me}household_id is not none",
        f"lies_in({me}residence_unit, '3710')",
        f"is_village({me}residence_unit)",
        f"same_area({me}residence_unit, {me}hukou_unit, 6)",
        f"before_retirement({me}birth_date, {me}sex, {me}retirement_base)",
        f"{me}adult",
        f"level({me}education) >= 4",
        f"3 > level({me}education)",
        f"add_years({me}graduated_on, 2) >= today",
        f"2025-06-30 < add_months({me}graduated_on, 6)",
        f"{me}hukou_unit == {me}residence_unit",
        f"level({me}education) < 0",
    ]
    if not me:
        plain += [
            "age(birth_date) >= param.elder_age",
            "group('old')",
            "group('off')",
            "add_months(unemployed_since, param.months) <= today",
            "monthly_income < param.wage",
        ]
    if not depth:
        return st.sampled_from(plain)
    more = (
        []
        if me
        else [
            "any({member} for m in household)",
            "all({member} for m in household if {member})",
            "any(age(c) {op} {n} for c in children)",
            "all(c.level <= 3 for c in skill_certificates)",
            "any(b.policy == 'x' and b.to is none for b in benefits_received)",
            "{money} {op} {money}",
        ]
    )
    return texts(
        *plain,
        *more,
        "{day} {op} {day}",
        "{number} {op} {number}",
        "({test} and {test})",
        "({test} or {test})",
        "not ({test})",
        "{number} in [0, 3, 12]",
        day=a_day(me, depth - 1),
        number=a_number(me, depth - 1),
        test=a_test(me, depth - 1),
        op=OPERATORS,
        n=NUMBERS,
        member=a_test("m.", 0),
        money=an_amount(0),
    )


def drawn_rules(tests, amounts, days) -> list[Rule]:
    """One rule per expression; amounts and days are given to everybody."""
    book, anybody = full_book(), "known(veteran) or not known(veteran)"
    return [
        *(rule(book, test, name=f"test {test}") for test in tests),
        *(rule(book, anybody, name=f"sum {one}", amount=parse(one)) for one in amounts),
        *(rule(book, anybody, name=f"day {one}", since=parse(one)) for one in days),
    ]


ASKED = {
    "tests": st.lists(a_test("", 2), min_size=10, max_size=10, unique=True),
    "amounts": st.lists(an_amount(2), min_size=4, max_size=4, unique=True),
    "days": st.lists(a_day("", 2), min_size=3, max_size=3, unique=True),
    "everybody": objects(PERSON_FACTS),
    "region": st.sampled_from(["371000000000", "370000000000", "371002001000"]),
}


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(**ASKED)
def test_random_rules(tests, amounts, days, everybody, region):
    agree(drawn_rules(tests, amounts, days), everybody, day=DAY, region=region)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(**ASKED)
def test_many_random_rules(tests, amounts, days, everybody, region):
    agree(drawn_rules(tests, amounts, days), everybody, day=DAY, region=region)


def test_a_length_added_to_a_day_is_compared_as_if_it_were_worked_out():
    """The compiler turns it into one comparison of the day; here every day of five years."""
    start = date(2021, 1, 1)
    every = [start + timedelta(days=n) for n in range(1826)]
    shifts = {
        "add_days": lambda day, n: day + timedelta(days=n),
        "add_months": lambda day, n: shift(day, n, overflow=False),
        "add_years": lambda day, n: shift(day, 12 * n, overflow=False),
        "turns": lambda day, n: shift(day, 12 * n, overflow=True),
    }
    orders = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
    book, expected, rules = full_book(), {}, []
    for name, function in shifts.items():
        for count in (0, 1, 2, 18):
            for end in (date(2024, 2, 29), date(2025, 2, 28), DAY):
                for sign, holds in orders.items():
                    text = f"{name}(employed_since, {count}) {sign} {end}"
                    rules.append(rule(book, text, name=text))
                    expected[text] = [holds(function(day, count), end) for day in every]
    facts = pl.DataFrame({"id": range(len(every)), "employed_since": every})
    wide = evaluate(rules, facts, as_of=DAY, region=REGION).wide()
    wrong = [text for text, answer in expected.items() if wide[text].to_list() != answer]
    assert wrong == []


def test_every_code_of_education_has_its_level():
    codes = list(range(1, 100))
    levels = {1: 6, 2: 5, 3: 4, 4: 3, 6: 3, 7: 2, 8: 1, 9: 0}
    known = [levels.get(int(str(code)[0])) for code in codes]
    facts = pl.DataFrame({"id": codes, "education": codes})
    for sign, holds in {"<": operator.lt, "<=": operator.le, ">=": operator.ge}.items():
        for bound in range(-1, 8):
            asked = rule(a_book(), f"level(education) {sign} {bound}")
            got = evaluate([asked], facts, as_of=DAY, region=REGION).wide()["r"].to_list()
            assert got == [None if one is None else holds(one, bound) for one in known]


def test_what_a_frame_has_not_got_is_unknown_of_every_member():
    texts = ["any(known(m.veteran) for m in household)", "count(m.veteran for m in household) == 0"]
    home = [{"household_id": "a"}, {"household_id": "a"}]
    assert [verdict(text, *home) for text in texts] == [[False, False], [None, None]]


def test_the_expressions_drawn_use_every_function():
    drawn = (
        " ".join(
            repr(strategy) for me in ("", "m.") for strategy in (a_test(me, 2), a_number(me, 2))
        )
        + repr(an_amount(2))
        + repr(a_day("", 2))
    )
    assert {name for name in FUNCTIONS if f"{name}(" not in drawn} == set()
