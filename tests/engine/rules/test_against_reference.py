"""The compiled language against a row-by-row evaluator, on random expressions and people."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from weiye.engine.rules import evaluate, facts_frame, parse

from . import reference
from .book import DAY, ELDER, REGION, a_book, rule
from .reference import NONE, UNKNOWN, World

DATES = ("birth_date", "graduated_on", "unemployed_since", "registered_unemployed_since")
NEVER = ("graduated_on", "unemployed_since", "registered_unemployed_since", "contract_months")
INTS = ("disability_grade", "insured_months_local", "contract_months", "retirement_base")
BOOLS = ("labour_capacity", "veteran", "pension_drawn")
TEXTS = {
    "sex": ("男", "女"),
    "employment_status": ("就业", "失业"),
    "minimum_living": ("低保", "无"),
}

# Around month ends, leap days and the day asked about.
days = st.one_of(
    st.dates(date(1950, 1, 1), date(2026, 12, 31)),
    st.sampled_from(
        [
            date(2004, 2, 29),
            date(1985, 2, 28),
            date(1985, 3, 1),
            date(2024, 12, 31),
            date(2024, 8, 31),
            date(2025, 6, 30),
            date(2025, 5, 31),
            date(1975, 6, 30),
            date(1965, 1, 31),
        ]
    ),
)
iso = days.map(date.isoformat)


def maybe(values, *, none=True):
    return st.one_of(values, values, st.none()) if none else values


person = st.fixed_dictionaries(
    {},
    optional={
        **{name: maybe(iso) for name in DATES},
        "sex": st.sampled_from(["男", "女"]),
        "retirement_base": st.sampled_from([50, 55]),
        "disability_grade": maybe(st.integers(0, 4)),
        "insured_months_local": maybe(st.integers(0, 40)),
        "contract_months": maybe(st.integers(0, 40)),
        "education": maybe(st.sampled_from([10, 20, 30, 44, 61, 71, 81, 90])),
        "employment_status": st.sampled_from(["就业", "失业"]),
        "minimum_living": maybe(st.sampled_from(["低保", "无"])),
        "household_id": maybe(st.sampled_from(["a", "b"])),
        "residence_unit": maybe(st.sampled_from(["371002001001", "370102001001"])),
        "monthly_income": maybe(st.integers(0, 500000).map(lambda fen: fen / 100)),
        "children": maybe(st.lists(iso, max_size=3)),
        "skill_certificates": maybe(
            st.lists(
                st.one_of(
                    st.integers(1, 5).map(lambda level: {"level": level}),
                    st.just({"code": "x"}),
                ),
                max_size=3,
            )
        ),
        **{name: maybe(st.booleans()) for name in BOOLS},
    },
)
people = st.lists(person, min_size=1, max_size=5)

ORDER = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])


def of(kind, *parts):
    return st.tuples(st.just(kind), *parts)


def literal(values):
    return values.map(lambda value: ("literal", value))


def a_date(owner, depth):
    base = st.one_of(
        st.sampled_from(DATES).map(lambda name: (owner, name)), literal(days), st.just(("today",))
    )
    if depth == 0:
        return base
    inner = a_date(owner, depth - 1)
    return st.one_of(
        base,
        of("call", st.just("add_months"), inner, literal(st.integers(-30, 30))),
        of("call", st.just("turns"), inner, literal(st.integers(0, 60))),
    )


def an_int(owner, depth):
    base = st.one_of(
        literal(st.integers(0, 60)), st.sampled_from(INTS).map(lambda name: (owner, name))
    )
    if depth == 0:
        return base
    inner, when = an_int(owner, depth - 1), a_date(owner, depth - 1)
    since = st.sampled_from(["age", "years_since", "months_since", "days_since"])
    choices = [
        base,
        of("call", since, when),
        of("call", since, when, when),
        of("call", st.just("level"), st.just((owner, "education"))),
        of("call", st.just("year"), when),
        of("call", st.sampled_from(["+", "-", "*"]), inner, inner),
        of("call", st.sampled_from(["min", "max"]), inner, inner),
        of("if", a_bool(owner, depth - 1), inner, inner),
    ]
    if owner == "fact":
        level = of("compare", ORDER, st.just(("level_of_item",)), literal(st.integers(1, 5)))
        choices += [
            st.just(("elder_age",)),
            of("call", st.just("size"), st.just(("fact", "children"))),
            of("over", st.just("count"), st.just("skill_certificates"), level, st.none()),
            of("over", st.just("count"), st.just("household"), a_member(1), st.none()),
        ]
    return st.one_of(choices)


def an_amount(owner, depth):
    base = st.one_of(
        st.just((owner, "monthly_income")),
        literal(st.integers(0, 500000).map(lambda fen: Decimal(fen) / 100)),
    )
    if depth == 0:
        return base
    inner = an_amount(owner, depth - 1)
    return st.one_of(
        base,
        of("call", st.sampled_from(["+", "-"]), inner, inner),
        of("call", st.just("*"), inner, literal(st.integers(0, 12))),
        of(
            "call",
            st.just("share"),
            inner,
            literal(st.integers(0, 7)),
            literal(st.integers(1, 7)),
        ),
    )


def a_bool(owner, depth):
    text = st.sampled_from(sorted(TEXTS)).flatmap(
        lambda name: of(
            "in",
            st.just((owner, name)),
            st.lists(st.sampled_from(TEXTS[name]), min_size=1, max_size=2, unique=True).map(tuple),
        )
    )
    base = st.one_of(
        st.sampled_from(BOOLS).map(lambda name: (owner, name)),
        text,
        of("is none", st.sampled_from(NEVER).map(lambda name: (owner, name))),
        of(
            "call",
            st.just("lies_in"),
            st.just((owner, "residence_unit")),
            st.sampled_from([("literal", "3710"), ("literal", "37")]),
        ),
        of(
            "call",
            st.just("before_retirement"),
            *(st.just((owner, name)) for name in ("birth_date", "sex", "retirement_base")),
        ),
    )
    if depth == 0:
        return base
    inner = a_bool(owner, depth - 1)
    choices = [
        base,
        of("not", inner),
        of("and", inner, inner),
        of("or", inner, inner, inner),
        of("compare", ORDER, an_int(owner, depth - 1), an_int(owner, depth - 1)),
        of("compare", ORDER, a_date(owner, depth - 1), a_date(owner, depth - 1)),
        of("compare", ORDER, an_amount(owner, depth - 1), an_amount(owner, depth - 1)),
    ]
    if owner == "fact":
        fun = st.sampled_from(["any", "all"])
        child = of(
            "compare",
            ORDER,
            of("call", st.just("age"), st.just(("item",))),
            literal(st.integers(0, 30)),
        )
        level = of("compare", ORDER, st.just(("level_of_item",)), literal(st.integers(1, 5)))
        member = a_member(1)
        choices += [
            st.sampled_from((*DATES, *INTS, *BOOLS)).map(lambda name: ("known", name)),
            of("over", fun, st.just("children"), child, st.none() | child),
            of("over", fun, st.just("skill_certificates"), level, st.none() | level),
            of("over", fun, st.just("household"), member, st.none() | member),
        ]
    return st.one_of(choices)


def a_member(depth):
    """A condition that looks at the member, as the language demands."""
    return a_bool("member", depth).filter(lambda tree: "'member'" in repr(tree))


def written(tree) -> str:
    """The tree in the language of the rules."""
    kind = tree[0]
    match kind:
        case "literal":
            value = tree[1]
            if isinstance(value, Decimal):
                return f"{value:.2f}"
            return f"'{value}'" if isinstance(value, str) else str(value)
        case "today":
            return "today"
        case "fact":
            return tree[1]
        case "member":
            return f"m.{tree[1]}"
        case "item":
            return "x"
        case "level_of_item":
            return "x.level"
        case "elder_age":
            return "param.elder_age"
        case "and" | "or":
            return "(" + f" {kind} ".join(written(part) for part in tree[1:]) + ")"
        case "not":
            return f"(not {written(tree[1])})"
        case "compare":
            return f"({written(tree[2])} {tree[1]} {written(tree[3])})"
        case "in":
            return f"({written(tree[1])} in [{', '.join(repr(o) for o in tree[2])}])"
        case "is none":
            return f"({written(tree[1])} is none)"
        case "known":
            return f"known({tree[1]})"
        case "if":
            return f"({written(tree[2])} if {written(tree[1])} else {written(tree[3])})"
        case "call" if tree[1] in ("+", "-", "*"):
            return f"({written(tree[2])} {tree[1]} {written(tree[3])})"
        case "call":
            return f"{tree[1]}({', '.join(written(part) for part in tree[2:])})"
        case "over":
            _, function, source, body, condition = tree
            name = "m" if source == "household" else "x"
            when = f" if {written(condition)}" if condition is not None else ""
            return f"{function}({written(body)} for {name} in {source}{when})"
    raise AssertionError(kind)


def expected(tree, everybody, me):
    value = reference.value_of(tree, World(DAY, everybody, ELDER), me)
    return None if value is UNKNOWN or value is NONE else value


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=a_bool("fact", 3), everybody=people)
def test_every_condition_agrees_with_the_reference(tree, everybody):
    agrees(tree, everybody)


@pytest.mark.slow
@settings(max_examples=4000, deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=a_bool("fact", 4), everybody=people)
def test_many_deep_conditions_agree_with_the_reference(tree, everybody):
    agrees(tree, everybody)


def agrees(tree, everybody):
    facts = facts_frame([{"id": n, **one} for n, one in enumerate(everybody)])
    verdicts = evaluate([rule(a_book(), written(tree))], facts, as_of=DAY, region=REGION)
    assert verdicts.wide()["r"].to_list() == [expected(tree, everybody, one) for one in everybody]


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=an_amount("fact", 2), everybody=people)
@example(  # half a fen below zero
    tree=(
        "call",
        "share",
        ("call", "-", ("fact", "monthly_income"), ("literal", Decimal("0.01"))),
        ("literal", 2),
        ("literal", 4),
    ),
    everybody=[
        {
            "birth_date": None,
            "pension_drawn": None,
            "veteran": None,
            "labour_capacity": None,
            "sex": "女",
            "skill_certificates": None,
            "monthly_income": 0.0,
        }
    ],
)
def test_every_amount_is_exact_to_the_fen(tree, everybody):
    facts = facts_frame([{"id": n, **one} for n, one in enumerate(everybody)])
    asked = rule(
        a_book(), "veteran or not known(veteran) or not veteran", amount=parse(written(tree))
    )
    got = evaluate([asked], facts, as_of=DAY, region=REGION).rules()["amount"].to_list()
    assert got == [expected(tree, everybody, one) for one in everybody]


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=a_date("fact", 3), everybody=people)
def test_every_date_agrees_with_the_reference(tree, everybody):
    facts = facts_frame([{"id": n, **one} for n, one in enumerate(everybody)])
    asked = rule(a_book(), "known(veteran) or not known(veteran)", since=parse(written(tree)))
    got = evaluate([asked], facts, as_of=DAY, region=REGION).rules()["since"].to_list()
    assert got == [expected(tree, everybody, one) for one in everybody]


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=a_bool("fact", 3), everybody=people)
def test_what_is_missing_is_named_where_a_clause_is_unknown_and_only_there(tree, everybody):
    facts = facts_frame([{"id": n, **one} for n, one in enumerate(everybody)])
    clauses = evaluate([rule(a_book(), written(tree))], facts, as_of=DAY, region=REGION).clauses()
    for row in clauses.iter_rows(named=True):
        assert bool(row["facts_missing"]) == (row["verdict"] == "unknown"), row
